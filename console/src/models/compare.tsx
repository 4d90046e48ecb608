// Two models over what this server decided: each figure with its difference and whether chance could have made it.
import { useState } from "react";
import type { Model, ModelList } from "../api/types";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { FIGURES, roleIn, verdict, type Compared } from "./models";
import { StudyOf } from "./study";

/** Those beside which it makes sense: of the same cells first. */
function beside(model: string, all: ModelList): string[] {
  const near = new Set(all.matrix.filter((cell) => roleIn(cell, model)).flatMap((cell) => all.models.map((each) => each.name).filter((name) => roleIn(cell, name))));
  const champions = all.matrix.map((cell) => cell.champion);
  const rank = (name: string) => (near.has(name) ? 0 : 2) + (champions.includes(name) ? 0 : 1);
  return all.models.map((each) => each.name).filter((name) => name !== model).sort((one, two) => rank(one) - rank(two) || one.localeCompare(two));
}

export function Compare({ model, all }: { model: Model; all: ModelList }) {
  const { t } = useWords();
  const others = beside(model.name, all);
  const [given, setGiven] = useState<string>();
  const other = given ?? others[0];
  return (
    <Panel
      title={t("models.compare")}
      aside={
        others.length > 0 && (
          <label className="inline">
            {t("models.with")}
            <select className="field" value={other} onChange={(event) => setGiven(event.target.value)}>
              {others.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )
      }
    >
      {other ? <StudyOf<Compared> key={other} kind="compare" model={model.name} beside={other} shown={(found) => <Found found={found} model={model.name} />} /> : <p className="quiet">{t("models.alone")}</p>}
    </Panel>
  );
}

function Found({ found, model }: { found: Compared; model: string }) {
  const { t, format } = useWords();
  const turned = found.models[1] === model;
  const [first, second] = turned ? found.models : ([found.models[0], found.models[1]] as const);
  const shown = FIGURES.filter((each) => found.figures[each]);
  const verdicts = shown.map((each) => verdict(each, found.figures[each] ?? { low: null, high: null }));
  const [better, worse] = [verdicts.filter((each) => each === "better").length, verdicts.filter((each) => each === "worse").length];
  return (
    <>
      <p className="preview-why">{t(better && !worse ? "models.secondBetter" : worse && !better ? "models.firstBetter" : better ? "models.mixed" : "models.even", { one: first, two: second })}</p>
      <p>{t("models.comparedOver", { rows: format.number(found.rows), frauds: format.number(found.frauds), days: format.number(found.days), unlabelled: format.number(found.unlabelled) })}</p>
      <div className="clip">
        <table className="rows plainly">
          <thead>
            <tr>
              <th scope="col">{t("models.figures")}</th>
              <th scope="col" className="num">{first}</th>
              <th scope="col" className="num">{second}</th>
              <th scope="col" className="num">{t("models.difference")}</th>
              <th scope="col">{t("models.says")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each, number) => {
              const figure = found.figures[each];
              if (!figure) return null;
              const { low, high } = figure;
              return (
                <tr key={each} data-compared={each}>
                  <th scope="row" title={t(`models.hint.${each}`)}>{t(`models.figure.${each}`)}</th>
                  <td className="num">{figure.one.toFixed(4)}</td>
                  <td className="num">{figure.two.toFixed(4)}</td>
                  <td className="num">
                    {format.signed(figure.difference, 4)} {low !== null && high !== null && <small className="quiet">[{format.signed(low, 3)}, {format.signed(high, 3)}]</small>}
                  </td>
                  <td className={`v-${verdicts[number]}`}>{t(`models.verdict.${verdicts[number] ?? "even"}`, { one: first, two: second })}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="quiet">{t("models.interval")}</p>
    </>
  );
}
