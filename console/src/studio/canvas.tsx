// A flow that is changed where it is drawn: steps are dragged and connected, ways cut, and what the check finds stands at its step. The table
// beside it says and changes the same. Loaded when somebody edits a flow.
import { Background, Controls, Handle, MarkerType, MiniMap, Position, ReactFlow, type Connection, type Edge, type Node, type NodeChange, type NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { Button } from "antd";
import { useMemo, useState } from "react";
import { useNames } from "../api/session";
import { placesOf, type Place } from "../decision/layers";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { useShade } from "../theme";
import { useWords } from "../words/words";
import type { Key } from "../words/zh";
import type { Edit } from "./draft";
import { ADDED, added, connected, cut, exitsOf, kindOf, removed, type Exit } from "./flow";
import { StepForm, useExitWords } from "./step";
import { drawnFlow, named, type DeclaredFlow, type Document } from "./studio";
import type { Finding } from "./trial";

const WIDE = 230;
const HIGH = 118;
type Drawn = Node<{ kind: string; label: string; exits: { id: string; words: string }[]; wrong: boolean; [other: string]: unknown }>;

function StepNode({ data, selected }: NodeProps<Drawn>) {
  return (
    <div className={`step drawn-step${selected ? " chosen" : ""}${data.wrong ? " wrong" : ""}`}>
      <Handle type="target" position={Position.Left} />
      <span className="kind">{data.kind}</span>
      <span className="label">{data.label}</span>
      <ul>
        {data.exits.map((each) => (
          <li key={each.id} title={each.words}>
            <span>{each.words}</span>
            <Handle type="source" id={each.id} position={Position.Right} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const nodeTypes = { step: StepNode };

export default function FlowCanvas({ flow, pointer, document, edit, findings }: { flow: DeclaredFlow; pointer: string; document: Document; edit: (edit: Edit) => void; findings: Finding[] }) {
  const { t, said } = useWords();
  const names = useNames();
  const { shade } = useShade();
  const wordsOf = useExitWords();
  const [view, setView] = useState<"canvas" | "table">("canvas");
  const [chosen, setChosen] = useState("");
  const [moved, setMoved] = useState<ReadonlyMap<string, Place>>(new Map());
  const [sizes, setSizes] = useState<ReadonlyMap<string, { width: number; height: number }>>(new Map());
  useKeys("studio", { view: () => setView(view === "canvas" ? "table" : "canvas") });
  const places = useMemo(() => placesOf(drawnFlow(flow)), [flow]);
  const at = (name: string) => `${pointer}/nodes/${flow.nodes.findIndex((each) => each.name === name)}`;
  const wrong = (name: string) => findings.some((each) => each.severity === "error" && (each.path === at(name) || each.path.startsWith(`${at(name)}/`)));
  const exitOf = (name: string, id: string | null | undefined): { step: DeclaredFlow["nodes"][number]; exit: Exit } | undefined => {
    const step = flow.nodes.find((each) => each.name === name);
    const exit = step && exitsOf(step).find((each) => each.id === id);
    return step && exit ? { step, exit } : undefined;
  };
  const kindWord = (step: DeclaredFlow["nodes"][number]) => {
    const kind = kindOf(step);
    return kind === "outcome" ? names("outcomes", String(step.outcome)) : t(`kind.${kind}` as Key);
  };
  const nodes: Drawn[] = flow.nodes.map((step) => {
    const { x, y } = places.get(step.name) ?? { x: 0, y: 0 };
    const exits = exitsOf(step).map((each) => ({ id: each.id, words: wordsOf(each) }));
    const measured = sizes.get(step.name);
    return { id: step.name, type: "step", ...(measured ? { measured } : {}), position: moved.get(step.name) ?? { x: x * WIDE, y: y * HIGH }, selected: step.name === chosen, data: { kind: kindWord(step), label: said(named(step)), exits, wrong: wrong(step.name) } };
  });
  const edges: Edge[] = flow.nodes.flatMap((step) =>
    exitsOf(step)
      .filter((exit) => flow.nodes.some((each) => each.name === exit.to))
      .map((exit) => ({ id: `${step.name} ${exit.id}`, source: step.name, sourceHandle: exit.id, target: exit.to, reconnectable: "target" as const, markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 } })),
  );
  const connect = ({ source, sourceHandle, target }: Connection) => {
    if (exitOf(source, sourceHandle)) edit(connected(at(source), sourceHandle ?? "next", target));
  };
  const changed = (changes: NodeChange<Drawn>[]) => {
    const places = changes.flatMap((each) => (each.type === "position" && each.position ? [[each.id, each.position] as const] : []));
    const large = changes.flatMap((each) => (each.type === "dimensions" && each.dimensions ? [[each.id, each.dimensions] as const] : []));
    const picked = changes.find((each) => each.type === "select" && each.selected);
    if (places.length) setMoved((before) => new Map([...before, ...places]));
    if (large.length) setSizes((before) => new Map([...before, ...large])); // what is not measured is not shown
    if (picked?.type === "select") setChosen(picked.id);
  };
  const remove = (name: string) => {
    edit(removed(pointer, flow, name));
    setChosen("");
  };
  /** What was chosen goes, as one edit; the drawing follows the draft, not the other way round. */
  const take = (steps: Node[], ways: Edge[]) => {
    const [first] = steps;
    if (first) remove(first.id);
    else {
      const last = [...ways].sort((one, two) => (one.id < two.id ? 1 : -1)); // the later case of a branch first: places stay what they are
      const edits = last.flatMap((each) => {
        const found = exitOf(each.source, each.sourceHandle);
        return found ? cut(at(each.source), found.step, found.exit) : [];
      });
      if (edits.length) edit(edits);
    }
    return false;
  };
  const step = flow.nodes.find((each) => each.name === chosen);
  return (
    <div className="canvas-of">
      <p className="acts">
        <span>{t("studio.addStep")}</span>
        {ADDED.map((kind) => (
          <Button
            key={kind}
            size="small"
            onClick={() => {
              const one = added(pointer, flow, kind, document);
              edit(one.edit);
              setChosen(one.name);
            }}
          >
            {t(kind === "outcome" ? "studio.outcome" : `kind.${kind}`)}
          </Button>
        ))}
        <Button size="small" type="text" onClick={() => setView(view === "canvas" ? "table" : "canvas")}>
          {t(view === "canvas" ? "studio.asTable" : "studio.asDrawing")} <Keys keys="v" />
        </Button>
      </p>
      {view === "canvas" ? (
        <div className="flow canvas" role="group" aria-label={said(named(flow))}>
          <ReactFlow<Drawn>
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            onNodesChange={changed}
            onConnect={connect}
            onReconnect={(_, connection) => connect(connection)}
            onBeforeDelete={(gone) => Promise.resolve(take(gone.nodes, gone.edges))}
            onPaneClick={() => setChosen("")}
            defaultViewport={{ x: 16, y: 40, zoom: 0.9 }}
            fitViewOptions={{ padding: 0.06, maxZoom: 1 }}
            minZoom={0.2}
            preventScrolling={false}
            zoomOnScroll={false}
            proOptions={{ hideAttribution: true }}
            colorMode={shade}
          >
            <Background gap={18} size={1} />
            <Controls showInteractive={false} />
            <MiniMap pannable zoomable ariaLabel={t("studio.whole")} />
          </ReactFlow>
        </div>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{t("studio.step")}</th>
              <th scope="col">{t("studio.kind")}</th>
              <th scope="col">{t("studio.ways")}</th>
            </tr>
          </thead>
          <tbody>
            {flow.nodes.map((each) => (
              <tr key={each.name} className={`${each.name === chosen ? "at" : ""}${wrong(each.name) ? " wrong" : ""}`}>
                <th scope="row">
                  <button type="button" className="link" aria-pressed={each.name === chosen} onClick={() => setChosen(each.name)}>
                    {said(named(each))}
                  </button>
                </th>
                <td>{kindWord(each)}</td>
                <td>
                  {exitsOf(each).map((exit) => (
                    <span key={exit.id} className="way">
                      {wordsOf(exit)} → <code>{exit.to || "?"}</code>
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {step ? (
        <StepForm key={step.name} step={step} pointer={at(step.name)} flow={flow} flowPointer={pointer} document={document} edit={edit} findings={findings} remove={() => remove(step.name)} rename={setChosen} />
      ) : (
        <p className="quiet">{t("studio.chooseStep")}</p>
      )}
    </div>
  );
}
