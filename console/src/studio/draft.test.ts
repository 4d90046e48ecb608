import { describe, expect, it } from "vitest";
import { completions, newRule, patched, put, sentencesOfDraft, withEdit, wordsOf, type Edit } from "./draft";
import type { Document } from "./studio";

const base: Document = {
  name: "p",
  events: [{ name: "payment", fields: { amount: { en: "amount", zh: "金额" }, "a/b": {} } }],
  features: [{ name: "amount_sum_1h", en: "amount of an hour", zh: "一小时金额" }],
  lists: [{ name: "watched" }],
  rule_sets: [{ name: "main", rules: [{ name: "one", when: "amount > 1" }, { name: "two", when: "amount > 2" }] }],
};
const RULES = "/rule_sets/0/rules";
const said = [
  { path: `${RULES}/0`, en: "first", zh: "一" },
  { path: `${RULES}/1`, en: "second", zh: "二" },
];

describe("a draft", () => {
  it("is the document with its edits, which stays as it was", () => {
    const edits: Edit[] = [put(`${RULES}/1/when`, "amount > 3"), [{ op: "remove", path: `${RULES}/0` }], newRule(base, "/rule_sets/0", "true")];
    const draft = patched(base, edits.flat());
    expect(draft.rule_sets?.[0]?.rules.map((each) => [each.name, each.when])).toEqual([["two", "amount > 3"], ["new_rule_1", "true"]]);
    expect(base.rule_sets?.[0]?.rules.length).toBe(2);
    expect(patched(base, [{ op: "remove", path: "/rule_sets/9/rules/0" }])).toEqual(base);
  });
  it("takes letters typed into one field as one edit, and nothing else", () => {
    const typed = ["a", "am", "amo"].reduce<Edit[]>((edits, text) => withEdit(edits, put(`${RULES}/0/when`, text)), []);
    expect(typed).toEqual([put(`${RULES}/0/when`, "amo")]);
    expect(withEdit(typed, put(`${RULES}/0/score`, 1)).length).toBe(2);
    const twice = withEdit([newRule(base, "/rule_sets/0", "")], newRule(base, "/rule_sets/0", ""));
    expect(twice.length).toBe(2);
  });
  it("names new rules by names that are free", () => {
    const once = patched(base, newRule(base, "/rule_sets/0", ""));
    expect(newRule(once, "/rule_sets/0", "")[0]?.value).toMatchObject({ name: "new_rule_2", shadow: true });
  });
  it("keeps the sentences of what did not change, wherever it stands now", () => {
    const draft = patched(base, [{ op: "remove", path: `${RULES}/0` }]);
    expect(sentencesOfDraft(base, said, draft, []).get(`${RULES}/0`)?.en).toBe("second");
    const fresh = [{ path: `${RULES}/0`, en: "anew", zh: "新" }];
    expect(sentencesOfDraft(base, said, draft, fresh).get(`${RULES}/0`)?.en).toBe("anew");
  });
});

describe("names", () => {
  it("are completed from where the caret stands, what begins alike first, also by how people call it", () => {
    const words = wordsOf(base);
    expect(completions("x > am", 6, words)).toMatchObject({ from: 4, found: [{ name: "amount" }, { name: "amount_sum_1h" }] });
    expect(completions("一小时", 3, words).found.map((each) => each.name)).toEqual(["amount_sum_1h"]);
    expect(completions("a", 1, words).found).toEqual([]);
    expect(completions("watch", 5, words).found[0]?.name).toBe("watched");
  });
});
