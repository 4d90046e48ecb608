// What was found, counted: by outcome, event type, rule, reason, whom it is about, and by hour or day.
import type { ListedDecision } from "../api/types";

const TOP = 5;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer spans are counted by day. */
const HOURS_MS = 2 * DAY_MS;
const BARS = 60;

export interface Line {
  name: string;
  n: number;
  money: number;
}

/** How many decisions have each of what `of` names, most first; `top`: at most so many. */
export function countedBy(rows: readonly ListedDecision[], of: (row: ListedDecision) => readonly string[], top = TOP): Line[] {
  const found = new Map<string, Line>();
  for (const row of rows)
    for (const name of new Set(of(row))) {
      const line = found.get(name) ?? { name, n: 0, money: 0 };
      found.set(name, { name, n: line.n + 1, money: line.money + (row.amount?.minor ?? 0) });
    }
  return [...found.values()].sort((a, b) => b.n - a.n || a.name.localeCompare(b.name)).slice(0, top);
}

export interface Bar {
  at: number;
  n: number;
}

/** How many decisions lie in each hour, or day (in the reader's zone), from the first to the last; steps without any are there too. */
export function barsOf(rows: readonly ListedDecision[], offsetMs = -new Date().getTimezoneOffset() * 60_000): { step: "hour" | "day"; bars: Bar[] } {
  const times = rows.map((row) => Date.parse(row.time)).filter((time) => !Number.isNaN(time));
  if (times.length === 0) return { step: "hour", bars: [] };
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const step = last - first > HOURS_MS ? "day" : "hour";
  const size = step === "day" ? DAY_MS : HOUR_MS;
  const begin = (time: number) => Math.floor((time + offsetMs) / size) * size - offsetMs;
  const counts = new Map<number, number>();
  for (const time of times) counts.set(begin(time), (counts.get(begin(time)) ?? 0) + 1);
  const count = Math.round((begin(last) - begin(first)) / size) + 1;
  const from = count > BARS ? count - BARS : 0;
  return { step, bars: Array.from({ length: count - from }, (_, number) => begin(first) + (from + number) * size).map((at) => ({ at, n: counts.get(at) ?? 0 })) };
}
