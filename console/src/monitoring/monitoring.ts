// The cube explorer: what stands in the address of the page, what the API is asked, and the list of decisions behind a line.
import { address, type Query } from "../api/http";
import type { MetricLine, MetricNames } from "../api/types";

export const TABLES = ["decisions", "rules", "models"] as const;
export type Table = (typeof TABLES)[number];
export const RANGES = ["1h", "6h", "24h", "7d", "30d", "90d"] as const;
export const AGAINST = ["", "1d", "7d", "28d"] as const;
const OWN: Record<string, Table> = { rule: "rules", model: "models" };
/** Measures that the table beside the chart shows besides the chosen one. */
const BESIDE: Record<Table, readonly string[]> = {
  decisions: ["decisions", "money", "stopped_share", "stopped_money"],
  rules: ["hits", "hit_money", "quiet", "errors"],
  models: ["scored", "model_score"],
};
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Single minutes are kept for eight days. */
const MINUTES_MS = 8 * DAY;
const SHORT_MS = 2 * DAY;
const LINES = 6;
const ROWS = 100;

export interface View {
  measure: string;
  table: Table;
  by: string;
  where: string[];
  range: string;
  against: string;
  from: string;
  until: string;
}

/** What an address asks for; what it does not say, or says wrongly, is the first of what there is. */
export function viewIn(parameters: URLSearchParams, known: Pick<MetricNames, "measures" | "dimensions">): View {
  const measure = known.measures.find((each) => each.name === parameters.get("measure")) ?? known.measures[0];
  const table = (measure?.table ?? "decisions") as Table;
  const fits = (dimension: string) => known.dimensions.includes(dimension) && (OWN[dimension] ?? table) === table;
  const by = parameters.get("by") ?? "";
  return {
    measure: measure?.name ?? "decisions",
    table,
    by: by !== "time" && fits(by) ? by : "",
    where: parameters.getAll("where").filter((each) => fits(each.split(":")[0] ?? "")),
    range: RANGES.find((each) => each === parameters.get("range")) ?? "24h",
    against: AGAINST.find((each) => each === parameters.get("against")) ?? "7d",
    from: parameters.get("from") ?? "",
    until: parameters.get("until") ?? "",
  };
}

/** The dimensions that a measure can be split by. */
export function dimensionsOf(table: Table, known: readonly string[]): string[] {
  return known.filter((each) => each !== "time" && (OWN[each] ?? table) === table);
}

export interface Period {
  from: number;
  until: number;
  step: string;
  /** Whether it ends with the newest decision, because that is older than a day. */
  stale: boolean;
}

/** From when until when, in milliseconds; `newest`: when the newest decision was counted, if any was. */
export function periodOf(view: Pick<View, "range" | "from" | "until" | "against">, now: number, newest: number | undefined): Period {
  const stale = newest !== undefined && now - newest > DAY;
  const [from, until] = [Date.parse(view.from), Date.parse(view.until)];
  const oldest = (newest ?? now) - MINUTES_MS + (view.against ? millisecondsOf(view.against) : 0);
  if (from < until) return whole(from, until, oldest, false);
  const end = stale && newest !== undefined ? newest : now;
  return whole(end - millisecondsOf(view.range), end, oldest, stale);
}

/** Whole minutes, or whole hours where minutes are not needed, or not kept as long ago, `oldest` being the first that are. */
function whole(from: number, until: number, oldest: number, stale: boolean): Period {
  const old = Math.floor(from / 60_000) * 60_000 < oldest;
  const size = old || until - from > SHORT_MS ? HOUR : 60_000;
  const [start, end] = [Math.floor(from / size) * size, Math.ceil(until / size) * size];
  return { from: start, until: end, step: old && end - start <= 200 * HOUR ? "1h" : "", stale };
}

export function millisecondsOf(range: string): number {
  return Number.parseInt(range, 10) * (range.endsWith("d") ? DAY : HOUR);
}

/** Whether single minutes of a period that ended now, and of one so long before, are kept. */
export function keptFor(length: number, against: string): boolean {
  return length + millisecondsOf(against) <= MINUTES_MS - HOUR;
}

