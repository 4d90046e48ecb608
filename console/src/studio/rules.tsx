// Rules in rows: points, name, sentence; unfolded, the expression, or the fields to change it.
import { useNames } from "../api/session";
import { Outcome } from "../parts/parts";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";
import type { Edit } from "./draft";
import { RuleEditor } from "./editor";
import { named, withoutName, type Document, type Found } from "./studio";
import type { Finding } from "./trial";

interface Props {
  rules: Found[];
  at: number;
  setAt: (at: number) => void;
  unfolded: ReadonlySet<string>;
  toggle: (pointer: string) => void;
  /** Whether each says which set it is of. */
  sets: boolean;
  document: Document;
  /** Where rules may be changed. */
  edit?: (edit: Edit) => void;
  findings: Finding[];
}

export function RuleRows({ rules, at, setAt, unfolded, toggle, sets, document, edit, findings }: Props) {
  const { t, said, format } = useWords();
  const names = useNames();
  const list = useShown<HTMLUListElement>(at);
  return (
    <ul className="rules" ref={list}>
      {rules.map(({ pointer, set, rule, said: sentence }, number) => (
        <li key={pointer} className={`${number === at ? "at" : ""}${rule.shadow ? " s-shadow" : ""}${findings.some((each) => each.severity === "error" && each.path.startsWith(`${pointer}/`)) ? " wrong" : ""}`}>
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
            {edit && unfolded.has(pointer) ? (
              <RuleEditor document={document} found={{ pointer, set, rule, said: sentence }} edit={edit} findings={findings} />
            ) : (
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
            )}
          </details>
        </li>
      ))}
    </ul>
  );
}
