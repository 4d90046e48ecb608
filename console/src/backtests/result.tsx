// What a backtest found: in sentences, every figure with its interval, by day, changes of outcome, rules, and decisions to look at.
import { Segmented } from "antd";
import { lazy, Suspense, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Backtest } from "../api/types";
import { useKeys } from "../keys/keys";
import { ByTime } from "../monitoring/tables";
import { Panel, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { DAY_FIGURES, figureIn, linesOf } from "./backtests";
import { Changed } from "./changed";
import { Figures } from "./figures";
import { Rules } from "./rules";

const Chart = lazy(() => import("../monitoring/chart"));

export function Result({ result }: { result: Backtest }) {
  const { t, said } = useWords();
  return (
    <>
      <Panel title={t("backtests.short")}>
        <ul className="plain said">{result.summary.map((each, number) => <li key={number}>{said(each)}</li>)}</ul>
      </Panel>
      {!result.identical && (
        <>
          <Figures result={result} />
          <Days result={result} />
          <Changed result={result} />
          <Rules result={result} />
        </>
      )}
    </>
  );
}

/** A figure by day of both versions: a chart, or the same as a table. */
function Days({ result }: { result: Backtest }) {
  const { t, said, format } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const figure = figureIn(parameters.get("figure"), result.days);
  const asTable = parameters.get("view") === "table";
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  useKeys("backtests", { view: () => set("view", asTable ? "" : "table") });
  const words = (name: string) => {
    const found = result.said.find((each) => each.name === name);
    return found ? said(found) : name;
  };
  const lines = useMemo(() => {
    const { live, candidate } = linesOf(result.days, figure);
    return [
      { name: t("backtests.base"), points: live, faint: true },
      { name: t("backtests.tried"), points: candidate },
    ];
  }, [result.days, figure, t]);
  const number = useMemo(() => (value: unknown) => (typeof value !== "number" ? "–" : figure === "fraud_money_missed" ? format.money(value, result.currency) : format.number(value, 1)), [figure, format, result.currency]);
  const time = useMemo(() => (ms: number) => new Date(ms).toISOString().slice(0, 10), []);
  return (
    <Panel
      title={t("backtests.days")}
      aside={
        <>
          <select className="field" aria-label={t("backtests.figure")} value={figure} onChange={(event) => set("figure", event.target.value)}>
            {DAY_FIGURES.map((each) => <option key={each} value={each}>{words(each)}</option>)}
          </select>{" "}
          <Segmented size="small" value={asTable ? "table" : "chart"} onChange={(value) => set("view", value === "table" ? "table" : "")} options={[{ value: "chart", label: t("backtests.asChart") }, { value: "table", label: t("backtests.asTable") }]} />
        </>
      }
    >
      {asTable ? (
        <ByTime series={lines} time={time} figure={number} />
      ) : (
        <Suspense fallback={<Waiting />}>
          <Chart lines={lines} marks={[]} figure={number} time={time} label={t("backtests.chartLabel", { figure: words(figure), n: result.days.length })} />
        </Suspense>
      )}
    </Panel>
  );
}
