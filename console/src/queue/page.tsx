// The queue: how every queue stands, the cases in the order of work, a look at the one that is chosen; claim, open, or take the next.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Segmented, Select } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { get, Refused, send } from "../api/http";
import { useMay, useNames, useSession } from "../api/session";
import type { Case, Cases, Queue } from "../api/types";
import { placeOf } from "../entity/place";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, More, Outcome, OUTCOMES, Panel, Trouble, Waiting } from "../parts/parts";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";
import { ManyBar, ManyForm, ManyTold, useTold } from "./chosen";
import { ACTS, MOST, reached, toggled, type ManyAct } from "./many";
import { casesQuery, leftOf, nameOf, ORDERS, WHOSE } from "./queue";

const NONE: ReadonlySet<number> = new Set();
interface Choice {
  /** Of which filter. */
  key: string;
  numbers: ReadonlySet<number>;
  /** All that the filter finds, or only its first. */
  whole?: "all" | "first";
}

export default function QueuePage() {
  const { t, format } = useWords();
  const go = useNavigate();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const may = useMay("investigate");
  const [parameters, setParameters] = useSearchParams();
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  const queue = parameters.get("queue") ?? "";
  const queues = useQuery({ queryKey: ["queues"], queryFn: ({ signal }) => get<{ queues: Queue[] }>("/v1/queues", {}, signal), refetchInterval: 30_000 });
  const pages = useInfiniteQuery({
    queryKey: ["cases", parameters.toString()],
    queryFn: ({ pageParam, signal }) => get<Cases>("/v1/cases", casesQuery(parameters, pageParam), signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.cases) ?? [], [pages.data]);
  const [chosen, setChosen] = useState({ key: "", at: 0 });
  const key = parameters.toString();
  const at = chosen.key === key ? Math.min(chosen.at, Math.max(rows.length - 1, 0)) : 0;
  const setAt = (next: number) => setChosen({ key, at: next });
  const row = rows[at];
  const claim = useMutation({
    mutationFn: (number: number) => send<Case>("POST", `/v1/cases/${number}:claim`, {}),
    onSuccess: (claimed) => {
      void queries.invalidateQueries({ queryKey: ["queues"] });
      void queries.invalidateQueries({ queryKey: ["cases"] });
      void go(`/cases/${claimed.number}`);
    },
    onError: (failed) => void message.open({ type: "error", duration: 8, content: <Trouble error={failed} /> }),
  });
  const next = useMutation({
    mutationFn: async () => {
      const names = queue ? [queue] : (queues.data?.queues ?? []).filter((each) => each.free > 0).map((each) => each.name);
      for (const name of names) {
        const found = await send<{ case: Case | null }>("POST", `/v1/queues/${encodeURIComponent(name)}:next`, {});
        if (found.case) return found.case;
      }
      return null;
    },
    onSuccess: (found) => {
      void queries.invalidateQueries({ queryKey: ["queues"] });
      if (found) void go(`/cases/${found.number}`);
      else void message.info(t("queue.nothingFree"));
    },
    onError: (failed) => void message.open({ type: "error", duration: 8, content: <Trouble error={failed} /> }),
  });
  const many = useMany(parameters, rows);
  const { told, putAway } = useTold();
  const filter = useRef<HTMLSelectElement>(null);
  useKeys("queue", {
    down: () => {
      setAt(Math.min(at + 1, rows.length - 1));
      if (at + 2 >= rows.length && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
    },
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => row && void go(`/cases/${row.number}`),
    filter: () => filter.current?.focus(),
    ...(may ? { claim: () => row && claim.mutate(row.number), next: () => next.mutate() } : {}),
    ...(many.may ? { choose: () => row && many.toggle(row.number), all: many.all } : {}),
    ...(many.numbers.size ? Object.fromEntries(ACTS.map(({ act }) => [act, () => many.begin(act)])) : {}),
    back: () => (many.act ? many.begin(undefined) : many.numbers.size ? many.clear() : putAway()),
  });
  if (queues.error instanceof Refused && queues.error.status === 404) return <Empty title={t("queue.noPeople")} next={t("queue.noPeopleNext")} />;
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("queue.title")}</h1>
          <p className="quiet">{t("queue.lead")}</p>
        </div>
        {may && (
          <Button type="primary" onClick={() => next.mutate()} loading={next.isPending}>
            {t("queue.next")} <Keys keys="c" />
          </Button>
        )}
      </header>
      {queues.error && <Trouble error={queues.error} retry={() => void queues.refetch()} />}
      <Queues queues={queues.data?.queues ?? []} chosen={queue} choose={(name) => set("queue", name)} />
      <div className="filters">
        <label className="inline">
          {t("queue.queue")}
          <select ref={filter} className="field" value={queue} onChange={(event) => set("queue", event.target.value)}>
            <option value="">{t("common.all")}</option>
            {queues.data?.queues.map((each) => <QueueOption key={each.name} queue={each} />)}
          </select>
        </label>
        <Segmented size="small" value={parameters.get("assignee") ?? ""} onChange={(value) => set("assignee", value)} options={WHOSE.map((each) => ({ value: each, label: t(`queue.whose.${each || "all"}` as "queue.whose.all") }))} />
        <Segmented size="small" value={parameters.get("state") ?? "open"} onChange={(value) => set("state", value === "open" ? "" : value)} options={(["open", "closed"] as const).map((each) => ({ value: each, label: t(`queue.state.${each}`) }))} />
        <Select size="small" aria-label={t("queue.order")} value={parameters.get("order") ?? "priority"} onChange={(value) => set("order", value === "priority" ? "" : value)} options={ORDERS.map((each) => ({ value: each, label: t(`queue.order.${each}`) }))} />
        <label className="inline">
          <input type="checkbox" checked={parameters.get("overdue") === "true"} onChange={(event) => set("overdue", event.target.checked ? "true" : "")} />
          {t("queue.overdue")}
        </label>
      </div>
      {pages.isPending && <Waiting />}
      {pages.error && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && rows.length === 0 && <Empty title={t("queue.empty")} next={t("queue.emptyNext")} />}
      {many.numbers.size > 0 && <ManyBar count={many.numbers.size} whole={many.whole} busy={many.busy} all={many.all} clear={many.clear} begin={many.begin} />}
      {rows.length === 0 && told && <ManyTold told={told} putAway={putAway} />}
      {rows.length > 0 && (
        <div className="columns">
          <div className="clip">
            <CaseTable rows={rows} at={at} setAt={setAt} many={many.may ? { numbers: many.numbers, toggle: many.toggle, reach: (to) => many.reach(at, to) } : undefined} />
          </div>
          <aside className="stays">
            {many.act && <ManyForm key={many.act} act={many.act} numbers={[...many.numbers]} close={() => many.begin(undefined)} put={many.put} />}
            {told && <ManyTold told={told} putAway={putAway} />}
            {row && !many.act && <Preview row={row} claim={may ? () => claim.mutate(row.number) : undefined} busy={claim.isPending} />}
          </aside>
        </div>
      )}
      {pages.isSuccess && rows.length > 0 && (
        <More pages={pages}>{t("list.shown", { n: format.number(rows.length) })}</More>
      )}
    </div>
  );
}

