// A draft tried while somebody types: a moment after the last letter the server checks it and decides the last 30 days again; a further
// letter takes the question back.
import { useEffect, useState } from "react";
import { lines, Refused } from "../api/http";
import type { Schemas } from "../api/types";
import type { Operation } from "./draft";

export type Checked = Schemas["DraftChecked"];
export type Figures = Schemas["TriedFigures"];
export type Finding = Schemas["DraftFinding"];
type Line = Schemas["TriedLine"];

const PAUSE_MS = 400;

export interface Trial {
  /** Whether something is being asked: what is shown is of the letter before. */
  busy: boolean;
  /** How far it is, 0 to 1, and at what. */
  progress?: { stage: "record" | "decide"; done: number };
  checked?: Checked;
  figures?: Figures;
  failed?: { en: string; zh: string };
}

/** What the server says of the draft; figures stay until there are newer ones. */
export function useTrial(base: string, operations: readonly Operation[]): Trial {
  const asked = operations.length ? JSON.stringify({ base, patch: operations }) : "";
  const [trial, setTrial] = useState<Trial & { of: string }>({ busy: false, of: "" });
  useEffect(() => {
    if (!asked) return undefined;
    const stop = new AbortController();
    const keep = (more: Partial<Trial>) => !stop.signal.aborted && setTrial((before) => ({ ...before, ...more, of: asked }));
    const ask = async () => {
      setTrial(({ figures, checked }) => ({ of: asked, busy: true, ...(checked ? { checked } : {}), ...(figures ? { figures } : {}) }));
      try {
        await lines<Line>("/v1/policy:try", JSON.parse(asked), (line) => {
          if (line.kind === "checked") keep({ checked: line });
          else if (line.kind === "figures") keep({ figures: line });
          else if (line.kind === "progress") keep({ progress: line });
          else keep({ failed: line });
        }, stop.signal);
        keep({ busy: false });
      } catch (failed) {
        if (failed instanceof Refused) keep({ failed: failed.words, busy: false });
        else if (!stop.signal.aborted) throw failed;
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asked]);
  if (!asked) return { busy: false };
  return trial.of === asked ? trial : { busy: true, ...(trial.checked ? { checked: trial.checked } : {}), ...(trial.figures ? { figures: trial.figures } : {}) };
}
