// What happened to a case, newest first. Notes are text, whatever is in them.
import { useMemo } from "react";
import type { Case } from "../api/types";
import { useWords } from "../words/words";
import { zh, type Key } from "../words/zh";
import { nameOf } from "../queue/queue";

type Step = NonNullable<Case["timeline"]>[number];

/** Alerts that came one after the other are told as one line, with their number. */
export function folded(steps: readonly Step[]): (Step & { times: number })[] {
  const found: (Step & { times: number })[] = [];
  for (const step of [...steps].sort((a, b) => b.number - a.number)) {
    const last = found.at(-1);
    if (last && step.verb === "alert" && last.verb === "alert") last.times += 1;
    else found.push({ ...step, times: 1 });
  }
  return found;
}

export function Steps({ steps }: { steps: readonly Step[] }) {
  const { t, format } = useWords();
  const rows = useMemo(() => folded(steps), [steps]);
  const verb = (name: string) => (`step.${name}` in zh ? t(`step.${name}` as Key) : name);
  return (
    <ol className="steps">
      {rows.map((each) => (
        <li key={each.number}>
          <span className="step-head">
            <b>{verb(each.verb)}{each.times > 1 && ` ×${each.times}`}</b>
            <span className="quiet">{each.by === "system" ? t("step.system") : nameOf(each.by)}</span>
            <time className="quiet">{each.at && format.time(each.at)}</time>
          </span>
          {each.text && <p className="step-text">{each.text}</p>}
        </li>
      ))}
    </ol>
  );
}
