// The parts of the console that are logic: filters, formats, keys, where bars and nodes stand.
import { describe, expect, it } from "vitest";
import { folded } from "./case/timeline";
import { missing, stepOf } from "./case/steps";
import { casesQuery, leftOf } from "./queue/queue";
import { address } from "./api/http";
import { aboutOf, filtersIn, instant, queryOf, toggled, withFilter } from "./decisions/filters";
import { placesOf } from "./decision/layers";
import { barsOf } from "./decision/waterfall";
import { formatsOf } from "./format";
import { actOf, BINDINGS, nameOf, shownKeys } from "./keys/table";
import { en } from "./words/en";
import { fill } from "./words/words";
import { zh } from "./words/zh";

describe("filters", () => {
  it("are read from an address and leave what is no filter alone", () => {
    const parameters = new URLSearchParams("outcome=review,decline&tab=1&rule=&of= customer:c1 ");
    expect(filtersIn(parameters)).toEqual({ outcome: "review,decline", of: "customer:c1" });
    expect(withFilter(parameters, "outcome", "").toString()).toBe("tab=1&rule=&of=+customer%3Ac1+");
  });
  it("become a query with instants, without what is empty", () => {
    const local = "2025-09-17T14:46";
    expect(instant(local)).toBe(new Date(local).toISOString());
    expect(instant("soon")).toBe("");
    expect(address("/v1/decisions", { ...queryOf({ type: "a,b", differing: "true" }), limit: 50 })).toBe("/v1/decisions?type=a%2Cb&differing=true&limit=50");
  });
  it("toggle one name of several", () => {
    expect(toggled("review,decline", "review")).toBe("decline");
    expect(toggled(undefined, "review")).toBe("review");
  });
  it("take entity and value, with a Chinese colon too, only of entities there are", () => {
    expect(aboutOf("customer：c1", ["customer"])).toBe("customer:c1");
    expect(aboutOf("card:code:ff", ["card"])).toBe("card:code:ff");
    expect(aboutOf("http://x", ["card"])).toBe("");
  });
});

describe("formats", () => {
  it("put money, times and spans as a language does", () => {
    const now = new Date("2026-03-01T00:00:00Z");
    const [chinese, english] = [formatsOf("zh", now, "Asia/Shanghai"), formatsOf("en", now, "Asia/Shanghai")];
    expect(chinese.money(123456, "CNY")).toBe("¥1,234.56");
    expect(english.money(-5, "CNY")).toMatch(/^-(CN)?¥0\.05$/);
    expect(english.money(1500, "JPY")).toBe("¥1,500");
    expect(chinese.time("2026-02-03T16:05:06Z")).toBe("02/04 00:05:06");
    expect(english.time("2025-02-03T16:05:06Z")).toBe("04/02/2025, 00:05:06");
    expect(chinese.span(5_400_000)).toBe("1.5 小时");
    expect(english.span(0)).toBe("0 ms");
    expect([english.signed(1.25, 1), english.signed(-0.04, 1), english.signed(-3)]).toEqual(["+1.3", "0", "-3"]);
    expect(chinese.amount(1234.56, "CNY")).toBe("¥1,235");
  });
});

describe("words", () => {
  it("have the same keys and places in both languages", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    expect(fill("{n} of {m}", { n: 3 })).toBe("3 of {m}");
  });
});

describe("keys", () => {
  it("are each given once in a place", () => {
    const seen = BINDINGS.map((each) => `${each.place} ${each.keys}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
  it("mean what the innermost place says", () => {
    expect(actOf("j", ["everywhere", "list"])?.act).toBe("down");
    expect(actOf("j", ["everywhere"])).toBeUndefined();
    expect(nameOf({ key: "K", metaKey: true, ctrlKey: false, altKey: false })).toBe("mod+k");
    expect(shownKeys("mod+k", false)).toEqual(["Ctrl", "K"]);
  });
});

describe("a score", () => {
  it("has bars that begin where the one before ended", () => {
    expect(barsOf([50, -20, 5])).toEqual({ bars: [{ from: 0, to: 50 }, { from: 50, to: 30 }, { from: 30, to: 35 }], least: 0, most: 50 });
    expect(barsOf([-10])).toMatchObject({ least: -10, most: 0 });
  });
});

describe("a flow", () => {
  const node = (name: string, visited: boolean) => ({ node: name, kind: "branch", of: "", en: name, zh: name, visited });
  const edge = (from: string, to: string) => ({ from, to, when: [], taken: false });
  it("leads from left to right, its way on top, no two nodes in one place", () => {
    const nodes = [node("a", true), node("b", false), node("c", true), node("d", true)];
    const edges = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d"), edge("a", "d")];
    const places = placesOf({ nodes, edges });
    for (const each of edges) expect(places.get(each.from)?.x).toBeLessThan(places.get(each.to)?.x ?? -1);
    expect([...places.values()].map((each) => `${each.x}/${each.y}`)).toHaveLength(new Set([...places.values()].map((each) => `${each.x}/${each.y}`)).size);
    for (const name of ["a", "c", "d"]) expect(places.get(name)?.y).toBe(0);
  });
});

describe("an act on a case", () => {
  it("needs a reason, and fraud a kind", () => {
    expect(missing({ verdict: "fraud", kind: "", reason: "seen" })).toBe("kind");
    expect(missing({ verdict: "fraud", kind: "takeover", reason: "  " })).toBe("reason");
    expect(missing({ verdict: "unclear", kind: "", reason: "nobody answers" })).toBeUndefined();
  });
  it("is sent as the API takes it", () => {
    expect(stepOf({ verdict: "fraud", kind: "takeover", reason: " r " })).toEqual({ step: "close", body: { disposition: "fraud", kind: "takeover", reason: "r" } });
    expect(stepOf({ verdict: "escalate", kind: "", reason: "hard" })).toEqual({ step: "escalate", body: { text: "hard" } });
    expect(stepOf({ verdict: "false_positive", kind: "batch", reason: "r" }).body).not.toHaveProperty("kind");
  });
});

describe("work", () => {
  it("asks for open cases in the order of work unless told otherwise", () => {
    expect(address("/v1/cases", casesQuery(new URLSearchParams("queue=review&overdue=true")))).toBe("/v1/cases?queue=review&state=open&order=priority&overdue=true&limit=50");
  });
  it("has deadlines that are past, soon, or later", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(leftOf("2025-12-31T23:59:59Z", now)).toEqual({ left: -1000, hurry: "past" });
    expect(leftOf("2026-01-01T00:59:00Z", now)?.hurry).toBe("soon");
    expect(leftOf("2026-01-01T01:00:00Z", now)?.hurry).toBe("later");
    expect(leftOf(null, now)).toBeUndefined();
  });
  it("tells alerts that came one after the other as one line", () => {
    const step = (number: number, verb: string) => ({ number, at: null, by: "system", verb, text: "", detail: {} });
    expect(folded([step(1, "open"), step(2, "alert"), step(3, "alert"), step(4, "note"), step(5, "alert")]).map((each) => `${each.verb}${each.times}`)).toEqual(["alert1", "note1", "alert2", "open1"]);
  });
});
