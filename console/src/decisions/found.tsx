// What was found so far: bars over time with their table, and what is most frequent in it; every line narrows the list.
import { useState } from "react";
import { useNames, useVocabulary } from "../api/session";
import type { ListedDecision } from "../api/types";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import type { FilterName } from "./filters";
import { barsOf, countedBy, type Line } from "./counted";

export function Found({ rows, whole, set }: { rows: ListedDecision[]; whole: boolean; set: (name: FilterName, value: string) => void }) {
  const { t, format } = useWords();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const currency = rows.find((row) => row.amount)?.amount?.currency;
  const money = (line: Line) => (currency && line.money ? format.money(line.money, currency) : "");
  const shown = new Map<string, string>();
  const whom = (row: ListedDecision) => {
    const who = row.subjects.find((each) => each.field === vocabulary?.person) ?? row.subjects[0];
    if (!who) return [];
    const of = `${who.entity}:code:${who.code}`;
    shown.set(of, who.shown);
    return [of];
  };
  const tops: { title: string; filter: FilterName; lines: Line[]; word: (name: string) => string }[] = [
    { title: t("list.outcome"), filter: "outcome", lines: countedBy(rows, (row) => [row.outcome]), word: (name) => names("outcomes", name) },
    { title: t("list.type"), filter: "type", lines: countedBy(rows, (row) => [row.type]), word: (name) => names("types", name) },
    { title: t("list.rule"), filter: "rule", lines: countedBy(rows, (row) => [...row.rules, ...row.shadow]), word: (name) => names("rules", name) },
    { title: t("list.who"), filter: "of", lines: countedBy(rows, whom), word: (name) => shown.get(name) ?? name },
  ];
  return (
    <Panel title={t(whole ? "query.foundAll" : "query.foundSoFar", { n: format.number(rows.length) })} className="found-of">
      <Bars rows={rows} />
      <div className="tops">
        {tops.map((top) => top.lines.length > 0 && (
          <table key={top.filter} className="top">
            <caption>{top.title}</caption>
            <tbody>
              {top.lines.map((line) => (
                <tr key={line.name}>
                  <th scope="row">
                    <button type="button" onClick={() => set(top.filter, line.name)} title={`${t("query.narrow")}: ${top.word(line.name)}`}>{top.word(line.name)}</button>
                  </th>
                  <td className="num">{format.number(line.n)}</td>
                  <td className="num quiet">{money(line)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </Panel>
  );
}

const HEIGHT = 48;
const WIDTH = 12;

function Bars({ rows }: { rows: ListedDecision[] }) {
  const { t, format } = useWords();
  const [table, setTable] = useState(false);
  const { step, bars } = barsOf(rows);
  const most = Math.max(...bars.map((bar) => bar.n), 1);
  const when = (at: number) => format.time(new Date(at).toISOString());
  if (bars.length < 2) return null;
  return (
    <div className="bars">
      {table ? (
        <div className="clip by-hour" tabIndex={0} role="region" aria-label={t("query.overTime")}>
          <table className="top">
            <tbody>
              {bars.filter((bar) => bar.n > 0).map((bar) => <tr key={bar.at}><th scope="row">{when(bar.at)}</th><td className="num">{format.number(bar.n)}</td></tr>)}
            </tbody>
          </table>
        </div>
      ) : (
        <svg viewBox={`0 0 ${bars.length * WIDTH} ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" role="img" aria-label={t(`query.chart.${step}`, { n: bars.length, most: format.number(most) })}>
          {bars.map((bar, number) => (
            <rect key={bar.at} x={number * WIDTH + 1} width={WIDTH - 2} y={HEIGHT - (bar.n / most) * HEIGHT} height={(bar.n / most) * HEIGHT}>
              <title>{`${when(bar.at)}: ${format.number(bar.n)}`}</title>
            </rect>
          ))}
        </svg>
      )}
      <p className="quiet">
        {bars[0] && when(bars[0].at)} – {when(bars.at(-1)?.at ?? 0)} · {t(`query.per.${step}`)} ·{" "}
        <button type="button" className="linked" aria-pressed={table} onClick={() => setTable(!table)}>
          {t(table ? "query.asChart" : "query.asTable")}
        </button>
      </p>
    </div>
  );
}
