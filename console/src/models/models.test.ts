import { expect, test } from "vitest";
import type { Study } from "../api/types";
import { cellsFor, gridOf, moves, roleIn, standing, stepsOf, studyOf, verdict, type Cell } from "./models";

const cell = (name: string, stage: string, fraud: string, champion: string, more: Partial<Cell> = {}): Cell => ({ name, stage, fraud, champion, ...more });
const MATRIX = [cell("pay", "payment", "takeover", "a", { challengers: [{ model: "b", percent: "10" }], shadow: ["c"] }), cell("apply", "application", "identity", "b")];

test("stages by kinds of fraud, who speaks first", () => {
  const grid = gridOf(MATRIX);
  expect([grid.stages, grid.frauds]).toEqual([["payment", "application"], ["takeover", "identity"]]);
  expect(grid.at("payment", "takeover").map((each) => each.name)).toEqual(["pay"]);
  expect(grid.at("payment", "identity")).toEqual([]);
  expect(standing(MATRIX[0] as Cell).map((each) => `${each.model} ${each.role}${each.percent}`)).toEqual(["a champion", "b challenger10", "c shadow"]);
  expect(roleIn(MATRIX[1] as Cell, "c")).toBeUndefined();
});

test("what can be done with a model", () => {
  expect(stepsOf("a", MATRIX)).toEqual(["shadow"]);
  expect(cellsFor("shadow", "a", MATRIX).map((each) => each.name)).toEqual(["apply"]);
  expect(stepsOf("b", MATRIX)).toEqual(["promote", "challenge", "shadow"]);
  expect(cellsFor("promote", "b", MATRIX).map((each) => each.name)).toEqual(["pay"]);
  expect(stepsOf("c", MATRIX)).toEqual(["promote", "challenge", "shadow", "retire"]);
  expect(stepsOf("new", MATRIX)).toEqual(["shadow", "retire"]);
});

test("better, worse, or not to be told apart", () => {
  expect(verdict("auc", { low: 0.01, high: 0.2 })).toBe("better");
  expect(verdict("auc", { low: -0.2, high: -0.01 })).toBe("worse");
  expect(verdict("brier", { low: 0.01, high: 0.2 })).toBe("worse");
  expect(verdict("brier", { low: -0.1, high: 0.2 })).toBe("even");
  expect(verdict("auc", { low: null, high: null })).toBe("even");
  expect([0.05, 0.2, 0.3].map(moves)).toEqual(["calm", "some", "much"]);
});

test("the study that runs, then the newest that is done", () => {
  const study = (number: number, state: Study["state"], models = ["a", "b"]): Study => ({ study: number, kind: "compare", models, versions: [], by: "", begun: null, begins: "", ends: "", state, progress: 0, why: null });
  expect(studyOf([study(3, "failed"), study(2, "done"), study(1, "done")], "compare", "a", "b")?.study).toBe(2);
  expect(studyOf([study(2, "done"), study(4, "running", ["b", "a"])], "compare", "a", "b")?.study).toBe(4);
  expect(studyOf([study(2, "failed")], "compare", "a", "b")?.state).toBe("failed");
  expect(studyOf([study(2, "done")], "drift", "a")).toBeUndefined();
});
