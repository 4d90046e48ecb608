// The frame around every screen: where one can go, who is here, language, light or dark; and the keys that work everywhere.
import { Button, Tooltip } from "antd";
import { lazy, Suspense, useEffect, useMemo, useState, type ReactNode } from "react";
import { Navigate, NavLink, Route, Routes, useLocation, useNavigate } from "react-router";
import { useSession, useSignOut, type Session } from "./api/session";
import { OutboxOf } from "./acts/outbox";
import { useKeys } from "./keys/keys";
import { Boundary } from "./parts/boundary";
import { Mark } from "./parts/mark";
import { Empty, Trouble, Waiting } from "./parts/parts";
import { useShade } from "./theme";
import { useWords } from "./words/words";
import type { Key } from "./words/zh";

const help = () => import("./keys/help");
const palette = () => import("./keys/palette");
/** After the screen itself has come. */
const SOON_MS = 500;
const Help = lazy(help);
const Palette = lazy(palette);
const SignIn = lazy(() => import("./session/signin"));
const Decisions = lazy(() => import("./decisions/page"));
const Decision = lazy(() => import("./decision/page"));
const QueuePage = lazy(() => import("./queue/page"));
const CasePage = lazy(() => import("./case/page"));
const Gangs = lazy(() => import("./network/gangs"));
const Today = lazy(() => import("./today/page"));
const Reports = lazy(() => import("./reports/page"));
const Audit = lazy(() => import("./audit/page"));
const Monitoring = lazy(() => import("./monitoring/page"));
const Approvals = lazy(() => import("./approvals/page"));
const Lists = lazy(() => import("./lists/page"));
const Features = lazy(() => import("./features/page"));
const Feature = lazy(() => import("./features/one"));
const Studio = lazy(() => import("./studio/page"));
const Backtests = lazy(() => import("./backtests/page"));
const Models = lazy(() => import("./models/page"));
const OneModel = lazy(() => import("./models/one"));
const Settings = lazy(() => import("./settings/page"));
const Entity = lazy(() => import("./entity/page"));
const Network = lazy(() => import("./network/page"));

