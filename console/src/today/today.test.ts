import { describe, expect, it } from "vitest";
import { mixOf, soonOf, sumOf } from "./today";

describe("today", () => {
  it("tells each outcome's share now and a week before", () => {
    const lines = [
      { outcome: "pass", decisions: 6, money: 10, before: { decisions: 9, money: 1 } },
      { outcome: "decline", decisions: 2, money: 5, before: { decisions: 1, money: 1 } },
    ];
    expect(mixOf(lines, { decisions: 8, before: { decisions: 10 } }, ["decline", "review", "pass"])).toEqual([
      { outcome: "decline", count: 2, share: 0.25, before: 0.1, money: 5 },
      { outcome: "pass", count: 6, share: 0.75, before: 0.9, money: 10 },
    ]);
    expect(mixOf(lines, { decisions: 8, before: { decisions: 0 } }, ["pass"])[0]?.before).toBeUndefined();
  });
  it("adds queues up and counts what is near its deadline", () => {
    const queue = { open: 2, free: 1, overdue: 1, money: 300 };
    expect(sumOf([queue, queue])).toEqual({ open: 4, free: 2, overdue: 2, money: 600 });
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(soonOf(["2026-01-01T00:30:00Z", "2025-12-31T23:00:00Z", "2026-01-02T00:00:00Z", null], now)).toBe(1);
  });
});
