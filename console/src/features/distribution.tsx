// How a feature is distributed over the last 30 days: all decisions upwards, known frauds downwards, and the same as a table.
import { Button, Progress } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { address } from "../api/http";
import { useAnswer } from "../api/stream";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { conditionOf, shareOf, worstOf, type Bar, type Spread } from "./spread";

const WIDE = 680;
const UP = 120;
const DOWN = 60;
const FOOT = 20;

export function Distribution({ name, asTable }: { name: string; asTable: boolean }) {
  const { t, said } = useWords();
  const [round, setRound] = useState(1);
  const { busy, progress, answer: spread, failed } = useAnswer<Spread>(round ? `/v1/features/${encodeURIComponent(name)}/spread` : "", round);
  return (
    <Panel title={t("features.spread")} className={`spread${busy ? " busy" : ""}`} aside={busy && <Button size="small" onClick={() => setRound(0)}>{t("features.spreadStop")}</Button>}>
      {busy && (
        <>
          <Progress percent={Math.round((progress?.done ?? 0) * 100)} size="small" aria-label={t("features.spread")} />
          <p className="quiet" role="status">{t(`features.stage.${progress?.stage ?? "record"}`)}</p>
        </>
      )}
      {!busy && !spread && (
        <>
          <p className={failed ? "flag" : "quiet"} role="status">{failed ? said(failed) : t("features.spreadStopped")}</p>
          <Button size="small" onClick={() => setRound(Date.now())}>{t("features.spreadAgain")}</Button>
        </>
      )}
      {spread && <Told spread={spread} asTable={asTable} />}
    </Panel>
  );
}

/** How a value of this feature reads. */
function useValue({ value, unit }: Spread): (number: number) => string {
  const { t, format } = useWords();
  return (number) => {
    if (value === "bool") return t(number ? "common.yes" : "common.no");
    if (value === "duration") return format.span(number);
    if (value === "time") return format.time(new Date(number).toISOString());
    if (/^[A-Z]{3}$/.test(unit)) return format.amount(number, unit);
    const digits = value === "int" || Math.abs(number) >= 1000 ? 0 : Math.abs(number) >= 1 ? 2 : 4;
    return format.number(number, digits) + (unit ? ` ${unit}` : "");
  };
}

function Told({ spread, asTable }: { spread: Spread; asTable: boolean }) {
  const { t, format } = useWords();
  const value = useValue(spread);
  const range = (bar: Bar) => {
    const last = bar === spread.bars.at(-1);
    const high = spread.value === "int" && !last ? bar.high - 1 : bar.high; // whole numbers: the largest that is inside
    return high <= bar.low ? value(bar.low) : t("features.range", { low: value(bar.low), high: value(high) });
  };
  const worst = worstOf(spread);
  const at = (name: string) => spread.quantiles?.[name];
  const [median, lower, upper, top, most] = [at("p50"), at("p25"), at("p75"), at("p99"), at("max")];
  return (
    <>
      <p className="quiet">{t("features.spreadOver", { n: format.number(spread.decisions), from: format.time(spread.from), until: format.time(spread.until) })}</p>
      <p>
        {spread.missing > 0 && t("features.spreadMissing", { share: format.percent(spread.missing / spread.decisions) })}
        {spread.errors > 0 && t("features.spreadErrors", { share: format.percent(spread.errors / spread.decisions) })}
        {median === undefined ? t(spread.distinct ? "features.spreadTexts" : "features.spreadNone", { n: format.number(spread.distinct) }) : ""}
        {spread.value !== "bool" && median !== undefined && lower !== undefined && upper !== undefined && t("features.spreadMiddle", { median: value(median), lower: value(lower), upper: value(upper) })}
        {spread.value !== "bool" && top !== undefined && most !== undefined && t("features.spreadTop", { top: value(top), most: value(most) })}
        {worst && t("features.spreadWorst", { range: range(worst.bar), share: format.percent(worst.share), whole: format.percent(worst.whole) })}
        {spread.bars.length > 0 && !spread.frauds && t("features.spreadUnlabelled")}
      </p>
      {spread.bars.length > 0 && (asTable ? <Bars spread={spread} range={range} /> : <Drawn spread={spread} range={range} value={value} />)}
    </>
  );
}

