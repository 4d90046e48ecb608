// The audit: which entries a view asks for, and how an entry's parts read.
import type { Query } from "../api/http";
import type { AuditEntry } from "../api/types";

export const VIEWS = ["all", "reveals", "proposals", "people", "cases"] as const;
export type View = (typeof VIEWS)[number];
const VERBS: Record<View, string> = { all: "", reveals: "vault.reveal", proposals: "proposal.", people: "person.", cases: "case." };
const VERB = /^[a-z_]+(\.[a-z_]*)?$/;

/** What the API is asked for the page with these parameters. */
export function auditQuery(parameters: URLSearchParams, before?: number): Query {
  const view = VIEWS.find((each) => each === parameters.get("view")) ?? "all";
  const by = (parameters.get("by") ?? "").trim();
  const verb = (parameters.get("verb") ?? "").trim();
  return { about: (parameters.get("about") ?? "").trim(), by: by && !by.includes(":") && by !== "system" ? `person:${by}` : by, verb: VERB.test(verb) ? verb : VERBS[view], before, limit: 100 };
}

/** Where what an entry is about can be seen; "" where nowhere. */
export function placeOf(entry: Pick<AuditEntry, "about" | "verb">): string {
  const [kind = "", ...rest] = entry.about.split("/");
  const name = rest.join("/");
  if (kind === "proposal" && /^\d+$/.test(name)) return `/approvals/${name}?tab=ended`;
  if (kind === "case" && /^\d+$/.test(name)) return `/cases/${name}`;
  if (entry.verb === "vault.reveal" && entry.about && !entry.about.endsWith(" events")) return `/decisions/${encodeURIComponent(entry.about)}`;
  return "";
}

/** The parts of a detail as text, one by one; lists and objects as JSON. */
export function partsOf(detail: Record<string, unknown>): [string, string][] {
  return Object.entries(detail).filter(([, value]) => value !== "").map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}
