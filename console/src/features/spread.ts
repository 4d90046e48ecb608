// What the bars say of how a feature is distributed.
import type { Schemas } from "../api/types";

export type Spread = Schemas["Spread"];
export type Bar = Spread["bars"][number];
/** The share of fraud among the decisions that are known; undefined where none is. */
export function shareOf({ frauds, goods }: Pick<Bar, "frauds" | "goods">): number | undefined {
  return frauds + goods ? frauds / (frauds + goods) : undefined;
}

const Z95 = 1.96;
/** So many decisions of a bar must be known before it is spoken of. */
const LEAST_KNOWN = 20;

/** What the share of fraud is at least, with 95 % confidence (Wilson 1927). */
export function atLeast({ frauds, goods }: Pick<Bar, "frauds" | "goods">): number {
  const n = frauds + goods;
  if (!n) return 0;
  const [share, z2] = [frauds / n, Z95 * Z95];
  return (share + z2 / (2 * n) - Z95 * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
}

/** The bar whose share of fraud is surely the largest, where it is surely larger than that of all. */
export function worstOf(spread: Spread): { bar: Bar; share: number; whole: number } | undefined {
  const whole = shareOf(spread);
  const [worst] = spread.bars.filter((bar) => bar.frauds + bar.goods >= LEAST_KNOWN).sort((a, b) => atLeast(b) - atLeast(a));
  if (!whole || !worst || atLeast(worst) <= whole) return undefined;
  return { bar: worst, share: shareOf(worst) ?? 0, whole };
}

/** The condition of decisions in a bar, as a rule says it; undefined for what a rule cannot compare so. `last`: nothing lies above. */
export function conditionOf(name: string, value: string, bar: Bar, last: boolean): string | undefined {
  const whole = value === "int" || value === "duration";
  const said = (edge: number) => {
    const number = String(whole ? Math.ceil(edge) : Number(edge.toPrecision(9)));
    return value === "duration" ? `"${number}ms"` : number;
  };
  if (value === "bool") return bar.low ? name : `not ${name}`;
  if (value !== "int" && value !== "fixed" && value !== "float" && value !== "duration") return undefined;
  if (bar.low === bar.high) return `${name} == ${said(bar.low)}`;
  return last ? `${name} >= ${said(bar.low)}` : `${name} >= ${said(bar.low)} and ${name} < ${said(bar.high)}`;
}
