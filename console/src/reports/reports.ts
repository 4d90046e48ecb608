// Reports: where each can be read, and by when the last period ended.
import { address } from "../api/http";

export const FORMS = ["html", "csv", "json"] as const;
export type Form = (typeof FORMS)[number];

/** A report that was made when its period had ended. */
export function keptAt(id: string, form: Form): string {
  return address(`/v1/metrics/reports/${encodeURIComponent(id)}`, { format: form });
}

/** A report made now, of the last period that ended by a date ("2026-03-02"; "" for now). */
export function madeAt(name: string, asOf: string, form: Form): string {
  return address("/v1/metrics/report", { name, as_of: asOf, format: form });
}

/** The date by which the day of the newest decision has ended in the reader's zone, when that is more than a day ago; else "". */
export function asOfFor(newest: string | null | undefined, now: number): string {
  const at = Date.parse(newest ?? "");
  if (Number.isNaN(at) || now - at <= 86_400_000) return "";
  const day = new Date(at + 86_400_000);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}
