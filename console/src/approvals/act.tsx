// A step of a proposal: what it will do, why; sent six seconds later, so that it can be taken back.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ActForm } from "../acts/form";
import { useOutbox } from "../acts/outbox";
import { isShare, Share } from "../acts/share";
import { send } from "../api/http";
import type { Proposal } from "../api/types";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { NEEDS_REASON, RISKY, type Step } from "./proposals";

const WHEN = ["", "1h", "12h", "24h"] as const;
const FURTHER = ["shadow", "percentage", "live"] as const;

export function Act({ proposal, step, close }: { proposal: Proposal; step: Step; close: () => void }) {
  const { t } = useWords();
  const put = useOutbox();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const [at, setAt] = useState<(typeof WHEN)[number]>("");
  const [to, setTo] = useState<(typeof FURTHER)[number]>(proposal.state === "percentage" ? "live" : "percentage");
  const [percent, setPercent] = useState("5");
  const [by, setBy] = useState(proposal.step?.by ?? "");
  const needed = NEEDS_REASON.includes(step);
  const stages = FURTHER.slice(FURTHER.indexOf(proposal.state === "percentage" ? "percentage" : "shadow") + (proposal.state === "percentage" ? 0 : 1));
  const share = step === "advance" && to === "percentage";
  const wrong = needed && !reason.trim() ? t("approvals.sayWhy") : share && !isShare(percent, by) ? t("approvals.sayShare") : undefined;
  const submit = () => {
    setAsked(true);
    if (wrong) return;
    const why = reason.trim();
    const body = step === "advance" ? { to, reason: why, ...(share ? { percent, by } : {}) } : { reason: why, ...(step === "approve" && at ? { at } : {}) };
    put({
      label: t("approvals.acted", { step: t(`approvals.step.${step}`), n: proposal.number }),
      send: (last) => send("POST", `/v1/proposals/${proposal.number}:${step}`, body, { last }),
      done: () => {
        for (const key of ["proposals", "proposal", "standing", "lists"]) void queries.invalidateQueries({ queryKey: [key] });
      },
    });
    close();
  };
  return (
    <Panel title={t(`approvals.step.${step}`)}>
      <ActForm word={t(`approvals.step.${step}`)} submit={submit} close={close} risky={RISKY.includes(step)}>
        <div className="effect" role="status">
          <p>{t(`approvals.will.${step}`)}</p>
        </div>
        {step === "advance" && (
          <div className="further">
            <label>
              {t("approvals.further")}
              <select className="field" autoFocus value={to} onChange={(event) => setTo(event.target.value as typeof to)}>
                {stages.map((each) => (
                  <option key={each} value={each}>
                    {t(`approvals.stage.${each}`)}
                  </option>
                ))}
              </select>
            </label>
            {share && <Share percent={percent} setPercent={setPercent} by={by} setBy={setBy} />}
          </div>
        )}
        {step === "approve" && (
          <label>
            {t("approvals.when")}
            <select className="field" value={at} onChange={(event) => setAt(event.target.value as typeof at)}>
              {WHEN.map((each) => (
                <option key={each} value={each}>
                  {t(`approvals.when.${each || "now"}`)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          {t(needed ? "approvals.why" : "approvals.whyMaybe")}
          <textarea className="field" rows={2} maxLength={2000} autoFocus={step !== "advance"} value={reason} onChange={(event) => setReason(event.target.value)} placeholder={t(`approvals.whyHint.${step === "refuse" ? "refuse" : "other"}`)} aria-invalid={asked && needed && !reason.trim()} />
        </label>
        {asked && wrong && (
          <p className="flag" role="alert">
            {wrong}
          </p>
        )}
      </ActForm>
    </Panel>
  );
}
