// What a person types about a list, and what is sent.
export const UNTIL = ["", "30d", "90d", "365d"] as const;
export type Until = (typeof UNTIL)[number];
/** Values in one request; the server's own limit. */
export const MOST = 1000;

/** The values in a text, each once: by line, or by spaces and commas where it is one line. */
export function valuesIn(text: string): string[] {
  const parts = text.trim().includes("\n") ? text.split("\n") : text.split(/[\s,，、;；]+/);
  return [...new Set(parts.map((each) => each.trim()).filter(Boolean))];
}

export type Lacks = "values" | "many";

/** What is missing before values can be put on a list. */
export function lacking(values: number): Lacks | undefined {
  if (values === 0) return "values";
  return values > MOST ? "many" : undefined;
}
