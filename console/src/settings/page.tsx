// Settings: who may sign in and what they may do, keys of machines, who is told of what and what left; and what is one's own.
import { Segmented } from "antd";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useSession } from "../api/session";
import { useKeys } from "../keys/keys";
import { useWords } from "../words/words";
import { Handed } from "./handed";
import { MachineKeys } from "./keys";
import { Outbox } from "./outbox";
import { Own } from "./own";
import { PeopleOf } from "./people";
import { Roles } from "./roles";
import { partIn, partsFor, type Part } from "./settings";
import "./settings.css";
import { Webhooks } from "./webhooks";

const SHOWS: Record<Part, () => React.ReactNode> = { own: Own, people: PeopleOf, roles: Roles, keys: MachineKeys, webhooks: Webhooks, outbox: Outbox };

export default function Settings() {
  const { t } = useWords();
  const session = useSession();
  const me = session.data?.kind === "person" ? session.data.me : undefined;
  const parts = useMemo(() => partsFor(me?.permissions), [me]);
  const [parameters, setParameters] = useSearchParams();
  const part = partIn(parameters.get("part"), parts);
  const go = (to: Part | undefined) => to && setParameters({ part: to }, { replace: true });
  useKeys("settings", { before: () => go(parts[parts.indexOf(part) - 1]), after: () => go(parts[parts.indexOf(part) + 1]) });
  const Shown = SHOWS[part];
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("settings.title")}</h1>
          <p className="quiet">{t(`settings.lead.${part}`)}</p>
        </div>
        {parts.length > 1 && <Segmented value={part} onChange={go} options={parts.map((each) => ({ value: each, label: t(`settings.part.${each}`) }))} />}
      </header>
      <Handed />
      <Shown key={part} />
    </div>
  );
}
