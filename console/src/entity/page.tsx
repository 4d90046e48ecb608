// One person, phone, device, card or address: who it is, what is counted about it now and then, where it stands, and everything that happened.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect, useMemo, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useMay, useNames, useVocabulary } from "../api/session";
import type { Cases, DecisionPage, EntityFeatures, TimelinePage } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Empty, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { AsOf } from "./asof";
import { CasesOf, Linked, ListsOf } from "./beside";
import { counts, joined, KINDS, leadsTo, namedIn, nodeKind, shownOf, type Entry, type Kind } from "./entity";
import "./entity.css";
import { Features } from "./features";
import { Reveal } from "./reveal";
import { Timeline } from "./timeline";
import { placeOf } from "./place";

const PAGE = 100;
/** Pages that are read by themselves while a kind or a moment leaves too little; then somebody has to ask. */
const BY_ITSELF = 10;
const ENOUGH = 15;

export default function EntityPage() {
  const { type = "", id = "" } = useParams();
  const go = useNavigate();
  const [parameters] = useSearchParams();
  const path = `/v1/entities/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
  const now = useQuery({ queryKey: ["entity", type, id, "features", ""], queryFn: ({ signal }) => get<EntityFeatures>(`${path}/features`, {}, signal), staleTime: 30_000 });
  const code = now.data?.code;
  useEffect(() => {
    // a value that somebody typed does not stay in the address
    if (code && !id.startsWith("code:")) void go(`${placeOf(type, code)}?${parameters.toString()}`, { replace: true });
  }, [code, id, type, go, parameters]);
  if (now.error) return <div className="page"><Trouble error={now.error} retry={() => void now.refetch()} /></div>;
  if (!now.data || !id.startsWith("code:")) return <Waiting />;
  return <Shown key={`${type}:${now.data.code}`} entity={type} code={now.data.code} now={now.data} />;
}

function Shown({ entity, code, now }: { entity: string; code: string; now: EntityFeatures }) {
  const { t } = useWords();
  const names = useNames();
  const go = useNavigate();
  const mayReveal = useMay("reveal");
  const { data: vocabulary } = useVocabulary();
  const [parameters, setParameters] = useSearchParams();
  const [kind, setKind] = useState<Kind>(KINDS.find((each) => each === parameters.get("kind")) ?? "all");
  const at = parameters.get("at") ?? "";
  const [revealing, setRevealing] = useState(false);
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  const happened = useHappened(entity, code, kind, at);
  const decisions = useQuery({ queryKey: ["decisions", "of", entity, code], queryFn: ({ signal }) => get<DecisionPage>("/v1/decisions", { of: `${entity}:code:${code}`, limit: 20 }, signal), staleTime: 60_000 });
  const named = useMemo(() => namedIn(decisions.data?.decisions ?? [], entity, code), [decisions.data, entity, code]);
  const node = named && vocabulary ? nodeKind(named.fields, vocabulary) : "";
  const [row, setRow] = useState(0);
  const rowAt = Math.min(row, Math.max(happened.shown.length - 1, 0));
  const asked = kind === "all" ? "" : kind;
  useEffect(() => {
    if ((parameters.get("kind") ?? "") !== asked) set("kind", asked);
  });
  const choose = (next: Kind) => {
    setRow(0);
    setKind(next);
  };
  const step = (by: number) => {
    setRow(0);
    setKind((now) => KINDS[(KINDS.indexOf(now) + by + KINDS.length) % KINDS.length] ?? "all");
  };
  const masked = named?.shown.includes("*") ?? false;
  useKeys("entity", {
    down: () => {
      setRow(Math.min(rowAt + 1, happened.shown.length - 1));
      if (rowAt + 2 >= happened.shown.length) happened.more();
    },
    up: () => setRow(Math.max(rowAt - 1, 0)),
    open: () => {
      const to = happened.shown[rowAt] && leadsTo(happened.shown[rowAt]);
      if (to) void go(to);
    },
    before: () => step(-1),
    after: () => step(1),
    back: () => (revealing ? setRevealing(false) : void go(-1)),
    ...(node ? { network: () => void go(`/network/${node}/code:${code}`) } : {}),
    ...(masked && mayReveal ? { reveal: () => setRevealing(true) } : {}),
  });
  const sums = counts(happened.entries);
  return (
    <div className="page wide entity">
      <header className="verdict">
        <p className="crumbs"><Link to="/decisions">{t("nav.decisions")}</Link> / {names("fields", entity)}</p>
        <h1>
          {names("fields", entity)} <code className="who-is">{named?.shown ?? ""}</code>
          {masked && mayReveal && !revealing && <Button size="small" onClick={() => setRevealing(true)}>{t("entity.reveal")} <Keys keys="r" /></Button>}
        </h1>
        {revealing && named && <Reveal event={named.event} fields={named.fields} close={() => setRevealing(false)} />}
        {decisions.isSuccess && !named && <p className="quiet">{t("entity.unknown")}</p>}
        <p className="meta">
          <span>{t("entity.code")} <Copied text={code} /></span>
          <Link to={`/decisions?of=${encodeURIComponent(`${entity}:code:${code}`)}`}>{t("entity.decisions")}</Link>
          {node && <Link to={`/network/${node}/code:${code}`}>{t("entity.network")} <Keys keys="g" /></Link>}
        </p>
        {happened.entries.length > 0 && <p className="done">{t(happened.whole ? "entity.sumAll" : "entity.sum", { n: happened.entries.length, ...sums })}</p>}
      </header>
      <AsOf at={at} set={(moment) => set("at", moment)} oldest={happened.entries.at(-1)?.time} now={Date.parse(now.now)} />
      <div className="entity-columns">
        <Happened happened={happened} kind={kind} choose={choose} row={rowAt} setRow={setRow} />
        <aside>
          <Features entity={entity} code={code} now={now} at={at} />
          <ListsOf entity={entity} code={code} />
          <CasesOf cases={happened.cases} />
          <Linked kind={node} entity={entity} code={code} at={at} known={decisions.isSuccess} />
        </aside>
      </div>
    </div>
  );
}

interface Happening {
  entries: Entry[];
  shown: Entry[];
  cases: Cases["cases"] | undefined;
  whole: boolean;
  pending: boolean;
  busy: boolean;
  error: unknown;
  more: () => void;
}

/** Everything that happened, page by page; more pages by themselves while a kind or a moment leaves too little. */
function useHappened(entity: string, code: string, kind: Kind, at: string): Happening {
  const may = useMay("cases");
  const about = `${entity}:code:${code}`;
  const pages = useInfiniteQuery({
    queryKey: ["entity", entity, code, "timeline"],
    queryFn: ({ pageParam, signal }) => get<TimelinePage>(`/v1/entities/${encodeURIComponent(entity)}/code:${code}/timeline`, { before: pageParam, limit: PAGE }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: 30_000,
  });
  const cases = useQuery({
    queryKey: ["entity", entity, code, "cases"],
    queryFn: async ({ signal }) => (await Promise.all(["open", "closed"].map((state) => get<Cases>("/v1/cases", { entity: about, state, order: "newest", limit: 50 }, signal)))).flatMap((each) => each.cases),
    enabled: may,
    staleTime: 30_000,
  });
  const whole = pages.isSuccess && !pages.hasNextPage;
  const entries = useMemo(() => joined(pages.data?.pages.flatMap((page) => page.entries) ?? [], cases.data ?? [], whole), [pages.data, cases.data, whole]);
  const shown = useMemo(() => shownOf(entries, kind, at ? Date.parse(at) : undefined), [entries, kind, at]);
  const more = () => {
    if (pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
  };
  const few = shown.length < ENOUGH && (pages.data?.pages.length ?? 0) < BY_ITSELF;
  useEffect(() => {
    if (few && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
  }, [few, pages]);
  return { entries, shown, cases: may ? cases.data : undefined, whole, pending: pages.isPending, busy: pages.isFetchingNextPage, error: pages.error ?? cases.error, more };
}

function Happened({ happened, kind, choose, row, setRow }: { happened: Happening; kind: Kind; choose: (kind: Kind) => void; row: number; setRow: (row: number) => void }) {
  const { t } = useWords();
  return (
    <section className="happened" aria-label={t("entity.timeline")}>
      <div className="bar-of">
        <h2>{t("entity.timeline")}</h2>
        <div className="chips" role="group" aria-label={t("entity.kinds")}>
          {KINDS.filter((each) => each !== "case" || happened.cases).map((each) => (
            <button key={each} type="button" className="chip" aria-pressed={each === kind} onClick={() => choose(each)}>{t(`entity.kind.${each}`)}</button>
          ))}
          <Keys keys="[" /> <Keys keys="]" />
        </div>
      </div>
      {Boolean(happened.error) && <Trouble error={happened.error} />}
      {happened.pending && <Waiting />}
      {happened.shown.length > 0 && <Timeline entries={happened.shown} at={row} setAt={setRow} />}
      {!happened.pending && !happened.busy && happened.shown.length === 0 && !happened.error && (
        happened.entries.length ? <Empty title={t("entity.none")} next={t("entity.noneNext")} /> : <Empty title={t("entity.nothing")} next={t("entity.nothingNext")} />
      )}
      <footer className="more">
        {happened.whole && happened.shown.length > 0 && <span className="quiet">{t("entity.end")}</span>}
        {!happened.whole && !happened.pending && <Button size="small" onClick={happened.more} loading={happened.busy}>{t("entity.older")}</Button>}
      </footer>
    </section>
  );
}
