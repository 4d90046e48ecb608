// The policy as people read and change it: every rule a sentence with its expression, cards, tables, flows drawn. What is changed is a draft:
// tried on the last 30 days while it is typed, told as differences, proposed when it is good. By keyboard.
import { useQuery } from "@tanstack/react-query";
import { Button, Input, type InputRef } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { get } from "../api/http";
import { useMay } from "../api/session";
import type { Standing, Written } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { newRule, sentencesOfDraft } from "./draft";
import { useDraft } from "./drafting";
import { Impact } from "./impact";
import { PartOf } from "./part";
import { Propose } from "./propose";
import { RuleRows } from "./rules";
import { named, partsOf, rulesOf, SECTIONS, type Document } from "./studio";
import { useTrial } from "./trial";
import "./studio.css";

export default function StudioPage() {
  const { t } = useWords();
  const standing = useQuery({ queryKey: ["policy"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal) });
  const hash = standing.data?.in_force?.policy;
  const written = useQuery({ queryKey: ["written", hash], queryFn: ({ signal }) => get<Written>(`/v1/policies/${hash ?? ""}/written`, {}, signal), enabled: !!hash, staleTime: Infinity });
  const error = standing.error ?? written.error;
  return (
    <div className="page wide">
      {written.data ? <Studio key={written.data.policy} written={written.data} /> : <h1>{t("studio.title")}</h1>}
      {error && <Trouble error={error} retry={() => void (standing.error ? standing.refetch() : written.refetch())} />}
      {standing.isSuccess && !hash && <Empty title={t("studio.nothing")} next={t("studio.nothingNext")} />}
      {!error && !written.data && (standing.isPending || hash) && <Waiting />}
    </div>
  );
}

