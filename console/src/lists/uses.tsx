// Who uses a part of the policy: names in words, the first few, the rest counted.
import { useNames } from "../api/session";
import type { Use } from "../api/types";
import { useWords } from "../words/words";

export function Uses({ uses, most = 4 }: { uses: readonly Use[]; most?: number }) {
  const { t, said } = useWords();
  const names = useNames();
  const word = (use: Use) => (use.section === "rule_sets" ? names("rules", use.name) : said(use));
  return (
    <span className="uses">
      {uses.slice(0, most).map((each) => (
        <span key={`${each.section} ${each.name}`} className="tag" title={said(each)}>
          {word(each)}
        </span>
      ))}
      {uses.length > most && <span className="quiet"> {t("lists.andMore", { n: uses.length - most })}</span>}
    </span>
  );
}
