// The query: a condition in the language of rules, completed by the names of the policy, kept in the address, and a draft of a rule when wanted.
import { Button } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { address, Refused } from "../api/http";
import { useMay, useVocabulary } from "../api/session";
import { Expression } from "../studio/expression";
import "../studio/studio.css";
import type { Finding } from "../studio/trial";
import { useWords } from "../words/words";

/** What the server found wrong with the condition that was asked; undefined when it was something else. */
export function wrongIn(error: unknown): Finding[] | undefined {
  if (!(error instanceof Refused) || error.field !== "where") return undefined;
  return [{ severity: "error", en: error.words.en, zh: error.words.zh, column: error.column, suggestion_en: "", suggestion_zh: "" } as Finding];
}

export function Query({ where, ask, wrong, busy }: { where: string; ask: (where: string) => void; wrong: Finding[]; busy: boolean }) {
  const { t } = useWords();
  const { data: vocabulary } = useVocabulary();
  const may = useMay("propose");
  const [text, setText] = useState(where);
  const [before, setBefore] = useState(where);
  if (before !== where) {
    setBefore(where);
    setText(where);
  }
  const changed = text.trim() !== where;
  const submit = () => ask(text.trim());
  return (
    <form
      className="studio asked"
      role="search"
      aria-label={t("query.title")}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.defaultPrevented || event.nativeEvent.isComposing || !(event.target instanceof HTMLTextAreaElement)) return;
        event.preventDefault();
        submit();
      }}
    >
      <div className="typed">
        <Expression text={text} set={setText} words={vocabulary?.asked ?? []} findings={changed ? [] : wrong} label={t("query.title")} />
        <p className="quiet">{t("query.hint")}</p>
      </div>
      <div className="does">
        <Button htmlType="submit" type={changed ? "primary" : "default"} loading={busy && !changed && where !== ""}>
          {t("query.ask")}
        </Button>
        {where && !changed && !wrong.length && may && (
          <Link className="button" to={address("/studio", { new: where })}>
            {t("query.draft")}
          </Link>
        )}
        {where && (
          <Button type="text" onClick={() => ask("")}>
            {t("query.clear")}
          </Button>
        )}
      </div>
    </form>
  );
}