function Studio({ written }: { written: Written }) {
  const { t, said, format } = useWords();
  const may = useMay("propose");
  const document = written.document as unknown as Document;
  const [parameters, setParameters] = useSearchParams();
  const wanted = may ? (parameters.get("new") ?? "") : "";
  const { edits, operations, draft, edit, undo, discard, forget } = useDraft(written.policy, document, wanted);
  const trial = useTrial(written.policy, operations);
  const text = parameters.get("q") ?? "";
  const searching = text.trim() !== "";
  const [fresh, setFresh] = useState(0);
  const set = (name: string, value: string) => {
    if (name === "at") setFresh(fresh + 1);
    const next = new URLSearchParams(name === "at" ? (parameters.get("edit") ? "edit=1" : "") : parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  const editing = may && (parameters.get("edit") === "1" || edits.length > 0);
  const parts = useMemo(() => partsOf(draft), [draft]);
  const told = trial.checked?.said;
  const sentences = useMemo(() => sentencesOfDraft(document, written.said, draft, told ?? []), [document, written, draft, told]);
  const part = parts.find((each) => each.pointer === parameters.get("at")) ?? parts[0];
  const pointer = part?.pointer ?? "";
  const rules = useMemo(() => rulesOf(draft, sentences, pointer, text), [draft, sentences, pointer, text]);
  const key = `${pointer} ${text}`;
  const [chosen, setChosen] = useState({ key: wanted ? key : "", at: wanted ? rules.length - 1 : 0 });
  const at = chosen.key === key ? Math.min(chosen.at, Math.max(rules.length - 1, 0)) : 0;
  const setAt = (next: number) => setChosen({ key, at: next });
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(() => new Set(wanted ? [rules.at(-1)?.pointer ?? ""] : []));
  const [proposing, setProposing] = useState(false);
  useEffect(() => {
    if (!wanted) return;
    const next = new URLSearchParams(parameters);
    next.delete("new");
    setParameters(next, { replace: true });
  }, [wanted, parameters, setParameters]);
  const toggle = (one: string | undefined) => {
    if (!one) return;
    const next = new Set(unfolded);
    if (!next.delete(one)) next.add(one);
    setUnfolded(next);
  };
  const add = () => {
    if (part?.section !== "rule_sets") return;
    edit(newRule(draft, pointer, ""));
    setAt(part.size);
    setUnfolded(new Set([`${pointer}/rules/${part.size}`]));
  };
  const show = (where: string) => {
    const owner = parts.find((each) => where === each.pointer || where.startsWith(`${each.pointer}/`));
    if (!owner) return;
    const rule = /^\/rule_sets\/\d+\/rules\/(\d+)/.exec(where);
    set("at", owner.pointer);
    if (!rule) return;
    setChosen({ key: `${owner.pointer} `, at: Number(rule[1]) });
    setUnfolded(new Set([rule[0]]));
  };
  const find = useRef<InputRef>(null);
  const step = (by: number) => {
    const next = parts[parts.findIndex((each) => each.pointer === pointer) + by];
    if (next) set("at", next.pointer);
  };
  useKeys("studio", {
    down: () => setAt(Math.max(Math.min(at + 1, rules.length - 1), 0)),
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => toggle(rules[at]?.pointer),
    before: () => step(-1),
    after: () => step(1),
    filter: () => find.current?.focus(),
    ...(may ? { edit: () => set("edit", editing && !edits.length ? "" : "1") } : {}),
    ...(editing ? { add } : {}),
    ...(edits.length ? { undo, propose: () => setProposing(true) } : {}),
  });
  const waits = useMemo(() => (draft.flows ?? []).some((flow) => flow.nodes.some((node) => node.wait !== undefined || node.call !== undefined)), [draft]);
  const findings = useMemo(() => (operations.length ? (trial.checked?.findings ?? []) : []), [operations, trial.checked]);
  const rows = (sets: boolean) => <RuleRows rules={rules} at={at} setAt={setAt} unfolded={unfolded} toggle={toggle} sets={sets} document={draft} {...(editing ? { edit } : {})} findings={findings} />;
  return (
    <>
      <header className="head">
        <div>
          <h1>{t("studio.title")}</h1>
          <p className="quiet">
            {t("studio.lead", { name: said(named(document)) })} <Copied text={written.policy} shown={written.policy.slice(0, 12)} />
          </p>
        </div>
        <Find key={fresh} input={find} given={text} set={(value) => set("q", value)} />
      </header>
      {may && (
        <div className="drafting">
          {!editing && (
            <Button size="small" onClick={() => set("edit", "1")}>
              {t("studio.edit")} <Keys keys="e" />
            </Button>
          )}
          {editing && (
            <>
              <span role="status">{edits.length ? t("studio.edits", { n: format.number(edits.length) }) : t("studio.noEdits")}</span>
              <Button size="small" onClick={undo} disabled={!edits.length}>
                {t("act.undo")} <Keys keys="z" />
              </Button>
              <Button size="small" onClick={discard} disabled={!edits.length}>
                {t("studio.discard")}
              </Button>
              <Button size="small" type="primary" onClick={() => setProposing(true)} disabled={!edits.length}>
                {t("studio.propose")} <Keys keys="s" />
              </Button>
              {part?.section === "rule_sets" && !searching && (
                <Button size="small" onClick={add}>
                  {t("studio.addRule")} <Keys keys="a" />
                </Button>
              )}
            </>
          )}
        </div>
      )}
      <div className={`studio${operations.length ? " tried" : ""}`}>
        <nav className="parts" aria-label={t("studio.parts")}>
          {SECTIONS.map((section) => {
            const some = parts.filter((each) => each.section === section);
            return (
              some.length > 0 && (
                <section key={section}>
                  <h2>{t(`studio.${section}`)}</h2>
                  <ul className="plain">
                    {some.map((each) => (
                      <li key={each.pointer}>
                        <Choice on={!searching && each.pointer === pointer} name={said(each)} hint={each.name} size={format.number(each.size)} choose={() => set("at", each.pointer)} />
                      </li>
                    ))}
                  </ul>
                </section>
              )
            );
          })}
        </nav>
        <div>
          {proposing && edits.length > 0 && (
            <Propose base={written.policy} operations={operations} trial={trial} close={() => setProposing(false)} done={forget} />
          )}
          {searching ? (
            <Panel title={t("studio.found", { n: format.number(rules.length) })}>{rules.length === 0 ? <Empty title={t("studio.none")} next={t("studio.noneNext")} /> : rows(true)}</Panel>
          ) : (
            part && (
              <PartOf part={part} document={draft} sentence={sentences.get(part.pointer)} findings={findings} {...(editing ? { edit } : {})}>
                {rows(false)}
              </PartOf>
            )
          )}
        </div>
        {operations.length > 0 && <Impact trial={trial} waits={waits} show={show} />}
      </div>
    </>
  );
}

function Choice({ on, name, hint, size, choose }: { on: boolean; name: string; hint: string; size: string; choose: () => void }) {
  const own = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (on) own.current?.scrollIntoView({ block: "nearest" });
  }, [on]);
  return (
    <button ref={own} type="button" className="choice" aria-current={on} title={hint} onClick={choose}>
      <span>{name}</span> <small className="num">{size}</small>
    </button>
  );
}

function Find({ input, given, set }: { input: React.RefObject<InputRef | null>; given: string; set: (text: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(given);
  const change = (next: string) => {
    setText(next);
    set(next);
  };
  return (
    <Input
      ref={input}
      className="find"
      allowClear
      aria-label={t("studio.find")}
      placeholder={t("studio.find")}
      suffix={<Keys keys="/" />}
      value={text}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") change("");
        if (event.key === "Escape" || event.key === "Enter") input.current?.blur();
      }}
    />
  );
}
