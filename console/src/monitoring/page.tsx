// Monitoring: any measure of the cube by any dimension, over time, beside an earlier period; everything in the address.
import { useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { get } from "../api/http";
import { useMay } from "../api/session";
import type { MetricLines, MetricNames, Versions } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { AlertPanel, useAlerts } from "./alerts";
import { AGAINST, dimensionsOf, localOf, periodOf, RANGES, releasesIn, seriesOf, seriesQuery, TABLES, tableQuery, viewIn, type Period, type View } from "./monitoring";
import "./monitoring.css";
import { Speed } from "./speed";
import { ByTime, Split, Tiles } from "./tables";
import { dimensionKey, useFigures, useTexts } from "./words";

const Chart = lazy(() => import("./chart"));
const LOOK_MS = 30_000;

export default function Monitoring() {
  const { t } = useWords();
  const names = useQuery({ queryKey: ["metrics"], queryFn: ({ signal }) => get<MetricNames>("/v1/metrics", {}, signal), refetchInterval: LOOK_MS });
  const lasting = useAlerts().data?.alerts.some((each) => !each.ended) ?? false;
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("metrics.title")}</h1>
          <p className="quiet">{t("metrics.lead")}</p>
        </div>
      </header>
      {names.isPending && <Waiting />}
      {names.error && <Trouble error={names.error} retry={() => void names.refetch()} />}
      {lasting && <AlertPanel />}
      {names.data && !names.data.newest && <Empty title={t("metrics.none")} next={t("metrics.noneNext")} />}
      {names.data?.newest && <Explorer names={names.data} newest={names.data.newest} />}
      {names.isSuccess && !lasting && <AlertPanel />}
      <Speed />
    </div>
  );
}

