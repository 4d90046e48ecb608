// What the server counts of a query over the whole log: how far it is, then the numbers; taken back when the query changes or the page is left.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, lines, Refused } from "../api/http";
import type { Schemas } from "../api/types";
import { offsetOf } from "../monitoring/monitoring";
import { queryOf, type Filters } from "./filters";

export type Counted = Schemas["Counted"];
export type Progress = Schemas["CountProgress"];
export type Amounts = Counted["money"];

/** Reads the lines of one count; its last one is the answer. Refused when the server says that it failed, or ends without an answer. */
export async function countOf(filters: Filters, tell: (progress: Progress) => void, signal: AbortSignal): Promise<Counted> {
  const found: Counted[] = [];
  const offset = offsetOf(-new Date().getTimezoneOffset());
  await lines<Schemas["CountLine"]>(address("/v1/decisions:count", { ...queryOf(filters), offset }), undefined, (line) => {
    if (line.kind === "failed") throw new Refused(503, "failed", { en: line.en, zh: line.zh });
    if (line.kind === "progress") tell(line);
    else found.push(line);
  }, signal);
  const [counted] = found;
  if (!counted) throw new Refused(0, "unreachable", { en: "The count was broken off. Try again.", zh: "统计中断，请重试。" });
  return counted;
}

/** The count of a query; numbers of before stay while it is counted again. */
export function useCount(filters: Filters) {
  const [progress, setProgress] = useState<Progress>();
  const found = useQuery({
    queryKey: ["counted decisions", filters],
    queryFn: ({ signal }) => {
      setProgress(undefined);
      return countOf(filters, (line) => !signal.aborted && setProgress(line), signal);
    },
    staleTime: 60_000,
  });
  return { counted: found.data, progress, busy: found.isFetching, error: found.error, again: () => void found.refetch() };
}
