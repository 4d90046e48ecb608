// Where the nodes of a network lie, worked out beside the page, so that a large one can be dragged and zoomed meanwhile.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";

/** Nodes by number: x and y in turn; links as pairs of numbers. `moving`: tells places on the way, not only at the end. */
export interface Begin {
  kind: "begin";
  places: Float32Array;
  links: Uint32Array;
  fixed: number[];
  moving: boolean;
}

/** Somebody put a node somewhere: it stays there. */
export interface Hold {
  kind: "hold";
  number: number;
  x: number;
  y: number;
}

const LARGE = 1_000;
const ROUNDS = { small: 400, large: 120 };
/** Between two tidings; the page draws everything anew with each. */
const TELL_MS = { small: 30, large: 250 };

const graph = new Graph({ type: "undirected" });

function places(): Float32Array {
  const found = new Float32Array(2 * graph.order);
  graph.forEachNode((id, { x, y }) => found.set([x as number, y as number], 2 * Number(id)));
  return found;
}

function work(moving: boolean): void {
  const size = graph.order > LARGE ? "large" : "small";
  const settings = { ...forceAtlas2.inferSettings(graph), barnesHutOptimize: graph.order > 400, adjustSizes: graph.order < 400, slowDown: 4 };
  let rounds = 0;
  const turn = () => {
    const until = performance.now() + TELL_MS[size];
    do {
      forceAtlas2.assign(graph, { iterations: 1, settings });
      rounds += 1;
    } while (rounds < ROUNDS[size] && performance.now() < until);
    const done = rounds >= ROUNDS[size];
    if (moving || done) postMessage(places());
    if (!done) setTimeout(turn);
  };
  turn();
}

onmessage = ({ data }: MessageEvent<Begin | Hold>) => {
  if (data.kind === "hold") {
    graph.mergeNodeAttributes(String(data.number), { x: data.x, y: data.y, fixed: true });
    return;
  }
  const fixed = new Set(data.fixed);
  for (let number = 0; number < data.places.length / 2; number += 1) {
    graph.addNode(String(number), { x: data.places[2 * number], y: data.places[2 * number + 1], size: 6, fixed: fixed.has(number) });
  }
  for (let at = 0; at < data.links.length; at += 2) {
    const [one, two] = [String(data.links[at]), String(data.links[at + 1])];
    if (!graph.hasEdge(one, two)) graph.addEdge(one, two);
  }
  work(data.moving);
};