/** Where the decisions of a bar are listed. */
function listOf(spread: Spread, number: number): string | undefined {
  const bar = spread.bars[number];
  const where = bar && conditionOf(spread.feature, spread.value, bar, number === spread.bars.length - 1);
  return where && address("/decisions", { where });
}

function Drawn({ spread, range, value }: { spread: Spread; range: (bar: Bar) => string; value: (number: number) => string }) {
  const { t, format } = useWords();
  const { bars } = spread;
  const most = Math.max(...bars.map((bar) => bar.all), 1);
  const worst = Math.max(...bars.map((bar) => bar.frauds), 1);
  const step = WIDE / bars.length;
  const every = Math.ceil(bars.length / 9);
  const ticks = bars.map((_, number) => number).filter((number) => number % every === 0);
  const foot = spread.frauds > 0 ? UP + DOWN : UP;
  return (
    <svg className="spread-drawn" viewBox={`0 0 ${WIDE} ${foot + FOOT + 4}`} role="group" aria-label={t("features.spread")}>
      {bars.map((bar, number) => {
        const [up, down] = [(bar.all / most) * (UP - 16), (bar.frauds / worst) * (DOWN - 4)];
        const [x, wide] = [number * step + 1, Math.max(step - 2, 1)];
        const to = listOf(spread, number);
        const said = t("features.barSays", { range: range(bar), n: format.number(bar.all), frauds: format.number(bar.frauds) });
        const shapes = (
          <>
            <title>{said}</title>
            <rect className="ground" x={x} y={0} width={wide} height={foot} />
            <rect className="all" x={x} y={UP - up} width={wide} height={bar.all ? Math.max(up, 1) : 0} />
            <rect className="frauds" x={x} y={UP + 2} width={wide} height={bar.frauds ? Math.max(down, 1) : 0} />
          </>
        );
        return to ? <Link key={number} to={to} aria-label={said}>{shapes}</Link> : <g key={number}>{shapes}</g>;
      })}
      <path className="axis" d={`M0 ${UP + 1}H${WIDE}`} />
      {ticks.map((number) => {
        const bar = bars[number];
        return bar && <text key={number} x={(number + 0.5) * step} y={foot + FOOT} textAnchor="middle">{value(bar.low)}</text>;
      })}
      <text x={WIDE} y={10} textAnchor="end">{t("features.upwards")}</text>
      {spread.frauds > 0 && <text x={WIDE} y={UP + DOWN - 2} textAnchor="end">{t("features.downwards")}</text>}
    </svg>
  );
}

function Bars({ spread, range }: { spread: Spread; range: (bar: Bar) => string }) {
  const { t, format } = useWords();
  return (
    <table className="rows plainly">
      <thead>
        <tr>
          <th scope="col">{t("features.value")}</th>
          <th scope="col" className="num">{t("features.decisions")}</th>
          <th scope="col" className="num">{t("features.frauds")}</th>
          <th scope="col" className="num">{t("features.goods")}</th>
          <th scope="col" className="num">{t("features.fraudShare")}</th>
        </tr>
      </thead>
      <tbody>
        {spread.bars.map((bar, number) => {
          const [to, share] = [listOf(spread, number), shareOf(bar)];
          return (
            <tr key={number}>
              <th scope="row">{to ? <Link to={to}>{range(bar)}</Link> : range(bar)}</th>
              <td className="num">{format.number(bar.all)}</td>
              <td className="num">{format.number(bar.frauds)}</td>
              <td className="num">{format.number(bar.goods)}</td>
              <td className="num">{share === undefined ? "–" : format.percent(share)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