/** Which cases are chosen, and what is to be done with them; of another filter none are. */
function useMany(parameters: URLSearchParams, rows: readonly Case[]) {
  const { message } = App.useApp();
  const may = useMay("assign") && (parameters.get("state") ?? "open") === "open";
  const key = parameters.toString();
  const [choice, setChoice] = useState<Choice>({ key, numbers: NONE });
  const [act, setAct] = useState<ManyAct>();
  const here = may && choice.key === key ? choice : undefined;
  const numbers = here?.numbers ?? NONE;
  const choose = (next: ReadonlySet<number>, whole?: Choice["whole"]) => setChoice({ key, numbers: next, ...(whole ? { whole } : {}) });
  const all = useMutation({
    mutationFn: (of: string) => get<Cases>("/v1/cases", { ...casesQuery(new URLSearchParams(of)), limit: MOST }),
    onSuccess: (found, of) => setChoice({ key: of, numbers: new Set(found.cases.map((each) => each.number)), whole: found.next ? "first" : "all" }),
    onError: (failed) => void message.open({ type: "error", duration: 8, content: <Trouble error={failed} /> }),
  });
  return {
    may,
    numbers,
    whole: here?.whole,
    act: numbers.size ? act : undefined,
    all: () => all.mutate(key),
    busy: all.isPending,
    begin: setAct,
    toggle: (number: number) => choose(toggled(numbers, number)),
    reach: (from: number, to: number) => choose(reached(numbers, rows.map((each) => each.number), from, to)),
    clear: () => { setAct(undefined); choose(NONE); },
    /** It waits to be sent, or was taken back: then the same are chosen again. */
    put: (undone: boolean) => { setAct(undefined); choose(undone ? numbers : NONE, undone ? here?.whole : undefined); },
  };
}

