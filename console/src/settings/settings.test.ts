import { expect, test } from "vitest";
import { allowed, keyState, kindsIn, moved, newPassword, partIn, partsFor } from "./settings";

test("everybody sees their own part, the others by permission", () => {
  expect(partsFor(undefined)).toEqual(["own"]);
  expect(partsFor(["read"])).toEqual(["own"]);
  expect(partsFor(["people", "webhooks"])).toEqual(["own", "people", "roles", "keys", "webhooks", "outbox"]);
  expect(partIn("people", ["own"])).toBe("own");
  expect(partIn("keys", ["own", "keys"])).toBe("keys");
});

test("a password to hand over is long enough and different each time", () => {
  const first = newPassword((bytes) => crypto.getRandomValues(bytes));
  expect(first).toMatch(/^([a-km-np-z2-9]{4}-){4}[a-km-np-z2-9]{4}$/);
  expect(newPassword((bytes) => crypto.getRandomValues(bytes))).not.toBe(first);
  expect(newPassword((bytes) => bytes.fill(255))).toBe("9999-9999-9999-9999-9999");
});

test("a key is over, over soon, later, never", () => {
  const now = Date.parse("2026-03-01T00:00:00Z");
  expect(["2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z", "2026-06-01T00:00:00Z", null].map((expires) => keyState({ expires }, now))).toEqual(["over", "soon", "later", "never"]);
});

test("what other roles add and take away", () => {
  const word = (name: string, permissions: string[] = []) => ({ name, en: name, zh: name, permissions });
  const table = { roles: [word("one", ["read", "lists"]), word("two", ["read", "audit"])], permissions: ["lists", "read", "audit"].map((each) => word(each)) };
  expect(allowed(table, ["one", "two"])).toEqual(["lists", "read", "audit"]);
  expect(moved(table, ["one"], ["two"])).toEqual({ more: ["audit"], less: ["lists"] });
});

test("kinds are read as they are typed, what is none is told", () => {
  expect(kindsIn("decision.*, case.opened\n*，decision.*")).toEqual({ kinds: ["decision.*", "case.opened", "*"], wrong: [] });
  expect(kindsIn("Decision.x a..b").wrong).toEqual(["Decision.x", "a..b"]);
});