function Explorer({ names, newest }: { names: MetricNames; newest: string }) {
  const { t, said, format } = useWords();
  const now = useNow();
  const [parameters, setParameters] = useSearchParams();
  const view = useMemo(() => viewIn(parameters, names), [parameters, names]);
  const period = periodOf(view, now, Date.parse(newest));
  const drawn = parameters.get("view") !== "table";
  const set = (changes: Record<string, string | string[]>) => {
    const next = new URLSearchParams(parameters);
    for (const [name, value] of Object.entries(changes)) {
      next.delete(name);
      for (const each of Array.isArray(value) ? value : [value]) if (each || name === "against") next.append(name, each);
    }
    setParameters(next, { replace: true });
  };
  const own = names.measures.filter((each) => each.table === view.table);
  const inTable = useMemo(() => names.measures.filter((each) => each.table === view.table).map((each) => each.name), [names, view.table]);
  const series = useLines(seriesQuery(view, period));
  const split = useLines(tableQuery(view, period, inTable));
  const choose = (text: string) => set({ where: [...new Set([...view.where, `${view.by}:${text}`])], by: "" });
  const step = (by: number) => {
    const next = own[own.findIndex((each) => each.name === view.measure) + by];
    if (next) set({ measure: next.name });
  };
  useKeys("monitoring", { before: () => step(-1), after: () => step(1), view: () => set({ view: drawn ? "table" : "" }) });
  const measure = names.measures.find((each) => each.name === view.measure);
  const failed = series.error ?? split.error;
  return (
    <>
      <div className="filters" role="search">
        <Segmented size="small" value={view.table} onChange={(table) => set({ measure: names.measures.find((each) => each.table === table)?.name ?? "", by: "" })} options={TABLES.map((each) => ({ value: each, label: t(`metrics.table.${each}`) }))} />
        <label className="inline">
          {t("metrics.by")}
          <select className="field" value={view.by} onChange={(event) => set({ by: event.target.value })}>
            <option value="">{t("metrics.total")}</option>
            {dimensionsOf(view.table, names.dimensions).map((each) => (
              <option key={each} value={each}>
                {t(dimensionKey(each))}
              </option>
            ))}
          </select>
        </label>
        <Segmented size="small" value={view.from && view.until ? "" : view.range} onChange={(range) => set({ range, from: "", until: "" })} options={RANGES.map((each) => ({ value: each, label: t(`metrics.range.${each}`) }))} />
        <label className="inline">
          {t("list.since")}
          <input type="datetime-local" className="field" value={localOf(period.from)} onChange={(event) => event.target.value && set({ from: event.target.value, until: localOf(period.until) })} />
        </label>
        <label className="inline">
          {t("list.until")}
          <input type="datetime-local" className="field" value={localOf(period.until)} onChange={(event) => event.target.value && set({ from: localOf(period.from), until: event.target.value })} />
        </label>
        <label className="inline">
          {t("metrics.against")}
          <select className="field" value={view.against} onChange={(event) => set({ against: event.target.value })}>
            {AGAINST.map((each) => (
              <option key={each} value={each}>
                {t(`metrics.against.${each || "none"}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Chosen view={view} drop={(each) => set({ where: view.where.filter((other) => other !== each) })} />
      {period.stale && <p className="flag stale">{t("metrics.stale", { when: format.timeFull(newest) })}</p>}
      {failed && <Trouble error={failed} retry={() => void Promise.all([series.refetch(), split.refetch()])} />}
      {split.data && <Tiles measures={own} answer={split.data} view={view} period={period} choose={(name) => set({ measure: name })} />}
      <Panel
        title={`${measure ? said(measure) : ""}${view.by ? ` · ${t(dimensionKey(view.by))}` : ""}`}
        aside={
          <Button size="small" onClick={() => set({ view: drawn ? "table" : "" })}>
            {t(drawn ? "metrics.asTable" : "metrics.asChart")} <Keys keys="v" />
          </Button>
        }
      >
        {series.isPending && <Waiting />}
        {series.data && <Lines answer={series.data} view={view} period={period} drawn={drawn} measure={measure} />}
      </Panel>
      {view.by && split.data && <Split answer={split.data} view={view} period={period} measures={names.measures} choose={choose} />}
      {split.data && (
        <p className="quiet as-of">
          {t("metrics.asOf", { from: format.time(split.data.from), until: format.time(split.data.until), newest: format.timeFull(newest), position: format.number(split.data.position) })}
        </p>
      )}
    </>
  );
}

/** Lines of the cube; asked again from time to time, what was there stays until what is new has come. */
function useLines(query: ReturnType<typeof seriesQuery>) {
  return useQuery({ queryKey: ["metrics", "query", query], queryFn: ({ signal }) => get<MetricLines>("/v1/metrics/query", query, signal), refetchInterval: LOOK_MS, placeholderData: (before) => before });
}

function Lines({ answer, view, period, drawn, measure }: { answer: MetricLines; view: View; period: Period; drawn: boolean; measure: MetricNames["measures"][number] | undefined }) {
  const { t, said, format } = useWords();
  const figures = useFigures(answer.currency);
  const texts = useTexts();
  const marks = useReleases(period);
  const by = answer.by.find((each) => each !== "time") ?? "";
  const series = useMemo(() => seriesOf(answer.lines, answer.measures[0] ?? "", by), [answer, by]);
  const lines = useMemo(
    () => [
      ...series.map((each) => ({ name: by ? texts(by, each.name) : measure ? said(measure) : "", outcome: by === "outcome" && each.name ? each.name : undefined, points: each.points })),
      ...(!by && series.some((each) => each.before.some(([, value]) => value)) ? series.map((each) => ({ name: t("metrics.earlier", { against: t(`metrics.against.${view.against}` as "metrics.against.7d") }), points: each.before, faint: true })) : []),
    ],
    // eslint-disable-next-line react-hooks/exhaustive-deps -- texts and words change with the language, which said stands for
    [series, by, view.against, measure, said],
  );
  const figure = useMemo(() => (value: unknown) => figures(measure, value), [said, measure, answer.currency]); // eslint-disable-line react-hooks/exhaustive-deps
  const time = useMemo(() => (ms: number) => format.time(new Date(ms).toISOString()), [format]);
  if (answer.lines.length === 0) return <Empty title={t("metrics.empty")} next={t("metrics.emptyNext")} />;
  const points = series[0]?.points ?? [];
  return (
    <>
      {drawn ? (
        <Suspense fallback={<Waiting />}>
          <Chart lines={lines} marks={marks} figure={figure} time={time} label={t("metrics.chartLabel", { measure: measure ? said(measure) : "", lines: lines.length, points: points.length })} />
        </Suspense>
      ) : (
        <ByTime series={lines} time={time} figure={figure} />
      )}
      {marks.length > 0 && <p className="quiet releases">{t("metrics.released", { which: marks.map((each) => `${each.name} ${time(each.time)}`).join(t("common.comma")) })}</p>}
    </>
  );
}

/** Releases within the period, for whoever may see them. */
function useReleases(period: Period) {
  const { t } = useWords();
  const may = useMay("policies");
  const found = useQuery({ queryKey: ["releases"], queryFn: ({ signal }) => get<Versions>("/v1/policies", { limit: 100 }, signal), enabled: may, staleTime: 60_000 });
  const { from, until } = period;
  return useMemo(() => releasesIn(found.data?.policies ?? [], { from, until }).map(({ number, time }) => ({ time, name: t("metrics.release", { n: number }) })), [found.data, from, until, t]);
}

function Chosen({ view, drop }: { view: View; drop: (each: string) => void }) {
  const { t } = useWords();
  const texts = useTexts();
  if (view.where.length === 0) return null;
  return (
    <p className="chips chosen">
      {view.where.map((each) => {
        const at = each.indexOf(":");
        const name = each.slice(0, at);
        return (
          <button key={each} type="button" className="chip" aria-pressed onClick={() => drop(each)} title={t("metrics.drop")}>
            {t(dimensionKey(name))}: {texts(name, each.slice(at + 1))} ×
          </button>
        );
      })}
    </p>
  );
}

/** The time, by the minute. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
