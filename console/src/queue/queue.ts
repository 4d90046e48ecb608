// The work that waits: what stands in the address of the page, how near a deadline is.
import type { Query } from "../api/http";

export const ORDERS = ["priority", "deadline", "money", "newest"] as const;
export const WHOSE = ["", "none", "me"] as const;

/** What the API is asked for the page with these parameters. */
export function casesQuery(parameters: URLSearchParams, after?: string): Query {
  const some = (name: string) => parameters.get(name) ?? "";
  return { queue: some("queue"), state: some("state") || "open", assignee: some("assignee"), order: some("order") || "priority", overdue: some("overdue") === "true", entity: some("entity"), after, limit: 50 };
}

/** How a deadline stands: milliseconds left (below 0: past), and how much of a hurry that is. */
export function leftOf(deadline: string | null, now: number): { left: number; hurry: "past" | "soon" | "later" } | undefined {
  if (!deadline) return undefined;
  const left = Date.parse(deadline) - now;
  return { left, hurry: left < 0 ? "past" : left < 3_600_000 ? "soon" : "later" };
}

/** The name of a person as journals write it. */
export const nameOf = (who: string | null | undefined) => (who ?? "").replace(/^person:/, "");
