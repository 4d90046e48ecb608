// Backtests: which versions there are to choose from, what a difference means, which examples belong to a cell.
import type { Backtest, BacktestEstimate, Proposal, Study, Versions } from "../api/types";

const DAY_MS = 86_400_000;
const BACK_DAYS = 30;
export const DAY_FIGURES = ["fraud_caught", "fraud_missed", "fraud_money_missed", "good_stopped", "good_declined", "reviews"] as const;
export type DayFigure = (typeof DAY_FIGURES)[number];

export interface Choice {
  hash: string;
  name: string;
  /** Number of the newest release of it; undefined for what was only proposed. */
  release?: number;
  at?: string | null;
  proposal?: { number: number; title: string };
}

/** Every version that can be tried, once, newest release first, then what is proposed. */
export function choicesOf(versions: Versions["policies"], proposals: readonly Proposal[]): Choice[] {
  const found = new Map<string, Choice>();
  for (const each of versions) {
    if (!each.policy || found.has(each.policy) || each.kept === false || each.next_policy) continue;
    found.set(each.policy, { hash: each.policy, name: each.name ?? "", release: each.number, at: each.at ?? null });
  }
  for (const each of proposals) {
    if (each.kind !== "policy" || !each.policy) continue;
    const proposal = { number: each.number, title: each.title };
    const known = found.get(each.policy);
    if (known) known.proposal ??= proposal;
    else found.set(each.policy, { hash: each.policy, name: each.name ?? "", proposal });
  }
  return [...found.values()];
}

/** Only backtests, of all studies. */
export function backtestsOf(studies: readonly Study[]): Study[] {
  return studies.filter((each) => each.kind === "backtest");
}

/** How many run or wait before one that would be begun now. */
export function ahead(studies: readonly Study[]): number {
  return studies.filter(runs).length;
}

export function runs(study: Pick<Study, "state">): boolean {
  return study.state === "running" || study.state === "waiting";
}

export type Verdict = "better" | "worse" | "rises" | "falls" | "chance" | "alike" | "few" | "unknown";

/** What a difference means, by its interval. `better`: 1 when more is better, -1 when less is, 0 when neither. */
export function verdictOf(found: BacktestEstimate, better: number): Verdict {
  const { difference, low, high } = found;
  if (difference === null) return "unknown";
  if (low === null || high === null) return "few";
  if (difference === 0 && low === 0 && high === 0) return "alike";
  if (low <= 0 && high >= 0) return "chance";
  if (better === 0) return low > 0 ? "rises" : "falls";
  return (low > 0) === (better > 0) ? "better" : "worse";
}

export interface Bar {
  from: number;
  to: number;
  at: number;
}

/** Where an interval lies on a line from -1 to 1 with zero in the middle; undefined where there is none. */
export function barOf({ difference, low, high }: BacktestEstimate): Bar | undefined {
  if (difference === null || low === null || high === null) return undefined;
  const most = Math.max(Math.abs(low), Math.abs(high), Math.abs(difference));
  return most === 0 ? { from: 0, to: 0, at: 0 } : { from: low / most, to: high / most, at: difference / most };
}

export interface Cell {
  from: string;
  to: string;
}

/** "review>pass" of an address as a cell. */
export function cellIn(text: string | null, outcomes: readonly string[]): Cell | undefined {
  const [from = "", to = "", rest] = (text ?? "").split(">");
  return rest === undefined && outcomes.includes(from) && outcomes.includes(to) ? { from, to } : undefined;
}

/** The examples of a cell; all without one. */
export function examplesIn(examples: Backtest["examples"], cell: Cell | undefined): Backtest["examples"] {
  return cell ? examples.filter((each) => each.live.outcome === cell.from && each.candidate.outcome === cell.to) : examples;
}

/** Outcomes that any decision has in one of both versions, in the order of severity. */
export function outcomesIn({ outcomes, events }: Backtest["matrix"]): string[] {
  return outcomes.filter((_, at) => events[at]?.some(Boolean) || events.some((row) => row[at]));
}

/** The day of 30 days before the newest decision, as a field for dates holds it; "" when nothing is known of it. */
export function firstDay(newest: string | null | undefined): string {
  const at = Date.parse(newest ?? "");
  return Number.isNaN(at) ? "" : new Date(at - BACK_DAYS * DAY_MS).toISOString().slice(0, 10);
}

/** Points by day of both versions; null where labels are needed and none has arrived. */
export function linesOf(days: Backtest["days"], figure: DayFigure): { live: [number, number | null][]; candidate: [number, number | null][] } {
  const points = (side: "live" | "candidate") => days.map((day): [number, number | null] => [Date.parse(`${day.date}T00:00:00Z`), day[figure][side]]);
  return { live: points("live"), candidate: points("candidate") };
}

/** The figure that is drawn: the chosen one, else the first that any day knows of. */
export function figureIn(chosen: string | null, days: Backtest["days"]): DayFigure {
  return DAY_FIGURES.find((each) => each === chosen) ?? DAY_FIGURES.find((each) => days.some((day) => day[each].live !== null)) ?? "reviews";
}
