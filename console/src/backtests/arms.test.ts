import { describe, expect, it } from "vitest";
import type { Arm, Experiment } from "../api/types";
import { askedOf, labelsDiffer, linesOf, probability, saidOf, shareOf, tooFew } from "./arms";

const difference = (name: string, better: number, low: number | null, high: number | null) => ({ name, kind: "rate" as const, better, en: name, zh: name, arm: 0.5, base: 0.4, difference: 0.1, low, high });
const arm = (...differences: Arm["differences"]) => linesOf({ differences } as Arm);

describe("an arm against another", () => {
  it("is held against it, the other being the base", () => {
    expect(arm(difference("recall", 1, 0.05, 0.15))[0]?.found).toEqual({ live: 0.4, candidate: 0.5, difference: 0.1, low: 0.05, high: 0.15 });
  });
  it("is better, worse or otherwise only where the interval leaves out zero", () => {
    const found = saidOf(arm(difference("recall", 1, 0.05, 0.15), difference("hurt", -1, 0.05, 0.15), difference("approval", 0, -0.2, -0.1), difference("precision", 1, -0.1, 0.3), difference("label_rate", 0, 0.1, 0.2)));
    expect([found.better, found.worse, found.moved].map((each) => each.map(({ name }) => name))).toEqual([["recall"], ["hurt"], ["approval"]]);
  });
  it("says nothing while keys are few", () => {
    expect(tooFew(arm(difference("recall", 1, null, null)))).toBe(true);
    expect(tooFew(arm(difference("recall", 1, null, null), difference("approval", 0, -1, 1)))).toBe(false);
  });
  it("warns where labels come at another rate", () => {
    expect(labelsDiffer(arm(difference("label_rate", 0, 0.1, 0.2)))).toBe(true);
    expect(labelsDiffer(arm(difference("label_rate", 0, -0.1, 0.2)))).toBe(false);
  });
});

describe("an address", () => {
  const experiments = [{ flow: "a", node: "b" }, { flow: "c", node: "d" }] as Experiment[];
  it("names flow and node; without, the first is shown, and none for what is gone", () => {
    expect(askedOf(experiments, "c/d")).toBe(experiments[1]);
    expect(askedOf(experiments, "")).toBe(experiments[0]);
    expect(askedOf(experiments, "c/gone")).toBeUndefined();
  });
});

describe("a split", () => {
  it("has the share of keys that came", () => {
    const split = { keys: [30, 70], expected: [50, 50], chi_square: 16, p: 0, fits: false };
    expect(shareOf({ split }, 0)).toBe(0.3);
    expect(shareOf({ split: { ...split, keys: [0, 0] } }, 0)).toBeNull();
  });
  it("reads its probability with as many digits as matter", () => {
    const number = (value: number, digits: number) => value.toFixed(digits);
    expect([0.00001, 0.0032, 0.421].map((p) => probability(p, number))).toEqual(["< 0.0001", "= 0.0032", "= 0.42"]);
  });
});
