// How a feature is distributed over the last 30 days: asked as a stream, and what its bars say.
import { useEffect, useState } from "react";
import { lines, Refused } from "../api/http";
import type { Schemas } from "../api/types";

export type Spread = Schemas["Spread"];
export type Bar = Spread["bars"][number];
type Line = Schemas["SpreadLine"];

export interface Spreading {
  busy: boolean;
  progress?: { stage: "record" | "decide"; done: number };
  spread?: Spread;
  failed?: { en: string; zh: string };
}

/** Asks when the feature is opened, and again with every further `round`; leaving, or round 0, takes the question back. */
export function useSpread(name: string, round: number): Spreading {
  const asked = `${round} ${name}`;
  const [found, setFound] = useState<Spreading & { of: string }>({ busy: true, of: "" });
  useEffect(() => {
    if (!round) return undefined;
    const stop = new AbortController();
    const keep = (more: Partial<Spreading>) => !stop.signal.aborted && setFound((before) => ({ ...(before.of === asked ? before : { busy: true }), ...more, of: asked }));
    const ask = async () => {
      try {
        await lines<Line>(`/v1/features/${encodeURIComponent(name)}/spread`, undefined, (line) => {
          if (line.kind === "spread") keep({ spread: line });
          else if (line.kind === "progress") keep({ progress: line });
          else keep({ failed: line });
        }, stop.signal);
        keep({ busy: false });
      } catch (failed) {
        if (failed instanceof Refused) keep({ failed: failed.words, busy: false });
        else if (!stop.signal.aborted) throw failed;
      }
    };
    void ask();
    return () => stop.abort();
  }, [asked, name, round]);
  if (!round) return { busy: false };
  return found.of === asked ? found : { busy: true };
}

/** So many decisions of a bar must be known to be fraud or good before its share of fraud is spoken of. */
const LEAST_KNOWN = 20;

/** The share of fraud among the decisions of a bar that are known; undefined where none is. */
export function shareOf(bar: Pick<Bar, "frauds" | "goods">): number | undefined {
  const known = bar.frauds + bar.goods;
  return known ? bar.frauds / known : undefined;
}

/** The bar with the largest share of fraud, where that is more than anywhere. */
export function worstOf(spread: Spread): { bar: Bar; share: number; whole: number } | undefined {
  const whole = shareOf(spread);
  if (!whole) return undefined;
  const ranked = spread.bars
    .filter((bar) => bar.frauds + bar.goods >= LEAST_KNOWN)
    .map((bar) => ({ bar, share: shareOf(bar) ?? 0, whole }))
    .sort((a, b) => b.share - a.share);
  const worst = ranked[0];
  return worst && worst.share > whole ? worst : undefined;
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
