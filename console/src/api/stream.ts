// A question whose answer takes a while, asked as a stream of lines: how far it is, then the answer. Leaving takes it back.
import { useEffect, useState } from "react";
import { lines, Refused } from "./http";
import type { Schemas } from "./types";

type Going = Schemas["TrialProgress"] | Schemas["TrialFailed"];

export interface Answering<T> {
  busy: boolean;
  /** How far it is, 0 to 1, and at what. */
  progress?: Schemas["TrialProgress"];
  answer?: T;
  failed?: { en: string; zh: string };
}

/** Asks `path`, "" for nothing, and anew with every other path or `round`. */
export function useAnswer<T extends { kind: string }>(path: string, round: number | string): Answering<T> {
  const asked = path && `${round} ${path}`;
  const [found, setFound] = useState<Answering<T> & { of: string }>({ busy: true, of: "" });
  useEffect(() => {
    if (!path) return undefined;
    const stop = new AbortController();
    const keep = (more: Partial<Answering<T>>) => !stop.signal.aborted && setFound((before) => ({ ...(before.of === asked ? before : { busy: true }), ...more, of: asked }));
    const ask = async () => {
      try {
        await lines<T | Going>(path, undefined, (line) => {
          if (line.kind === "progress") keep({ progress: line as Schemas["TrialProgress"] });
          else if (line.kind === "failed") keep({ failed: line as Schemas["TrialFailed"] });
          else keep({ answer: line as T });
        }, stop.signal);
        keep({ busy: false });
      } catch (failed) {
        if (failed instanceof Refused) keep({ failed: failed.words, busy: false });
        else if (!stop.signal.aborted) throw failed;
      }
    };
    void ask();
    return () => stop.abort();
  }, [asked, path]);
  if (!path) return { busy: false };
  return found.of === asked ? found : { busy: true };
}
