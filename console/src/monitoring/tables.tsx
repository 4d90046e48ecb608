// The figures in words: totals beside what they were, a dimension's lines, the chart as a table.
import { Link } from "react-router";
import type { MetricLines, MetricNames } from "../api/types";
import { Outcome } from "../parts/parts";
import { useWords } from "../words/words";
import type { Line } from "./chart";
import { behind, changeOf, columnsOf, type Period, type View } from "./monitoring";
import { dimensionKey, useFigures, useTexts } from "./words";

type Measure = MetricNames["measures"][number];
type Figures = Record<string, unknown>;

/** Every total of the table; a choice draws it. */
export function Tiles({ measures, answer, view, period, choose }: { measures: Measure[]; answer: MetricLines; view: View; period: Period; choose: (name: string) => void }) {
  const { t, said } = useWords();
  const figures = useFigures(answer.currency);
  const before = answer.total["before"] as Figures | undefined;
  const list = behind({ where: view.where, by: "" }, period);
  return (
    <>
      <div className="tiles figures" role="group" aria-label={t("metrics.measure")}>
        {measures.map((each) => (
          <button key={each.name} type="button" data-measure={each.name} aria-pressed={each.name === view.measure} onClick={() => choose(each.name)}>
            <span className="tile-name">{said(each)}</span>
            <b className="num">{figures(each, answer.total[each.name])}</b>
            <small>{before ? <Change measure={each.name} now={answer.total[each.name]} before={before[each.name]} figure={(value) => figures(each, value)} against={view.against} /> : t("metrics.noBefore")}</small>
          </button>
        ))}
      </div>
      {list && (
        <p className="more-of">
          <Link to={list}>{t("metrics.openAll")}</Link>
        </p>
      )}
    </>
  );
}

/** How a figure moved: a share by points, anything else by its own share. */
function useMoved(): (measure: string, now: unknown, before: unknown) => string {
  const { t, format } = useWords();
  return (measure, now, before) => {
    if (measure.endsWith("_share")) return typeof now === "number" && typeof before === "number" ? t("metrics.points", { n: format.signed((now - before) * 100, 1) }) : "–";
    const change = changeOf(now, before);
    return change === undefined ? "–" : `${format.signed(change * 100, 1)}%`;
  };
}

function Change({ measure, now, before, figure, against }: { measure: string; now: unknown; before: unknown; figure: (value: unknown) => string; against: string }) {
  const { t } = useWords();
  const moved = useMoved();
  const when = t(`metrics.against.${against}` as "metrics.against.7d");
  if (typeof before !== "number" || before === 0) return <>{t("metrics.wasNone", { when })}</>;
  return <>{t("metrics.was", { when, figure: figure(before), change: moved(measure, now, before) })}</>;
}

/** A dimension, line by line: a name narrows to it, a figure opens the decisions behind it. */
export function Split({ answer, view, period, measures, choose }: { answer: MetricLines; view: View; period: Period; measures: Measure[]; choose: (text: string) => void }) {
  const { t, said } = useWords();
  const figures = useFigures(answer.currency);
  const texts = useTexts();
  const moved = useMoved();
  const columns = columnsOf(view).map((name) => measures.find((each) => each.name === name)).filter((each) => each !== undefined);
  return (
    <div className="clip">
      <table className="rows split">
        <caption className="sr">{t(dimensionKey(view.by))}</caption>
        <thead>
          <tr>
            <th scope="col">{t(dimensionKey(view.by))}</th>
            {columns.map((each) => (
              <th key={each.name} scope="col" className="num">
                {said(each)}
              </th>
            ))}
            {view.against && (
              <th scope="col" className="num">
                {t("metrics.changeOf", { when: t(`metrics.against.${view.against}` as "metrics.against.7d") })}
              </th>
            )}
            <th scope="col">
              <span className="sr">{t("metrics.open")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.lines.map((line) => {
            const text = (line[view.by] ?? null) as string | null;
            const list = text === null ? "" : behind(view, period, text);
            return (
              <tr key={text ?? "\0"}>
                <th scope="row">
                  {text === null ? (
                    texts(view.by, text)
                  ) : (
                    <button type="button" className="narrowing" onClick={() => choose(text)} title={t("metrics.narrow")}>
                      {view.by === "outcome" && text ? <Outcome name={text} /> : texts(view.by, text)}
                    </button>
                  )}
                </th>
                {columns.map((each) => (
                  <td key={each.name} className="num">
                    {figures(each, line[each.name])}
                  </td>
                ))}
                {view.against && <td className="num">{moved(view.measure, line[view.measure], (line["before"] as Figures | undefined)?.[view.measure])}</td>}
                <td>{list && <Link to={list}>{t("metrics.open")}</Link>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** What the chart shows, as a table. */
export function ByTime({ series, time, figure }: { series: Line[]; time: (ms: number) => string; figure: (value: unknown) => string }) {
  const { t } = useWords();
  const rows = series[0]?.points ?? [];
  return (
    <div className="clip by-time" tabIndex={0} role="region" aria-label={t("metrics.asTable")}>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">{t("list.time")}</th>
            {series.map((each, number) => (
              <th key={number} scope="col" className="num">
                {each.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([at], number) => (
            <tr key={at}>
              <td className="time">{time(at)}</td>
              {series.map((each, column) => (
                <td key={column} className="num">
                  {each.points[number]?.[1] === null ? "" : figure(each.points[number]?.[1])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
