// Many cases at once: which are chosen, what the server is asked to do with them, what it said.
import type { CasesDone, FraudKind } from "../api/types";

/** How many cases the server changes at once. */
export const MOST = 1_000;

/** What can be done with many cases, and the key of each: those of one case. */
export const ACTS = [
  { act: "claim", keys: "a" },
  { act: "assign", keys: "d" },
  { act: "note", keys: "n" },
  { act: "fraud", keys: "1" },
  { act: "false_positive", keys: "2" },
  { act: "unclear", keys: "3" },
  { act: "escalate", keys: "4" },
] as const;
export type ManyAct = (typeof ACTS)[number]["act"];

export interface Given {
  reason: string;
  /** To whom; "" is nobody, undefined is not said yet. */
  to?: string | undefined;
  kind?: FraudKind | "";
}

export type Because = CasesDone["because"][number];

/** What was done at last: how many, which not and why. */
export interface Told {
  act: ManyAct;
  done: number;
  because: Because[];
}

const isClosing = (act: ManyAct) => act === "fraud" || act === "false_positive" || act === "unclear";

/** What asks how many cases would change. */
export function counting(act: ManyAct, cases: readonly number[]) {
  return { do: isClosing(act) ? "close" : act, cases, dry_run: true };
}

/** What does it. */
export function doing(act: ManyAct, cases: readonly number[], given: Given) {
  return {
    ...counting(act, cases),
    dry_run: false,
    text: given.reason,
    ...(act === "assign" ? { to: given.to ?? "" } : {}),
    ...(isClosing(act) ? { disposition: act } : {}),
    ...(act === "fraud" ? { kind: given.kind ?? "" } : {}),
  };
}

/** What is missing besides the reason. */
export function lacking(act: ManyAct, given: Omit<Given, "reason">, count: number | undefined): "counting" | "none" | "kind" | "to" | undefined {
  if (act === "fraud" && !given.kind) return "kind";
  if (act === "assign" && given.to === undefined) return "to";
  if (count === undefined) return "counting";
  return count ? undefined : "none";
}

/** The chosen ones with this one, or without it. */
export function toggled(chosen: ReadonlySet<number>, number: number): ReadonlySet<number> {
  const next = new Set(chosen);
  if (!next.delete(number)) next.add(number);
  return next;
}

/** The chosen ones and every row from one place to another. */
export function reached(chosen: ReadonlySet<number>, rows: readonly number[], from: number, to: number): ReadonlySet<number> {
  return new Set([...chosen, ...rows.slice(Math.min(from, to), Math.max(from, to) + 1)]);
}

/** Reasons that were told at different times, each once with all its cases. */
export function together(...told: readonly (readonly Because[])[]): Because[] {
  const found = new Map<string, Because>();
  for (const each of told.flat()) {
    const known = found.get(each.en);
    found.set(each.en, { ...each, cases: [...(known?.cases ?? []), ...each.cases] });
  }
  return [...found.values()];
}
