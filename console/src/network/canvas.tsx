// The network drawn by the graphics card: 5,000 nodes stay fluid. Everything it shows also stands in the list and the table beside it.
import Graph from "graphology";
import { useEffect, useRef, type RefObject } from "react";
import Sigma from "sigma";
import type { EdgeDisplayData, NodeDisplayData } from "sigma/types";
import { useShade } from "../theme";
import { HUB, type Net, type NetNode } from "./graph";
import type { Begin, Hold } from "./layout.worker";

interface Props {
  net: Net;
  starts: ReadonlySet<string>;
  selected: string | undefined;
  marked: ReadonlySet<string>;
  pinned: ReadonlySet<string>;
  chosen: ReadonlySet<string>;
  labelOf: (node: NetNode) => string;
  select: (id: string | undefined) => void;
  expand: (id: string) => void;
}

const COLORS = {
  light: { person: "#5b6b8c", thing: "#b4bdcd", bad: "#c7203a", gang: "#b4690e", start: "#3457d5", link: "#b9c2d2", marked: "#3457d5", label: "#1a2233", faint: "#e4e8ef" },
  dark: { person: "#a3b0cb", thing: "#566178", bad: "#ff7b8b", gang: "#e5a04c", start: "#8fa8ff", link: "#465166", marked: "#8fa8ff", label: "#e3e7ef", faint: "#252b37" },
};
const LARGE = 1_500;

export default function Canvas({ net, starts, selected, marked, pinned, chosen, labelOf, select, expand }: Props) {
  const { shade } = useShade();
  const box = useRef<HTMLDivElement>(null);
  const graph = useRef(new Graph({ type: "undirected" }));
  const sigma = useRef<Sigma | undefined>(undefined);
  const held = useRef(new Set<string>());
  const latest = useRef({ net, starts, selected, marked, pinned, chosen, labelOf, select, expand, shade });
  useEffect(() => {
    latest.current = { net, starts, selected, marked, pinned, chosen, labelOf, select, expand, shade };
    sigma.current?.setSetting("labelColor", { color: COLORS[shade].label });
    sigma.current?.refresh();
  });

  useEffect(() => {
    if (!box.current) return undefined;
    const drawn = graph.current;
    const large = latest.current.net.links.size > LARGE; // edges are left out while it moves, and cannot be pointed at
    const made = new Sigma(drawn, box.current, {
      allowInvalidContainer: true,
      labelFont: getComputedStyle(document.documentElement).getPropertyValue("--font"),
      labelSize: 12,
      labelDensity: 0.6,
      labelRenderedSizeThreshold: 4.5,
      stagePadding: 70,
      enableEdgeEvents: !large,
      hideEdgesOnMove: large,
      hideLabelsOnMove: large,
      labelColor: { color: COLORS[latest.current.shade].label },
      defaultDrawNodeHover: (context, data, settings) => {
        if (!data.label) return;
        context.font = `${settings.labelSize}px ${settings.labelFont}`;
        const width = context.measureText(data.label).width;
        context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--panel");
        context.fillRect(data.x + data.size + 1, data.y - settings.labelSize / 2 - 4, width + 8, settings.labelSize + 8);
        context.fillStyle = COLORS[latest.current.shade].label;
        context.fillText(data.label, data.x + data.size + 4, data.y + settings.labelSize / 3);
      },
      zIndex: true,
      nodeReducer: (id, data) => nodeLook(id, data as NodeDisplayData, latest.current),
      edgeReducer: (_, data) => edgeLook(data as EdgeDisplayData & { from: string; to: string }, latest.current),
    });
    made.on("clickNode", ({ node }) => latest.current.select(node));
    made.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
      preventSigmaDefault();
      latest.current.expand(node);
    });
    made.on("clickEdge", ({ edge }) => latest.current.select(drawn.target(edge)));
    made.on("clickStage", () => latest.current.select(undefined));
    dragging(made, drawn, held.current);
    sigma.current = made;
    return () => {
      made.kill();
      sigma.current = undefined;
    };
  }, []);

  useEffect(() => {
    const drawn = graph.current;
    if (!follow(drawn, net) || drawn.order < 2) return undefined;
    return laidOut(drawn, () => latest.current.pinned, held);
  }, [net]);

  return <div className="canvas" ref={box} role="img" aria-label="network" />;
}

