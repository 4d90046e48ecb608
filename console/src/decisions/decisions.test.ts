import { describe, expect, it } from "vitest";
import type { DecisionPage, ListedDecision } from "../api/types";
import { withFresh } from "./fresh";

const row = (position: number) => ({ position }) as unknown as ListedDecision;
const page = (decisions: ListedDecision[], position: number): DecisionPage => ({ decisions, next: null, looked: decisions.length, unknown: 1, position });

describe("what came since", () => {
  it("stands before the rest, once, and moves the place to ask from", () => {
    const held = { pages: [page([row(5), row(4)], 6), page([row(1)], 6)], pageParams: [undefined, 4] };
    const found = withFresh(held, page([row(9), row(7), row(5)], 10));
    expect(found.pages.map((each) => each.decisions.map((one) => one.position))).toEqual([[9, 7, 5, 4], [1]]);
    expect([found.pages[0]?.position, found.pages[0]?.looked, found.pages[0]?.unknown]).toEqual([10, 5, 2]);
    expect(found.pageParams).toEqual([undefined, 4]);
  });
});
