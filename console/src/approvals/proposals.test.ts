import { describe, expect, it } from "vitest";
import { address } from "../api/http";
import { bySection, ownEyes, proposalsQuery, stepsOf, tabIn } from "./proposals";

const may = (...names: string[]) => (name: string) => names.includes(name);
const waiting = { state: "submitted", by: "person:a", review_owed: false } as const;

describe("proposals", () => {
  it("of a tab are asked for by their states", () => {
    expect(address("/v1/proposals", proposalsQuery(tabIn(null)))).toBe("/v1/proposals?state=submitted&limit=50");
    expect(address("/v1/proposals", proposalsQuery(tabIn("owed"), 7))).toBe("/v1/proposals?owed=true&before=7&limit=50");
    expect(tabIn("nonsense")).toBe("waiting");
  });
  it("are approved and refused by others, never by whoever made them", () => {
    expect(stepsOf(waiting, "person:b", may("approve"))).toEqual(["approve", "refuse"]);
    expect(stepsOf(waiting, "person:b", may("policies"))).toEqual([]);
    expect(stepsOf(waiting, "person:a", may("approve", "propose"))).toEqual(["withdraw", "emergency"]);
    expect(ownEyes(waiting, "person:a", may("approve"))).toBe(true);
    expect(ownEyes(waiting, "person:b", may("approve"))).toBe(false);
  });
  it("go further, back, or are reviewed afterwards", () => {
    expect(stepsOf({ ...waiting, state: "shadow" }, "person:b", may("approve", "rollback"))).toEqual(["advance", "stop"]);
    expect(stepsOf({ ...waiting, state: "shadow" }, "person:a", may("approve", "rollback"))).toEqual(["stop"]);
    expect(stepsOf({ ...waiting, state: "done", review_owed: true }, "person:b", may("approve"))).toEqual(["review"]);
    expect(stepsOf({ ...waiting, state: "approved" }, "person:b", may("approve"))).toEqual(["refuse"]);
  });
  it("tell their changes part by part", () => {
    expect(bySection([{ section: "rules", n: 1 }, { section: "lists", n: 2 }, { section: "rules", n: 3 }])).toEqual([
      ["rules", [{ section: "rules", n: 1 }, { section: "rules", n: 3 }]],
      ["lists", [{ section: "lists", n: 2 }]],
    ]);
  });
});
