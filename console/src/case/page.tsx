// A case on one screen: why it is here, the evidence, the network, what happened, and the act.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { get, Refused, send } from "../api/http";
import { useMay, useNames, useSession, useVocabulary } from "../api/session";
import type { Case, CaseAlert, Explanation, Gang, Nest, Trace } from "../api/types";
import { useOutbox } from "../acts/outbox";
import { SAID, spoke } from "../decision/sentence";
import { placeOf } from "../entity/place";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { listed, merged, nestOf, NOTHING, type NetNode } from "../network/graph";
import { Outcome, Panel, Trouble, Waiting } from "../parts/parts";
import { Counts, Deadline } from "../queue/page";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { Decide } from "./decide";
import { Steps } from "./timeline";
import { VERDICTS, type Verdict } from "./steps";

const Canvas = lazy(() => import("../network/canvas"));

export default function CasePage() {
  const { number = "" } = useParams();
  const asked = useQuery({ queryKey: ["case", number], queryFn: ({ signal }) => get<Case>(`/v1/cases/${encodeURIComponent(number)}`, {}, signal) });
  if (asked.error) return <div className="page"><Trouble error={asked.error} retry={() => void asked.refetch()} /></div>;
  if (!asked.data) return <Waiting />;
  return <Shown key={number} found={asked.data} />;
}

function Shown({ found }: { found: Case }) {
  const { t, said, format } = useWords();
  const go = useNavigate();
  const queries = useQueryClient();
  const outbox = useOutbox();
  const { message } = App.useApp();
  const { data: session } = useSession();
  const may = useMay("investigate");
  const me = session?.kind === "person" ? `person:${session.me.name}` : "";
  const mine = found.assignee === me && me !== "";
  const alerts = useMemo(() => [...((found.alerts ?? []) as unknown as CaseAlert[])].sort((a, b) => (b.at ?? "").localeCompare(a.at ?? "")), [found.alerts]);
  const [at, setAt] = useState(() => Math.max(alerts.findIndex((each) => each.event), 0));
  const [verdict, setVerdict] = useState<Verdict>();
  const [noting, setNoting] = useState(false);
  const note = useRef<HTMLTextAreaElement>(null);
  const open = found.state === "open";
  const address = `/v1/cases/${found.number}`;
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ["case", String(found.number)] });
    void queries.invalidateQueries({ queryKey: ["cases"] });
    void queries.invalidateQueries({ queryKey: ["queues"] });
  };
  const now = async (step: string, body: unknown = {}) => {
    try {
      queries.setQueryData(["case", String(found.number)], await send<Case>("POST", `${address}:${step}`, body));
      refresh();
      return true;
    } catch (failed) {
      void message.open({ type: "error", duration: 8, content: <Trouble error={failed} /> });
      if (failed instanceof Refused && [409, 412].includes(failed.status)) refresh();
      return false;
    }
  };
  const later = (label: string, step: string, body: unknown) => {
    const undone = () => {
      refresh();
      void go(`/cases/${found.number}`);
    };
    outbox({ label: t("case.acted", { what: label, n: found.number }), send: (last) => send("POST", `${address}:${step}`, body, { version: found.version, last }), done: refresh, undone });
  };
  /** The next case of the same queue that nobody works on, else the queue. */
  const advance = async () => {
    try {
      const next = await send<{ case: Case | null }>("POST", `/v1/queues/${encodeURIComponent(found.queue)}:next`, {});
      await go(next.case && next.case.number !== found.number ? `/cases/${next.case.number}` : "/queue");
    } catch {
      await go("/queue");
    }
  };
  const alert = alerts[at];
  const person = found.entities?.find((each) => found.subject === `${each.entity}:${each.code}`);
  useKeys("case", {
    down: () => setAt(Math.min(at + 1, alerts.length - 1)),
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => alert?.event && void go(`/decisions/${encodeURIComponent(alert.event)}`),
    back: () => (verdict ? setVerdict(undefined) : noting ? setNoting(false) : void go("/queue")),
    network: () => void go(found.gangs?.[0] ? `/network/gang/${found.gangs[0]}` : person ? `/network/person/code:${person.code}` : "/network"),
    ...(may ? { note: () => { setNoting(true); requestAnimationFrame(() => note.current?.focus()); } } : {}),
    ...(may && open && !found.assignee ? { claim: () => void now("claim") } : {}),
    ...(may && open ? Object.fromEntries(VERDICTS.map((each, number) => [`decide${number + 1}`, () => setVerdict(each)])) : {}),
  });
  return (
    <div className="page wide case">
      <header className="verdict">
        <p className="crumbs"><Link to="/queue">{t("nav.queue")}</Link> / {t("queue.caseNumber", { n: found.number })}</p>
        <h1><span className="sentence">{said(found.why)}</span></h1>
        <p className="meta">
          <span className={`state-${found.state}`}>{t(`queue.state.${found.state}`)}</span>
          <span>{t("queue.deadline")} <Deadline at={found.deadline} open={open} /></span>
          {found.money > 0 && <b className="num">{format.money(found.money, found.currency || "CNY")}</b>}
          <Counts outcomes={found.outcomes} />
          <span>{found.assignee ? t("case.heldBy", { who: mine ? t("case.me") : nameOf(found.assignee) }) : t("case.nobody")}</span>
          {may && open && !found.assignee && <Button size="small" type="primary" onClick={() => void now("claim")}>{t("case.claim")} <Keys keys="a" /></Button>}
          {may && open && mine && <Button size="small" onClick={() => void now("release")}>{t("case.release")}</Button>}
          {found.disposition && <span>{t("case.cameTo", { what: t(`case.verdict.${found.disposition}` as "case.verdict.fraud") })}{found.fraud_kind && ` · ${t(`fraud.${found.fraud_kind}` as "fraud.other")}`}</span>}
          {may && !open && <Reopen reopen={(text) => later(t("case.reopen"), "reopen", { text })} />}
        </p>
      </header>
      <div className="case-columns">
        <section>
          <Panel title={t("case.evidence", { n: alerts.length })}>
            <Alerts alerts={alerts} at={at} setAt={setAt} currency={found.currency || "CNY"} answer={may && open ? (each, verdict) => later(t(`case.answer.${verdict}`), "answer", { alert: each.id, verdict }) : undefined} />
          </Panel>
          <Who found={found} />
        </section>
        <section>
          {alert?.event ? <Evidence key={alert.event} event={alert.event} /> : null}
          <Panel title={t("nav.network")} aside={<Keys keys="g" />}>
            <Around found={found} person={person?.code} />
          </Panel>
        </section>
        <aside>
          {may && open && <Decide verdict={verdict} choose={setVerdict} decide={(label, step, body) => { later(label, step, body); setVerdict(undefined); void advance(); }} />}
          <Panel title={t("case.timeline")} aside={may && <Button size="small" onClick={() => setNoting(!noting)}>{t("case.note")} <Keys keys="n" /></Button>}>
            {noting && <Note area={note} save={async (text) => { if (await now("note", { text })) setNoting(false); }} />}
            <Steps steps={found.timeline ?? []} />
          </Panel>
        </aside>
      </div>
    </div>
  );
}

