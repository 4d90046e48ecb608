// What versions of the policy are called here: by their release, or the proposal they came with.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get } from "../api/http";
import type { Proposals, Standing, Versions } from "../api/types";
import { useWords } from "../words/words";
import { choicesOf, type Choice } from "./backtests";

const KEPT_MS = 30_000;
const SHOWN = 8;
const MOST = 100;
/** Proposals whose version may still come. */
const OPEN = "draft,submitted,approved,doing,shadow,percentage";

/** Every version there is to choose from, the one in force, and how to name one by its hash. */
export function useVersions() {
  const { t } = useWords();
  const versions = useQuery({ queryKey: ["versions"], queryFn: ({ signal }) => get<Versions>("/v1/policies", { limit: MOST }, signal), staleTime: KEPT_MS });
  const standing = useQuery({ queryKey: ["standing"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal), staleTime: KEPT_MS });
  const proposals = useQuery({
    queryKey: ["proposals", "open"],
    queryFn: ({ signal }) => get<Proposals>("/v1/proposals", { state: OPEN, limit: 50 }, signal).then((told) => told.proposals, () => []), // a server without people has none
    staleTime: KEPT_MS,
  });
  const choices = useMemo(() => choicesOf(versions.data?.policies ?? [], proposals.data ?? []), [versions.data, proposals.data]);
  const named = (hash: string): { short: string; whole: string } => {
    const found = choices.find((each) => each.hash === hash);
    const short = found?.release !== undefined ? t("backtests.release", { n: found.release }) : found?.proposal ? t("backtests.proposal", { n: found.proposal.number }) : hash.slice(0, SHOWN);
    return { short, whole: found ? labelOf(found, t) : hash.slice(0, SHOWN) };
  };
  return { choices, named, inForce: standing.data?.in_force?.policy, error: versions.error ?? standing.error, isPending: versions.isPending || standing.isPending };
}

/** A version as a choice reads. */
export function labelOf(choice: Choice, t: ReturnType<typeof useWords>["t"]): string {
  const parts = [choice.release !== undefined ? t("backtests.release", { n: choice.release }) : "", choice.proposal ? t("backtests.proposed", { n: choice.proposal.number, title: choice.proposal.title }) : ""];
  return [...parts.filter(Boolean), choice.name, choice.hash.slice(0, SHOWN)].filter(Boolean).join(" · ");
}
