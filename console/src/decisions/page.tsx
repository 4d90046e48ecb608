// The list of decisions: newest first, filters in the address, by keyboard.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Select, type InputRef } from "antd";
import { useCallback, useMemo, useRef, useState, type ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useNames, useVocabulary } from "../api/session";
import type { DecisionPage, ListedDecision } from "../api/types";
import { placeOf } from "../entity/place";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, More, Outcome, OUTCOMES, Trouble, Waiting } from "../parts/parts";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";
import "./decisions.css";
import { aboutOf, filtersIn, NAMES, queryOf, toggled, withFilter, type FilterName, type Filters } from "./filters";
import { Found } from "./found";
import { Query, wrongIn } from "./query";
import { Stream } from "./stream";

const NEAR_PX = 8;

export default function Decisions() {
  const { t, format } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const filters = useMemo(() => filtersIn(parameters), [parameters]);
  const set = (name: FilterName, value: string) => setParameters(withFilter(parameters, name, value), { replace: true });
  const pages = useInfiniteQuery({
    queryKey: ["decisions", filters],
    queryFn: ({ pageParam, signal }) => get<DecisionPage>("/v1/decisions", { ...queryOf(filters), before: pageParam, limit: 50 }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 60_000,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.decisions) ?? [], [pages.data]);
  const unknown = pages.data?.pages.reduce((sum, page) => sum + page.unknown, 0) ?? 0;
  const looked = pages.data?.pages.reduce((sum, page) => sum + page.looked, 0) ?? 0;
  const find = useRef<InputRef>(null);
  const [at, setAt] = useRowAt(rows, filters);
  const go = useNavigate();
  const [live, setLive] = useState(true);
  const [asking, setAsking] = useState(false);
  const wrong = wrongIn(pages.error);
  const atTop = useCallback(() => at === 0 && (document.getElementById("content")?.scrollTop ?? 0) < NEAR_PX, [at]);
  useKeys("list", {
    query: () => {
      setAsking(true);
      requestAnimationFrame(() => document.querySelector<HTMLElement>(".asked textarea")?.focus());
    },
    down: () => {
      setAt(Math.min(at + 1, rows.length - 1));
      if (at + 2 >= rows.length && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
    },
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => {
      const row = rows[at];
      if (row) void go(`/decisions/${encodeURIComponent(row.id)}`);
    },
    filter: () => find.current?.focus(),
  });
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("list.title")}</h1>
          <p className="quiet">{t("list.lead")}</p>
        </div>
        <Find input={find} filters={filters} set={set} />
      </header>
      <FilterBar filters={filters} set={set} clear={() => setParameters(new URLSearchParams(), { replace: true })}>
        <button type="button" className="chip" aria-pressed={asking || filters.where !== undefined} onClick={() => setAsking(!asking)}>
          {t("query.title")} <Keys keys="q" />
        </button>
      </FilterBar>
      {(asking || filters.where) && <Query where={filters.where ?? ""} ask={(where) => set("where", where)} wrong={wrong ?? []} busy={pages.isFetching} />}
      {filters.where && pages.data && !wrong && <Found key={JSON.stringify(filters)} filters={filters} position={pages.data.pages[0]?.position ?? 0} unknown={unknown} set={set} />}
      {pages.data && <Stream filters={filters} pages={pages.data} live={live} setLive={setLive} atTop={atTop} came={(n) => at > 0 && setAt(at + n)} />}
      {pages.isPending && <Waiting />}
      {pages.error && !wrong && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {rows.length > 0 && <Table rows={rows} at={at} setAt={setAt} />}
      {pages.isSuccess && rows.length === 0 && !pages.hasNextPage && <Empty title={t("list.empty")} next={t("list.emptyNext")} />}
      {pages.isSuccess && (
        <More pages={pages}>
          {t("list.shown", { n: format.number(rows.length) })} · {t("list.looked", { n: format.number(looked) })} · {pages.hasNextPage ? t("list.further") : t("list.end")}
        </More>
      )}
    </div>
  );
}

/** The row that keys act on; the first one again when the filters change. */
function useRowAt(rows: ListedDecision[], filters: Filters): [number, (at: number) => void] {
  const key = JSON.stringify(filters);
  const [state, setState] = useState({ key, at: 0 });
  const at = state.key === key ? Math.min(state.at, Math.max(rows.length - 1, 0)) : 0;
  return [at, (next) => setState({ key, at: next })];
}

function Find({ input, filters, set }: { input: React.RefObject<InputRef | null>; filters: Filters; set: (name: FilterName, value: string) => void }) {
  const { t } = useWords();
  const { data: vocabulary } = useVocabulary();
  const go = useNavigate();
  const [text, setText] = useState(filters.of ?? "");
  const [before, setBefore] = useState(filters.of);
  if (before !== filters.of) {
    setBefore(filters.of);
    setText(filters.of ?? "");
  }
  const search = () => {
    const typed = text.trim();
    const about = aboutOf(typed, vocabulary?.entities ?? []);
    if (!typed || about) set("of", about);
    else void go(`/decisions/${encodeURIComponent(typed)}`);
    input.current?.blur();
  };
  return (
    <Input
      ref={input}
      className="find"
      allowClear
      aria-label={t("list.findLabel")}
      placeholder={t("list.find")}
      suffix={<Keys keys="/" />}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        if (!event.target.value && filters.of) set("of", "");
      }}
      onPressEnter={search}
      onKeyDown={(event) => event.key === "Escape" && input.current?.blur()}
    />
  );
}

