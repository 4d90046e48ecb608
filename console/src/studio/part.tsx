// One part of a policy: a rule set with its rules, a scorecard or a decision table as a table, a flow drawn with its sentence. Cells are
// fields where a draft may be changed.
import { Button } from "antd";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { placesOf } from "../decision/layers";
import { useNames } from "../api/session";
import { Outcome, Panel, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { put, type Edit } from "./draft";
import { OutcomeChoice, Reason, whole } from "./editor";
import { ToArms } from "./split";
import { drawnFlow, interval, named, type Both, type Card, type DeclaredFlow, type Document, type Part, type Table } from "./studio";
import type { Finding } from "./trial";

/** Pixels per layer of a flow that is drawn in full size. */
const LAYER = 190;
const FlowDrawing = lazy(() => import("../decision/flow"));
const FlowCanvas = lazy(() => import("./canvas"));

export function PartOf({ part, document, sentence, edit, findings, children }: { part: Part; document: Document; sentence: Both | undefined; edit?: (edit: Edit) => void; findings: Finding[]; children: ReactNode }) {
  const { said } = useWords();
  const number = Number(part.pointer.split("/")[2]);
  const card = part.section === "scorecards" ? document.scorecards?.[number] : undefined;
  const table = part.section === "tables" ? document.tables?.[number] : undefined;
  const flow = part.section === "flows" ? document.flows?.[number] : undefined;
  const [first = "", ...rest] = (sentence ? said(sentence) : "").split("\n");
  return (
    <Panel title={said(part)} aside={<code>{part.name}</code>} className="part-of">
      <p className="sentence-of">{first}</p>
      {part.section === "rule_sets" && children}
      {card && <CardRows card={card} document={document} pointer={part.pointer} {...(edit ? { edit } : {})} />}
      {table && <TableRows table={table} document={document} pointer={part.pointer} {...(edit ? { edit } : {})} />}
      {flow && (
        <>
          <Suspense fallback={<Waiting />}>{edit ? <FlowCanvas key={part.pointer} flow={flow} pointer={part.pointer} document={document} edit={edit} findings={findings} /> : <Drawn key={part.pointer} flow={flow} />}</Suspense>
          <ToArms flow={flow} />
          <pre className="in-words">{rest.join("\n")}</pre>
        </>
      )}
    </Panel>
  );
}

function Drawn({ flow }: { flow: DeclaredFlow }) {
  const { said } = useWords();
  const drawn = useMemo(() => drawnFlow(flow), [flow]);
  const layers = useMemo(() => Math.max(...[...placesOf(drawn).values()].map((each) => each.x)) + 1, [drawn]);
  return (
    <div className="drawn" role="group" tabIndex={0} aria-label={said(drawn)}>
      <div style={{ minWidth: layers * LAYER + 40 }}>
        <FlowDrawing flow={drawn} />
      </div>
    </div>
  );
}

interface Rows {
  document: Document;
  pointer: string;
  edit?: (edit: Edit) => void;
}

function CardRows({ card, document, pointer, edit }: Rows & { card: Card }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const word = (name: string) => {
    const feature = document.features?.find((each) => each.name === name);
    return feature ? said(named(feature)) : names("fields", name);
  };
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">{t("studio.characteristic")}</th>
          <th scope="col">{t("studio.bin")}</th>
          <th scope="col" className="num">{t("common.points")}</th>
          <th scope="col">{t("studio.reason")}</th>
        </tr>
      </thead>
      <tbody>
        {card.characteristics.flatMap((each, place) =>
          each.bins.map((bin, number) => (
            <tr key={`${each.name} ${number}`}>
              {number === 0 && (
                <th scope="rowgroup" rowSpan={each.bins.length}>
                  {word(each.of ?? each.name)}
                </th>
              )}
              <td>{bin.missing ? t("common.missing") : interval(bin) || t("studio.otherwise")}</td>
              {edit ? (
                <>
                  <td className="num">
                    <Points of={`${word(each.of ?? each.name)} ${interval(bin)}`} value={bin.points ?? 0} set={(points) => edit(put(`${pointer}/characteristics/${place}/bins/${number}/points`, points))} />
                  </td>
                  <td>
                    <Reason bare document={document} code={bin.reason ?? ""} set={(code) => edit(put(`${pointer}/characteristics/${place}/bins/${number}/reason`, code))} />
                  </td>
                </>
              ) : (
                <>
                  <td className="num">{format.number(bin.points ?? 0)}</td>
                  <td>{bin.reason && names("reasons", bin.reason)}</td>
                </>
              )}
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

function TableRows({ table, document, pointer, edit }: Rows & { table: Table }) {
  const { t, said, format } = useWords();
  const names = useNames();
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col" className="num">#</th>
          {table.inputs.map((each) => (
            <th key={each.name} scope="col">{each.en || each.zh ? said(named(each)) : names("fields", each.of ?? each.name)}</th>
          ))}
          <th scope="col">{t("studio.outcome")}</th>
          <th scope="col" className="num">{t("common.points")}</th>
          <th scope="col">{t("studio.reason")}</th>
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, number) =>
          edit ? (
            <TableRow key={number} table={table} number={number} document={document} pointer={pointer} edit={edit} />
          ) : (
            <tr key={number}>
              <td className="num">{number + 1}</td>
              {table.inputs.map((each) => (
                <td key={each.name}>{row.when?.[each.name] ? <code>{row.when[each.name]}</code> : <span className="quiet">{t("studio.any")}</span>}</td>
              ))}
              <td>{row.outcome && <Outcome name={row.outcome} />}</td>
              <td className="num">{row.score ? format.number(row.score) : ""}</td>
              <td>{row.reason && names("reasons", row.reason)}</td>
            </tr>
          ),
        )}
        {edit && (
          <tr>
            <td />
            <td colSpan={table.inputs.length + 3}>
              <Button size="small" onClick={() => edit([{ op: "add", path: `${pointer}/rows/-`, value: { when: {}, outcome: "review" } }])}>
                {t("studio.addRow")}
              </Button>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** A row of a decision table in fields: what each input must be, and what comes of it. */
function TableRow({ table, number, document, pointer, edit }: Required<Rows> & { table: Table; number: number }) {
  const { t, said } = useWords();
  const row = table.rows[number];
  const here = `${pointer}/rows/${number}`;
  if (!row) return null;
  const cell = (name: string, text: string) => {
    const others = Object.entries(row.when ?? {}).filter(([each]) => each !== name);
    edit(put(`${here}/when`, Object.fromEntries(text ? [...others, [name, text]] : others)));
  };
  return (
    <tr>
      <td className="num">
        <Button size="small" type="text" aria-label={t("studio.removeRow", { n: number + 1 })} title={t("studio.removeRow", { n: number + 1 })} onClick={() => edit([{ op: "remove", path: here }])}>
          {number + 1} ×
        </Button>
      </td>
      {table.inputs.map((each) => (
        <td key={each.name}>
          <input className="field mono cell" aria-label={`${said(named(each))} ${number + 1}`} placeholder={t("studio.any")} value={row.when?.[each.name] ?? ""} onChange={(event) => cell(each.name, event.target.value)} />
        </td>
      ))}
      <td>
        <OutcomeChoice label={`${t("studio.outcome")} ${number + 1}`} value={row.outcome ?? ""} set={(outcome) => edit(put(`${here}/outcome`, outcome || null))} />
      </td>
      <td className="num">
        <Points of={`${t("common.points")} ${number + 1}`} value={row.score ?? 0} set={(points) => edit(put(`${here}/score`, points))} />
      </td>
      <td>
        <Reason bare document={document} code={row.reason ?? ""} set={(code) => edit(put(`${here}/reason`, code))} />
      </td>
    </tr>
  );
}

function Points({ of, value, set }: { of: string; value: number; set: (points: number) => void }) {
  return <input className="field short" type="number" step={1} aria-label={of} value={value} onChange={(event) => set(whole(event.target.value))} />;
}
