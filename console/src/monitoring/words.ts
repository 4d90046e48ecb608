// How figures and texts of the cube read.
import type { MetricNames } from "../api/types";
import { useNames } from "../api/session";
import { useWords } from "../words/words";
import type { Key } from "../words/zh";

type Measure = MetricNames["measures"][number];
const PLACES: Record<string, number> = { score: 1, model_score: 3 };

/** A figure as its measure reads: money, a share, a count; a dash where there is none. */
export function useFigures(currency: string): (measure: Measure | undefined, value: unknown) => string {
  const { format } = useWords();
  return (measure, value) => {
    if (typeof value !== "number") return "–";
    if (measure?.money && currency) return format.amount(value, currency);
    if (measure?.name.endsWith("_share")) return format.percent(value);
    return format.number(value, PLACES[measure?.name ?? ""] ?? 0);
  };
}

/** A text of a dimension in words: an outcome, a rule, an event type; nothing, and the rest, have words of their own. */
export function useTexts(): (dimension: string, text: string | null | undefined) => string {
  const { t } = useWords();
  const names = useNames();
  return (dimension, text) => {
    if (text === null || text === undefined) return t("metrics.rest");
    if (text === "") return t("metrics.nothing");
    if (dimension === "outcome") return names("outcomes", text);
    if (dimension === "stage") return names("types", text);
    if (dimension === "rule") return names("rules", text);
    if (dimension === "policy") return text.slice(0, 12);
    return text;
  };
}

export const dimensionKey = (dimension: string) => `metrics.dim.${dimension}` as Key;
