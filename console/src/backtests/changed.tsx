// Which outcomes became which, and the changed decisions with most money; a cell of the table shows its own.
import { Button } from "antd";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useNames } from "../api/session";
import type { Backtest } from "../api/types";
import { Outcome, Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { cellIn, examplesIn, outcomesIn, type Cell } from "./backtests";

/** Examples that are shown at first: their reasons are long. */
const FEW = 8;

export function Changed({ result }: { result: Backtest }) {
  const { t, format } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const cell = cellIn(parameters.get("cell"), result.matrix.outcomes);
  const choose = (next: Cell | undefined) => {
    const changed = new URLSearchParams(parameters);
    if (next) changed.set("cell", `${next.from}>${next.to}`);
    else changed.delete("cell");
    setParameters(changed, { replace: true });
  };
  return (
    <>
      <Panel title={t("backtests.matrix")} aside={<span className="quiet">{t("backtests.moved", { n: format.number(result.moved) })}</span>}>
        <p className="quiet">{t("backtests.matrixLead")}</p>
        <Matrix result={result} cell={cell} choose={choose} />
      </Panel>
      <Panel
        title={t("backtests.examples")}
        aside={cell && <Button size="small" type="text" onClick={() => choose(undefined)}>{t("common.clear")}</Button>}
      >
        <Examples result={result} cell={cell} />
      </Panel>
    </>
  );
}

function Matrix({ result, cell, choose }: { result: Backtest; cell: Cell | undefined; choose: (cell: Cell | undefined) => void }) {
  const { t, format } = useWords();
  const names = useNames();
  const outcomes = outcomesIn(result.matrix);
  const index = (name: string) => result.matrix.outcomes.indexOf(name);
  const count = (from: string, to: string) => result.matrix.events[index(from)]?.[index(to)] ?? 0;
  const money = (from: string, to: string) => result.matrix.money[index(from)]?.[index(to)] ?? 0;
  return (
    <div className="clip" tabIndex={0} role="region" aria-label={t("backtests.matrix")}>
      <table className="rows matrix">
        <thead>
          <tr>
            <th scope="col">{t("backtests.fromTo")}</th>
            {outcomes.map((to) => <th key={to} scope="col" className="num">{names("outcomes", to)}</th>)}
          </tr>
        </thead>
        <tbody>
          {outcomes.map((from) => (
            <tr key={from}>
              <th scope="row"><Outcome name={from} /></th>
              {outcomes.map((to) => {
                const n = count(from, to);
                const at = cell?.from === from && cell.to === to;
                if (from === to || n === 0) return <td key={to} className="num quiet">{n ? format.number(n) : "·"}</td>;
                const label = t("backtests.cell", { from: names("outcomes", from), to: names("outcomes", to), n: format.number(n) });
                return (
                  <td key={to} className={`num ${index(to) > index(from) ? "stricter" : "milder"}`}>
                    <button type="button" aria-pressed={at} title={label} onClick={() => choose(at ? undefined : { from, to })}>
                      <span className="sr">{label} </span>
                      {format.number(n)}
                      {result.currency && <small>{format.money(money(from, to), result.currency)}</small>}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Examples({ result, cell }: { result: Backtest; cell: Cell | undefined }) {
  const { t, said, format } = useWords();
  const [most, setMost] = useState(FEW);
  const found = examplesIn(result.examples, cell);
  const shown = found.slice(0, most);
  if (shown.length === 0) return <p className="quiet">{t(result.moved ? "backtests.exampleNone" : "backtests.examplesNone")}</p>;
  return (
    <>
      <p className="quiet">{t("backtests.examplesLead", { n: format.number(result.examples.length) })}</p>
      <div className="clip" tabIndex={0} role="region" aria-label={t("backtests.examples")}>
        <table className="rows examples-of">
          <thead>
            <tr>
              <th scope="col">{t("list.time")}</th>
              <th scope="col" className="num">{t("backtests.money")}</th>
              <th scope="col">{t("backtests.label")}</th>
              <th scope="col">{t("backtests.change")}</th>
              <th scope="col">{t("backtests.why")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <tr key={each.id}>
                <td className="time">
                  {format.time(each.time)}
                  <Link className="mono" to={`/decisions/${encodeURIComponent(each.id)}`}>{each.id}</Link>
                </td>
                <td className="num">{result.currency ? format.money(each.money, result.currency) : format.number(each.money)}</td>
                <td className={each.label === "fraud" ? "flag" : "quiet"}>{t(each.label === "fraud" ? "backtests.fraud" : each.label === "good" ? "backtests.good" : "backtests.noLabel")}</td>
                <td><Outcome name={each.live.outcome} /> → <Outcome name={each.candidate.outcome} /></td>
                <td className="both">
                  <p><b>{t("backtests.base")}</b> {said(each.live)}</p>
                  <p><b>{t("backtests.tried")}</b> {said(each.candidate)}</p>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > most && (
        <p className="acts">
          <Button size="small" onClick={() => setMost(found.length)}>{t("common.more")}</Button>
        </p>
      )}
    </>
  );
}