/** `open`: also on a server that nobody signs in to. */
const PLACES: { to: string; word: Key; icon: string; permission?: string; open?: boolean }[] = [
  { to: "/today", word: "nav.today", icon: "M5 5h14v15H5zM5 10h14M9 3v4M15 3v4", permission: "read" },
  { to: "/queue", word: "nav.queue", icon: "M4 5h16v4H4zM4 11h16v4H4zM4 17h10v3H4z", permission: "cases" },
  { to: "/decisions", word: "nav.decisions", icon: "M4 6h16M4 12h16M4 18h10", permission: "read", open: true },
  { to: "/network", word: "nav.network", icon: "M6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM9 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 6.5l8 1M7 8l1.5 8M16.5 9.500l-6 7", permission: "read", open: true },
  { to: "/lists", word: "nav.lists", icon: "M4 6h.01M4 12h.01M4 18h.01M8 6h12M8 12h12M8 18h12", permission: "lists" },
  { to: "/monitoring", word: "nav.monitoring", icon: "M4 19V5M4 19h16M7 15l4-5 3 3 5-7", permission: "read", open: true },
  { to: "/approvals", word: "nav.approvals", icon: "M4 12l5 5L20 6M4 5h8", permission: "policies" },
  { to: "/studio", word: "nav.studio", icon: "M5 4h10l4 4v12H5zM8 10h8M8 13h8M8 16h5", permission: "policies" },
  { to: "/backtests", word: "nav.backtests", icon: "M4 6h11M4 12h7M4 18h5M20 6l-6 9M14 15l-1 4 4-1", permission: "policies" },
  { to: "/features", word: "nav.features", icon: "M4 20V10M10 20V4M16 20v-7M21 20H3", permission: "policies" },
  { to: "/models", word: "nav.models", icon: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.5 13v7M13 16.5h7", permission: "read", open: true },
  { to: "/reports", word: "nav.reports", icon: "M5 3h14v18H5zM9 17v-4M12 17V8M15 17v-6", permission: "read" },
  { to: "/audit", word: "nav.audit", icon: "M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3", permission: "audit" },
  { to: "/settings", word: "nav.settings", icon: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4" },
];

export function Shell() {
  const { data: session, error, refetch } = useSession();
  const [was, setWas] = useState(false);
  if (session?.kind === "person" && !was) setWas(true);
  if (error) return <Trouble error={error} retry={() => void refetch()} />;
  if (!session) return <Waiting />;
  if (session.kind === "nobody")
    return (
      <Suspense fallback={<Waiting />}>
        <SignIn again={was} />
      </Suspense>
    );
  return (
    <OutboxOf>
      <Frame session={session} />
    </OutboxOf>
  );
}

function Frame({ session }: { session: Session }) {
  const { t, language, setLanguage } = useWords();
  const { shade, toggle } = useShade();
  const [open, setOpen] = useState<"help" | "palette">();
  const go = useNavigate();
  const where = useLocation();
  const signOut = useSignOut();
  const places = useMemo(() => PLACES.filter((each) => !each.permission || (session.kind === "person" ? session.me.permissions.includes(each.permission) : each.open)), [session]);
  const other = () => setLanguage(language === "zh" ? "en" : "zh");
  useKeys("everywhere", { palette: () => setOpen("palette"), help: () => setOpen("help"), theme: toggle, language: other });
  useEffect(() => {
    const soon = setTimeout(() => void Promise.all([palette(), help()]), SOON_MS); // so that what is typed right after their key is not lost
    return () => clearTimeout(soon);
  }, []);
  const acts = useMemo(
    () => [
      ...places.map((each) => ({ id: each.to, label: t("palette.go", { where: t(each.word) }), run: () => void go(each.to) })),
      { id: "theme", label: t("shell.theme"), run: toggle },
      { id: "language", label: t("shell.languageHint"), run: () => setLanguage(language === "zh" ? "en" : "zh") },
      { id: "help", label: t("shell.help"), run: () => setOpen("help") },
    ],
    [t, go, toggle, language, setLanguage, places],
  );
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <nav className="side" aria-label={t("nav.main")}>
        <NavLink to="/decisions" className="brand">
          <Mark />
          <span>{t("app.name")}</span>
        </NavLink>
        {places.map((each) => (
          <NavLink key={each.to} to={each.to} className="place">
            <Icon path={each.icon} />
            <span>{t(each.word)}</span>
          </NavLink>
        ))}
        <div className="foot">
          <Small hint={t("shell.palette")} onClick={() => setOpen("palette")} icon="M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4">
            {t("common.search")}
          </Small>
          <Small hint={t("shell.help")} onClick={() => setOpen("help")} icon="M4 7h16v10H4zM7 10h.01M11 10h.01M15 10h.01M8 14h8">
            {t("shell.help")}
          </Small>
          <Small hint={t("shell.languageHint")} onClick={other} icon="M4 6h9M8 4v2M11 6c-1 4-4 7-7 8M6 9c1 2 4 4 6 5M13 20l4-9 4 9M14 17h6">
            {t("shell.language")}
          </Small>
          <Small hint={t("shell.theme")} onClick={toggle} icon={shade === "dark" ? "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 2v2M12 20v2M2 12h2M20 12h2" : "M20 14A8 8 0 1 1 10 4a6 6 0 0 0 10 10z"}>
            {shade === "dark" ? t("shell.light") : t("shell.dark")}
          </Small>
          <Who session={session} signOut={() => void signOut()} />
        </div>
      </nav>
      <main id="content" tabIndex={-1}>
        <Boundary at={where.pathname}>
          <Suspense fallback={<Waiting />}>
            <Routes>
              <Route path="/" element={<Navigate to={places[0]?.to ?? "/decisions"} replace />} />
              <Route path="/decisions" element={<Decisions />} />
              <Route path="/decisions/:id" element={<Decision />} />
              <Route path="/queue" element={<QueuePage />} />
              <Route path="/cases/:number" element={<CasePage />} />
              <Route path="/today" element={<Today />} />
              <Route path="/reports" element={<Reports />} />
              <Route path="/models" element={<Models />} />
              <Route path="/models/:name" element={<OneModel />} />
              <Route path="/settings" element={<Settings />} />
              <Route path="/audit" element={<Audit />} />
              <Route path="/monitoring" element={<Monitoring />} />
              <Route path="/approvals" element={<Approvals />} />
              <Route path="/approvals/:number" element={<Approvals />} />
              <Route path="/lists" element={<Lists />} />
              <Route path="/lists/:name" element={<Lists />} />
              <Route path="/studio" element={<Studio />} />
              <Route path="/backtests" element={<Backtests />} />
              <Route path="/backtests/:number" element={<Backtests />} />
              <Route path="/features" element={<Features />} />
              <Route path="/features/:name" element={<Feature />} />
              <Route path="/entities/:type/:id" element={<Entity />} />
              <Route path="/network" element={<Gangs />} />
              <Route path="/network/:kind/:id" element={<Network />} />
              <Route path="*" element={<Empty title={t("common.notFound")} />} />
            </Routes>
          </Suspense>
        </Boundary>
      </main>
      <Suspense fallback={null}>
        {open === "help" && <Help open close={() => setOpen(undefined)} />}
        {open === "palette" && <Palette open close={() => setOpen(undefined)} acts={acts} />}
      </Suspense>
    </div>
  );
}

function Who({ session, signOut }: { session: Session; signOut: () => void }) {
  const { t } = useWords();
  if (session.kind !== "person")
    return (
      <Tooltip title={t("shell.openHint")} placement="right">
        <p className="who quiet">{t("shell.open")}</p>
      </Tooltip>
    );
  return (
    <div className="who">
      <span title={session.me.roles.join(", ")}>
        <b>{session.me.name}</b>
      </span>
      <Button size="small" type="text" onClick={signOut}>
        {t("shell.signOut")}
      </Button>
    </div>
  );
}

function Small({ hint, onClick, icon, children }: { hint: string; onClick: () => void; icon: string; children: ReactNode }) {
  return (
    <button type="button" className="place" onClick={onClick} title={hint}>
      <Icon path={icon} />
      <span>{children}</span>
    </button>
  );
}

export function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
