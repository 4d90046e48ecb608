// Who is here: somebody signed in, everybody (a server without sign-in), or nobody yet.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { get, keepProof, Refused, send } from "./http";
import type { Me, Vocabulary } from "./types";
import { useWords } from "../words/words";

export type Session = { kind: "person"; me: Me } | { kind: "open" } | { kind: "nobody" };

/** The token of a session that a link hands over; it leaves the address at once, and is good for one use. */
function handedOver(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("session");
  if (token) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

async function ask(): Promise<Session> {
  const token = handedOver();
  try {
    const me = await get<Me>("/v1/me");
    keepProof(me.forgery_proof);
    return { kind: "person", me };
  } catch (refused) {
    if (refused instanceof Refused && refused.status === 404) return { kind: "open" };
    if (!(refused instanceof Refused) || refused.status !== 401) throw refused;
  }
  if (!token) return { kind: "nobody" };
  try {
    const me = await send<Me>("POST", "/v1/sessions:take", { token });
    keepProof(me.forgery_proof);
    return { kind: "person", me };
  } catch (refused) {
    if (refused instanceof Refused && refused.status === 401) return { kind: "nobody" };
    throw refused;
  }
}

export function useSession() {
  return useQuery({ queryKey: ["session"], queryFn: ask, staleTime: 60_000 });
}

/** Whether whoever is here may do what a permission names. The server decides; this only spares a refusal. */
export function useMay(permission: string): boolean {
  const { data } = useSession();
  return data?.kind === "open" || (data?.kind === "person" && data.me.permissions.includes(permission));
}

export function useSignIn() {
  const queries = useQueryClient();
  return async (name: string, password: string, tenant: string) => {
    await send("POST", "/v1/sessions", tenant ? { name, password, tenant } : { name, password });
    await queries.invalidateQueries();
  };
}

export interface Provider {
  name: string;
  en: string;
  zh: string;
}

/** Where people may sign in beside here; none where the server cannot say. */
export function useProviders() {
  return useQuery({
    queryKey: ["providers"],
    queryFn: () => get<{ providers: Provider[] }>("/v1/sign-on").then((told) => told.providers).catch((): Provider[] => []),
    staleTime: 300_000,
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return async () => {
    const { further } = await send<{ further?: string }>("DELETE", "/v1/session");
    keepProof("");
    if (further) return location.assign(further);
    queries.removeQueries({ predicate: (each) => each.queryKey[0] !== "session" });
    queries.setQueryData<Session>(["session"], { kind: "nobody" });
  };
}

/** The words of the policy in force; asked once. */
export function useVocabulary() {
  return useQuery({ queryKey: ["vocabulary"], queryFn: () => get<Vocabulary>("/v1/vocabulary"), staleTime: 300_000 });
}

type Named = "types" | "fields" | "outcomes" | "marks" | "reasons" | "rules" | "sets" | "actions";

/** Finds the word for a name of the policy; the name itself where there is none. */
export function useNames() {
  const { data } = useVocabulary();
  const { said } = useWords();
  return (kind: Named, name: string): string => {
    const found = data?.[kind].find((each) => each.name === name);
    return found ? said(found) : name;
  };
}
