// Where the points come from: each part begins where the one before ended; the table says the same in numbers.
import type { ScorePart } from "../api/types";
import { useWords } from "../words/words";

export interface Bar {
  from: number;
  to: number;
}

/** Where each bar begins and ends, and the span of all of them (0 always within). */
export function barsOf(points: readonly number[]): { bars: Bar[]; least: number; most: number } {
  let at = 0;
  const bars = points.map((each) => {
    const from = at;
    at += each;
    return { from, to: at };
  });
  const ends = [0, ...bars.map((each) => each.to)];
  return { bars, least: Math.min(...ends), most: Math.max(...ends) };
}

export function Waterfall({ parts, score }: { parts: readonly ScorePart[]; score: number }) {
  const { t, said, format } = useWords();
  const { bars, least, most } = barsOf(parts.map((each) => each.points));
  const share = (value: number) => ((value - least) / (most - least || 1)) * 100;
  return (
    <table className="waterfall">
      <tbody>
        {parts.map((part, number) => {
          const bar = bars[number] ?? { from: 0, to: 0 };
          const left = share(Math.min(bar.from, bar.to));
          return (
            <tr key={`${part.kind}/${part.name}`}>
              <th scope="row" title={part.name}>
                {said(part)}
              </th>
              <td className="track">
                <span className={part.points < 0 ? "bar minus" : "bar"} style={{ marginLeft: `${left}%`, width: `${Math.max(share(Math.max(bar.from, bar.to)) - left, 0.6)}%` }} />
              </td>
              <td className="num">{`${part.points > 0 ? "+" : ""}${format.number(part.points)}`}</td>
            </tr>
          );
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t("decision.scoreSum")}</th>
          <td className="track">
            <span className="bar sum" style={{ marginLeft: `${share(Math.min(0, score))}%`, width: `${Math.max(Math.abs(share(score) - share(0)), 0.6)}%` }} />
          </td>
          <td className="num">{format.number(score)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
