// The act: one of four verdicts, always with a reason; sent six seconds later, so that it can be taken back.
import { useState } from "react";
import { ActForm } from "../acts/form";
import type { FraudKind } from "../api/types";
import { Keys } from "../keys/help";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { KINDS, missing, stepOf, VERDICTS, type Verdict } from "./steps";

export function Decide({ verdict, choose, decide }: { verdict: Verdict | undefined; choose: (verdict: Verdict | undefined) => void; decide: (label: string, step: string, body: unknown) => void }) {
  const { t } = useWords();
  return (
    <Panel title={t("case.act")}>
      <div className="verdicts" role="group" aria-label={t("case.act")}>
        {VERDICTS.map((each, number) => (
          <button key={each} type="button" className={`v-${each}`} aria-pressed={verdict === each} onClick={() => choose(verdict === each ? undefined : each)}>
            <Keys keys={String(number + 1)} /> {t(`case.verdict.${each}`)}
          </button>
        ))}
      </div>
      {verdict ? <Form key={verdict} verdict={verdict} choose={choose} decide={decide} /> : <p className="quiet">{t("case.actHint")}</p>}
    </Panel>
  );
}

function Form({ verdict, choose, decide }: { verdict: Verdict; choose: (verdict: Verdict | undefined) => void; decide: (label: string, step: string, body: unknown) => void }) {
  const { t } = useWords();
  const [kind, setKind] = useState<FraudKind | "">("");
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const draft = { verdict, kind, reason };
  const lacks = missing(draft);
  const submit = () => {
    setAsked(true);
    if (lacks) return;
    const { step, body } = stepOf(draft);
    decide(t(`case.verdict.${verdict}`), step, body);
  };
  return (
    <ActForm word={t("case.submit")} submit={submit} close={() => choose(undefined)}>
      {verdict === "fraud" && (
        <label>
          {t("case.kind")}
          <select className="field" autoFocus value={kind} onChange={(event) => setKind(event.target.value as FraudKind | "")} aria-invalid={asked && lacks === "kind"}>
            <option value="">{t("case.chooseKind")}</option>
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {t(`fraud.${each}` as "fraud.other")}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {t("case.reason")}
        <textarea className="field" rows={3} maxLength={1000} autoFocus={verdict !== "fraud"} value={reason} onChange={(event) => setReason(event.target.value)} placeholder={t("case.reasonHint")} aria-invalid={asked && lacks === "reason"} />
      </label>
      {asked && lacks && <p className="flag" role="alert">{t(`case.missing.${lacks}`)}</p>}
      <p className="quiet">{t(`case.effect.${verdict}`)}</p>
    </ActForm>
  );
}
