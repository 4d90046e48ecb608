// What a query finds in the whole log: bars over time with their table, and what is most frequent in it; every line narrows the list.
import { Progress } from "antd";
import { useState } from "react";
import { useNames, useVocabulary } from "../api/session";
import { Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { useCount, type Amounts, type Counted } from "./count";
import type { FilterName, Filters } from "./filters";

type Narrow = (name: FilterName, value: string) => void;

/** `position`: what the list tells up to; `unknown`: what it could not tell so far. */
export function Found({ filters, position, unknown, set }: { filters: Filters; position: number; unknown: number; set: Narrow }) {
  const { t, format } = useWords();
  const { counted, progress, busy, error, again } = useCount(filters);
  const untold = counted?.unknown ?? unknown;
  const title = counted ? t("query.counted", { n: format.number(counted.found), looked: format.number(counted.looked) }) : t("query.counting", { n: format.number(progress?.found ?? 0) });
  return (
    <>
      {untold > 0 && <p className="flag unknown">{t("query.unknown", { n: format.number(untold) })}</p>}
      <Panel title={title} className={`found-of${counted ? " counted" : ""}`}>
        {busy && <Progress size="small" percent={Math.round((progress?.done ?? 0) * 100)} aria-label={t("query.progress")} />}
        {error && !busy && <Trouble error={error} retry={again} />}
        {counted && !busy && position > counted.position && (
          <p className="quiet">
            {t("query.since")} <button type="button" className="linked" onClick={again}>{t("query.again")}</button>
          </p>
        )}
        {counted && counted.found > 0 && <Numbers counted={counted} set={set} />}
      </Panel>
    </>
  );
}

function Numbers({ counted, set }: { counted: Counted; set: Narrow }) {
  const { t, format } = useWords();
  const names = useNames();
  const kinds: { filter: FilterName; title: string; part: Counted["rules"]; kind: Parameters<typeof names>[0] }[] = [
    { filter: "outcome", title: t("list.outcome"), part: counted.outcomes, kind: "outcomes" },
    { filter: "type", title: t("list.type"), part: counted.types, kind: "types" },
    { filter: "rule", title: t("list.rule"), part: counted.rules, kind: "rules" },
    { filter: "reason", title: t("list.reason"), part: counted.reasons, kind: "reasons" },
  ];
  const top = ({ filter, title, part, kind }: (typeof kinds)[number]) => (
    <Top key={filter} title={title} others={part.others} lines={part.lines.map((line) => ({ ...line, word: names(kind, line.name) }))} narrow={(name) => set(filter, name)} />
  );
  return (
    <>
      <Bars key={counted.position} counted={counted} />
      {counted.money.length > 0 && <p className="quiet">{t("query.money", { money: counted.money.map((each) => format.money(each.minor, each.currency)).join(t("common.comma")) })}</p>}
      <div className="tops">
        {kinds.slice(0, 2).map(top)}
        <Whom counted={counted} set={set} />
        {kinds.slice(2).map(top)}
      </div>
    </>
  );
}

/** Whom it is about: the customer first, any other entity by choice. */
function Whom({ counted, set }: { counted: Counted; set: Narrow }) {
  const { t } = useWords();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const [chosen, choose] = useState("");
  const part = counted.subjects.find((each) => (chosen ? each.entity === chosen : each.fields.includes(vocabulary?.person ?? ""))) ?? counted.subjects[0];
  if (!part) return null;
  const choice = (
    <select className="field" aria-label={t("list.who")} value={part.entity} onChange={(event) => choose(event.target.value)}>
      {counted.subjects.map((each) => <option key={each.entity} value={each.entity}>{names("fields", each.entity)}</option>)}
    </select>
  );
  return (
    <Top
      key={part.entity}
      title={counted.subjects.length > 1 ? choice : t("list.who")}
      note={counted.full ? t("query.full") : ""}
      others={part.others}
      lines={part.lines.map((line) => ({ ...line, name: line.code, word: line.shown }))}
      narrow={(code) => set("of", `${part.entity}:code:${code}`)}
    />
  );
}

const FEW = 5;

interface Line {
  name: string;
  word: string;
  n: number;
  money: Amounts;
}

function Top({ title, lines, others, narrow, note = "" }: { title: React.ReactNode; lines: Line[]; others: number; narrow: (name: string) => void; note?: string }) {
  const { t, format } = useWords();
  const [all, setAll] = useState(false);
  if (lines.length === 0) return null;
  const shown = all ? lines : lines.slice(0, FEW);
  const left = lines.length - shown.length + others;
  return (
    <div>
      <table className="top">
        <caption>{title}</caption>
        <tbody>
          {shown.map((line) => (
            <tr key={line.name}>
              <th scope="row">
                <button type="button" onClick={() => narrow(line.name)} title={`${t("query.narrow")}: ${line.word}`}>{line.word}</button>
              </th>
              <td className="num">{format.number(line.n)}</td>
              <td className="num quiet">{line.money.map((each) => format.money(each.minor, each.currency)).join(" ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {(left > 0 || all) && (
        <p className="quiet">
          {left > 0 && t("query.others", { n: format.number(left) })}{" "}
          {lines.length > FEW && <button type="button" className="linked" aria-expanded={all} onClick={() => setAll(!all)}>{t(all ? "query.fewer" : "query.more")}</button>}
        </p>
      )}
      {note && <p className="quiet">{note}</p>}
    </div>
  );
}

const HEIGHT = 48;
const WIDTH = 12;

function Bars({ counted: { bars, step, earlier } }: { counted: Counted }) {
  const { t, format } = useWords();
  const [table, setTable] = useState(false);
  const most = Math.max(...bars.map((bar) => bar.n), 1);
  if (bars.length < 2) return null;
  return (
    <div className="bars">
      {table ? (
        <div className="clip by-hour" tabIndex={0} role="region" aria-label={t("query.overTime")}>
          <table className="top">
            <tbody>
              {bars.filter((bar) => bar.n > 0).map((bar) => <tr key={bar.at}><th scope="row">{format.time(bar.at)}</th><td className="num">{format.number(bar.n)}</td></tr>)}
            </tbody>
          </table>
        </div>
      ) : (
        <svg viewBox={`0 0 ${bars.length * WIDTH} ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" role="img" aria-label={t(`query.chart.${step}`, { n: bars.length, most: format.number(most) })}>
          {bars.map((bar, number) => (
            <rect key={bar.at} x={number * WIDTH + 1} width={WIDTH - 2} y={HEIGHT - (bar.n / most) * HEIGHT} height={(bar.n / most) * HEIGHT}>
              <title>{`${format.time(bar.at)}: ${format.number(bar.n)}`}</title>
            </rect>
          ))}
        </svg>
      )}
      <p className="quiet">
        {bars[0] && format.time(bars[0].at)} – {format.time(bars.at(-1)?.at ?? "")} · {t(`query.per.${step}`)}
        {earlier > 0 && ` · ${t("query.earlier", { n: format.number(earlier) })}`} ·{" "}
        <button type="button" className="linked" aria-pressed={table} onClick={() => setTable(!table)}>
          {t(table ? "query.asChart" : "query.asTable")}
        </button>
      </p>
    </div>
  );
}
