// What a draft would have done with the last 30 days: frauds caught, good customers hurt, money, review load, beside the policy in force;
// and everything the checks found.
import { Progress } from "antd";
import { useNames } from "../api/session";
import type { Schemas } from "../api/types";
import { Outcome, Panel } from "../parts/parts";
import { useWords } from "../words/words";
import type { Figures, Trial } from "./trial";

type Figure = Schemas["TriedFigure"];

export function Impact({ trial, waits, show }: { trial: Trial; waits: boolean; show: (pointer: string) => void }) {
  const { t, said, format } = useWords();
  const errors = trial.checked?.findings.filter((each) => each.severity === "error") ?? [];
  const figures = trial.figures;
  return (
    <Panel scrolls title={t("studio.impact")} className={`impact${trial.busy ? " busy" : ""}`} aside={<span className="quiet" role="status">{trial.busy ? t("studio.trying") : ""}</span>}>
      {errors.length > 0 && (
        <>
          <p className="flag">{t("studio.errors", { n: format.number(errors.length) })}</p>
          <ul className="findings">
            {errors.map((each, number) => (
              <li key={number} className="f-error">
                <button type="button" className="link" onClick={() => show(each.path)}>
                  {said(each)}
                </button>{" "}
                <b>{said({ en: each.suggestion_en, zh: each.suggestion_zh })}</b>
              </li>
            ))}
          </ul>
        </>
      )}
      {trial.failed && <p className="flag">{said(trial.failed)}</p>}
      {trial.busy && trial.progress && (
        <>
          <Progress percent={Math.round(trial.progress.done * 100)} size="small" aria-label={t("studio.impact")} />
          <p className="quiet">{t(`studio.stage.${trial.progress.stage}`)}</p>
        </>
      )}
      {figures && !errors.length && !trial.failed && <Told figures={figures} waits={waits} />}
    </Panel>
  );
}

function Told({ figures, waits }: { figures: Figures; waits: boolean }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const shown = (each: Figure, value: number | null) =>
    value === null ? "–" : each.kind === "money" ? format.money(value, figures.currency) : each.kind === "rate" ? format.percent(value) : format.number(value, each.kind === "load" ? 1 : 0);
  return (
    <>
      <p className="quiet">{t("studio.over", { n: format.number(figures.decisions), from: format.time(figures.from), until: format.time(figures.until) })}</p>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">{t("studio.figure")}</th>
            <th scope="col" className="num">{t("studio.live")}</th>
            <th scope="col" className="num">{t("studio.draft")}</th>
            <th scope="col" className="num">{t("studio.difference")}</th>
          </tr>
        </thead>
        <tbody>
          {figures.figures.map((each) => (
            <tr key={each.name}>
              <th scope="row">{said(each)}</th>
              <td className="num">{shown(each, each.live)}</td>
              <td className="num">{shown(each, each.candidate)}</td>
              <td className={`num ${verdict(each)}`} title={each.low !== null && each.high !== null ? t("studio.interval", { low: shown(each, each.low), high: shown(each, each.high) }) : undefined}>
                {each.difference ? `${each.difference > 0 ? "+" : ""}${shown(each, each.difference)}` : "="}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {figures.labels && <p className="quiet">{t("studio.labels", { n: format.percent(figures.labels.share_arrived) })}</p>}
      {waits && <p className="quiet">{t("studio.firstOnly")}</p>}
      {figures.rules.length > 0 && (
        <>
          <h3>{t("studio.hits")}</h3>
          <table className="rows">
            <thead>
              <tr>
                <th scope="col">{t("studio.rule")}</th>
                <th scope="col" className="num">{t("studio.live")}</th>
                <th scope="col" className="num">{t("studio.draft")}</th>
                <th scope="col" className="num">{t("studio.frauds")}</th>
                <th scope="col" className="num">{t("studio.goods")}</th>
              </tr>
            </thead>
            <tbody>
              {figures.rules.slice(0, 8).map((each) => (
                <tr key={each.rule}>
                  <th scope="row">{names("rules", each.rule)}</th>
                  {[each.live, each.draft, each.frauds, each.goods].map((value, number) => (
                    <td key={number} className="num">
                      {value === null ? "–" : format.number(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      <h3>{t("studio.moved")}</h3>
      {figures.moved.length === 0 && <p className="quiet">{t("studio.noneMoved")}</p>}
      <ul className="plain moved">
        {figures.moved.slice(0, 8).map((each) => (
          <li key={`${each.live} ${each.draft}`}>
            <Outcome name={each.live} /> → <Outcome name={each.draft} /> {t("studio.movedBy", { n: format.number(each.decisions), money: format.money(each.money, figures.currency) })}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Whether a difference is for the better: only when its whole interval says so. */
function verdict({ low, high, better }: Figure): "" | "better" | "worse" {
  if (low === null || high === null || !better || (low <= 0 && high >= 0)) return "";
  return low > 0 === better > 0 ? "better" : "worse";
}
