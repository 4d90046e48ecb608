// One part of a policy: a rule set with its rules, a scorecard or a decision table as a table, a flow drawn with its sentence.
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { placesOf } from "../decision/layers";
import { useNames } from "../api/session";
import { Outcome, Panel, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { drawnFlow, interval, named, type Both, type Card, type DeclaredFlow, type Document, type Part, type Table } from "./studio";

/** Pixels per layer of a flow that is drawn in full size. */
const LAYER = 190;
const FlowDrawing = lazy(() => import("../decision/flow"));

export function PartOf({ part, document, sentence, children }: { part: Part; document: Document; sentence: Both | undefined; children: ReactNode }) {
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
      {card && <CardRows card={card} features={document.features ?? []} />}
      {table && <TableRows table={table} />}
      {flow && (
        <>
          <Suspense fallback={<Waiting />}>
            <Drawn key={part.pointer} flow={flow} />
          </Suspense>
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

function CardRows({ card, features }: { card: Card; features: NonNullable<Document["features"]> }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const word = (name: string) => {
    const feature = features.find((each) => each.name === name);
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
        {card.characteristics.flatMap((each) =>
          each.bins.map((bin, number) => (
            <tr key={`${each.name} ${number}`}>
              {number === 0 && (
                <th scope="rowgroup" rowSpan={each.bins.length}>
                  {word(each.of ?? each.name)}
                </th>
              )}
              <td>{bin.missing ? t("common.missing") : interval(bin) || t("studio.otherwise")}</td>
              <td className="num">{format.number(bin.points ?? 0)}</td>
              <td>{bin.reason && names("reasons", bin.reason)}</td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

function TableRows({ table }: { table: Table }) {
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
        {table.rows.map((row, number) => (
          <tr key={number}>
            <td className="num">{number + 1}</td>
            {table.inputs.map((each) => (
              <td key={each.name}>{row.when?.[each.name] ? <code>{row.when[each.name]}</code> : <span className="quiet">{t("studio.any")}</span>}</td>
            ))}
            <td>{row.outcome && <Outcome name={row.outcome} />}</td>
            <td className="num">{row.score ? format.number(row.score) : ""}</td>
            <td>{row.reason && names("reasons", row.reason)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
