// Figures of two sides (versions, arms of an experiment), the difference with its interval, drawn and in words.
import type { ReactNode } from "react";
import type { Backtest, BacktestEstimate } from "../api/types";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { barOf, verdictOf } from "./backtests";

type Said = Backtest["said"][number];

/** A figure of both sides with its words. */
export type Line = Pick<Said, "name" | "kind" | "better" | "en" | "zh"> & { found: BacktestEstimate };

/** How a figure of its kind reads; a dash where there is none. */
export function useFigure(currency: string): (kind: Said["kind"], value: number | null, signed?: boolean) => string {
  const { format } = useWords();
  return (kind, value, signed = false) => {
    if (value === null) return "–";
    const sign = signed && value > 0 ? "+" : "";
    if (kind === "money") return sign + (currency ? format.money(value, currency) : format.number(value));
    if (kind === "rate") return sign + format.percent(value);
    return sign + format.number(value, kind === "load" ? 1 : 0);
  };
}

export function Figures({ result }: { result: Backtest }) {
  const { t } = useWords();
  const lines = result.said.flatMap((each): Line[] => {
    const found = result.figures[each.name];
    return found ? [{ ...each, found }] : [];
  });
  return <FigureTable title={t("backtests.figures")} lines={lines} currency={result.currency} base={t("backtests.base")} tried={t("backtests.tried")} />;
}

/** One line per figure; those that nothing is known of yet are named below. */
export function FigureTable({ title, lines, currency, base, tried, lead }: { title: string; lines: readonly Line[]; currency: string; base: string; tried: string; lead?: ReactNode }) {
  const { t, said } = useWords();
  const figure = useFigure(currency);
  const known = lines.filter(({ found }) => found.difference !== null);
  const unknown = lines.filter(({ found }) => found.difference === null);
  return (
    <Panel title={title}>
      {lead}
      <div className="clip" tabIndex={0} role="region" aria-label={title}>
        <table className="rows figures-of">
          <thead>
            <tr>
              <th scope="col">{t("backtests.figure")}</th>
              <th scope="col" className="num">{base}</th>
              <th scope="col" className="num">{tried}</th>
              <th scope="col" className="num">{t("backtests.difference")}</th>
              <th scope="col" className="num">{t("backtests.interval")}</th>
              <th scope="col"><span className="sr">{t("backtests.interval")}</span></th>
              <th scope="col">{t("backtests.so")}</th>
            </tr>
          </thead>
          <tbody>
            {known.map(({ found, ...each }) => {
              const verdict = verdictOf(found, each.better);
              return (
                <tr key={each.name} data-figure={each.name}>
                  <th scope="row">{said(each)}</th>
                  <td className="num">{figure(each.kind, found.live)}</td>
                  <td className="num">{figure(each.kind, found.candidate)}</td>
                  <td className="num">{figure(each.kind, found.difference, true)}</td>
                  <td className="num quiet">{found.low === null ? "–" : `${figure(each.kind, found.low, true)} … ${figure(each.kind, found.high, true)}`}</td>
                  <td><Interval found={found} verdict={verdict} label={t("backtests.plot", { low: figure(each.kind, found.low, true), high: figure(each.kind, found.high, true) })} /></td>
                  <td className={`so v-${verdict}`}>{t(`backtests.${verdict}`)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {unknown.length > 0 && <p className="quiet more-of">{t("backtests.unknownOf", { names: unknown.map(said).join(t("common.comma")) })}</p>}
    </Panel>
  );
}

const HALF = 36;

/** An interval around zero, each on a scale of its own. */
function Interval({ found, verdict, label }: { found: BacktestEstimate; verdict: string; label: string }) {
  const bar = barOf(found);
  if (!bar) return null;
  const x = (value: number) => 40 + value * HALF;
  return (
    <svg width="80" height="16" viewBox="0 0 80 16" role="img" aria-label={label} className={`interval v-${verdict}`}>
      <line x1="40" x2="40" y1="0" y2="16" className="zero" />
      <line x1={x(bar.from)} x2={x(bar.to)} y1="8" y2="8" className="range" />
      <circle cx={x(bar.at)} cy="8" r="3.5" />
    </svg>
  );
}
