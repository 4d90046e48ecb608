// What is known of a network, merged from what was asked: people and things by code, why each two are linked, since when.
// Codes, not names, say who is who: names are masked, and two cards may end in the same digits.
import type { Gang, Nest, Vocabulary } from "../api/types";

export interface NetNode {
  id: string;
  kind: string;
  code: string;
  name: string;
  isPerson: boolean;
  bad: boolean;
  gang: number | null;
  /** Links away from where one began; things count with the nearest of their people. */
  hops: number;
  /** Of a thing: how many people use it in all, shown or not. */
  people: number;
  expanded: boolean;
}

export interface NetLink {
  person: string;
  thing: string;
  first: number;
  last: number;
  events: number;
}

export interface Net {
  nodes: ReadonlyMap<string, NetNode>;
  links: ReadonlyMap<string, NetLink>;
  cut: boolean;
}

/** A thing that so many people use connects everybody with everybody: it is expanded only when one insists. */
export const HUB = 25;
export const NOTHING: Net = { nodes: new Map(), links: new Map(), cut: false };
export const PERSON = "person";

const kindOf = (name: string) => name.slice(0, name.indexOf(":"));
const shownOf = (name: string) => name.slice(name.indexOf(":") + 1);
const personId = (code: string) => `${PERSON}:${code}`;

/** A net with an answer merged in; `from`: the node that was expanded, undefined where one begins. */
export function merged(net: Net, told: Pick<Nest, "people" | "things" | "links" | "cut">, from?: string): Net {
  const nodes = new Map(net.nodes);
  const links = new Map(net.links);
  const base = from === undefined ? 0 : (nodes.get(from)?.hops ?? 0) + (from.startsWith(`${PERSON}:`) ? 0 : 1);
  for (const each of told.people) {
    const id = personId(each.code);
    const known = nodes.get(id);
    const hops = Math.min(known?.hops ?? Infinity, base + each.hops);
    nodes.set(id, { id, kind: PERSON, code: each.code, name: shownOf(each.name), isPerson: true, bad: each.bad, gang: each.gang, hops, people: 0, expanded: known?.expanded ?? false });
  }
  const people = new Map(told.things.map((each) => [`${kindOf(each.name)}:${each.code}`, each]));
  for (const each of told.links) {
    const person = personId(each.person_code);
    const kind = kindOf(each.thing);
    const thing = `${kind}:${each.thing_code}`;
    links.set(`${person}~${thing}`, { person, thing, first: Date.parse(each.first), last: Date.parse(each.last), events: each.events });
    const known = nodes.get(thing);
    const hops = Math.min(known?.hops ?? Infinity, nodes.get(person)?.hops ?? 0);
    const count = Math.max(people.get(thing)?.people ?? 0, known?.people ?? 0);
    nodes.set(thing, { id: thing, kind, code: each.thing_code, name: shownOf(each.thing), isPerson: false, bad: false, gang: null, hops, people: count, expanded: known?.expanded ?? false });
  }
  const start = from === undefined ? undefined : nodes.get(from);
  if (start) nodes.set(start.id, { ...start, expanded: true });
  return { nodes, links, cut: net.cut || told.cut };
}

/** A gang as an answer that can be merged: its members are where one begins. */
export function nestOf(gang: Gang): Pick<Nest, "people" | "things" | "links" | "cut"> {
  const people = gang.members.map((each) => ({ ...each, hops: 0, gang: gang.gang }));
  const known = new Set(people.map((each) => each.code));
  const more = new Map(gang.links.filter((each) => !known.has(each.person_code)).map((each) => [each.person_code, { name: each.person, code: each.person_code, hops: 1, bad: false, gang: null }]));
  return { people: [...people, ...more.values()], things: gang.things, links: gang.links, cut: gang.cut };
}

/** When the first and the last link began, for the slider; undefined without links. */
export function spanOf(net: Net): [number, number] | undefined {
  if (!net.links.size) return undefined;
  let [low, high] = [Infinity, -Infinity];
  for (const each of net.links.values()) {
    low = Math.min(low, each.first);
    high = Math.max(high, each.first);
  }
  return [low, high];
}

/** What was linked by a moment: links that had begun, and their ends. */
export function asOf(net: Net, moment: number, always: ReadonlySet<string> = new Set()): Net {
  const links = new Map([...net.links].filter(([, each]) => each.first <= moment));
  const there = new Set(always);
  for (const each of links.values()) there.add(each.person).add(each.thing);
  return { nodes: new Map([...net.nodes].filter(([id]) => there.has(id))), links, cut: net.cut };
}

/** Links of each node. */
export function linksOf(net: Net): Map<string, NetLink[]> {
  const found = new Map<string, NetLink[]>();
  for (const each of net.links.values()) {
    for (const id of [each.person, each.thing]) found.set(id, [...(found.get(id) ?? []), each]);
  }
  return found;
}

/** The shortest way between two nodes as links in order; undefined when there is none. */
export function pathBetween(net: Net, from: string, to: string): NetLink[] | undefined {
  const links = linksOf(net);
  const came = new Map<string, NetLink | undefined>([[from, undefined]]);
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at === to) break;
    for (const link of links.get(at) ?? []) {
      const next = link.person === at ? link.thing : link.person;
      if (!came.has(next)) {
        came.set(next, link);
        queue.push(next);
      }
    }
  }
  if (!came.has(to)) return undefined;
  const path: NetLink[] = [];
  for (let at = to, link = came.get(at); link; link = came.get(at)) {
    path.unshift(link);
    at = link.person === at ? link.thing : link.person;
  }
  return path;
}

/** Whom one shares what with: for a person, every other person over each shared thing; the most recent first. */
export interface Shared {
  other: string;
  over: string;
  mine: NetLink;
  theirs: NetLink;
}

export function sharedWith(net: Net, person: string): Shared[] {
  const links = linksOf(net);
  const found: Shared[] = [];
  for (const mine of links.get(person) ?? []) {
    for (const theirs of links.get(mine.thing) ?? []) {
      if (theirs.person !== person) found.push({ other: theirs.person, over: mine.thing, mine, theirs });
    }
  }
  return found.sort((a, b) => Math.max(b.mine.first, b.theirs.first) - Math.max(a.mine.first, a.theirs.first));
}

/** Nodes as a list: where one began first, people before things, the busiest first. */
export function listed(net: Net): NetNode[] {
  const links = linksOf(net);
  const busy = (id: string) => links.get(id)?.length ?? 0;
  return [...net.nodes.values()].sort((a, b) => Number(b.isPerson) - Number(a.isPerson) || a.hops - b.hops || busy(b.id) - busy(a.id) || a.id.localeCompare(b.id));
}

/** The entity that a node is a value of, as decisions, lists and cases name it. */
export function entityOf(node: Pick<NetNode, "isPerson" | "kind">, vocabulary: Pick<Vocabulary, "person" | "named">): string {
  const field = node.isPerson ? (vocabulary.person ?? PERSON) : node.kind;
  return vocabulary.named[field] ?? field;
}

/** Whether a node can stand on a list: `of` is a field that names such things, or their entity. */
export function fitsOn(of: string, node: Pick<NetNode, "isPerson" | "kind">, vocabulary: Pick<Vocabulary, "person" | "named">): boolean {
  const entity = entityOf(node, vocabulary);
  return of === entity || vocabulary.named[of] === entity;
}
