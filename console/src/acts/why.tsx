// The form of a change: what is to be given, what it will do, why; sent six seconds later, so that it can be taken back.
import { Button } from "antd";
import { useState, type ReactNode } from "react";
import "../lists/lists.css";
import { Keys } from "../keys/help";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { WAIT_S } from "./outbox";

interface Props {
  title: string;
  /** What it will do, in sentences. */
  effect: ReactNode;
  /** What is still missing or wrong besides the reason. */
  lacks?: string | undefined;
  submit: (reason: string) => void;
  close: () => void;
  /** It ends something. */
  risky?: boolean;
  /** The first field is one of `children`. */
  later?: boolean;
  children?: ReactNode;
}

export function Why({ title, effect, lacks, submit, close, risky = false, later = false, children }: Props) {
  const { t } = useWords();
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const missing = lacks ?? (reason.trim() ? undefined : t("why.missing"));
  const ask = () => {
    setAsked(true);
    if (!missing) submit(reason.trim());
  };
  return (
    <Panel title={title}>
      <form
        className="decide"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") close();
          if ((event.metaKey || event.ctrlKey) && event.key === "Enter") ask();
        }}
      >
        {children}
        <div className="effect" role="status">
          {effect}
        </div>
        <label>
          {t("why.label")}
          <textarea className="field" rows={2} maxLength={1000} autoFocus={!later} value={reason} onChange={(event) => setReason(event.target.value)} placeholder={t("why.hint")} aria-invalid={asked && !reason.trim()} />
        </label>
        {asked && missing && (
          <p className="flag" role="alert">
            {missing}
          </p>
        )}
        <p className="acts">
          <Button type={risky ? "default" : "primary"} className={risky ? "risky" : ""} size="small" htmlType="submit">
            {title} <Keys keys="mod+Enter" />
          </Button>
          <Button size="small" onClick={close}>
            {t("common.cancel")}
          </Button>
          <span className="quiet">{t("case.undoHint", { n: WAIT_S })}</span>
        </p>
      </form>
    </Panel>
  );
}
