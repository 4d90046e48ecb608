// What happened to one entity, made into one list: decisions, facts, labels, changes of lists, cases; and what of it a moment and a kind leave.
import type { Case, ListedDecision, Subject, TimelineEntry } from "../api/types";

export const KINDS = ["all", "decision", "fact", "label", "list", "case"] as const;
export type Kind = (typeof KINDS)[number];

export interface Entry {
  key: string;
  kind: Exclude<Kind, "all">;
  time: number;
  told?: Told;
  case?: Case;
  closed?: boolean;
}

/** An entry of the timeline as the server tells it; what each kind has beside its time. */
export interface Told extends TimelineEntry {
  id?: string;
  type?: string;
  outcome?: string;
  enforced?: string;
  score?: number;
  reasons?: string[];
  went_on?: { outcome: string }[];
  event?: string;
  fraud?: boolean;
  reason?: string;
  author?: string;
  list?: string;
  op?: string;
  rule?: string;
  until?: string;
}

/** Entries of the timeline and cases as one list, newest first. `whole`: whether the timeline has no older page; a case from before the oldest
 * entry is told only then, since something older may come in between. */
export function joined(told: readonly TimelineEntry[], cases: readonly Case[], whole: boolean): Entry[] {
  const found = told.map(entryOf);
  const oldest = Math.min(...found.map((each) => each.time));
  const about = cases.flatMap((each) => [
    ...(each.opened ? [{ key: `case ${each.number}`, kind: "case" as const, time: Date.parse(each.opened), case: each, closed: false }] : []),
    ...(each.closed ? [{ key: `case ${each.number} closed`, kind: "case" as const, time: Date.parse(each.closed), case: each, closed: true }] : []),
  ]);
  return [...found, ...about.filter((each) => whole || each.time >= oldest)].sort((a, b) => b.time - a.time);
}

function entryOf(each: TimelineEntry): Entry {
  const told = each as Told;
  const kind = each.kind === "event" ? (told.outcome ? "decision" : "fact") : each.kind === "label" ? "label" : "list";
  return { key: `${each.position}`, kind, time: Date.parse(each.time), told };
}

/** What a kind and a moment (undefined: now) leave. */
export function shownOf(entries: readonly Entry[], kind: Kind, moment?: number): Entry[] {
  return entries.filter((each) => (kind === "all" || each.kind === kind) && (moment === undefined || each.time <= moment));
}

/** Where an entry leads; "" nowhere. */
export function leadsTo(entry: Entry): string {
  if (entry.case) return `/cases/${entry.case.number}`;
  const told = entry.told;
  if (entry.kind === "decision" && told?.id) return `/decisions/${encodeURIComponent(told.id)}`;
  if (told?.kind === "label" && told.event) return `/decisions/${encodeURIComponent(told.event)}`;
  return told?.list ? `/lists/${encodeURIComponent(told.list)}` : "";
}

/** What a decision came to in the end, after it waited. */
export function lastOutcome(told: Told): string {
  return told.went_on?.at(-1)?.outcome ?? told.outcome ?? "";
}

export function counts(entries: readonly Entry[]): { decisions: number; declined: number; reviewed: number; frauds: number; lists: number } {
  const decisions = entries.filter((each) => each.kind === "decision");
  const came = (outcome: string) => decisions.filter((each) => each.told && lastOutcome(each.told) === outcome).length;
  return {
    decisions: decisions.length,
    declined: came("decline"),
    reviewed: came("review"),
    frauds: entries.filter((each) => each.kind === "label" && each.told?.fraud).length,
    lists: entries.filter((each) => each.kind === "list").length,
  };
}

/** The newest event that names the entity, and how: its fields, what is shown of its value. */
export function namedIn(decisions: readonly ListedDecision[], entity: string, code: string): { event: string; fields: string[]; shown: string } | undefined {
  const own = (each: Subject) => each.entity === entity && each.code === code;
  const event = decisions.find((each) => each.subjects.some(own));
  const subjects = event?.subjects.filter(own) ?? [];
  return event && subjects[0] ? { event: event.id, fields: subjects.map((each) => each.field), shown: subjects[0].shown } : undefined;
}

/** A duration in its two largest units; what else is said of a feature as it is. */
export function inShort(feature: { type: string; missing: boolean }, said: string): string {
  return feature.type === "duration" && !feature.missing ? said.split(" ").slice(0, 4).join(" ") : said;
}

/** As what the network knows it: "person", or a field that links; "" when it does not. */
export function nodeKind(fields: readonly string[], vocabulary: { person: string | null; links: readonly string[] }): string {
  if (vocabulary.person && fields.includes(vocabulary.person)) return "person";
  return fields.find((each) => vocabulary.links.includes(each)) ?? "";
}
