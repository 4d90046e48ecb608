// Where the parts of a lineage stand when they are drawn: a column per distance, a row per part, the fullest columns cut.
import type { LineagePart } from "../api/types";

export const WIDE = 200;
export const GAP = 64;
export const ROW = 34;
export const HIGH = 28;
/** Parts of one column that are drawn. */
export const MOST = 12;

export interface Placed {
  number: number;
  part: LineagePart;
  x: number;
  y: number;
}

export interface Drawn {
  placed: Placed[];
  lines: { from: Placed; to: Placed }[];
  /** How many parts of a column are not drawn, and where that is said. */
  more: { x: number; y: number; count: number }[];
  width: number;
  height: number;
}

export function drawnOf(parts: readonly LineagePart[], links: readonly (readonly number[])[]): Drawn {
  const depths = [...new Set(parts.map((each) => each.depth))].sort((a, b) => a - b);
  const columns = depths.map((depth) => parts.map((part, number) => ({ part, number })).filter((each) => each.part.depth === depth));
  const tallest = Math.max(...columns.map((each) => Math.min(each.length, MOST) + (each.length > MOST ? 1 : 0)), 1);
  const placed: Placed[] = [];
  const more: Drawn["more"] = [];
  columns.forEach((column, at) => {
    const shown = column.slice(0, MOST);
    const x = at * (WIDE + GAP);
    const rows = shown.length + (column.length > MOST ? 1 : 0);
    const top = ((tallest - rows) * ROW) / 2;
    shown.forEach(({ part, number }, row) => placed.push({ part, number, x, y: top + row * ROW }));
    if (column.length > MOST) more.push({ x, y: top + shown.length * ROW, count: column.length - MOST });
  });
  const by = new Map(placed.map((each) => [each.number, each]));
  const lines = links.flatMap(([one, two]) => {
    const from = by.get(one ?? -1);
    const to = by.get(two ?? -1);
    return from && to ? [{ from, to }] : [];
  });
  return { placed, lines, more, width: columns.length * (WIDE + GAP) - GAP, height: tallest * ROW };
}

/** Whether a feature is among those that are looked for. */
export function matches(feature: { name: string; en: string; zh: string; kind: string; by: string[]; over: string; uses: number }, text: string, kind: string, by: string, over: string, unused: boolean): boolean {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const said = `${feature.name} ${feature.en} ${feature.zh}`.toLowerCase();
  return words.every((word) => said.includes(word)) && (!kind || feature.kind === kind) && (!by || feature.by.includes(by)) && (!over || feature.over === over) && (!unused || feature.uses === 0);
}
