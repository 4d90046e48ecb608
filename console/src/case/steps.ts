// The four ways a case is decided, and what each needs before it may be sent.
import type { Disposition, FraudKind } from "../api/types";

export const KINDS: readonly FraudKind[] = ["batch", "forged", "impersonation", "takeover", "intermediary", "multi_lender", "cash_out", "remote_large", "abnormal_use", "scam_victim", "proxy_complaint", "other"];
export const VERDICTS = ["fraud", "false_positive", "unclear", "escalate"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Draft {
  verdict: Verdict;
  kind: FraudKind | "";
  reason: string;
}

/** What is missing before a verdict may be sent: "kind", "reason", or nothing. Every act says why. */
export function missing(draft: Draft): "kind" | "reason" | undefined {
  if (draft.verdict === "fraud" && !draft.kind) return "kind";
  return draft.reason.trim() ? undefined : "reason";
}

/** Where a verdict goes, and what is sent there. */
export function stepOf(draft: Draft): { step: "close" | "escalate"; body: Record<string, unknown> } {
  const reason = draft.reason.trim();
  if (draft.verdict === "escalate") return { step: "escalate", body: { text: reason } };
  const disposition: Disposition = draft.verdict;
  return { step: "close", body: { disposition, reason, ...(disposition === "fraud" ? { kind: draft.kind } : {}) } };
}
