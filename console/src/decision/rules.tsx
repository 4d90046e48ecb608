// Each rule and what became of it, with the values it saw: hits first, the expression one click away.
import { Input } from "antd";
import { useState } from "react";
import { useNames } from "../api/session";
import type { RuleState, Trace } from "../api/types";
import { Outcome } from "../parts/parts";
import { useWords } from "../words/words";

const STATES: RuleState[] = ["hit", "error", "shadow", "snoozed", "missed", "not_reached"];

export function Rules({ trace }: { trace: Trace }) {
  const { t, said, format, language } = useWords();
  const names = useNames();
  const [state, setState] = useState<RuleState>(trace.rules.some((each) => each.state === "hit") ? "hit" : "missed");
  const [text, setText] = useState("");
  const lower = text.trim().toLowerCase();
  const fits = (rule: Trace["rules"][number]) => !lower || [rule.rule, rule.name_zh, rule.name_en, rule.zh, rule.en, rule.when].some((each) => each.toLowerCase().includes(lower));
  const shown = trace.rules.filter((each) => (lower ? true : each.state === state) && fits(each)).sort((a, b) => b.score - a.score);
  return (
    <>
      <div className="bar-of">
        <div className="chips" role="group" aria-label={t("decision.rules")}>
          {STATES.map((each) => {
            const count = trace.rules.filter((rule) => rule.state === each).length;
            return (
              <button key={each} type="button" className={`chip s-${each}`} aria-pressed={!lower && state === each} disabled={count === 0} onClick={() => { setText(""); setState(each); }}>
                {t(`state.${each}`)} <b>{count}</b>
              </button>
            );
          })}
        </div>
        <Input size="small" allowClear className="narrow" aria-label={t("decision.ruleFilter")} placeholder={t("decision.ruleFilter")} value={text} onChange={(event) => setText(event.target.value)} />
      </div>
      {!trace.values_kept && <p className="quiet">{t("decision.noValues")}</p>}
      <ul className="rules">
        {shown.map((rule) => (
          <li key={`${rule.set}/${rule.rule}`} className={`s-${rule.state}`}>
            <details>
              <summary>
                <span className="points num">{rule.score ? `${rule.score > 0 ? "+" : ""}${format.number(rule.score)}` : ""}</span>
                <span className="what">
                  <span className="name">{language === "zh" ? rule.name_zh : rule.name_en}</span>
                  <span className="said">{said(rule)}</span>
                </span>
                <span className="marks">
                  {lower && <span className={`state s-${rule.state}`}>{t(`state.${rule.state}`)}</span>}
                  {rule.outcome && <Outcome name={rule.outcome} />}
                </span>
              </summary>
              <dl className="facts">
                <dt>{t("decision.expression")}</dt>
                <dd>
                  <code>{rule.when}</code>
                </dd>
                <dt>{t("decision.rules")}</dt>
                <dd>
                  <code>{rule.rule}</code> · {names("sets", rule.set)}
                  {rule.reason && ` · ${names("reasons", rule.reason)}`}
                </dd>
              </dl>
            </details>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="quiet">{t("decision.none")}</p>}
    </>
  );
}