/** Let the drawn graph follow a net; whether anything was added. Where a new node begins is decided by what it hangs on, not by chance. */
function follow(drawn: Graph, net: Net): boolean {
  drawn.forEachNode((id) => {
    if (!net.nodes.has(id)) drawn.dropNode(id);
  });
  let added = 0;
  for (const [id, node] of net.nodes) {
    if (drawn.hasNode(id)) continue;
    const turn = added * 2.399963;
    const far = 1 + node.hops * 10 + Math.sqrt(added);
    drawn.addNode(id, { x: Math.cos(turn) * far, y: Math.sin(turn) * far, size: node.isPerson ? 8 : 5 });
    added += 1;
  }
  for (const [key, link] of net.links) {
    if (drawn.hasNode(link.person) && drawn.hasNode(link.thing) && !drawn.hasEdge(key)) {
      drawn.addEdgeWithKey(key, link.person, link.thing, { size: 1 + Math.min(link.events, 8) / 3, from: link.person, to: link.thing });
      added += 1;
    }
  }
  drawn.forEachEdge((key) => {
    if (!net.links.has(key)) drawn.dropEdge(key);
  });
  return added > 0;
}

type Latest = Omit<Props, "select" | "expand"> & { shade: "light" | "dark" };

function nodeLook(id: string, data: NodeDisplayData, now: Latest): Partial<NodeDisplayData> {
  const node = now.net.nodes.get(id);
  const colors = COLORS[now.shade];
  if (!node) return { ...data, hidden: true };
  const color = node.bad ? colors.bad : now.starts.size === 1 && now.starts.has(id) ? colors.start : node.gang !== null ? colors.gang : node.isPerson ? colors.person : colors.thing;
  const faint = now.marked.size > 0 && !now.marked.has(id) && id !== now.selected;
  const hub = !node.isPerson && node.people >= HUB ? 4 : 0;
  return {
    ...data,
    label: faint ? "" : now.labelOf(node),
    color: faint ? colors.faint : color,
    size: (node.isPerson ? 8 : 5) + hub + (id === now.selected ? 4 : 0),
    forceLabel: id === now.selected || now.chosen.has(id) || now.marked.has(id) || now.starts.has(id),
    highlighted: id === now.selected || now.chosen.has(id),
    zIndex: faint ? 0 : 1,
  };
}

function edgeLook(data: EdgeDisplayData & { from: string; to: string }, now: Latest): Partial<EdgeDisplayData> {
  const colors = COLORS[now.shade];
  const onPath = now.marked.has(data.from) && now.marked.has(data.to);
  const ofSelected = data.from === now.selected || data.to === now.selected;
  return { ...data, color: onPath || ofSelected ? colors.marked : colors.link, size: onPath ? 3 : data.size, zIndex: onPath || ofSelected ? 1 : 0 };
}

/** The layout goes on beside the page; what it says moves the nodes that nobody has put somewhere. The answer ends it. */
function laidOut(drawn: Graph, pinned: () => ReadonlySet<string>, held: RefObject<Set<string>>): () => void {
  const ids = drawn.nodes();
  const number = new Map(ids.map((id, at) => [id, at]));
  const stays = (id: string) => pinned().has(id) || held.current.has(id);
  const places = Float32Array.from(ids.flatMap((id) => [drawn.getNodeAttribute(id, "x") as number, drawn.getNodeAttribute(id, "y") as number]));
  const links = Uint32Array.from(drawn.mapEdges((_, __, one, two) => [number.get(one) ?? 0, number.get(two) ?? 0]).flat());
  const layout = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  const told = new Set<string>();
  layout.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    drawn.updateEachNodeAttributes(
      (id, before) => {
        const at = number.get(id);
        return at === undefined || stays(id) ? before : { ...before, x: data[2 * at], y: data[2 * at + 1] };
      },
      { attributes: ["x", "y"] },
    );
    for (const id of held.current) {
      const at = number.get(id);
      if (at === undefined || told.has(id) || !drawn.hasNode(id)) continue;
      told.add(id);
      layout.postMessage({ kind: "hold", number: at, x: drawn.getNodeAttribute(id, "x") as number, y: drawn.getNodeAttribute(id, "y") as number } satisfies Hold);
    }
  };
  const moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  layout.postMessage({ kind: "begin", places, links, fixed: ids.flatMap((id, at) => (stays(id) ? [at] : [])), moving } satisfies Begin);
  return () => layout.terminate();
}

/** Nodes can be taken and put elsewhere, where they stay: they are `held`. */
function dragging(made: Sigma, drawn: Graph, held: Set<string>): void {
  let taken: string | undefined;
  made.on("downNode", ({ node }) => {
    taken = node;
    if (!made.getCustomBBox()) made.setCustomBBox(made.getBBox());
  });
  made.getMouseCaptor().on("mousemovebody", (event) => {
    if (!taken) return;
    held.add(taken);
    const place = made.viewportToGraph(event);
    drawn.setNodeAttribute(taken, "x", place.x);
    drawn.setNodeAttribute(taken, "y", place.y);
    event.preventSigmaDefault();
    event.original.preventDefault();
  });
  made.getMouseCaptor().on("mouseup", () => {
    taken = undefined;
  });
}
