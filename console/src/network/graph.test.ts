// The network as data: merged by code, as of a moment, paths, who shares what.
import { describe, expect, it } from "vitest";
import { NOTHING, asOf, entityOf, fitsOn, linksOf, listed, merged, pathBetween, sharedWith, spanOf } from "./graph";

const person = (code: string, hops = 0, bad = false) => ({ name: `customer:${code}`, code, hops, bad, gang: null });
const link = (who: string, thing: string, what: string, first = "2026-01-01T00:00:00Z") => ({ person: `customer:${who}`, thing, first, last: first, events: 1, person_code: who, thing_code: what });
const told = {
  people: [person("a"), person("b", 1), person("c", 2, true)],
  things: [{ name: "card:***1", code: "k1", people: 2 }, { name: "card:***1", code: "k2", people: 40 }],
  links: [link("a", "card:***1", "k1"), link("b", "card:***1", "k1", "2026-01-03T00:00:00Z"), link("b", "card:***1", "k2"), link("c", "card:***1", "k2", "2026-01-02T00:00:00Z")],
  cut: false,
};

describe("a network", () => {
  const net = merged(NOTHING, told);
  it("keeps things apart that share a masked name", () => {
    expect([...net.nodes.keys()].sort()).toEqual(["card:k1", "card:k2", "person:a", "person:b", "person:c"]);
    expect(net.nodes.get("card:k2")?.people).toBe(40);
    expect(sharedWith(net, "person:a").map((each) => each.other)).toEqual(["person:b"]);
  });
  it("is the same when an answer comes twice, and remembers what was expanded and how far it is", () => {
    const more = merged(net, { ...told, people: [person("c"), person("d", 1)], links: [link("c", "device:d", "d1"), link("d", "device:d", "d1")] }, "person:c");
    expect(more.nodes.get("person:d")?.hops).toBe(3);
    expect(more.nodes.get("person:c")).toMatchObject({ hops: 2, expanded: true });
    expect(merged(net, told).links.size).toBe(net.links.size);
  });
  it("has the shortest way between two, or none", () => {
    expect(pathBetween(net, "person:a", "person:c")?.map((each) => `${each.person}~${each.thing}`)).toEqual(["person:a~card:k1", "person:b~card:k1", "person:b~card:k2", "person:c~card:k2"]);
    expect(pathBetween(merged(net, { ...told, people: [person("z")], links: [] }), "person:a", "person:z")).toBeUndefined();
    expect(pathBetween(net, "person:a", "person:a")).toEqual([]);
  });
  it("as of a moment has only what had begun, and where one began", () => {
    const early = asOf(net, Date.parse("2026-01-01T12:00:00Z"), new Set(["person:a"]));
    expect([...early.links.keys()].sort()).toEqual(["person:a~card:k1", "person:b~card:k2"]);
    expect(spanOf(net)).toEqual([Date.parse("2026-01-01T00:00:00Z"), Date.parse("2026-01-03T00:00:00Z")]);
  });
  it("lists people before things, the nearest first", () => {
    expect(listed(net).map((each) => each.id)).toEqual(["person:a", "person:b", "person:c", "card:k1", "card:k2"]);
    expect(linksOf(net).get("person:b")).toHaveLength(2);
  });
});

it("a node is of an entity, and stands on lists of it or of a field that names it", () => {
  const vocabulary = { person: "customer", named: { customer: "customer", contact_phone: "phone", phone: "phone" } };
  const [who, phone] = [{ isPerson: true, kind: "person" }, { isPerson: false, kind: "contact_phone" }];
  expect([entityOf(who, vocabulary), entityOf(phone, vocabulary)]).toEqual(["customer", "phone"]);
  expect(["customer", "phone", "contact_phone", "device"].map((of) => fitsOn(of, phone, vocabulary))).toEqual([false, true, true, false]);
  expect(fitsOn("customer", who, vocabulary)).toBe(true);
  expect(entityOf(phone, { person: null, named: {} })).toBe("contact_phone");
});
