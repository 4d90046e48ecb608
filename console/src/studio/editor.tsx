// A rule as it is changed: expression, points, outcome, reason, names, shadow. Every change is an edit of the draft at once.
import { Button } from "antd";
import { useMemo } from "react";
import { OUTCOMES } from "../parts/parts";
import { useNames } from "../api/session";
import { useWords } from "../words/words";
import { put, wordsOf, type Edit } from "./draft";
import { Expression } from "./expression";
import type { Document, Found } from "./studio";
import type { Finding } from "./trial";

export function RuleEditor({ document, found, edit, findings }: { document: Document; found: Found; edit: (edit: Edit) => void; findings: Finding[] }) {
  const { t, said } = useWords();
  const words = useMemo(() => wordsOf(document), [document]);
  const { rule, pointer } = found;
  const set = (name: string, value: unknown) => edit(put(`${pointer}/${name}`, value));
  const at = (name: string) => findings.filter((each) => each.path === `${pointer}/${name}`);
  const other = findings.filter((each) => each.path.startsWith(pointer) && each.path !== `${pointer}/when`);
  return (
    <div className="editor">
      <Expression text={rule.when} set={(text) => set("when", text)} words={words} findings={at("when")} label={t("decision.expression")} />
      <div className="fields">
        <label>
          {t("common.points")}
          <input className="field short" type="number" step={1} value={rule.score ?? 0} onChange={(event) => set("score", whole(event.target.value))} />
        </label>
        <label>
          {t("studio.outcome")}
          <OutcomeChoice value={rule.outcome ?? ""} set={(outcome) => set("outcome", outcome || null)} />
        </label>
        <Reason document={document} code={rule.reason ?? ""} set={(code) => set("reason", code)} />
        <label className="check">
          <input type="checkbox" checked={rule.shadow ?? false} onChange={(event) => set("shadow", event.target.checked)} /> {t("studio.shadowOnly")}
        </label>
      </div>
      <div className="fields">
        {(["name", "zh", "en"] as const).map((each) => (
          <label key={each}>
            {t(`studio.field.${each}`)}
            <input className={each === "name" ? "field mono" : "field"} value={rule[each] ?? ""} onChange={(event) => set(each, event.target.value)} />
          </label>
        ))}
        <Button size="small" className="risky" onClick={() => edit([{ op: "remove", path: pointer }])}>
          {t("studio.removeRule")}
        </Button>
      </div>
      {other.map((each, number) => (
        <p key={number} className={`f-${each.severity}`}>
          {said(each)}
        </p>
      ))}
    </div>
  );
}

/** Which outcome; none only where `must` is not said. */
export function OutcomeChoice({ value, set, must = false, label }: { value: string; set: (outcome: string) => void; must?: boolean; label?: string }) {
  const { t } = useWords();
  const names = useNames();
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => set(event.target.value)}>
      {!must && <option value="">{t("studio.noOutcome")}</option>}
      {OUTCOMES.map((each) => (
        <option key={each} value={each}>
          {names("outcomes", each)}
        </option>
      ))}
    </select>
  );
}

/** Which reason the customer is told; those that the policy has. */
export function Reason({ document, code, set, bare = false }: { document: Document; code: string; set: (code: string) => void; bare?: boolean }) {
  const { t, said } = useWords();
  const field = (
    <select className="field" value={code} aria-label={bare ? t("studio.reason") : undefined} onChange={(event) => set(event.target.value)}>
      <option value="">{t("studio.noReason")}</option>
      {document.reasons?.map((each) => (
        <option key={each.code} value={each.code}>
          {said({ en: each.en || each.code, zh: each.zh || each.code })}
        </option>
      ))}
    </select>
  );
  return bare ? field : <label>{t("studio.reason")}{field}</label>;
}

/** The whole number that was typed; 0 while there is none. */
export const whole = (text: string) => Math.trunc(Number(text)) || 0;
