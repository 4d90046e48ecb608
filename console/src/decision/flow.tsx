// The flow drawn, with the way that the decision took. Loaded when it is needed. The list below the drawing says the same in words.
import { Background, BaseEdge, Handle, MarkerType, Position, ReactFlow, getBezierPath, EdgeLabelRenderer, type Edge, type EdgeProps, type Node, type NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import { useNames } from "../api/session";
import type { Flow } from "../api/types";
import { useShade } from "../theme";
import { useWords } from "../words/words";
import type { Key } from "../words/zh";
import { placesOf } from "./layers";

const WIDE = 190;
const HIGH = 84;
type StepData = { kind: string; label: string; visited: boolean; step: number; [other: string]: unknown };

function Step({ data }: NodeProps<Node<StepData>>) {
  return (
    <div className={`step${data.visited ? " visited" : ""}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="kind">
        {data.step > 0 && <b>{data.step}</b>} {data.kind}
      </span>
      <span className="label">{data.label}</span>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function Way({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, ...rest }: EdgeProps<Edge<{ when: string; taken: boolean }>>) {
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  return (
    <>
      <BaseEdge id={id} path={path} {...(rest.markerEnd ? { markerEnd: rest.markerEnd } : {})} className={data?.taken ? "taken" : ""} />
      {data?.when && (
        <EdgeLabelRenderer>
          <span className="edge-label" title={data.when} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {data.when}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

const nodeTypes = { step: Step };
const edgeTypes = { way: Way };

export default function FlowDrawing({ flow }: { flow: Flow }) {
  const { t, said } = useWords();
  const names = useNames();
  const { shade } = useShade();
  const outcomes = useMemo(() => new Set(["pass", "notify", "challenge", "delay", "review", "decline"]), []);
  const places = useMemo(() => placesOf(flow), [flow]);
  const order = useMemo(() => {
    const visited = flow.nodes.filter((each) => each.visited).map((each) => each.node);
    return new Map([...visited].sort((a, b) => (places.get(a)?.x ?? 0) - (places.get(b)?.x ?? 0)).map((name, number) => [name, number + 1]));
  }, [flow, places]);
  const words = (when: string) => (outcomes.has(when) ? names("outcomes", when) : when);
  const nodes: Node<StepData>[] = flow.nodes.map((each) => {
    const { x, y } = places.get(each.node) ?? { x: 0, y: 0 };
    const kind = each.kind === "outcome" ? names("outcomes", each.of) : t(`kind.${each.kind}` as Key);
    const data = { kind, label: said(each), visited: each.visited, step: order.get(each.node) ?? 0 };
    return { id: each.node, type: "step", position: { x: x * WIDE, y: y * HIGH }, data, draggable: false, selectable: false, focusable: false };
  });
  const color = shade === "dark" ? "#7b98ff" : "#3457d5";
  const edges: Edge<{ when: string; taken: boolean }>[] = flow.edges.map((each) => ({
    id: `${each.from}>${each.to}`,
    type: "way",
    source: each.from,
    target: each.to,
    focusable: false,
    data: { when: each.when.map(words).join(" / "), taken: each.taken },
    ...(each.taken ? { markerEnd: { type: MarkerType.ArrowClosed, color, width: 16, height: 16 } } : {}),
  }));
  const rows = Math.max(...[...places.values()].map((each) => each.y)) + 1;
  const walked = flow.nodes.filter((each) => each.visited).sort((a, b) => (order.get(a.node) ?? 0) - (order.get(b.node) ?? 0));
  return (
    <>
      <div className="flow" style={{ height: Math.min(Math.max(rows * HIGH + 50, 140), 400) }} aria-hidden="true">
        <ReactFlow nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} fitView fitViewOptions={{ padding: 0.06, maxZoom: 1 }} minZoom={0.3} nodesConnectable={false} elementsSelectable={false} zoomOnScroll={false} preventScrolling={false} proOptions={{ hideAttribution: true }} colorMode={shade}>
          <Background gap={18} size={1} />
        </ReactFlow>
      </div>
      <ol className="walked">
        {walked.map((each) => (
          <li key={each.node}>{said(each)}</li>
        ))}
      </ol>
    </>
  );
}
