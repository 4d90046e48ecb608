// One proposal: who wants what, what it would do, what came of it, and the steps that whoever is here may take.
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { get } from "../api/http";
import { useMay, useSession } from "../api/session";
import type { Proposal, Standing } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Panel } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { Act } from "./act";
import { Beside } from "./beside";
import { Effect } from "./effect";
import { ownEyes, RISKY, stepsOf, type Step } from "./proposals";

const FORWARD: readonly Step[] = ["approve", "review", "advance", "submit"];
const KEYS: Partial<Record<Step, string>> = { approve: "a", refuse: "d" };

export function One({ proposal }: { proposal: Proposal }) {
  const { t } = useWords();
  const session = useSession();
  const me = session.data?.kind === "person" ? session.data.me : undefined;
  const who = me ? `person:${me.name}` : "";
  const may = (permission: string) => me?.permissions.includes(permission) ?? true;
  const [step, setStep] = useState<Step>();
  const steps = stepsOf(proposal, who, may);
  const open = (name: Step) => (steps.includes(name) ? () => setStep(name) : () => undefined);
  useKeys("approvals", { approve: open("approve"), refuse: open("refuse") });
  const shown = step && steps.includes(step) ? step : undefined;
  return (
    <article className="proposal">
      <header className="about">
        <h2>
          {proposal.title} <span className="quiet">#{proposal.number}</span>
        </h2>
        <Story proposal={proposal} />
      </header>
      {steps.length > 0 && !shown && (
        <p className="acts">
          {steps.map((each, number) => (
            <Button key={each} type={number === 0 && FORWARD.includes(each) ? "primary" : "default"} className={RISKY.includes(each) ? "risky" : ""} onClick={() => setStep(each)}>
              {t(`approvals.step.${each}`)} {KEYS[each] && <Keys keys={KEYS[each]} />}
            </Button>
          ))}
        </p>
      )}
      {ownEyes(proposal, who, may) && (
        <p className="eyes" role="note">
          {t("approvals.ownEyes")}
        </p>
      )}
      {shown && <Act key={shown} proposal={proposal} step={shown} close={() => setStep(undefined)} />}
      <Stale proposal={proposal} />
      <Effect proposal={proposal} />
      {proposal.beside && <Beside beside={proposal.beside} />}
      <Outcome proposal={proposal} />
    </article>
  );
}

/** Where it stands and who did what, in sentences. */
function Story({ proposal }: { proposal: Proposal }) {
  const { t, format } = useWords();
  const decided = proposal.decided_by && proposal.decided;
  return (
    <>
      <p>
        <b className={`state p-${proposal.state}`}>{t(`approvals.state.${proposal.state}`)}</b>{" "}
        {t("approvals.madeBy", { who: nameOf(proposal.by), when: proposal.made ? format.timeFull(proposal.made) : "" })}
      </p>
      {decided && (
        <p>
          {t(proposal.emergency ? "approvals.emergencyBy" : proposal.state === "refused" ? "approvals.refusedBy" : "approvals.approvedBy", { who: nameOf(proposal.decided_by), when: format.timeFull(decided) })}
          {proposal.reason && <q className="because">{proposal.reason}</q>}
        </p>
      )}
      {proposal.due && proposal.state === "approved" && <p>{t("approvals.due", { when: format.timeFull(proposal.due) })}</p>}
      {proposal.review_owed && <p className="flag">{t("approvals.owed")}</p>}
      {proposal.reviewed_by && <p>{t("approvals.reviewed", { who: nameOf(proposal.reviewed_by) })}</p>}
    </>
  );
}

/** A policy is about the one that was in force when it was proposed; another since then, and approving it does nothing but fail. */
function Stale({ proposal }: { proposal: Proposal }) {
  const { t } = useWords();
  const asks = proposal.kind === "policy" && (proposal.state === "submitted" || proposal.state === "draft");
  const standing = useQuery({ queryKey: ["standing"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal), enabled: asks });
  if (!asks || !standing.data || standing.data.in_force.policy === proposal.base) return null;
  return (
    <p className="flag" role="alert">
      {t("approvals.stale")}
    </p>
  );
}

function Outcome({ proposal }: { proposal: Proposal }) {
  const { t, said, format } = useWords();
  const audits = useMay("audit");
  const outcome = proposal.outcome as { en?: string; zh?: string; status?: string; changed?: number; left?: number; release?: { number: number; policy: string } } | undefined;
  const ended = outcome && Object.keys(outcome).length > 0;
  if (!ended && !audits) return null;
  return (
    <Panel title={t("approvals.outcome")}>
      {outcome?.en && outcome.zh && <p className="differs">{said({ en: outcome.en, zh: outcome.zh })}</p>}
      {outcome?.changed !== undefined && <p>{t("approvals.changed", { n: format.number(outcome.changed), left: format.number(outcome.left ?? 0) })}</p>}
      {outcome?.release && (
        <p>
          {t("approvals.released", { n: outcome.release.number })} <Copied text={outcome.release.policy} shown={outcome.release.policy.slice(0, 12)} />
        </p>
      )}
      {outcome?.status === "approved" && <p>{t("approvals.revealOpen")}</p>}
      {outcome?.status === "warming" && <p>{t("approvals.warming")}</p>}
      {!ended && <p className="quiet">{t("approvals.nothingYet")}</p>}
      {audits && (
        <p>
          <Link to={`/audit?about=${encodeURIComponent(`proposal/${proposal.number}`)}`}>{t("approvals.inAudit")}</Link>
        </p>
      )}
    </Panel>
  );
}
