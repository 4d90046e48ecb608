// Arms of an experiment: what each is called, the figures that count them, what can be said of one against another.
import type { Arm, Arms, Experiment } from "../api/types";
import { verdictOf, type Verdict } from "./backtests";
import type { Line } from "./figures";

/** FLOW/NODE, as the address holds it. */
export function placeOf(each: Pick<Experiment, "flow" | "node">): string {
  return `${each.flow}/${each.node}`;
}

/** The one that an address asks for; the first where it asks for none. */
export function askedOf(experiments: readonly Experiment[], asked: string): Experiment | undefined {
  return asked ? experiments.find((each) => placeOf(each) === asked) : experiments[0];
}

/** The figures of an arm and of the one it is held against. */
export function linesOf(arm: Arm): Line[] {
  return arm.differences.map(({ arm: candidate, base: live, difference, low, high, ...words }) => ({ ...words, found: { live, candidate, difference, low, high } }));
}

/** Figures that are surely better, worse, or only otherwise. How often labels come says nothing of an arm. */
export function saidOf(lines: readonly Line[]): Record<"better" | "worse" | "moved", Line[]> {
  const of = (...verdicts: Verdict[]) => lines.filter((each) => each.name !== "label_rate" && verdicts.includes(verdictOf(each.found, each.better)));
  return { better: of("better"), worse: of("worse"), moved: of("rises", "falls") };
}

/** Whether nothing can be said yet: no figure has an interval. */
export function tooFew(lines: readonly Line[]): boolean {
  return lines.every(({ found }) => found.low === null);
}

/** Whether labels of the two come at different rates. */
export function labelsDiffer(lines: readonly Line[]): boolean {
  return lines.some((each) => each.name === "label_rate" && ["rises", "falls"].includes(verdictOf(each.found, each.better)));
}

/** Share of different keys that an arm really has; null without any. */
export function shareOf({ split }: Pick<Arms, "split">, at: number): number | null {
  const all = split.keys.reduce((sum, each) => sum + each, 0);
  return all ? (split.keys[at] ?? 0) / all : null;
}

/** A probability as people read it. */
export function probability(p: number, number: (value: number, digits: number) => string): string {
  return p < 0.0001 ? "< 0.0001" : `= ${number(p, p < 0.01 ? 4 : 2)}`;
}
