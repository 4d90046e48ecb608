import { describe, expect, it } from "vitest";
import { address } from "../api/http";
import { auditQuery, partsOf, placeOf } from "./audit";

describe("the audit", () => {
  it("asks for a view, a person, a thing", () => {
    expect(address("/v1/audit", auditQuery(new URLSearchParams("view=reveals&by=ann&about=e1")))).toBe("/v1/audit?about=e1&by=person%3Aann&verb=vault.reveal&limit=100");
    expect(auditQuery(new URLSearchParams("by=key:k1&verb=proposal.approve"), 9)).toMatchObject({ by: "key:k1", verb: "proposal.approve", before: 9 });
    expect(auditQuery(new URLSearchParams("verb=;drop"))).toMatchObject({ verb: "" });
  });
  it("leads to what an entry is about", () => {
    expect(placeOf({ about: "proposal/7", verb: "proposal.make" })).toBe("/approvals/7?tab=ended");
    expect(placeOf({ about: "case/3", verb: "case.file" })).toBe("/cases/3");
    expect(placeOf({ about: "e/1", verb: "vault.reveal" })).toBe("/decisions/e%2F1");
    expect(placeOf({ about: "12 events", verb: "vault.reveal" })).toBe("");
    expect(placeOf({ about: "ann", verb: "person.add" })).toBe("");
  });
  it("tells details part by part", () => {
    expect(partsOf({ base: "", reason: "<b>", fields: ["a"] })).toEqual([["reason", "<b>"], ["fields", '["a"]']]);
  });
});
