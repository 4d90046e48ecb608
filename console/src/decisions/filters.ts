// Filters of the list of decisions: what stands in the address of the page, and what the API is asked.
import type { Query } from "../api/http";

export const NAMES = ["type", "outcome", "reason", "rule", "min_score", "since", "until", "differing", "of", "where"] as const;
export type FilterName = (typeof NAMES)[number];
export type Filters = Partial<Record<FilterName, string>>;

/** The filters in the parameters of an address; what is no filter is left alone. */
export function filtersIn(parameters: URLSearchParams): Filters {
  const found: Filters = {};
  for (const name of NAMES) {
    const value = parameters.get(name)?.trim();
    if (value) found[name] = value;
  }
  return found;
}

/** The parameters with one filter changed ("" takes it away). */
export function withFilter(parameters: URLSearchParams, name: FilterName, value: string): URLSearchParams {
  const next = new URLSearchParams(parameters);
  if (value) next.set(name, value);
  else next.delete(name);
  return next;
}

/** A local time of a field (2025-09-17T14:46) as the API takes it; "" for none. */
export function instant(local: string): string {
  const when = new Date(local);
  return local && !Number.isNaN(when.getTime()) ? when.toISOString() : "";
}

/** What the API is asked. */
export function queryOf(filters: Filters): Query {
  const { since, until, differing, ...rest } = filters;
  return { ...rest, since: since ? instant(since) : "", until: until ? instant(until) : "", differing: differing === "true" };
}

/** Some of a list of names with one put in or taken out. */
export function toggled(list: string | undefined, name: string): string {
  const names = (list ?? "").split(",").filter(Boolean);
  return (names.includes(name) ? names.filter((each) => each !== name) : [...names, name]).join(",");
}

/** "customer:c1" when a text names an entity of the policy and a value, else "". */
export function aboutOf(text: string, entities: readonly string[]): string {
  const [entity = "", ...rest] = text.trim().split(/[:：]/);
  const value = rest.join(":").trim();
  return value && entities.includes(entity) ? `${entity}:${value}` : "";
}
