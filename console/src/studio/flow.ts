// A declared flow as it is changed: which ways lead out of a step, and the edits that connect, cut, add and remove. Nothing here draws.
import { put, type Edit } from "./draft";
import type { DeclaredFlow, Document, Step } from "./studio";

export const STEP_KINDS = ["rule_set", "scorecard", "table", "flow", "list", "branch", "experiment", "wait", "call", "outcome", "severest"] as const;
export type StepKind = (typeof STEP_KINDS)[number];
/** Steps that the canvas adds; the others need more than one field to mean anything, and are written in files. */
export const ADDED = ["rule_set", "scorecard", "table", "branch", "experiment", "outcome", "severest"] as const;

export interface Exit {
  /** How the canvas calls it, and the way to its target inside the step. */
  id: string;
  /** What leads along it: an outcome, an expression, an arm; "" for the plain next step. */
  when: string;
  kind: "next" | "then" | "branch" | "experiment" | "hit" | "expired" | "failed";
  to: string;
}

export function kindOf(step: Step): StepKind {
  return STEP_KINDS.find((each) => step[each] !== undefined && step[each] !== false && step[each] !== "") ?? "rule_set";
}

/** Every way out of a step, drawn or not yet: what has no target is there to be connected. */
export function exitsOf(step: Step): Exit[] {
  const kind = kindOf(step);
  if (kind === "outcome" || kind === "severest") return [];
  const found: Exit[] = [];
  if (kind === "list") found.push({ id: "hit", kind: "hit", when: "", to: step.hit ?? "" });
  for (const [outcome, to] of Object.entries(step.then ?? {})) found.push({ id: `then/${outcome}`, kind: "then", when: outcome, to });
  (step.branch ?? []).forEach((each, at) => found.push({ id: `branch/${at}/to`, kind: "branch", when: each.when, to: each.to }));
  (step.experiment ?? []).forEach((each, at) => found.push({ id: `experiment/${at}/to`, kind: "experiment", when: each.name, to: each.to }));
  found.push({ id: "next", kind: "next", when: "", to: step.next ?? "" });
  if (kind === "wait") found.push({ id: "expired", kind: "expired", when: "", to: step.expired ?? "" });
  if (kind === "call") found.push({ id: "failed", kind: "failed", when: "", to: step.failed ?? "" });
  return found;
}

/** A way leads to a step. `at`: the pointer of the step it leaves. */
export const connected = (at: string, exit: string, to: string): Edit => put(`${at}/${exit}`, to);

/** A way leads nowhere any more; a case of a branch goes with it. */
export function cut(at: string, step: Step, exit: Exit): Edit {
  if (exit.kind === "branch" || exit.kind === "experiment") return [{ op: "remove", path: `${at}/${exit.id.replace(/\/to$/, "")}` }];
  const there = exit.kind === "then" || step[exit.kind] !== undefined;
  return there ? [{ op: "remove", path: `${at}/${exit.id}` }] : [];
}

/** A step less: what led to it leads on to where it led. */
export function removed(pointer: string, flow: DeclaredFlow, name: string): Edit {
  const at = flow.nodes.findIndex((each) => each.name === name);
  const on = flow.nodes[at]?.next ?? "";
  const edit: Edit = [];
  flow.nodes.forEach((step, place) => {
    if (place === at) return;
    for (const exit of exitsOf(step)) if (exit.to === name) edit.push(...(on && on !== step.name ? connected(`${pointer}/nodes/${place}`, exit.id, on) : exit.kind === "branch" || exit.kind === "experiment" ? [] : cut(`${pointer}/nodes/${place}`, step, exit)));
  });
  return [...edit, { op: "remove", path: `${pointer}/nodes/${at}` }];
}

/** A step of another name; what led to it leads to it still. */
export function renamed(pointer: string, flow: DeclaredFlow, name: string, fresh: string): Edit {
  return flow.nodes.flatMap((step, place) => {
    const here = `${pointer}/nodes/${place}`;
    const ways = exitsOf(step).filter((exit) => exit.to === name).flatMap((exit) => connected(here, exit.id, fresh));
    return step.name === name ? [...ways, ...put(`${here}/name`, fresh)] : ways;
  });
}

/** A new step at the end, connected to nothing yet. */
export function added(pointer: string, flow: DeclaredFlow, kind: (typeof ADDED)[number], document: Document): { edit: Edit; name: string } {
  const names = new Set(flow.nodes.map((each) => each.name));
  let number = 1;
  while (names.has(`step_${number}`)) number += 1;
  const name = `step_${number}`;
  const last = flow.nodes.at(-1)?.name ?? "";
  const own: Record<(typeof ADDED)[number], object> = {
    rule_set: { rule_set: document.rule_sets?.[0]?.name ?? "", next: last },
    scorecard: { scorecard: document.scorecards?.[0]?.name ?? "", next: last },
    table: { table: document.tables?.[0]?.name ?? "", next: last },
    branch: { branch: [{ when: "", to: last }], next: last },
    experiment: { experiment: [{ name: "arm_1", percent: 10, to: last }], by: "", salt: name, next: last },
    outcome: { outcome: "review" },
    severest: { severest: true },
  };
  return { name, edit: [{ op: "add", path: `${pointer}/nodes/-`, value: { name, ...own[kind] } }] };
}
