// One step of a flow in fields: what it is, where it leads on, with expressions where ways depend on one.
import { Button } from "antd";
import { useMemo, useState } from "react";
import { useNames } from "../api/session";
import { OUTCOMES } from "../parts/parts";
import { useWords } from "../words/words";
import { put, wordsOf, type Edit } from "./draft";
import { OutcomeChoice, Reason } from "./editor";
import { Expression } from "./expression";
import { connected, cut, exitsOf, kindOf, renamed, type Exit } from "./flow";
import { ArmFields, SplitFields } from "./split";
import { named, type DeclaredFlow, type Document } from "./studio";
import type { Finding } from "./trial";

/** What leads along a way, for people. */
export function useExitWords(): (exit: Exit) => string {
  const { t } = useWords();
  const names = useNames();
  return ({ kind, when }) => (kind === "then" ? names("outcomes", when) : kind === "branch" ? when || t("studio.noCondition") : kind === "experiment" ? when : t(`studio.way.${kind}`));
}

interface Props {
  step: DeclaredFlow["nodes"][number];
  pointer: string;
  flow: DeclaredFlow;
  flowPointer: string;
  document: Document;
  edit: (edit: Edit) => void;
  findings: Finding[];
  remove: () => void;
  rename: (name: string) => void;
}

export function StepForm({ step, pointer, flow, flowPointer, document, edit, findings, remove, rename }: Props) {
  const { t, said } = useWords();
  const wordsFor = useExitWords();
  const words = useMemo(() => wordsOf(document), [document]);
  const [name, setName] = useState(step.name);
  const kind = kindOf(step);
  const exits = exitsOf(step);
  const there = { rule_set: document.rule_sets, scorecard: document.scorecards, table: document.tables, flow: document.flows, list: document.lists }[kind as string];
  const own = findings.filter((each) => each.path === pointer || each.path.startsWith(`${pointer}/`));
  const free = OUTCOMES.find((each) => each !== "pass" && !(each in (step.then ?? {})));
  const give = () => {
    const fresh = name.trim();
    if (!fresh || fresh === step.name || flow.nodes.some((each) => each.name === fresh)) return setName(step.name);
    edit(renamed(flowPointer, flow, step.name, fresh));
    rename(fresh);
  };
  const target = (exit: Exit) => (
    <select className="field" aria-label={t("studio.leadsTo", { way: wordsFor(exit) })} value={exit.to} onChange={(event) => edit(event.target.value ? connected(pointer, exit.id, event.target.value) : cut(pointer, step, exit))}>
      <option value="">{t("studio.nowhere")}</option>
      {flow.nodes.filter((each) => each.name !== step.name).map((each) => (
        <option key={each.name} value={each.name}>
          {said(named(each))}
        </option>
      ))}
    </select>
  );
  return (
    <section className="editor step-form" aria-label={said(named(step))}>
      <div className="fields">
        <label>
          {t("studio.field.name")}
          <input className="field mono" value={name} onChange={(event) => setName(event.target.value)} onBlur={give} onKeyDown={(event) => event.key === "Enter" && give()} />
        </label>
        {(["zh", "en"] as const).map((each) => (
          <label key={each}>
            {t(`studio.field.${each}`)}
            <input className="field" value={step[each] ?? ""} onChange={(event) => edit(put(`${pointer}/${each}`, event.target.value))} />
          </label>
        ))}
        {there && (
          <label>
            {t(`kind.${kind}` as "kind.table")}
            <select className="field" value={String(step[kind])} onChange={(event) => edit(put(`${pointer}/${kind}`, event.target.value))}>
              {there.map((each) => (
                <option key={each.name} value={each.name}>
                  {said(named(each))}
                </option>
              ))}
            </select>
          </label>
        )}
        {kind === "experiment" && <SplitFields step={step} pointer={pointer} document={document} edit={edit} />}
        {kind === "outcome" && (
          <label>
            {t("studio.outcome")}
            <OutcomeChoice must value={String(step.outcome)} set={(outcome) => edit(put(`${pointer}/outcome`, outcome))} />
          </label>
        )}
        {kind === "outcome" && <Reason document={document} code={String(step.reason ?? "")} set={(code) => edit(put(`${pointer}/reason`, code))} />}
        <Button size="small" className="risky" onClick={remove}>
          {t("studio.removeStep")}
        </Button>
      </div>
      {exits.map((exit) => (
        <div key={exit.id} className="way-row">
          {exit.kind === "branch" ? (
            <Expression text={exit.when} set={(text) => edit(put(`${pointer}/${exit.id.replace(/to$/, "when")}`, text))} words={words} findings={own.filter((each) => each.path === `${pointer}/${exit.id.replace(/to$/, "when")}`)} label={t("decision.expression")} />
          ) : exit.kind === "experiment" ? (
            <ArmFields step={step} pointer={pointer} exit={exit} edit={edit} />
          ) : (
            <span>{wordsFor(exit)}</span>
          )}
          <span aria-hidden="true">→</span>
          {target(exit)}
          {exit.kind !== "next" && exit.kind !== "hit" && exit.to && (
            <Button size="small" type="text" aria-label={t("studio.cut", { way: wordsFor(exit) })} onClick={() => edit(cut(pointer, step, exit))}>
              ×
            </Button>
          )}
        </div>
      ))}
      <p className="acts">
        {kind === "branch" && (
          <Button size="small" onClick={() => edit([{ op: "add", path: `${pointer}/branch/-`, value: { when: "", to: step.next ?? "" } }])}>
            {t("studio.addCase")}
          </Button>
        )}
        {["rule_set", "scorecard", "table", "flow"].includes(kind) && free && (
          <Button size="small" onClick={() => edit(step.then ? put(`${pointer}/then/${free}`, step.next ?? "") : put(`${pointer}/then`, { [free]: step.next ?? "" }))}>
            {t("studio.addWay")}
          </Button>
        )}
      </p>
      {own
        .filter((each) => !/\/branch\/\d+\/when$/.test(each.path))
        .map((each, number) => (
          <p key={number} className={`f-${each.severity}`}>
            {said(each)} <b>{said({ en: each.suggestion_en, zh: each.suggestion_zh })}</b>
          </p>
        ))}
    </section>
  );
}