function FilterBar({ filters, set, clear, children }: { filters: Filters; set: (name: FilterName, value: string) => void; clear: () => void; children: ReactNode }) {
  const { t, said } = useWords();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const chosen = (filters.outcome ?? "").split(",");
  const options = (list: { name: string; zh: string; en: string }[] = []) => list.map((each) => ({ value: each.name, label: said(each) }));
  const matches = (typed: string, option?: { value: string; label: string }) => `${option?.value} ${option?.label}`.toLowerCase().includes(typed.toLowerCase());
  return (
    <div className="filters" role="search">
      <div className="chips" role="group" aria-label={t("list.outcome")}>
        {OUTCOMES.map((name) => (
          <button key={name} type="button" className={`chip o-${name}`} aria-pressed={chosen.includes(name)} onClick={() => set("outcome", toggled(filters.outcome, name))}>
            {names("outcomes", name)}
          </button>
        ))}
      </div>
      <Select
        aria-label={t("list.type")}
        placeholder={t("list.type")}
        mode="multiple"
        maxTagCount="responsive"
        className="f-type"
        value={filters.type?.split(",") ?? []}
        onChange={(value: string[]) => set("type", value.join(","))}
        options={options(vocabulary?.types.filter((each) => each.decide))}
        showSearch={{ filterOption: matches }}
      />
      <Select aria-label={t("list.reason")} placeholder={t("list.reason")} allowClear className="f-reason" value={filters.reason ?? null} onChange={(value) => set("reason", value ?? "")} options={options(vocabulary?.reasons)} showSearch={{ filterOption: matches }} />
      <Select aria-label={t("list.rule")} placeholder={t("list.rule")} allowClear className="f-rule" popupMatchSelectWidth={420} value={filters.rule ?? null} onChange={(value) => set("rule", value ?? "")} options={options(vocabulary?.rules)} showSearch={{ filterOption: matches }} />
      <label className="inline">
        {t("list.score")}
        <input type="number" className="field short" value={filters.min_score ?? ""} onChange={(event) => set("min_score", event.target.value)} />
      </label>
      <label className="inline">
        {t("list.since")}
        <input type="datetime-local" className="field" value={filters.since ?? ""} onChange={(event) => set("since", event.target.value)} />
      </label>
      <label className="inline">
        {t("list.until")}
        <input type="datetime-local" className="field" value={filters.until ?? ""} onChange={(event) => set("until", event.target.value)} />
      </label>
      <label className="inline">
        <input type="checkbox" checked={filters.differing === "true"} onChange={(event) => set("differing", event.target.checked ? "true" : "")} />
        {t("list.differing")}
      </label>
      {children}
      {NAMES.some((name) => filters[name]) && (
        <Button type="link" size="small" onClick={clear}>
          {t("common.clear")}
        </Button>
      )}
    </div>
  );
}

function Table({ rows, at, setAt }: { rows: ListedDecision[]; at: number; setAt: (at: number) => void }) {
  const { t, format } = useWords();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const go = useNavigate();
  const body = useShown<HTMLTableSectionElement>(at);
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">{t("list.time")}</th>
          <th scope="col">{t("list.outcome")}</th>
          <th scope="col" className="num">
            {t("list.scoreHead")}
          </th>
          <th scope="col">{t("list.type")}</th>
          <th scope="col" className="num">
            {t("list.amount")}
          </th>
          <th scope="col">{t("list.why")}</th>
          <th scope="col">{t("list.who")}</th>
          <th scope="col">{t("list.event")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, number) => {
          const who = row.subjects.find((each) => each.field === vocabulary?.person) ?? row.subjects[0];
          return (
            <tr key={row.position} aria-selected={number === at} className={number === at ? "at" : ""} onMouseDown={() => setAt(number)} onDoubleClick={() => void go(`/decisions/${encodeURIComponent(row.id)}`)}>
              <td className="time">{format.time(row.time)}</td>
              <td>
                <Outcome name={row.outcome} />
                {row.enforced !== row.outcome && <span className="did">{t("list.did", { outcome: names("outcomes", row.enforced) })}</span>}
              </td>
              <td className="num">{format.number(row.score)}</td>
              <td>{names("types", row.type)}</td>
              <td className="num">{row.amount ? format.money(row.amount.minor, row.amount.currency) : ""}</td>
              <td className="why">
                {row.reasons.map((each) => names("reasons", each)).slice(0, 2).join(" · ")}
                {row.rules.length > 0 && <span className="quiet"> {`${t("list.rules")} ${row.rules.length}`}</span>}
              </td>
              <td className="mono">{who && <Link to={placeOf(who.entity, who.code)}>{who.shown}</Link>}</td>
              <td className="mono">
                <Link to={`/decisions/${encodeURIComponent(row.id)}`}>{row.id}</Link>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
