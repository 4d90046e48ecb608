import { describe, expect, it } from "vitest";
import { lacking, MOST, valuesIn } from "./lists";

describe("values of a list", () => {
  it("reads lines as they are, and one line by its separators, each value once", () => {
    expect(valuesIn("a b\n c \n\na b")).toEqual(["a b", "c"]);
    expect(valuesIn("a, b，c a;d")).toEqual(["a", "b", "c", "d"]);
    expect(valuesIn("  \n ")).toEqual([]);
  });
  it("asks for values, and keeps to the limit", () => {
    expect(lacking(0)).toBe("values");
    expect(lacking(MOST)).toBeUndefined();
    expect(lacking(MOST + 1)).toBe("many");
  });
});
