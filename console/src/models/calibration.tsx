// The calibration curve: by tenths of the score, the mean score beside the share of fraud; drawn, or as a table.
import { useWords } from "../words/words";

const SIZE = 200;
const EDGE = 30;

export function Calibration({ points, drawn, kind }: { points: { score: number; fraud: number }[]; drawn: boolean; kind: string }) {
  const { t, format } = useWords();
  if (points.length === 0) return <p className="quiet">{t("models.noCalibration")}</p>;
  const top = Math.max(...points.flatMap((each) => [each.score, each.fraud]), 0.01);
  const x = (value: number) => EDGE + (value / top) * (SIZE - 8);
  const y = (value: number) => 4 + SIZE - (value / top) * (SIZE - 8);
  const worst = points.reduce((one, two) => (Math.abs(two.score - two.fraud) > Math.abs(one.score - one.fraud) ? two : one));
  return (
    <>
      {drawn ? (
        <svg className="calibration" viewBox={`0 0 ${EDGE + SIZE + 8} ${SIZE + 34}`} role="img" aria-label={t("models.calibrationLabel", { n: points.length })}>
          <path className="axis" d={`M${EDGE} 4V${SIZE + 4}H${EDGE + SIZE}`} />
          <path className="even" d={`M${x(0)} ${y(0)}L${x(top)} ${y(top)}`} />
          <path className="found" d={`M${points.map((each) => `${x(each.score)} ${y(each.fraud)}`).join("L")}`} />
          {points.map((each, number) => (
            <circle key={number} cx={x(each.score)} cy={y(each.fraud)} r="3" />
          ))}
          {[0, top].map((value) => (
            <g key={value}>
              <text x={x(value)} y={SIZE + 17} textAnchor={value ? "end" : "middle"}>{format.percent(value)}</text>
              {value > 0 && <text x={EDGE - 3} y={y(value) + 4} textAnchor="end">{format.percent(value)}</text>}
            </g>
          ))}
          <text x={EDGE + SIZE / 2} y={SIZE + 30} textAnchor="middle">{t("models.meanScore")}</text>
          <text x={EDGE + 6} y={14}>{t("models.shareFraud")}</text>
        </svg>
      ) : (
        <table className="rows plainly">
          <thead>
            <tr>
              <th scope="col" className="num">{t("models.tenth")}</th>
              <th scope="col" className="num">{t("models.meanScore")}</th>
              <th scope="col" className="num">{t("models.shareFraud")}</th>
            </tr>
          </thead>
          <tbody>
            {points.map((each, number) => (
              <tr key={number}>
                <td className="num">{number + 1}</td>
                <td className="num">{format.percent(each.score)}</td>
                <td className="num">{format.percent(each.fraud)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        {t("models.calibrationSays", { score: format.percent(worst.score), fraud: format.percent(worst.fraud) })} <span className="quiet">{t(`models.calibrated.${kind}` as "models.calibrated.platt")}</span>
      </p>
    </>
  );
}
