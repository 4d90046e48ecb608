// Settings: which parts somebody may see, how a key of a machine stands, passwords to hand over.
import type { MachineKey, Person, RoleTable } from "../api/types";

export const PARTS = ["own", "people", "roles", "keys", "webhooks", "outbox"] as const;
export type Part = (typeof PARTS)[number];

const MAY: Record<Part, string> = { own: "", people: "people", roles: "people", keys: "people", webhooks: "webhooks", outbox: "webhooks" };

/** The parts that somebody with these permissions may see; on a server that nobody signs in to, one's own alone. */
export function partsFor(permissions: readonly string[] | undefined): Part[] {
  return PARTS.filter((each) => !MAY[each] || permissions?.includes(MAY[each]));
}

/** The part that an address names; the first where it names none that may be seen. */
export function partIn(text: string | null, parts: readonly Part[]): Part {
  return parts.find((each) => each === text) ?? parts[0] ?? "own";
}

const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const LETTERS_EACH = 4;

/** A password to hand over: 20 letters and digits that cannot be mistaken for others (100 bits), in groups. `random` fills bytes. */
export function newPassword(random: (bytes: Uint8Array) => Uint8Array): string {
  const letters = [...random(new Uint8Array(GROUPS * LETTERS_EACH))].map((byte) => LETTERS[byte % LETTERS.length]);
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * LETTERS_EACH, (group + 1) * LETTERS_EACH).join("")).join("-");
}

const SOON_MS = 14 * 86_400_000;

/** How a key stands at a moment (ms since 1970). */
export function keyState(key: Pick<MachineKey, "expires">, now: number): "over" | "soon" | "later" | "never" {
  if (!key.expires) return "never";
  const left = Date.parse(key.expires) - now;
  return left <= 0 ? "over" : left < SOON_MS ? "soon" : "later";
}

/** Scopes of a key that go past everybody's approval. */
export const MIGHTY: readonly string[] = ["admin", "policy"];

/** What roles allow together, in the order of the permissions. */
export function allowed(table: RoleTable, roles: readonly string[]): string[] {
  const found = new Set(table.roles.filter((each) => roles.includes(each.name)).flatMap((each) => each.permissions ?? []));
  return table.permissions.map((each) => each.name).filter((each) => found.has(each));
}

/** What other roles add and take away. */
export function moved(table: RoleTable, before: readonly string[], after: readonly string[]): { more: string[]; less: string[] } {
  const [was, is] = [allowed(table, before), allowed(table, after)];
  return { more: is.filter((each) => !was.includes(each)), less: was.filter((each) => !is.includes(each)) };
}

/** Who has a role and may sign in. */
export const holders = (people: readonly Person[], role: string): Person[] => people.filter((each) => each.active && each.roles.includes(role));

const KIND = /^(\*|[a-z][a-z0-9_]*(\.[a-zA-Z0-9_-]+)*(\.\*)?)$/;

/** Kinds as they are typed, one by one; what is none stands in `wrong`. */
export function kindsIn(text: string): { kinds: string[]; wrong: string[] } {
  const kinds = [...new Set(text.split(/[\s,，、;；]+/).filter(Boolean))];
  return { kinds, wrong: kinds.filter((each) => !KIND.test(each)) };
}

export const STATES = ["dead", "waiting", "done", "all"] as const;
export type State = (typeof STATES)[number];

/** What the API is asked for deliveries of a state. */
export function statesOf(state: State): string {
  return { dead: "dead", waiting: "waiting,sending", done: "done,taken_back", all: "" }[state];
}
