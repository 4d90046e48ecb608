import { describe, expect, it } from "vitest";
import { drawnFlow, interval, partsOf, rulesOf, sentencesOf, withoutName, fieldsOf, freeArm, percentIn, restOf, type Document } from "./studio";

const rule = (name: string, when: string) => ({ name, when, en: `${name} in words`, zh: name });
const document: Document = {
  name: "p",
  rule_sets: [
    { name: "one", rules: [rule("big", "amount > 500"), rule("new", "new_device == 1")] },
    { name: "two", zh: "二", rules: [rule("late", "hour > 22")] },
  ],
  flows: [{ name: "f", nodes: [{ name: "a", rule_set: "one", then: { decline: "z", review: "z" }, next: "b" }, { name: "b", branch: [{ when: "x > 1", to: "z" }], next: "z" }, { name: "z", severest: true }] }],
};
const sentences = sentencesOf([{ path: "/rule_sets/1/rules/0", en: "Rule 'late' (at night): if it is late", zh: "规则“late”（夜间）：若晚" }]);

describe("the parts of a version", () => {
  it("stand section by section with their pointers", () => {
    expect(partsOf(document).map((each) => [each.pointer, each.zh, each.size])).toEqual([["/rule_sets/0", "one", 2], ["/rule_sets/1", "二", 1], ["/flows/0", "f", 3]]);
  });
  it("are the rules of one set, or of all that have every word", () => {
    const names = (at: string, text: string) => rulesOf(document, sentences, at, text).map((each) => each.rule.name);
    expect(names("/rule_sets/0", "")).toEqual(["big", "new"]);
    expect(names("/rule_sets/0", "NIGHT hour")).toEqual(["late"]);
    expect(names("/rule_sets/0", "night amount")).toEqual([]);
  });
  it("say what they do without their name", () => {
    expect(withoutName("Rule 'late' (at night): if f(x): is late")).toBe("if f(x): is late");
    expect(withoutName("规则“late”（夜间）：若晚")).toBe("若晚");
    expect(withoutName("as it is")).toBe("as it is");
  });
});

describe("a flow that nobody went through", () => {
  it("has a line per pair of steps with all reasons, and nothing visited", () => {
    const drawn = drawnFlow(document.flows?.[0] ?? { name: "", nodes: [] });
    expect(drawn.nodes.map((each) => [each.node, each.kind, each.of, each.visited])).toEqual([["a", "rule_set", "one", false], ["b", "branch", "", false], ["z", "severest", "", false]]);
    expect(drawn.edges).toEqual([
      { from: "a", to: "z", when: ["decline", "review"], taken: false },
      { from: "a", to: "b", when: [], taken: false },
      { from: "b", to: "z", when: ["x > 1"], taken: false },
    ]);
  });
});

it("a bin is an interval", () => {
  expect([{ high: "1" }, { low: "1", high: "2" }, { low: "2" }, { values: ["a", "b"] }].map(interval)).toEqual(["< 1", "≥ 1, < 2", "≥ 2", "a / b"]);
});

describe("an experiment", () => {
  const step = (...percents: (number | string)[]) => ({ name: "s", experiment: percents.map((percent, at) => ({ name: `arm_${at + 1}`, percent, to: "z" })) });
  it("leaves the rest to the next step", () => {
    expect(restOf(step(30, "20.5"))).toBe("49.5");
    expect(restOf(step())).toBe("100");
    expect([restOf(step("")), restOf(step("x"))]).toEqual(["?", "?"]);
  });
  it("takes whole percents as numbers, everything else as it was typed", () => {
    expect(["10", "0.5", "", "1e9", "010"].map(percentIn)).toEqual([10, "0.5", "", "1e9", "010"]);
  });
  it("gives a new arm a name of its own, and offers fields once", () => {
    expect([freeArm(step()), freeArm(step(1)), freeArm(step(1, 2))]).toEqual(["arm_1", "arm_2", "arm_3"]);
    expect(fieldsOf({ name: "p", events: [{ name: "a", fields: { card: {}, amount: {} }, derive: { shelf: "" } }, { name: "b", fields: { card: {} } }] })).toEqual(["amount", "card", "shelf"]);
  });
});
