// An expression as it is typed: completed by the names that the policy knows, and marked where the check found something wrong.
import { useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useWords } from "../words/words";
import { completions, type wordsOf } from "./draft";
import type { Finding } from "./trial";

export function Expression({ text, set, words, findings, label }: { text: string; set: (text: string) => void; words: ReturnType<typeof wordsOf>; findings: Finding[]; label: string }) {
  const { t, said } = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number>();
  const [at, setAt] = useState(0);
  const id = useId();
  const { from, found } = caret === undefined ? { from: 0, found: [] } : completions(text, caret, words);
  const chosen = Math.min(at, found.length - 1);
  const take = (name: string) => {
    flushSync(() => {
      set(text.slice(0, from) + name + text.slice(caret));
      setCaret(undefined);
    });
    field.current?.focus(); // what is typed next goes behind the name
    field.current?.setSelectionRange(from + name.length, from + name.length);
  };
  return (
    <div className="expression-field">
      <textarea
        ref={field}
        className="field mono"
        rows={Math.max(2, Math.ceil(text.length / 60))}
        spellCheck={false}
        value={text}
        aria-label={label}
        aria-invalid={findings.some((each) => each.severity === "error")}
        aria-describedby={findings.length ? `${id}-wrong` : undefined}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-words`}
        aria-autocomplete="list"
        aria-activedescendant={found.length ? `${id}-${chosen}` : undefined}
        onChange={(event) => {
          set(event.target.value.replaceAll("\n", " "));
          setCaret(event.target.selectionStart);
          setAt(0);
        }}
        onBlur={() => setCaret(undefined)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing || !found.length) return;
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step) setAt((chosen + step + found.length) % found.length);
          else if (event.key === "Enter" || event.key === "Tab") take(found[chosen]?.name ?? "");
          else if (event.key === "Escape") setCaret(undefined);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <ul className="completions" id={`${id}-words`} role="listbox" aria-label={t("studio.words")} hidden={!found.length}>
        {found.map((each, number) => (
          <li key={each.name} id={`${id}-${number}`} role="option" aria-selected={number === chosen} onMouseDown={(event) => event.preventDefault()} onClick={() => take(each.name)}>
            <code>{each.name}</code> <span>{said(each)}</span>
          </li>
        ))}
      </ul>
      {findings.length > 0 && (
        <ul className="findings" id={`${id}-wrong`}>
          {findings.map((each, number) => (
            <li key={number} className={`f-${each.severity}`}>
              {each.severity === "error" && <Pointed text={text} column={each.column} />}
              {said(each)} {said({ en: each.suggestion_en, zh: each.suggestion_zh }) && <b>{said({ en: each.suggestion_en, zh: each.suggestion_zh })}</b>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The expression around the character at which something is wrong. */
function Pointed({ text, column }: { text: string; column: number }) {
  const at = column - 1;
  const end = /^[\p{L}\p{N}_]+/u.exec(text.slice(at))?.[0].length ?? 1;
  return (
    <code className="pointed">
      {at > 24 ? "…" : ""}
      {text.slice(Math.max(at - 24, 0), at)}
      <mark>{text.slice(at, at + end) || " "}</mark>
      {text.slice(at + end, at + end + 24)}
    </code>
  );
}
