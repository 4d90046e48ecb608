// Rules in rows: points, name, sentence; unfolded, the expression.
import { useEffect, useRef } from "react";
import { useNames } from "../api/session";
import { Outcome } from "../parts/parts";
import { useWords } from "../words/words";
import { named, withoutName, type Found } from "./studio";

interface Props {
  rules: Found[];
  at: number;
  setAt: (at: number) => void;
  unfolded: ReadonlySet<string>;
  toggle: (pointer: string) => void;
  /** Whether each says which set it is of. */
  sets: boolean;
}

export function RuleRows({ rules, at, setAt, unfolded, toggle, sets }: Props) {
  const { t, said, format } = useWords();
  const names = useNames();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <ul className="rules" ref={list}>
      {rules.map(({ pointer, set, rule, said: sentence }, number) => (
        <li key={pointer} className={`${number === at ? "at" : ""}${rule.shadow ? " s-shadow" : ""}`}>
          <details open={unfolded.has(pointer)}>
            <summary
              onClick={(event) => {
                event.preventDefault();
                setAt(number);
                toggle(pointer);
              }}
            >
              <span className="points num">{rule.score ? `${rule.score > 0 ? "+" : ""}${format.number(rule.score)}` : ""}</span>
              <span className="what">
                <span className="name">{said(named(rule))}</span>
                <span className="said">{withoutName(said(sentence))}</span>
              </span>
              <span className="marks">
                {rule.shadow && <span className="state s-shadow">{t("studio.shadow")}</span>}
                {rule.outcome && <Outcome name={rule.outcome} />}
              </span>
            </summary>
            <dl className="facts">
              <dt>{t("decision.expression")}</dt>
              <dd>
                <code className="expression">{rule.when}</code>
              </dd>
              <dt>{t("studio.rule")}</dt>
              <dd>
                <code>{rule.name}</code>
                {sets && ` · ${said(named(set))}`}
                {rule.reason && ` · ${names("reasons", rule.reason)}`}
              </dd>
            </dl>
          </details>
        </li>
      ))}
    </ul>
  );
}
