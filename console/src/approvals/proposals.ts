// What waits for a second pair of eyes: which proposals a tab asks for, and which steps whoever is here may take.
import type { Query } from "../api/http";
import type { Proposal } from "../api/types";
import { zh, type Key } from "../words/zh";

export const TABS = ["waiting", "owed", "running", "drafts", "ended"] as const;
export type Tab = (typeof TABS)[number];

const STATES: Record<Tab, string> = {
  waiting: "submitted",
  owed: "",
  running: "approved,doing,shadow,percentage",
  drafts: "draft",
  ended: "done,failed,refused,withdrawn,stopped",
};

/** The tab of an address; what is none is the first. */
export function tabIn(text: string | null): Tab {
  return TABS.find((each) => each === text) ?? "waiting";
}

/** What the API is asked for a tab. */
export function proposalsQuery(tab: Tab, before?: number): Query {
  return { state: STATES[tab], owed: tab === "owed", before, limit: 50 };
}

export const STEPS = ["approve", "refuse", "review", "advance", "submit", "withdraw", "stop", "emergency"] as const;
export type Step = (typeof STEPS)[number];

/** Steps that stand apart: they end something, or go past somebody. */
export const RISKY: readonly Step[] = ["refuse", "stop", "emergency"];

/** Steps that are refused without a reason. */
export const NEEDS_REASON: readonly Step[] = ["refuse", "review", "emergency"];

const MAY: Record<Step, string> = { approve: "approve", refuse: "approve", review: "approve", advance: "approve", stop: "rollback", submit: "propose", emergency: "propose", withdraw: "propose" };
const OPEN: Record<Step, { states: readonly string[]; own?: boolean }> = {
  approve: { states: ["submitted"], own: false },
  refuse: { states: ["submitted", "approved"], own: false },
  review: { states: [], own: false },
  advance: { states: ["shadow", "percentage"], own: false },
  stop: { states: ["shadow", "percentage"] },
  submit: { states: ["draft"], own: true },
  emergency: { states: ["draft", "submitted"], own: true },
  withdraw: { states: ["draft", "submitted"], own: true },
};

type Known = Pick<Proposal, "state" | "by" | "review_owed">;

/** The steps that `who` ("person:NAME") may take now; the server decides, this spares refusals. */
export function stepsOf(proposal: Known, who: string, may: (permission: string) => boolean): Step[] {
  const mine = proposal.by === who;
  return STEPS.filter((step) => {
    const { states, own } = OPEN[step];
    const there = step === "review" ? proposal.review_owed === true : states.includes(proposal.state);
    return there && (own === undefined || own === mine) && may(MAY[step]);
  });
}

/** Whether only the four eyes stand between whoever is here and an approval. */
export function ownEyes(proposal: Known, who: string, may: (permission: string) => boolean): boolean {
  return proposal.by === who && may("approve") && (proposal.state === "submitted" || proposal.state === "shadow" || proposal.state === "percentage" || proposal.review_owed === true);
}

/** Changes of a policy by the part they are about, in their order. */
export function bySection<T extends { section: string }>(changes: readonly T[]): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const each of changes) found.set(each.section, [...(found.get(each.section) ?? []), each]);
  return [...found];
}

/** The word for a part of a policy; "other" where it has none. */
export function sectionKey(section: string): Key {
  const key = `section.${section}`;
  return key in zh ? (key as Key) : "section.other";
}
