// What somebody decided waits six seconds before it is sent, so that it can be taken back. Leaving the page sends it at once; a further act
// sends the one before.
import { App, Button } from "antd";
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Trouble } from "../parts/parts";
import { useWords } from "../words/words";

export const WAIT_S = 6;

export interface Act {
  /** What will be done, for the bar. */
  label: string;
  /** Sends it; `last`: while the page is being left. */
  send: (last: boolean) => Promise<unknown>;
  /** What follows when it was sent. */
  done?: () => void;
  /** What follows when it was taken back. */
  undone?: () => void;
}

const Context = createContext<(act: Act) => void>(() => undefined);

export function OutboxOf({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [waiting, setWaiting] = useState<{ act: Act; left: number }>();
  const held = useRef<Act | undefined>(undefined);

  const leave = useCallback(
    async (last = false) => {
      const act = held.current;
      if (!act) return;
      held.current = undefined;
      setWaiting(undefined);
      try {
        await act.send(last);
        act.done?.();
        if (!last) void message.success(t("act.sent", { what: act.label }));
      } catch (failed) {
        act.undone?.();
        if (!last) void message.open({ type: "error", duration: 12, content: <Trouble error={failed} /> });
      }
    },
    [message, t],
  );
  const put = useCallback(
    (act: Act) => {
      void leave();
      held.current = act;
      setWaiting({ act, left: WAIT_S });
    },
    [leave],
  );
  const takeBack = () => {
    const act = held.current;
    held.current = undefined;
    setWaiting(undefined);
    act?.undone?.();
    if (act) void message.info(t("act.undone", { what: act.label }));
  };
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setTimeout(() => {
      if (waiting.left <= 1) void leave();
      else setWaiting({ act: waiting.act, left: waiting.left - 1 });
    }, 1000);
    return () => clearTimeout(timer);
  }, [waiting, leave]);
  useEffect(() => {
    const left = () => void leave(true);
    window.addEventListener("pagehide", left);
    return () => window.removeEventListener("pagehide", left);
  }, [leave]);
  useKeys("everywhere", waiting ? { undo: takeBack } : {});
  const value = useMemo(() => put, [put]);
  return (
    <Context value={value}>
      {children}
      {waiting && (
        <div className="outbox" role="status">
          <span>{t("act.waits", { what: waiting.act.label, n: waiting.left })}</span>
          <Button size="small" onClick={takeBack}>
            {t("act.undo")} <Keys keys="z" />
          </Button>
          <Button size="small" type="text" onClick={() => void leave()}>
            {t("act.now")}
          </Button>
        </div>
      )}
    </Context>
  );
}

/** Puts an act into the outbox. */
export const useOutbox = () => use(Context);