/** The offset of a zone as an address takes it: 480 minutes are +08:00. */
export function offsetOf(minutesEast: number): string {
  const size = Math.abs(minutesEast);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${minutesEast < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** The measure by time, the largest few lines of a dimension apart. Days begin in the reader's zone when it keeps whole hours. */
export function seriesQuery(view: View, period: Period): Query {
  const east = -new Date(period.until).getTimezoneOffset();
  return { measure: view.measure, by: view.by ? `time,${view.by}` : "time", ...asked(view, period), step: period.step, offset: east % 60 === 0 ? offsetOf(east) : "", top: LINES };
}

/** Every measure of the table as a total, and the chosen ones by the dimension. */
export function tableQuery(view: View, period: Period, names: readonly string[]): Query {
  const rest = names.filter((each) => each !== view.measure);
  return { measure: [view.measure, ...rest].join(","), by: view.by, ...asked(view, period), top: ROWS };
}

export function columnsOf(view: View): string[] {
  return [...new Set([view.measure, ...BESIDE[view.table]])];
}

function asked(view: View, period: Period): Query {
  return { where: view.where.join(","), from: new Date(period.from).toISOString(), until: new Date(period.until).toISOString(), against: view.against };
}

/** A moment as a field for date and time holds it, in the reader's zone. */
export function localOf(ms: number): string {
  const when = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return when.toISOString().slice(0, 16);
}

const LISTED: Record<string, string> = { outcome: "outcome", stage: "type", rule: "rule" };

/** The page with the decisions behind a line; "" where that list knows no such filter. */
export function behind(view: Pick<View, "where" | "by">, period: Period, value?: string | null): string {
  const found: Query = { since: localOf(period.from), until: localOf(period.until) };
  const chosen = [...view.where, ...(view.by && value !== undefined ? [`${view.by}:${value ?? ""}`] : [])];
  for (const each of chosen) {
    const at = each.indexOf(":");
    const [name, text] = [LISTED[each.slice(0, at)], each.slice(at + 1)];
    if (!name || !text) return "";
    if (name === "rule" && found["rule"] && found["rule"] !== text) return "";
    found[name] = found[name] && found[name] !== text ? `${String(found[name])},${text}` : text;
  }
  return address("/decisions", found);
}

/** The change against before, as a share of it; undefined where there is none to tell. */
export function changeOf(now: unknown, before: unknown): number | undefined {
  if (typeof now !== "number" || typeof before !== "number" || before === 0) return undefined;
  return now / before - 1;
}

/** Measures of which nothing is zero; of the others, shares and means, nothing is no figure. */
export function counts(measure: string): boolean {
  return !measure.endsWith("share") && !measure.endsWith("score");
}

/** Every step between the first and the last of some times, by the least distance between two. */
export function stepsOf(times: readonly number[]): number[] {
  const sorted = [...new Set(times)].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const least = Math.min(...sorted.slice(1).map((each, at) => each - (sorted[at] ?? 0)));
  if (first === undefined || last === undefined || !Number.isFinite(least) || (last - first) / least > 10_000) return sorted;
  const all = Array.from({ length: Math.round((last - first) / least) + 1 }, (_, at) => first + at * least);
  return sorted.every((each) => (each - first) % least === 0) ? all : sorted;
}

/** The lines of an answer by time as one list of points for each value of the dimension; where there is no line, zero or null. */
export function seriesOf(lines: readonly MetricLine[], measure: string, by: string): { name: string | null; points: [number, number | null][]; before: [number, number | null][] }[] {
  const times = stepsOf(lines.map((each) => Date.parse(String(each["time"]))));
  const none = counts(measure) ? 0 : null;
  const found = new Map<string | null, Map<number, MetricLine>>();
  for (const line of lines) {
    const name = by ? ((line[by] ?? null) as string | null) : "";
    const points = found.get(name) ?? new Map<number, MetricLine>();
    points.set(Date.parse(String(line["time"])), line);
    found.set(name, points);
  }
  const number = (value: unknown) => (typeof value === "number" ? value : null);
  const size = (points: Map<number, MetricLine>) => [...points.values()].reduce((sum, line) => sum + (number(line[measure]) ?? 0), 0);
  const ordered = [...found].sort(([a, one], [b, other]) => Number(a === null) - Number(b === null) || size(other) - size(one));
  return ordered.map(([name, points]) => ({
    name,
    points: times.map((time) => [time, points.has(time) ? number(points.get(time)?.[measure]) : none]),
    before: times.map((time) => [time, number((points.get(time)?.["before"] as Record<string, unknown> | undefined)?.[measure])]),
  }));
}

/** Versions that were released within a period, oldest first. */
export function releasesIn(versions: readonly { number: number; at?: string | null }[], period: { from: number; until: number }): { number: number; time: number }[] {
  return versions
    .map(({ number, at }) => ({ number, time: Date.parse(at ?? "") }))
    .filter(({ time }) => time >= period.from && time < period.until)
    .sort((a, b) => a.time - b.time);
}
