// The form of a change: what is to be given, what it will do, why; sent six seconds later, so that it can be taken back.
import { useState, type ReactNode } from "react";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { ActForm } from "./form";

interface Props {
  title: string;
  /** What it will do, in sentences; nothing while that cannot be said. */
  effect: ReactNode;
  /** What is still missing or wrong besides the reason. */
  lacks?: string | undefined;
  submit: (reason: string) => void;
  close: () => void;
  /** It ends something. */
  risky?: boolean;
  /** The first field is one of `children`. */
  later?: boolean;
  /** The reason may be left out. */
  optional?: boolean;
  /** How the reason is asked for where it does not go into the audit. */
  asks?: { label: string; hint: string };
  children?: ReactNode;
}

export function Why({ title, effect, lacks, submit, close, risky = false, later = false, optional = false, asks, children }: Props) {
  const { t } = useWords();
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(false);
  const missing = lacks ?? (optional || reason.trim() ? undefined : t("why.missing"));
  const ask = () => {
    setAsked(true);
    if (!missing) submit(reason.trim());
  };
  return (
    <Panel title={title}>
      <ActForm word={title} submit={ask} close={close} risky={risky}>
        {children}
        {effect && (
          <div className="effect" role="status">
            {effect}
          </div>
        )}
        <label>
          {asks?.label ?? t("why.label")}
          <textarea className="field" rows={2} maxLength={1000} autoFocus={!later} value={reason} onChange={(event) => setReason(event.target.value)} placeholder={asks?.hint ?? t("why.hint")} aria-invalid={asked && !optional && !reason.trim()} />
        </label>
        {asked && missing && (
          <p className="flag" role="alert">
            {missing}
          </p>
        )}
      </ActForm>
    </Panel>
  );
}
