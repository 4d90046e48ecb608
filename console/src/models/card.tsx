// The card of a model: on what it was trained and tested, its figures, its calibration, what its inputs are worth, what thresholds would stop.
import { Link } from "react-router";
import { useMay } from "../api/session";
import type { Model } from "../api/types";
import { Copied, Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { Calibration } from "./calibration";
import { FIGURES, packageOf, type Figures } from "./models";
import { useCellWords } from "./words";

export function Card({ model, drawn }: { model: Model; drawn: boolean }) {
  const { t, format } = useWords();
  const words = useCellWords();
  const told = packageOf(model);
  const trained = told.trained ?? {};
  const data = trained.data ?? {};
  const [stage = "", fraud = ""] = (trained.cell ?? "").split("/");
  const span = (part: "train" | "test") => {
    const found = data[part];
    if (!found?.rows) return t("common.none");
    const days = found.from && found.until ? `${found.from.slice(0, 10)} – ${found.until.slice(0, 10)} · ` : "";
    return `${days}${t("models.rowsFrauds", { rows: format.number(found.rows), frauds: format.number(found.frauds) })}`;
  };
  return (
    <Panel title={t("models.card")}>
      <dl className="plain told">
        <div>
          <dt>{t("models.trainedOn")}</dt>
          <dd>{span("train")}</dd>
        </div>
        <div>
          <dt>{t("models.testedOn")}</dt>
          <dd>{span("test")}</dd>
        </div>
        {stage && (
          <div>
            <dt>{t("models.madeFor")}</dt>
            <dd>
              {words.stage(stage)} × {words.fraud(fraud)}
            </dd>
          </div>
        )}
        {trained.policy_hash && (
          <div>
            <dt>{t("models.underPolicy")}</dt>
            <dd>
              <Copied text={trained.policy_hash} shown={trained.policy_hash.slice(0, 12)} />
            </dd>
          </div>
        )}
      </dl>
      <FigureTable metrics={told.metrics ?? {}} />
      <h3>{t("models.calibration")}</h3>
      <Calibration points={told.metrics?.test?.calibration ?? []} drawn={drawn} kind={told.calibration?.kind ?? "none"} />
      <p className="quiet">{t("models.cardNote")}</p>
    </Panel>
  );
}

function FigureTable({ metrics }: { metrics: { train?: Figures; test?: Figures } }) {
  const { t } = useWords();
  const figure = (value: number | null | undefined) => (typeof value === "number" ? value.toFixed(4) : "–");
  return (
    <table className="rows plainly">
      <thead>
        <tr>
          <th scope="col">{t("models.figures")}</th>
          <th scope="col" className="num">{t("models.train")}</th>
          <th scope="col" className="num">{t("models.test")}</th>
        </tr>
      </thead>
      <tbody>
        {FIGURES.map((each) => (
          <tr key={each} data-figure={each}>
            <th scope="row" title={t(`models.hint.${each}`)}>{t(`models.figure.${each}`)}</th>
            <td className="num">{figure(metrics.train?.[each])}</td>
            <td className="num">{figure(metrics.test?.[each])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What each input is worth; those that are features lead to their definition. */
export function Worth({ model, drawn }: { model: Model; drawn: boolean }) {
  const { t, format } = useWords();
  const opens = useMay("policies");
  const inputs = packageOf(model).inputs;
  const weights = model.importance;
  const meaning = (name: string) => inputs.find((each) => each.name === name)?.meaning?.replace(/ #[0-9a-f]{6,}$/, "") ?? "";
  const largest = weights[0]?.share ?? 1;
  const label = (name: string) => (opens && !meaning(name).startsWith("field ") ? <Link to={`/features/${encodeURIComponent(name)}`}>{name}</Link> : name);
  return (
    <Panel title={t("models.worth")} aside={<span className="quiet">{t("models.readsN", { n: inputs.length })}</span>}>
      {weights.length === 0 && <p className="quiet">{t("models.noWorth")}</p>}
      {weights.length > 0 && (
        <table className="waterfall worth">
          <caption className="sr">{t("models.worth")}</caption>
          <tbody>
            {weights.map((each) => (
              <tr key={each.name} data-input={each.name}>
                <th scope="row" title={meaning(each.name)}>
                  {label(each.name)}
                  {!drawn && <small className="quiet"> {meaning(each.name)}</small>}
                </th>
                {drawn && (
                  <td className="track">
                    <span className="bar" style={{ width: `${(100 * each.share) / largest}%` }} />
                  </td>
                )}
                <td className="num">{format.percent(each.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="quiet">{t("models.worthNote")}</p>
    </Panel>
  );
}

/** What a threshold would have stopped in the test. */
export function Cuts({ model }: { model: Model }) {
  const { t, format } = useWords();
  const cuts = packageOf(model).metrics?.test?.cuts ?? [];
  const groups = packageOf(model).metrics?.test?.groups ?? [];
  if (cuts.length === 0 && groups.length === 0) return null;
  const figure = (value: number | null) => (value === null ? "–" : value.toFixed(4));
  return (
    <Panel title={t("models.cuts")}>
      {cuts.length > 0 && (
        <table className="rows plainly">
          <thead>
            <tr>
              {(["stopped", "from", "precision", "recall"] as const).map((each) => (
                <th key={each} scope="col" className="num">
                  {t(`models.cut.${each}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cuts.map((each) => (
              <tr key={each.stopped}>
                <td className="num">{format.percent(each.stopped)}</td>
                <td className="num">{each.score.toFixed(4)}</td>
                <td className="num">{format.percent(each.precision)}</td>
                <td className="num">{format.percent(each.recall)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {groups.map((each) => (
        <table key={each.of} className="rows plainly">
          <thead>
            <tr>
              <th scope="col">{t("models.group", { of: each.of })}</th>
              <th scope="col" className="num">{t("models.rows")}</th>
              <th scope="col" className="num">{t("models.figure.auc")}</th>
              <th scope="col" className="num">{t("models.meanScore")}</th>
              <th scope="col" className="num">{t("models.shareFraud")}</th>
            </tr>
          </thead>
          <tbody>
            {each.groups.map((one) => (
              <tr key={one.group}>
                <th scope="row">{one.group}</th>
                <td className="num">{format.number(one.rows)}</td>
                <td className="num">{figure(one.auc)}</td>
                <td className="num">{figure(one.mean_score)}</td>
                <td className="num">{figure(one.fraud)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
      <p className="quiet">{t("models.cutsNote")}</p>
    </Panel>
  );
}
