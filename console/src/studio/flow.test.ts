import { describe, expect, it } from "vitest";
import { patched } from "./draft";
import { added, connected, cut, exitsOf, kindOf, removed, renamed } from "./flow";
import type { DeclaredFlow, Document, Step } from "./studio";

const flow: DeclaredFlow = {
  name: "f",
  nodes: [
    { name: "a", rule_set: "one", then: { decline: "z" }, next: "b" },
    { name: "b", branch: [{ when: "x > 1", to: "c" }, { when: "x > 2", to: "z" }], next: "c" },
    { name: "c", table: "t", next: "z" },
    { name: "z", severest: true },
  ],
};
const base: Document = { name: "p", rule_sets: [{ name: "one", rules: [] }], tables: [{ name: "t", inputs: [], rows: [] }], flows: [flow] };
const step = (name: string) => flow.nodes.find((each) => each.name === name) ?? { name: "" };
const tos = (one: Step | undefined) => (one ? exitsOf(one).map((each) => each.to) : []);
const cutOf = (name: string, place: number) => {
  const exit = exitsOf(step(name))[place];
  return exit ? cut(`/flows/0/nodes/${flow.nodes.indexOf(step(name) as Step)}`, step(name) as Step, exit) : [];
};
const with_ = (edit: Parameters<typeof patched>[1]) => patched(base, edit).flows?.[0]?.nodes ?? [];

describe("a flow that is changed", () => {
  it("knows the kind and the ways out of every step", () => {
    expect(flow.nodes.map(kindOf)).toEqual(["rule_set", "branch", "table", "severest"]);
    expect(flow.nodes.map((each) => exitsOf(each).map(({ id, to }) => `${id} ${to}`))).toEqual([["then/decline z", "next b"], ["branch/0/to c", "branch/1/to z", "next c"], ["next z"], []]);
  });
  it("connects and cuts one way", () => {
    expect(with_(connected("/flows/0/nodes/1", "branch/0/to", "z"))[1]?.branch?.[0]?.to).toBe("z");
    expect(with_(cutOf("b", 0))[1]?.branch).toEqual([{ when: "x > 2", to: "z" }]);
    expect(with_(cutOf("a", 0))[0]?.then).toEqual({});
    expect(cut("/flows/0/nodes/0", { name: "q", rule_set: "one" }, { id: "next", kind: "next", when: "", to: "" })).toEqual([]);
  });
  it("leads past a step that is removed", () => {
    const nodes = with_(removed("/flows/0", flow, "c"));
    expect(nodes.map((each) => each.name)).toEqual(["a", "b", "z"]);
    expect(tos(nodes[1])).toEqual(["z", "z", "z"]);
    const end = with_(removed("/flows/0", flow, "z"));
    expect(end[2]?.next).toBeUndefined();
    expect(end[1]?.branch?.[1]?.to).toBe("z"); // told by the check: there is nowhere to lead on to
  });
  it("keeps what leads to a step that is renamed", () => {
    const nodes = with_(renamed("/flows/0", flow, "c", "tier"));
    expect(tos(nodes[1])).toEqual(["tier", "z", "tier"]);
    expect(nodes[2]?.name).toBe("tier");
  });
  it("adds steps under names that are free", () => {
    const one = added("/flows/0", flow, "branch", base);
    expect(with_(one.edit).at(-1)).toEqual({ name: "step_1", branch: [{ when: "", to: "z" }], next: "z" });
    const two = added("/flows/0", flow, "experiment", base);
    expect(with_(two.edit).at(-1)).toEqual({ name: "step_1", experiment: [{ name: "arm_1", percent: 10, to: "z" }], by: "", salt: "step_1", next: "z" });
  });
});
