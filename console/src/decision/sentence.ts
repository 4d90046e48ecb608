// Why a decision came out so, in one sentence: the outcome, the weightiest of what spoke, how many more did.
import type { Language } from "../api/http";
import type { Explanation, Trace } from "../api/types";

export const SAID = 3;

/** What spoke, the weightiest first: rules that hit by the severest outcome they ask for and their points, table rows, cards. */
export function spoke(trace: Trace, explanation: Explanation, language: Language): string[] {
  const ranks = ["pass", "notify", "challenge", "delay", "review", "decline"];
  const hits = trace.rules
    .filter((rule) => rule.state === "hit")
    .sort((a, b) => ranks.indexOf(b.outcome ?? "pass") - ranks.indexOf(a.outcome ?? "pass") || b.score - a.score);
  const tables = explanation.tables.filter((row) => row.outcome !== "pass" || row.score !== 0);
  const cards = explanation.scorecards.filter((card) => card.outcome !== "pass");
  return [
    ...hits.map((rule) => (language === "zh" ? rule.name_zh : rule.name_en)),
    ...tables.map((row) => row[language]),
    ...cards.map((card) => card[language]),
  ];
}
