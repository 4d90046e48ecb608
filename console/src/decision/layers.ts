// Where the nodes of a flow stand when it is drawn: a layer per step of the longest way from the start, nodes of a layer below each other.
import type { Flow } from "../api/types";

export interface Place {
  x: number;
  y: number;
}

/** Places by node, in grid units: x is the layer, y the row. The way that was taken keeps the top row. */
export function placesOf(flow: Pick<Flow, "nodes" | "edges">): Map<string, Place> {
  const layer = new Map<string, number>(flow.nodes.map((each) => [each.node, 0]));
  for (let round = 0; round < flow.nodes.length; round += 1) {
    let moved = false;
    for (const edge of flow.edges) {
      const wanted = (layer.get(edge.from) ?? 0) + 1;
      if ((layer.get(edge.to) ?? 0) < wanted && wanted < flow.nodes.length) {
        layer.set(edge.to, wanted);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const rows = new Map<number, number>();
  const places = new Map<string, Place>();
  const taken = new Set(flow.nodes.filter((each) => each.visited).map((each) => layer.get(each.node)));
  for (const node of [...flow.nodes].sort((a, b) => Number(b.visited) - Number(a.visited))) {
    const x = layer.get(node.node) ?? 0;
    const y = rows.get(x) ?? (node.visited || !taken.size ? 0 : 1);
    places.set(node.node, { x, y });
    rows.set(x, y + 1);
  }
  return places;
}
