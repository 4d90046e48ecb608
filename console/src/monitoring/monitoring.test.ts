import { describe, expect, it } from "vitest";
import { viewOf } from "./alerts";
import { behind, changeOf, columnsOf, dimensionsOf, localOf, offsetOf, periodOf, releasesIn, seriesOf, stepsOf, tableQuery, viewIn } from "./monitoring";

const known = {
  measures: [
    { name: "decisions", en: "", zh: "", table: "decisions", money: false },
    { name: "hits", en: "", zh: "", table: "rules", money: false },
  ],
  dimensions: ["time", "outcome", "channel", "rule", "model"],
} as Parameters<typeof viewIn>[1];
const HOUR = 3_600_000;

describe("the cube explorer", () => {
  it("reads what it can of an address", () => {
    const view = viewIn(new URLSearchParams("measure=none&by=rule&where=channel:app&where=rule:x&range=1y"), known);
    expect(view).toMatchObject({ measure: "decisions", table: "decisions", by: "", where: ["channel:app"], range: "24h", against: "7d" });
    expect(viewIn(new URLSearchParams("measure=hits&by=rule"), known)).toMatchObject({ table: "rules", by: "rule" });
    expect(dimensionsOf("decisions", known.dimensions)).toEqual(["outcome", "channel"]);
    expect(columnsOf(view)).toEqual(["decisions", "money", "stopped_share", "stopped_money"]);
  });
  it("marks the versions that were released within a period, oldest first", () => {
    const versions = [{ number: 3, at: "2026-03-02T00:00:00Z" }, { number: 2, at: "2026-03-01T00:00:00Z" }, { number: 1, at: null }, { number: 4, at: "2026-03-03T00:00:00Z" }];
    const period = { from: Date.parse("2026-03-01T00:00:00Z"), until: Date.parse("2026-03-03T00:00:00Z") };
    expect(releasesIn(versions, period).map((each) => each.number)).toEqual([2, 3]);
  });
  it("ends a period now, or with the newest decision when that is long ago", () => {
    const now = Date.parse("2026-03-10T10:20:30Z");
    expect(periodOf({ range: "6h", from: "", until: "", against: "7d" }, now, now - HOUR)).toEqual({ from: Date.parse("2026-03-10T04:20:00Z"), until: Date.parse("2026-03-10T10:21:00Z"), step: "", stale: false });
    const old = Date.parse("2025-09-06T15:58:00Z");
    expect(periodOf({ range: "24h", from: "", until: "", against: "7d" }, now, old)).toMatchObject({ until: old, stale: true });
    expect(periodOf({ range: "30d", from: "", until: "", against: "" }, now, now).until % HOUR).toBe(0);
  });
  it("takes whole hours where minutes are no longer kept", () => {
    const now = Date.parse("2026-03-10T10:20:30Z");
    const period = periodOf({ range: "24h", from: "2026-01-01T00:10:00Z", until: "2026-01-01T05:10:00Z", against: "" }, now, now);
    const two = { range: "24h", from: "2026-03-09T00:10:00Z", until: "2026-03-09T05:10:00Z" };
    expect(periodOf({ ...two, against: "1d" }, now, now).step).toBe("");
    expect(periodOf({ ...two, against: "7d" }, now, now).step).toBe("1h");
    expect(period).toEqual({ from: Date.parse("2026-01-01T00:00:00Z"), until: Date.parse("2026-01-01T06:00:00Z"), step: "1h", stale: false });
  });
  it("asks the chosen measure first, so that lines stand by it", () => {
    const view = viewIn(new URLSearchParams("measure=hits&by=rule&against="), known);
    const query = tableQuery({ ...view, against: "" }, { from: 0, until: HOUR, step: "", stale: false }, ["errors", "hits"]);
    expect(query).toMatchObject({ measure: "hits,errors", by: "rule", from: "1970-01-01T00:00:00.000Z" });
  });
  it("leads to the decisions behind a line where their list can show them", () => {
    const period = { from: 0, until: HOUR, step: "", stale: false };
    expect(behind({ where: ["stage:login"], by: "outcome" }, period, "review")).toBe(`/decisions?${new URLSearchParams({ since: localOf(0), until: localOf(HOUR), type: "login", outcome: "review" })}`);
    expect(behind({ where: ["channel:app"], by: "outcome" }, period, "review")).toBe("");
    expect(behind({ where: [], by: "outcome" }, period, null)).toBe("");
    expect(behind({ where: ["outcome:review", "outcome:decline"], by: "" }, period)).toContain("outcome=review%2Cdecline");
  });
  it("shows what an alert is about", () => {
    const figures = { before_decisions: 30, decisions: 0 };
    const since = "2026-01-01T10:00:00Z";
    const until = Date.parse(since);
    const period = new URLSearchParams({ from: localOf(until - 30 * 60_000), until: localOf(until) });
    const rule = { over: "30m", against: "7d", where: { stage: ["payment", "transfer"] } };
    expect(viewOf({ by: "channel", of: "app", figures, since }, rule)).toBe(`/monitoring?measure=decisions&${period}&against=7d&where=stage%3Apayment&where=stage%3Atransfer&where=channel%3Aapp`);
    expect(viewOf({ by: "", of: "", figures, since }, { over: "24h", against: "7d", where: {} })).toMatch(/&against=$/);
    expect(viewOf({ by: "", of: "", figures, since })).toBe("/monitoring?measure=decisions");
    expect(viewOf({ by: "", of: "", figures: { cases_overdue: 30 }, since })).toBe("");
  });
  it("tells changes and offsets", () => {
    expect(changeOf(110, 100)).toBeCloseTo(0.1);
    expect(changeOf(1, 0)).toBeUndefined();
    expect(changeOf(null, 1)).toBeUndefined();
    expect([offsetOf(480), offsetOf(-210), offsetOf(0)]).toEqual(["+08:00", "-03:30", "+00:00"]);
  });
  it("makes a line of each value, with what was not there", () => {
    const lines = [
      { time: "2026-01-01T00:00:00Z", outcome: "pass", decisions: 3, before: { decisions: 1 } },
      { time: "2026-01-01T01:00:00Z", outcome: null, decisions: 2 },
    ];
    expect(seriesOf(lines, "decisions", "outcome").map((each) => [each.name, each.points.map(([, value]) => value), each.before[0]?.[1]])).toEqual([
      ["pass", [3, 0], 1],
      [null, [0, 2], null],
    ]);
    expect(seriesOf(lines, "stopped_share", "outcome")[0]?.points[1]?.[1]).toBeNull();
    expect(stepsOf([6, 0, 2])).toEqual([0, 2, 4, 6]);
    expect([stepsOf([]), stepsOf([5])]).toEqual([[], [5]]);
  });
});
