// Every value the decision saw, with its words; grouped by where it comes from.
import { Input } from "antd";
import { useState } from "react";
import type { SeenValue } from "../api/types";
import { useWords } from "../words/words";
import type { Key } from "../words/zh";

const ROLES = ["field", "signal", "aggregate", "derived", "score", "result"] as const;

export function Values({ values }: { values: readonly SeenValue[] }) {
  const { t, said, language } = useWords();
  const [text, setText] = useState("");
  const lower = text.trim().toLowerCase();
  const shown = values.filter((each) => !lower || [each.name, each.zh, each.en].some((word) => word.toLowerCase().includes(lower)));
  return (
    <>
      <Input size="small" allowClear className="narrow" aria-label={t("decision.valuesFilter")} placeholder={t("decision.valuesFilter")} value={text} onChange={(event) => setText(event.target.value)} />
      {ROLES.map((role) => {
        const own = shown.filter((each) => each.role === role);
        if (!own.length) return null;
        return (
          <details key={role} className="group" open={lower !== "" || role === "field"}>
            <summary>
              {t(`role.${role}` as Key)} <b>{own.length}</b>
            </summary>
            <dl className="values">
              {own.map((each) => (
                <div key={each.name} title={each.name}>
                  <dt>{said(each)}</dt>
                  <dd className={each.missing ? "quiet" : ""}>{language === "zh" ? each.said_zh : each.said_en}</dd>
                </div>
              ))}
            </dl>
          </details>
        );
      })}
    </>
  );
}
