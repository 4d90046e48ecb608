// One list out of a timeline and cases, and what is left of it.
import { describe, expect, it } from "vitest";
import type { Case, ListedDecision, TimelineEntry } from "../api/types";
import { counts, inShort, joined, leadsTo, namedIn, nodeKind, shownOf } from "./entity";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const told = [
  { kind: "event", position: 9, time: at(9), id: "e/9", type: "payment", outcome: "delay", went_on: [{ outcome: "decline" }] },
  { kind: "label", position: 8, time: at(8), event: "e7", fraud: true },
  { kind: "list", position: 6, time: at(6), list: "watched", op: "put" },
  { kind: "event", position: 5, time: at(5), id: "e5", type: "login" },
] as unknown as TimelineEntry[];
const cases = [{ number: 4, opened: at(7), closed: at(10) }, { number: 2, opened: at(1), closed: null }] as unknown as Case[];

describe("one list", () => {
  it("puts cases between what happened, newest first", () => {
    expect(joined(told, cases, true).map((each) => `${each.kind} ${new Date(each.time).getUTCMinutes()}`)).toEqual(["case 10", "decision 9", "label 8", "case 7", "list 6", "fact 5", "case 1"]);
  });
  it("leaves out a case from before the oldest entry while older pages may come", () => {
    expect(joined(told, cases, false)).toHaveLength(6);
  });
  it("is narrowed by kind and moment", () => {
    const entries = joined(told, cases, true);
    expect(shownOf(entries, "case", Date.parse(at(7)))).toHaveLength(2);
    expect(shownOf(entries, "all", Date.parse(at(5)))).toHaveLength(2);
  });
  it("leads to where each is told", () => {
    expect(joined(told, cases, true).map(leadsTo)).toEqual(["/cases/4", "/decisions/e%2F9", "/decisions/e7", "/cases/4", "/lists/watched", "", "/cases/2"]);
  });
  it("counts what a decision came to in the end", () => {
    expect(counts(joined(told, cases, true))).toEqual({ decisions: 1, declined: 1, reviewed: 0, frauds: 1, lists: 1 });
  });
});

it("finds how an event names it, and as what the network knows it", () => {
  const subjects = [{ field: "card", entity: "card", shown: "62**", code: "c" }, { field: "contact_phone", entity: "phone", shown: "138****", code: "p" }];
  const decisions = [{ id: "e1", subjects: [] }, { id: "e2", subjects }] as unknown as ListedDecision[];
  expect(namedIn(decisions, "phone", "p")).toEqual({ event: "e2", fields: ["contact_phone"], shown: "138****" });
  expect(namedIn(decisions, "phone", "c")).toBeUndefined();
  expect(nodeKind(["contact_phone"], { person: "customer", links: ["card", "contact_phone"] })).toBe("contact_phone");
  expect(nodeKind(["customer"], { person: "customer", links: [] })).toBe("person");
  expect(nodeKind(["ip"], { person: null, links: [] })).toBe("");
});

it("says a duration in two units", () => {
  const feature = { type: "duration", missing: false };
  expect(inShort(feature, "4 天 11 小时 4 分钟 28.256 秒")).toBe("4 天 11 小时");
  expect(inShort(feature, "90 seconds")).toBe("90 seconds");
  expect(inShort({ type: "int", missing: false }, "1 2 3 4 5")).toBe("1 2 3 4 5");
});
