// New decisions put before those that are shown.
import type { DecisionPage } from "../api/types";

interface Held<T> {
  pages: DecisionPage[];
  pageParams: T[];
}

/** The list with what came since at its begin; what stands there already does not stand there twice. */
export function withFresh<T>(held: Held<T>, fresh: DecisionPage): Held<T> {
  const [first, ...rest] = held.pages;
  if (!first) return held;
  const known = new Set(first.decisions.map((each) => each.position));
  const decisions = [...fresh.decisions.filter((each) => !known.has(each.position)), ...first.decisions];
  const counted = { looked: first.looked + fresh.looked, unknown: first.unknown + fresh.unknown };
  return { ...held, pages: [{ ...first, ...counted, decisions, position: Math.max(first.position, fresh.position) }, ...rest] };
}
