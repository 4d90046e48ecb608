// Many cases at once: what is chosen, what is asked and sent, what is missing, what was not done.
import { describe, expect, it } from "vitest";
import { BINDINGS } from "../keys/table";
import { ACTS, counting, doing, lacking, reached, together, toggled } from "./many";

describe("many cases", () => {
  it("are chosen one by one and from one row to another, either way", () => {
    expect([...toggled(toggled(new Set([1]), 2), 1)]).toEqual([2]);
    expect([...reached(new Set([9]), [5, 6, 7, 8], 2, 1)]).toEqual([9, 6, 7]);
    expect([...reached(new Set(), [5, 6, 7, 8], 0, 3)]).toEqual([5, 6, 7, 8]);
  });
  it("are counted with nothing but what is to be done", () => {
    expect(counting("fraud", [1, 2])).toEqual({ do: "close", cases: [1, 2], dry_run: true });
    expect(counting("claim", [3])).toEqual({ do: "claim", cases: [3], dry_run: true });
  });
  it("are sent with what each act needs, and nothing else", () => {
    expect(doing("fraud", [1], { reason: "a gang", kind: "batch", to: "lin" })).toEqual({ do: "close", cases: [1], dry_run: false, text: "a gang", disposition: "fraud", kind: "batch" });
    expect(doing("unclear", [1], { reason: "old", kind: "batch" })).toEqual({ do: "close", cases: [1], dry_run: false, text: "old", disposition: "unclear" });
    expect(doing("assign", [1], { reason: "shift", to: "" })).toEqual({ do: "assign", cases: [1], dry_run: false, text: "shift", to: "" });
    expect(doing("escalate", [1], { reason: "large" })).toEqual({ do: "escalate", cases: [1], dry_run: false, text: "large" });
  });
  it("lack what was not chosen, a count, or a case with which it can be done", () => {
    expect(lacking("fraud", { kind: "" }, 3)).toBe("kind");
    expect(lacking("assign", {}, 3)).toBe("to");
    expect(lacking("assign", { to: "" }, 3)).toBeUndefined();
    expect(lacking("note", {}, undefined)).toBe("counting");
    expect(lacking("note", {}, 0)).toBe("none");
  });
  it("that were not done are told once by reason, with all numbers", () => {
    const closed = (...cases: number[]) => ({ code: "case_state", en: "closed", zh: "已关闭", cases });
    const held = { code: "held", en: "held", zh: "处理中", cases: [4] };
    expect(together([closed(1), held], [closed(2)])).toEqual([closed(1, 2), held]);
  });
  it("have a key for each act", () => {
    for (const { act, keys } of ACTS) expect(BINDINGS.find((each) => each.place === "queue" && each.keys === keys)?.act).toBe(act);
  });
});