function Reopen({ reopen }: { reopen: (text: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState<string>();
  if (text === undefined) return <Button size="small" onClick={() => setText("")}>{t("case.reopen")}</Button>;
  return (
    <span className="inline">
      <input className="field" autoFocus aria-label={t("case.reason")} placeholder={t("case.reason")} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => event.key === "Escape" && setText(undefined)} />
      <Button size="small" disabled={!text.trim()} onClick={() => { reopen(text.trim()); setText(undefined); }}>{t("case.reopen")}</Button>
    </span>
  );
}

function Alerts({ alerts, at, setAt, currency, answer }: { alerts: CaseAlert[]; at: number; setAt: (at: number) => void; currency: string; answer: ((alert: CaseAlert, verdict: "release" | "refuse") => void) | undefined }) {
  const { t, said, format } = useWords();
  const names = useNames();
  return (
    <ul className="alerts">
      {alerts.map((each, number) => (
        <li key={each.id} className={number === at ? "at" : ""}>
          <button type="button" aria-pressed={number === at} onClick={() => setAt(number)}>
            <span className="alert-head">
              {each.outcome && <Outcome name={each.outcome} />}
              <b>{each.type ? names("types", each.type) : t(`alert.${each.kind}` as "alert.gang")}</b>
              <span className="num">{each.money ? format.money(each.money, currency) : ""}</span>
            </span>
            <span className="quiet">{each.at && format.time(each.at)}{each.score ? ` · ${format.number(each.score)} ${t("common.points")}` : ""}</span>
            <span className="alert-why">{each.text ?? (each.reasons ?? []).map((reason) => said(reason) || reason.code).join(" · ")}</span>
          </button>
          {each.waits === "open" && answer && (
            <p className="acts">
              <span className="flag">{each.until && t("case.waits", { until: format.time(each.until) })}</span>
              <Button size="small" onClick={() => answer(each, "release")}>{t("case.answer.release")}</Button>
              <Button size="small" danger onClick={() => answer(each, "refuse")}>{t("case.answer.refuse")}</Button>
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Why the chosen decision came out so: its sentence, the rules that hit with their values, what the customer may be told. */
function Evidence({ event }: { event: string }) {
  const { t, said, format, language } = useWords();
  const at = `/v1/decisions/${encodeURIComponent(event)}`;
  const explanation = useQuery({ queryKey: ["explanation", event], queryFn: ({ signal }) => get<Explanation>(`${at}/explanation`, {}, signal), staleTime: Infinity });
  const trace = useQuery({ queryKey: ["trace", event], queryFn: ({ signal }) => get<Trace>(`${at}/trace`, {}, signal), staleTime: Infinity });
  const failed = explanation.error ?? trace.error;
  if (failed) return <Trouble error={failed} />;
  if (!explanation.data || !trace.data) return <Panel title={t("decision.why")}><Waiting /></Panel>;
  const why = spoke(trace.data, explanation.data, language);
  const hits = trace.data.rules.filter((each) => each.state === "hit").sort((a, b) => b.score - a.score);
  const told = explanation.data.to_customer[language];
  return (
    <Panel title={t("decision.why")} aside={<Link to={`/decisions/${encodeURIComponent(event)}`}>{t("case.whole")} <Keys keys="Enter" /></Link>}>
      <p className="evidence-why"><Outcome name={explanation.data.outcome} /> {why.length ? why.slice(0, SAID).join(t("decision.and")) : t("decision.noRule")}</p>
      <ul className="hits">
        {hits.slice(0, 6).map((each) => (
          <li key={each.rule}><span className="num">{each.score ? `+${format.number(each.score)}` : ""}</span> <span>{said(each)}</span></li>
        ))}
      </ul>
      {told.length > 0 && <p className="quiet">{t("decision.customer")}: {told.join(" ")}</p>}
    </Panel>
  );
}

function Around({ found, person }: { found: Case; person: string | undefined }) {
  const { t } = useWords();
  const go = useNavigate();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const gang = found.gangs?.[0];
  const code = vocabulary?.person && found.subject.startsWith(`${vocabulary.person}:`) ? person : undefined;
  const asked = useQuery({
    queryKey: ["around", gang, code],
    queryFn: async ({ signal }) => merged(NOTHING, gang ? nestOf(await get<Gang>(`/v1/gangs/${gang}`, {}, signal)) : await get<Nest>(`/v1/network/person/code:${code}`, { hops: 2 }, signal)),
    enabled: gang !== undefined || code !== undefined,
    staleTime: Infinity,
  });
  const [selected, setSelected] = useState<string>();
  const starts = useMemo(() => new Set(code ? [`person:${code}`] : []), [code]);
  const none = useMemo(() => new Set<string>(), []);
  if (asked.error) return <p className="quiet">{asked.error instanceof Refused && asked.error.status === 404 ? t("case.noNetwork") : t("common.crashed")}</p>;
  if (!gang && !code) return <p className="quiet">{t("case.noNetwork")}</p>;
  if (!asked.data) return <Waiting />;
  if (!asked.data.links.size) return <p className="quiet">{t("net.alone")}</p>;
  const people = listed(asked.data).filter((each) => each.isPerson);
  const label = (node: NetNode) => (node.isPerson ? `${node.name.slice(0, 10)}…` : names("fields", node.kind));
  const node = selected ? asked.data.nodes.get(selected) : undefined;
  return (
    <>
      <div className="mini">
        <Suspense fallback={<Waiting />}>
          <Canvas net={asked.data} starts={starts} selected={selected} marked={none} pinned={none} chosen={none} labelOf={label} select={setSelected} expand={(id) => void go(`/network/${id.replace(":", "/code:")}`)} />
        </Suspense>
      </div>
      <p className="quiet">
        {t("net.sum", { people: people.length, things: asked.data.nodes.size - people.length, links: asked.data.links.size })}
        {people.some((each) => each.bad) && <b className="flag"> · {t("net.isBad")} {people.filter((each) => each.bad).length}</b>}
        {node && <> · <Link to={`/network/${node.kind}/code:${node.code}`}>{node.name}</Link></>}
      </p>
    </>
  );
}

function Note({ area, save }: { area: React.RefObject<HTMLTextAreaElement | null>; save: (text: string) => Promise<void> }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  return (
    <form className="note" onSubmit={(event) => { event.preventDefault(); if (text.trim()) void save(text.trim()); }}>
      <textarea ref={area} className="field" rows={3} maxLength={4000} aria-label={t("case.note")} placeholder={t("case.noteHint")} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => (event.metaKey || event.ctrlKey) && event.key === "Enter" && event.currentTarget.form?.requestSubmit()} />
      <Button size="small" htmlType="submit" disabled={!text.trim()}>{t("case.saveNote")} <Keys keys="mod+Enter" /></Button>
    </form>
  );
}

function Who({ found }: { found: Case }) {
  const { t } = useWords();
  const names = useNames();
  return (
    <Panel title={t("decision.about")}>
      <dl className="values">
        {found.entities?.slice(0, 40).map((each) => (
          <div key={`${each.entity}:${each.code}`}>
            <dt>{names("fields", each.entity)}</dt>
            <dd className="mono"><Link to={placeOf(each.entity, each.code)}>{each.shown}</Link> {each.alerts > 1 && <small>×{each.alerts}</small>}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