function QueueOption({ queue }: { queue: Queue }) {
  const { said } = useWords();
  return <option value={queue.name}>{said(queue)}</option>;
}

function Queues({ queues, chosen, choose }: { queues: Queue[]; chosen: string; choose: (name: string) => void }) {
  const { t, said, format } = useWords();
  return (
    <div className="tiles" role="group" aria-label={t("queue.queues")}>
      {queues.map((each) => (
        <button key={each.name} type="button" aria-pressed={each.name === chosen} onClick={() => choose(each.name === chosen ? "" : each.name)}>
          <span className="tile-name">{said(each)}</span>
          <b className="num">{format.number(each.open)}</b>
          <small>
            {t("queue.free", { n: format.number(each.free) })}
            {each.overdue > 0 && <em> · {t("queue.late", { n: format.number(each.overdue) })}</em>}
          </small>
          <small className="num">{each.money > 0 ? t("queue.risk", { money: format.money(each.money, "CNY") }) : t("queue.within", { span: each.within ?? "" })}</small>
        </button>
      ))}
    </div>
  );
}

/** The moment, anew twice a minute. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function Deadline({ at, open }: { at: string | null; open: boolean }) {
  const { t, format } = useWords();
  const stands = leftOf(at, useNow());
  if (!stands || !at) return null;
  if (!open) return <span title={format.timeFull(at)}>{format.time(at)}</span>;
  const span = format.span(Math.abs(stands.left));
  return (
    <span className={`due ${stands.hurry}`} title={format.timeFull(at)}>
      {t(stands.left < 0 ? "queue.past" : "queue.left", { span })}
    </span>
  );
}

/** How rows are chosen for what is done with many. */
interface Choosing {
  numbers: ReadonlySet<number>;
  toggle: (number: number) => void;
  /** All rows from the one that is looked at to this. */
  reach: (to: number) => void;
}

