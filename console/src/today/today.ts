// The day's figures: how near deadlines are, how the mix of outcomes moved.
import type { MetricLine, Queue } from "../api/types";
import { leftOf } from "../queue/queue";

export interface Mixed {
  outcome: string;
  count: number;
  share: number;
  /** The share a week before; undefined where nothing was decided then. */
  before: number | undefined;
  money: number;
}

const number = (value: unknown) => (typeof value === "number" ? value : 0);

/** Outcomes with their share now and before, in the order that is given; those that were only before are there too. */
export function mixOf(lines: readonly MetricLine[], total: MetricLine, order: readonly string[]): Mixed[] {
  const all = number(total["decisions"]);
  const allBefore = number((total["before"] as MetricLine | undefined)?.["decisions"]);
  return order.flatMap((outcome) => {
    const line = lines.find((each) => each["outcome"] === outcome);
    if (!line) return [];
    const count = number(line["decisions"]);
    const before = number((line["before"] as MetricLine | undefined)?.["decisions"]);
    return [{ outcome, count, share: all ? count / all : 0, before: allBefore ? before / allBefore : undefined, money: number(line["money"]) }];
  });
}

/** All queues together. */
export function sumOf(queues: readonly Pick<Queue, "open" | "free" | "overdue" | "money">[]): { open: number; free: number; overdue: number; money: number } {
  const sum = (of: "open" | "free" | "overdue" | "money") => queues.reduce((all, each) => all + each[of], 0);
  return { open: sum("open"), free: sum("free"), overdue: sum("overdue"), money: sum("money") };
}

/** How many deadlines end within the hour and are not past. */
export function soonOf(deadlines: readonly (string | null)[], now: number): number {
  return deadlines.filter((each) => leftOf(each, now)?.hurry === "soon").length;
}
