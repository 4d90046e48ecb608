import { describe, expect, it } from "vitest";
import type { DecisionPage, ListedDecision } from "../api/types";
import { barsOf, countedBy } from "./counted";
import { withFresh } from "./fresh";

const row = (position: number, time: string, rules: string[] = [], minor = 100) => ({ position, time, rules, amount: { minor, currency: "CNY" } }) as unknown as ListedDecision;
const page = (decisions: ListedDecision[], position: number): DecisionPage => ({ decisions, next: null, looked: decisions.length, unknown: 1, position });

describe("what was found", () => {
  it("is counted once a decision, most first, with its money", () => {
    const rows = [row(1, "", ["a", "a", "b"]), row(2, "", ["b"], 50), row(3, "", ["c"])];
    expect(countedBy(rows, (each) => each.rules)).toEqual([
      { name: "b", n: 2, money: 150 },
      { name: "a", n: 1, money: 100 },
      { name: "c", n: 1, money: 100 },
    ]);
    expect(countedBy(rows, (each) => each.rules, 1)).toHaveLength(1);
  });
  it("is drawn by hour, with the empty ones between, and by day when it is long", () => {
    const hours = barsOf([row(1, "2026-03-01T00:10:00Z"), row(2, "2026-03-01T02:50:00Z"), row(3, "2026-03-01T02:05:00Z")], 0);
    expect([hours.step, hours.bars.map((bar) => bar.n)]).toEqual(["hour", [1, 0, 2]]);
    const days = barsOf([row(1, "2026-03-01T20:00:00Z"), row(2, "2026-03-05T01:00:00Z")], 8 * 3_600_000);
    expect([days.step, days.bars.map((bar) => bar.n)]).toEqual(["day", [1, 0, 0, 1]]);
    expect(barsOf([], 0).bars).toEqual([]);
  });
});

describe("what came since", () => {
  it("stands before the rest, once, and moves the place to ask from", () => {
    const held = { pages: [page([row(5, ""), row(4, "")], 6), page([row(1, "")], 6)], pageParams: [undefined, 4] };
    const found = withFresh(held, page([row(9, ""), row(7, ""), row(5, "")], 10));
    expect(found.pages.map((each) => each.decisions.map((one) => one.position))).toEqual([[9, 7, 5, 4], [1]]);
    expect([found.pages[0]?.position, found.pages[0]?.looked, found.pages[0]?.unknown]).toEqual([10, 5, 2]);
    expect(found.pageParams).toEqual([undefined, 4]);
  });
});
