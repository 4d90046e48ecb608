// The form of every act: its fields, one button that does it and one that does not; Escape closes, Ctrl or Command with Enter does it.
import { Button } from "antd";
import type { ReactNode } from "react";
import { Keys } from "../keys/help";
import { useWords } from "../words/words";
import { WAIT_S } from "./outbox";

interface Props {
  /** What the button says. */
  word: string;
  submit: () => void;
  close: () => void;
  /** It ends something. */
  risky?: boolean;
  /** It is being done. */
  busy?: boolean;
  /** Whether it can be done yet. */
  ready?: boolean;
  /** What follows, beside the buttons; without, that it can be taken back. */
  then?: string;
  children: ReactNode;
}

export function ActForm({ word, submit, close, risky = false, busy = false, ready = true, then, children }: Props) {
  const { t } = useWords();
  return (
    <form
      className="decide"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.preventDefault();
          close();
        }
        if ((event.metaKey || event.ctrlKey) && event.key === "Enter") submit();
      }}
    >
      {children}
      <p className="acts">
        <Button type={risky ? "default" : "primary"} className={risky ? "risky" : ""} size="small" htmlType="submit" loading={busy} disabled={!ready}>
          {word} <Keys keys="mod+Enter" />
        </Button>
        <Button size="small" onClick={close}>
          {t("common.cancel")}
        </Button>
        <span className="quiet">{then ?? t("case.undoHint", { n: WAIT_S })}</span>
      </p>
    </form>
  );
}
