// Drift: how far inputs and score have moved from the training, by day; what is an alert; frauds found beside those expected.
import { lazy, Suspense, useMemo } from "react";
import type { Model } from "../api/types";
import { ByTime } from "../monitoring/tables";
import { Panel, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { moves, SCORE, type Drift } from "./models";
import { StudyOf } from "./study";

const Chart = lazy(() => import("../monitoring/chart"));
const DRAWN = 4;
const ALERTS = 8;

export function DriftOf({ model, drawn }: { model: Model; drawn: boolean }) {
  const { t } = useWords();
  return (
    <Panel title={t("models.drift")}>
      <StudyOf<Drift> kind="drift" model={model.name} shown={(found) => <Found drift={found} drawn={drawn} />} />
    </Panel>
  );
}

function Found({ drift, drawn }: { drift: Drift; drawn: boolean }) {
  const { t, format } = useWords();
  const word = (name: string) => (name === SCORE ? t("models.score") : name);
  const inputs = useMemo(() => [...drift.inputs].sort((one, two) => Number(two.name === SCORE) - Number(one.name === SCORE) || two.stability - one.stability), [drift]);
  const lines = useMemo(
    () =>
      inputs.slice(0, DRAWN).map((each) => ({
        name: each.name === SCORE ? t("models.score") : each.name,
        points: drift.days.map((day): [number, number | null] => [Date.parse(day.start), (each.name === SCORE ? day.score?.stability : day.inputs[each.name]?.stability) ?? null]),
      })),
    [drift, inputs, t],
  );
  const figure = (value: unknown) => (typeof value === "number" ? value.toFixed(3) : "–");
  const time = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const latest = drift.alerts.at(-1);
  const labelled = drift.days.filter((day) => day.calibration);
  const sum = (name: "expected" | "found") => labelled.reduce((all, day) => all + (day.calibration?.[name] ?? 0), 0);
  const much = inputs.filter((each) => moves(each.stability) === "much");
  return (
    <>
      <p className="preview-why">{much.length ? t("models.driftMuch", { what: much.map((each) => word(each.name)).join(t("common.comma")) }) : t(latest ? "models.driftAlerts" : "models.driftCalm", { n: format.number(drift.alerts.length), when: latest ? time(Date.parse(latest.start)) : "" })}</p>
      <p>
        {t("models.driftOver", { rows: format.number(drift.rows), days: format.number(drift.days.length), labelled: format.number(drift.labelled) })} {labelled.length > 0 && t("models.driftFound", { expected: format.number(sum("expected")), found: format.number(sum("found")) })}
      </p>
      {drawn ? (
        <Suspense fallback={<Waiting />}>
          <Chart lines={lines} marks={[]} figure={figure} time={time} label={t("models.driftLabel", { n: lines.length, days: drift.days.length })} />
        </Suspense>
      ) : (
        <ByTime series={lines} time={time} figure={figure} />
      )}
      <p className="quiet">{t("models.driftScale", { limit: format.number(drift.limits.stability, 2) })}</p>
      <table className="rows plainly">
        <thead>
          <tr>
            <th scope="col">{t("models.input")}</th>
            <th scope="col" className="num">{t("models.stability")}</th>
            <th scope="col" className="num">{t("models.missingBefore")}</th>
            <th scope="col" className="num">{t("models.missingNow")}</th>
          </tr>
        </thead>
        <tbody>
          {inputs.map((each) => (
            <tr key={each.name} data-drift={each.name}>
              <th scope="row">{word(each.name)}</th>
              <td className={`num m-${moves(each.stability)}`}>
                {each.stability.toFixed(3)} <small>{t(`models.moves.${moves(each.stability)}`)}</small>
              </td>
              <td className="num">{format.percent(each.missing_before)}</td>
              <td className="num">{format.percent(each.missing)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>{t("models.alerts", { n: format.number(drift.alerts.length) })}</h3>
      {drift.alerts.length === 0 && <p className="quiet">{t("models.noAlerts")}</p>}
      <ul className="plain">
        {drift.alerts.slice(-ALERTS).reverse().map((each) => (
          <li key={`${each.span} ${each.start} ${each.what} ${each.input}`}>
            <span className="time">{each.span === "hour" ? format.time(each.start) : time(Date.parse(each.start))}</span>{" "}
            {t(`models.alert.${each.what}`, { input: word(each.input), value: each.what === "missing" ? format.percent(each.value) : format.number(each.value, 2), limit: each.what === "missing" ? format.percent(each.limit) : format.number(each.limit, 2), span: t(each.span === "hour" ? "models.hour" : "models.day") })}
          </li>
        ))}
      </ul>
      {drift.alerts.length > ALERTS && <p className="quiet">{t("models.moreAlerts", { n: format.number(drift.alerts.length - ALERTS) })}</p>}
    </>
  );
}
