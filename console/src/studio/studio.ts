// The parts of a version as the studio shows them: what there is, what is found by words, a flow ready to be drawn. Pointers name the parts.
import type { Flow, Written } from "../api/types";

export interface Named {
  name: string;
  en?: string;
  zh?: string;
  on?: string[];
}

export interface Rule extends Named {
  when: string;
  score?: number;
  outcome?: string;
  reason?: string;
  shadow?: boolean;
}

export interface RuleSet extends Named {
  mode?: string;
  rules: Rule[];
}

export interface Bin {
  missing?: boolean;
  low?: string;
  high?: string;
  values?: string[];
  points?: number;
  reason?: string;
}

export interface Card extends Named {
  base?: number;
  characteristics: { name: string; of?: string; bins: Bin[] }[];
}

export interface Table extends Named {
  inputs: (Named & { of?: string })[];
  rows: { when?: Record<string, string>; outcome?: string; score?: number; reason?: string }[];
}

export interface Step extends Named {
  [word: string]: unknown;
  next?: string;
  hit?: string;
  expired?: string;
  failed?: string;
  then?: Record<string, string>;
  branch?: { when: string; to: string }[];
  experiment?: { name: string; percent: number | string; to: string }[];
}

export interface DeclaredFlow extends Named {
  nodes: Step[];
}

export interface Document {
  name: string;
  en?: string;
  zh?: string;
  rule_sets?: RuleSet[];
  scorecards?: Card[];
  tables?: Table[];
  flows?: DeclaredFlow[];
  features?: Named[];
  derived?: Named[];
  lists?: Named[];
  events?: (Named & { fields?: Record<string, { en?: string; zh?: string }>; derive?: Record<string, unknown> })[];
  reasons?: { code: string; en?: string; zh?: string }[];
}

export type Both = Record<"en" | "zh", string>;
export const SECTIONS = ["rule_sets", "scorecards", "tables", "flows"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Part extends Both {
  section: Section;
  pointer: string;
  name: string;
  /** How many rules, characteristics, rows or steps it has. */
  size: number;
}

/** The names that people read; its own where the policy gives none. */
export function named(part: Named): Both {
  return { en: part.en || part.name, zh: part.zh || part.en || part.name };
}

/** Every part, section by section, as the policy declares them. */
export function partsOf(document: Document): Part[] {
  return SECTIONS.flatMap((section) =>
    (document[section] ?? []).map((each, number) => {
      const inside = "rules" in each ? each.rules : "characteristics" in each ? each.characteristics : "inputs" in each ? each.rows : each.nodes;
      return { section, pointer: `/${section}/${number}`, name: each.name, size: inside.length, ...named(each) };
    }),
  );
}

/** Sentence by pointer. */
export function sentencesOf(said: Written["said"]): Map<string, Both> {
  return new Map(said.map(({ path, en, zh }) => [path, { en, zh }]));
}

/** A sentence without the name that begins it, which stands above it already. */
export function withoutName(sentence: string): string {
  return sentence.replace(/^[^\n]*?(?:\): |）：)/, "");
}

export interface Found {
  pointer: string;
  set: RuleSet;
  rule: Rule;
  said: Both;
}

/** The rules of one set (by its pointer), or those of all sets that have every word somewhere: name, sentence, expression, reason. */
export function rulesOf(document: Document, sentences: Map<string, Both>, at: string, text: string): Found[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found: Found[] = [];
  (document.rule_sets ?? []).forEach((set, number) => {
    if (!words.length && at !== `/rule_sets/${number}`) return;
    set.rules.forEach((rule, place) => {
      const pointer = `/rule_sets/${number}/rules/${place}`;
      const said = sentences.get(pointer) ?? { en: rule.when, zh: rule.when };
      const all = [rule.name, rule.en, rule.zh, rule.when, rule.reason, said.en, said.zh].join(" ").toLowerCase();
      if (words.every((word) => all.includes(word))) found.push({ pointer, set, rule, said });
    });
  });
  return found;
}

const KINDS = ["rule_set", "scorecard", "table", "flow", "list", "branch", "experiment", "wait", "call", "outcome", "severest"];

/** A declared flow as it is drawn: each pair of steps has one line, with all reasons to go along it. */
export function drawnFlow(flow: DeclaredFlow): Flow {
  const lines = new Map<string, Flow["edges"][number]>();
  const line = (from: string, to: string | undefined, when = "") => {
    if (!to) return;
    const known = lines.get(`${from}>${to}`) ?? { from, to, when: [], taken: false };
    if (when) known.when.push(when);
    lines.set(`${from}>${to}`, known);
  };
  for (const step of flow.nodes) {
    line(step.name, step.hit);
    for (const [outcome, to] of Object.entries(step.then ?? {})) line(step.name, to, outcome);
    for (const each of step.branch ?? []) line(step.name, each.to, each.when);
    for (const each of step.experiment ?? []) line(step.name, each.to, each.name);
    line(step.name, step.next);
    line(step.name, step.expired);
    line(step.name, step.failed);
  }
  const nodes = flow.nodes.map((step) => {
    const kind = KINDS.find((each) => step[each] !== undefined && step[each] !== false) ?? "";
    const of = step[kind];
    return { node: step.name, kind, of: typeof of === "string" ? of : "", visited: false, ...named(step) };
  });
  return { flow: flow.name, ...named(flow), nodes, edges: [...lines.values()] };
}

/** A bin as people read an interval: "< 340", "340–372", "≥ 372", or its values. */
export function interval(bin: Bin): string {
  if (bin.values) return bin.values.join(" / ");
  if (bin.low !== undefined && bin.high !== undefined) return `≥ ${bin.low}, < ${bin.high}`;
  if (bin.high !== undefined) return `< ${bin.high}`;
  return bin.low !== undefined ? `≥ ${bin.low}` : "";
}

/** Fields of events and those that are computed of them, by name. */
export function fieldsOf(document: Document): string[] {
  const found = (document.events ?? []).flatMap((each) => [...Object.keys(each.fields ?? {}), ...Object.keys(each.derive ?? {})]);
  return [...new Set(found)].sort();
}

/** A percent as it was typed: a number where it is one, the text otherwise, for the checks to say. */
export function percentIn(text: string): number | string {
  const value = Number(text);
  return /^\d{1,3}$/.test(text) && String(value) === text ? value : text;
}

/** What the arms of an experiment leave to the next step, in percent; "?" where one is no number. */
export function restOf(step: Step): string {
  const rest = (step.experiment ?? []).reduce((left, each) => left - (each.percent === "" ? NaN : Number(each.percent)), 100);
  return Number.isNaN(rest) ? "?" : String(Math.round(rest * 10_000) / 10_000);
}

/** A name that no arm of an experiment has. */
export function freeArm(step: Step): string {
  const names = new Set((step.experiment ?? []).map((each) => each.name));
  let number = 1;
  while (names.has(`arm_${number}`)) number += 1;
  return `arm_${number}`;
}
