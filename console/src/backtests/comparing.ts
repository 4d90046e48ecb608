// Arms of one experiment, asked of the server: how far it is, then their figures. Leaving takes the question back.
import { useEffect, useState } from "react";
import { lines, Refused } from "../api/http";
import type { Arms, Experiment, Schemas } from "../api/types";

export interface Comparing {
  busy: boolean;
  /** How far it is, 0 to 1, and at what. */
  progress?: { stage: "record" | "decide"; done: number };
  arms?: Arms;
  failed?: { en: string; zh: string };
}

/** `version`: the policy in force; another one is asked anew. */
export function useArms({ flow, node }: Experiment, version: string): Comparing {
  const [found, setFound] = useState<Comparing>({ busy: true });
  useEffect(() => {
    const stop = new AbortController();
    const keep = (more: Partial<Comparing>) => !stop.signal.aborted && setFound((before) => ({ ...before, ...more }));
    const ask = async () => {
      try {
        await lines<Schemas["ArmsLine"]>(`/v1/experiments/${encodeURIComponent(flow)}/${encodeURIComponent(node)}/arms`, undefined, (line) => {
          if (line.kind === "arms") keep({ arms: line });
          else if (line.kind === "progress") keep({ progress: line });
          else keep({ failed: line });
        }, stop.signal);
        keep({ busy: false });
      } catch (failed) {
        if (failed instanceof Refused) keep({ failed: failed.words, busy: false });
        else if (!stop.signal.aborted) throw failed;
      }
    };
    void ask();
    return () => stop.abort();
  }, [flow, node, version]);
  return found;
}