function CaseTable({ rows, at, setAt, many }: { rows: Case[]; at: number; setAt: (at: number) => void; many: Choosing | undefined }) {
  const { t, format } = useWords();
  const go = useNavigate();
  const { data: session } = useSession();
  const mine = session?.kind === "person" ? `person:${session.me.name}` : "";
  const body = useShown<HTMLTableSectionElement>(at);
  return (
    <table className="rows">
      <thead>
        <tr>
          {many && <th scope="col"><span className="sr">{t("many.choose")}</span></th>}
          <th scope="col">{t("queue.case")}</th>
          <th scope="col">{t("queue.deadline")}</th>
          <th scope="col">{t("queue.outcomes")}</th>
          <th scope="col" className="num">{t("queue.alerts")}</th>
          <th scope="col">{t("queue.about")}</th>
          <th scope="col" className="num">{t("queue.money")}</th>
          <th scope="col">{t("queue.assignee")}</th>
          <th scope="col">{t("queue.reasons")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, number) => (
          <tr key={row.number} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={(event) => { if (many && event.shiftKey) { event.preventDefault(); many.reach(number); } setAt(number); }} onDoubleClick={() => void go(`/cases/${row.number}`)}>
            {many && (
              <td onMouseDown={(event) => event.stopPropagation()}>
                <input type="checkbox" aria-label={t("many.chooseRow", { n: row.number })} checked={many.numbers.has(row.number)} onChange={(event) => { if ((event.nativeEvent as MouseEvent).shiftKey) many.reach(number); else many.toggle(row.number); setAt(number); }} />
              </td>
            )}
            <td className="num"><Link to={`/cases/${row.number}`}>#{row.number}</Link>{row.level > 0 && <span className="flag"> ↑{row.level}</span>}</td>
            <td><Deadline at={row.deadline} open={row.state === "open"} /></td>
            <td><Severest outcomes={row.outcomes} /></td>
            <td className="num">{format.number(row.alerts_count)}</td>
            <td><About row={row} /></td>
            <td className="num">{row.money ? format.money(row.money, row.currency || "CNY") : ""}</td>
            <td>{row.assignee && <span className={row.assignee === mine ? "mine" : "quiet"}>{nameOf(row.assignee)}</span>}</td>
            <td className="why"><Reasons row={row} most={2} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whom a case is about: the entity in the words of the policy, and its value. */
function About({ row: { kind, subject, shown } }: { row: Case }) {
  const names = useNames();
  const at = shown.indexOf(" ");
  if (at < 0) return <code>{shown}</code>;
  const colon = subject.indexOf(":");
  const value = <code>{shown.slice(at + 1)}</code>;
  return <>{names("fields", shown.slice(0, at))} {kind === "entity" && colon > 0 ? <Link to={placeOf(subject.slice(0, colon), subject.slice(colon + 1))}>{value}</Link> : value}</>;
}

/** The severest of what was decided. */
function Severest({ outcomes }: { outcomes: unknown }) {
  const known = Object.keys((outcomes ?? {}) as Record<string, number>);
  const name = [...OUTCOMES].reverse().find((each) => known.includes(each));
  return name ? <Outcome name={name} /> : null;
}

export function Counts({ outcomes }: { outcomes: unknown }) {
  const entries = Object.entries((outcomes ?? {}) as Record<string, number>);
  return (
    <span className="counts">
      {entries.map(([name, count]) => (
        <span key={name}><Outcome name={name} />{count > 1 && <small className="num">×{count}</small>}</span>
      ))}
    </span>
  );
}

function Reasons({ row, most }: { row: Case; most: number }) {
  const { said } = useWords();
  const reasons = [...(row.reasons ?? [])].sort((a, b) => b.count - a.count);
  return <>{reasons.slice(0, most).map((each) => said(each)).join(" · ")}</>;
}

function Preview({ row, claim, busy }: { row: Case; claim: (() => void) | undefined; busy: boolean }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const max = Math.max(...(row.reasons ?? []).map((each) => each.count), 1);
  return (
    <Panel title={t("queue.caseNumber", { n: row.number })}>
      <p className="preview-why">{said(row.why)}</p>
      <p><Counts outcomes={row.outcomes} /></p>
      <table className="waterfall small">
        <tbody>
          {(row.reasons ?? []).slice(0, 8).map((each) => (
            <tr key={each.code}>
              <th scope="row">{said(each) || names("reasons", each.code)}</th>
              <td className="track"><span className="bar" style={{ width: `${(each.count / max) * 100}%` }} /></td>
              <td className="num">{format.number(each.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="acts">
        <Link className="button" to={`/cases/${row.number}`}>{t("key.open")} <Keys keys="Enter" /></Link>
        {claim && row.state === "open" && !row.assignee && <Button size="small" type="primary" onClick={claim} loading={busy}>{t("case.claim")} <Keys keys="a" /></Button>}
      </p>
    </Panel>
  );
}
