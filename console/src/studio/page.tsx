// The policy in force as people read it: every rule a sentence with its expression one click away, cards, tables, flows drawn. By keyboard.
import { useQuery } from "@tanstack/react-query";
import { Input, type InputRef } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { get } from "../api/http";
import type { Standing, Written } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { PartOf } from "./part";
import { RuleRows } from "./rules";
import { named, partsOf, rulesOf, SECTIONS, sentencesOf, type Document } from "./studio";
import "./studio.css";

export default function StudioPage() {
  const { t } = useWords();
  const standing = useQuery({ queryKey: ["policy"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal) });
  const hash = standing.data?.in_force?.policy;
  const written = useQuery({ queryKey: ["written", hash], queryFn: ({ signal }) => get<Written>(`/v1/policies/${hash ?? ""}/written`, {}, signal), enabled: !!hash, staleTime: Infinity });
  const error = standing.error ?? written.error;
  return (
    <div className="page wide">
      {written.data ? <Studio written={written.data} /> : <h1>{t("studio.title")}</h1>}
      {error && <Trouble error={error} retry={() => void (standing.error ? standing.refetch() : written.refetch())} />}
      {standing.isSuccess && !hash && <Empty title={t("studio.nothing")} next={t("studio.nothingNext")} />}
      {!error && !written.data && (standing.isPending || hash) && <Waiting />}
    </div>
  );
}

function Studio({ written }: { written: Written }) {
  const { t, said, format } = useWords();
  const document = written.document as unknown as Document;
  const [parameters, setParameters] = useSearchParams();
  const text = parameters.get("q") ?? "";
  const searching = text.trim() !== "";
  const [fresh, setFresh] = useState(0);
  const set = (name: string, value: string) => {
    if (name === "at") setFresh(fresh + 1);
    const next = new URLSearchParams(name === "at" ? "" : parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  const parts = useMemo(() => partsOf(document), [document]);
  const sentences = useMemo(() => sentencesOf(written.said), [written]);
  const part = parts.find((each) => each.pointer === parameters.get("at")) ?? parts[0];
  const pointer = part?.pointer ?? "";
  const rules = useMemo(() => rulesOf(document, sentences, pointer, text), [document, sentences, pointer, text]);
  const key = `${pointer} ${text}`;
  const [chosen, setChosen] = useState({ key, at: 0 });
  const at = chosen.key === key ? Math.min(chosen.at, Math.max(rules.length - 1, 0)) : 0;
  const setAt = (next: number) => setChosen({ key, at: next });
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const toggle = (one: string | undefined) => {
    if (!one) return;
    const next = new Set(unfolded);
    if (!next.delete(one)) next.add(one);
    setUnfolded(next);
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
  });
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
      <div className="studio">
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
        {searching ? (
          <Panel title={t("studio.found", { n: format.number(rules.length) })}>
            {rules.length === 0 ? <Empty title={t("studio.none")} next={t("studio.noneNext")} /> : <RuleRows rules={rules} at={at} setAt={setAt} unfolded={unfolded} toggle={toggle} sets />}
          </Panel>
        ) : (
          part && (
            <PartOf part={part} document={document} sentence={sentences.get(part.pointer)}>
              <RuleRows rules={rules} at={at} setAt={setAt} unfolded={unfolded} toggle={toggle} sets={false} />
            </PartOf>
          )
        )}
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

/** What is typed stands here at once, and in the address. */
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
