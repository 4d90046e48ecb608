import { describe, expect, it } from "vitest";
import type { Proposal, Versions } from "../api/types";
import { barOf, cellIn, choicesOf, examplesIn, figureIn, firstDay, linesOf, outcomesIn, verdictOf } from "./backtests";

const estimate = (difference: number | null, low: number | null, high: number | null) => ({ live: 1, candidate: 2, difference, low, high });

describe("a difference", () => {
  it("is better or worse only where its interval leaves out zero", () => {
    expect(verdictOf(estimate(5, 2, 9), 1)).toBe("better");
    expect(verdictOf(estimate(5, 2, 9), -1)).toBe("worse");
    expect(verdictOf(estimate(-5, -9, -1), -1)).toBe("better");
    expect(verdictOf(estimate(5, 2, 9), 0)).toBe("rises");
    expect(verdictOf(estimate(-5, -9, -2), 0)).toBe("falls");
    expect(verdictOf(estimate(5, -1, 9), 1)).toBe("chance");
    expect(verdictOf(estimate(0, 0, 0), 1)).toBe("alike");
    expect(verdictOf(estimate(null, null, null), 1)).toBe("unknown");
    expect(verdictOf(estimate(0.2, null, null), 1)).toBe("few");
  });
  it("is drawn around zero on its own scale", () => {
    expect(barOf(estimate(5, -2, 10))).toEqual({ from: -0.2, to: 1, at: 0.5 });
    expect(barOf(estimate(0, 0, 0))).toEqual({ from: 0, to: 0, at: 0 });
    expect(barOf(estimate(null, null, null))).toBeUndefined();
  });
});

describe("versions to choose from", () => {
  const version = (number: number, policy: string, more = {}) => ({ number, policy, name: "lender", at: "2026-03-01T00:00:00Z", ...more }) as unknown as Versions["policies"][number];
  const proposal = (number: number, policy: string, kind = "policy") => ({ number, policy, kind, title: `t${number}`, name: "lender" }) as unknown as Proposal;
  it("stand there once each, without shares and what is not kept, with the proposals about them", () => {
    const found = choicesOf([version(4, "a"), version(3, "s", { next_policy: "b" }), version(2, "b"), version(1, "a"), version(0, "x", { kept: false })], [proposal(9, "c"), proposal(8, "b"), proposal(7, "", "lists")]);
    expect(found.map((each) => [each.hash, each.release, each.proposal?.number])).toEqual([
      ["a", 4, undefined],
      ["b", 2, 8],
      ["c", undefined, 9],
    ]);
  });
});

describe("examples", () => {
  const side = (outcome: string) => ({ outcome, en: "", zh: "" });
  const one = (from: string, to: string) => ({ id: `${from}${to}`, time: "", money: 1, label: null, live: side(from), candidate: side(to) });
  it("are those of a cell of the address", () => {
    const all = [one("pass", "review"), one("review", "pass")];
    expect(examplesIn(all, cellIn("review>pass", ["pass", "review"])).map((each) => each.id)).toEqual(["reviewpass"]);
    for (const text of [null, "", "review", "review>gone", "a>b>c"]) expect(examplesIn(all, cellIn(text, ["pass", "review"]))).toEqual(all);
  });
  it("outcomes that nobody has are left out", () => {
    expect(outcomesIn({ outcomes: ["pass", "notify", "review"], events: [[1, 0, 2], [0, 0, 0], [0, 0, 0]], money: [] })).toEqual(["pass", "review"]);
  });
});

describe("days", () => {
  it("begin 30 days before the newest decision", () => {
    expect(firstDay("2026-03-31T10:00:00Z")).toBe("2026-03-01");
    expect(firstDay(null)).toBe("");
  });
  it("become points of both versions, with gaps where no label has arrived", () => {
    const both = (live: number | null, candidate: number | null) => ({ live, candidate });
    const none = both(null, null);
    const day = { date: "2026-03-01", labels: {}, reviews: both(3, 4), fraud_caught: none, fraud_missed: none, fraud_money_missed: none, good_stopped: none, good_declined: none };
    expect(linesOf([day], "reviews")).toEqual({ live: [[Date.UTC(2026, 2, 1), 3]], candidate: [[Date.UTC(2026, 2, 1), 4]] });
    expect(linesOf([day], "fraud_caught").live[0]?.[1]).toBeNull();
    expect(figureIn(null, [day])).toBe("reviews");
    expect(figureIn(null, [{ ...day, fraud_caught: both(1, 1) }])).toBe("fraud_caught");
    expect(figureIn("good_stopped", [day])).toBe("good_stopped");
  });
});
