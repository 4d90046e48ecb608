// A draft: the policy in force and what was changed since, step by step, as operations that the server takes (JSON Patch). Nothing here asks.
import type { Schemas, Written } from "../api/types";
import { sentencesOf, type Both, type Document, type Rule } from "./studio";

export type Operation = Schemas["Patch"]["patch"][number];
/** What one act of somebody did; taken back as a whole. */
export type Edit = Operation[];

/** A copy of the document with the operations done in order; one that leads nowhere is left out, the server says so. */
export function patched(document: Document, operations: readonly Operation[]): Document {
  const found = structuredClone(document);
  for (const each of operations) apply(found, each);
  return found;
}

function apply(document: unknown, { op, path, value }: Operation): void {
  const parts = partsOfPointer(path);
  const last = parts.pop() ?? "";
  let holder = document as Record<string, unknown> | unknown[] | undefined;
  for (const part of parts) holder = (holder as Record<string, Record<string, unknown>> | undefined)?.[part];
  if (!holder || typeof holder !== "object") return;
  if (Array.isArray(holder)) {
    const at = last === "-" ? holder.length : Number(last);
    holder.splice(at, op === "add" ? 0 : 1, ...(op === "remove" ? [] : [structuredClone(value)]));
  } else if (op === "remove") Reflect.deleteProperty(holder, last);
  else holder[last] = structuredClone(value);
}

/** "/rule_sets/0/a~1b" → ["rule_sets", "0", "a/b"]. */
export function partsOfPointer(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** One more edit; letters that are typed into one field after the other are one. */
export function withEdit(edits: readonly Edit[], edit: Edit): Edit[] {
  const before = edits.at(-1);
  const [one, another] = [before?.[0], edit[0]];
  const same = before?.length === 1 && edit.length === 1 && one?.op === "add" && another?.op === "add" && one.path === another.path && !/\/(\d+|-)$/.test(one.path);
  return same ? [...edits.slice(0, -1), edit] : edit.length ? [...edits, edit] : [...edits];
}

/** A field of an object gets a value. */
export const put = (path: string, value: unknown): Edit => [{ op: "add", path, value }];

/** A new rule at the end of a set; it decides nothing until somebody takes it out of the shadow. */
export function newRule(document: Document, set: string, when: string): Edit {
  const names = new Set((document.rule_sets ?? []).flatMap((each) => each.rules.map((rule) => rule.name)));
  let number = 1;
  while (names.has(`new_rule_${number}`)) number += 1;
  const rule: Rule = { name: `new_rule_${number}`, when, shadow: true };
  return [{ op: "add", path: `${set}/rules/-`, value: rule }];
}

/** Every word that an expression may use, with how people read it. */
export function wordsOf(document: Document): (Both & { name: string })[] {
  const found = new Map<string, Both & { name: string }>();
  const add = (each: { name: string; en?: string | undefined; zh?: string | undefined }) =>
    found.has(each.name) || found.set(each.name, { name: each.name, en: each.en || each.name, zh: each.zh || each.en || each.name });
  for (const each of document.features ?? []) add(each);
  for (const event of document.events ?? []) for (const [name, field] of Object.entries(event.fields ?? {})) add({ ...field, name });
  for (const each of document.derived ?? []) add(each);
  for (const each of document.lists ?? []) add(each);
  return [...found.values()];
}

/** The word that is being typed where the caret stands, and which words go on like it; those that begin with it first. */
export function completions<T extends { name: string; en: string; zh: string }>(text: string, caret: number, words: readonly T[], most = 8): { from: number; found: T[] } {
  const typed = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(text.slice(0, caret))?.[0].toLowerCase() ?? "";
  const from = caret - typed.length;
  if (typed.length < 2) return { from, found: [] };
  const like = words.filter((each) => [each.name, each.en, each.zh].some((word) => word.toLowerCase().includes(typed)) && each.name !== typed);
  const rank = (each: T) => (each.name.toLowerCase().startsWith(typed) ? 0 : each.name.toLowerCase().includes(typed) ? 1 : 2);
  return { from, found: like.sort((one, two) => rank(one) - rank(two) || one.name.localeCompare(two.name)).slice(0, most) };
}

/** Sentences by pointers of the draft: those the checks made anew, for all else those of the version it began with. */
export function sentencesOfDraft(base: Document, written: Written["said"], draft: Document, fresh: Written["said"]): Map<string, Both> {
  const known = sentencesOf(written);
  const found = new Map<string, Both>();
  const keep = (pointer: string, before: string | undefined) => {
    const said = before === undefined ? undefined : known.get(before);
    if (said) found.set(pointer, said);
  };
  for (const section of ["rule_sets", "scorecards", "tables", "flows"] as const)
    (draft[section] ?? []).forEach((part, number) => {
      const was = (base[section] ?? []).findIndex((each) => each.name === part.name);
      keep(`/${section}/${number}`, was < 0 ? undefined : `/${section}/${was}`);
      if (!("rules" in part)) return;
      const before = base.rule_sets?.[was]?.rules ?? [];
      part.rules.forEach((rule, place) => {
        const at = before.findIndex((each) => each.name === rule.name);
        keep(`/${section}/${number}/rules/${place}`, at < 0 ? undefined : `/${section}/${was}/rules/${at}`);
      });
    });
  for (const each of fresh) found.set(each.path, each);
  return found;
}

const KEY = "zhiyu.draft.";

/** The draft of this tab that began with a version; none when there is none, or it cannot be read. */
export function keptDraft(base: string): Edit[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEY + base) ?? "[]");
    return Array.isArray(found) ? (found as Edit[]) : [];
  } catch {
    return [];
  }
}

export function keepDraft(base: string, edits: readonly Edit[]): void {
  if (edits.length) sessionStorage.setItem(KEY + base, JSON.stringify(edits));
  else sessionStorage.removeItem(KEY + base);
}
