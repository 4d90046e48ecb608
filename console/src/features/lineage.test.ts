import { describe, expect, it } from "vitest";
import { drawnOf, GAP, matches, MOST, ROW, WIDE } from "./lineage";

const part = (name: string, depth: number) => ({ section: "features", name, depth, en: name, zh: name });

describe("a lineage that is drawn", () => {
  it("has a column per distance, sources at the left, and lines between what is drawn", () => {
    const found = drawnOf([part("f", 0), part("a", -1), part("b", -1), part("r", 1)], [[1, 0], [2, 0], [0, 3]]);
    expect(found.placed.map((each) => [each.part.name, each.x])).toEqual([["a", 0], ["b", 0], ["f", WIDE + GAP], ["r", 2 * (WIDE + GAP)]]);
    expect(found.lines.map((each) => [each.from.part.name, each.to.part.name])).toEqual([["a", "f"], ["b", "f"], ["f", "r"]]);
    expect(found.height).toBe(2 * ROW);
  });
  it("cuts a column that is too full and says how many are left", () => {
    const rules = Array.from({ length: MOST + 3 }, (_, number) => part(`r${number}`, 1));
    const found = drawnOf([part("f", 0), ...rules], rules.map((_, number) => [0, number + 1]));
    expect(found.more).toEqual([{ x: WIDE + GAP, y: MOST * ROW, count: 3 }]);
    expect(found.lines).toHaveLength(MOST);
  });
});

describe("features that are looked for", () => {
  const feature = { name: "draws_1h", en: "draws in an hour", zh: "近 1 小时提现次数", kind: "counted", by: ["customer"], over: "1h", uses: 0 };
  it("match by words of any language and by what is chosen", () => {
    expect(matches(feature, "提现 HOUR", "", "", "", false)).toBe(true);
    expect(matches(feature, "card", "", "", "", false)).toBe(false);
    expect(matches(feature, "", "derived", "", "", false)).toBe(false);
    expect(matches(feature, "", "counted", "customer", "1h", true)).toBe(true);
    expect(matches({ ...feature, uses: 2 }, "", "", "", "", true)).toBe(false);
  });
});
