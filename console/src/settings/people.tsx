// People: who may sign in, with which roles, who is signed in; the chosen one with what they may do and the changes.
import { Button } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { Person } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { NewPerson, One } from "./person";
import { usePeople, useRoles } from "./roles";

export function PeopleOf() {
  const { t } = useWords();
  const people = usePeople();
  const table = useRoles();
  const [parameters, setParameters] = useSearchParams();
  const [adding, setAdding] = useState(false);
  const rows = people.data?.people ?? [];
  const at = Math.max(rows.findIndex((each) => each.name === parameters.get("name")), 0);
  const choose = (name: string | undefined) => {
    if (!name) return;
    setAdding(false);
    setParameters({ part: "people", name }, { replace: true });
  };
  useKeys("settings", { down: () => choose(rows[at + 1]?.name), up: () => choose(rows[at - 1]?.name), add: () => setAdding(true) });
  if (people.isPending || table.isPending) return <Waiting />;
  const error = people.error ?? table.error;
  if (error || !people.data || !table.data) return <Trouble error={error} retry={() => void Promise.all([people.refetch(), table.refetch()])} />;
  const chosen = rows[at];
  return (
    <>
      <div className="filters">
        <Button type="primary" onClick={() => setAdding(true)}>
          {t("settings.people.add")} <Keys keys="a" />
        </Button>
        <span className="quiet">{t("settings.people.count", { n: rows.length, active: rows.filter((each) => each.active).length })}</span>
      </div>
      <div className="columns wider">
        <Table rows={rows} at={at} choose={choose} />
        <aside className="stays">
          {adding ? <NewPerson table={table.data} taken={rows.map((each) => each.name)} close={() => setAdding(false)} /> : chosen && <One key={chosen.name} person={chosen} table={table.data} />}
        </aside>
      </div>
    </>
  );
}

function Table({ rows, at, choose }: { rows: Person[]; at: number; choose: (name: string) => void }) {
  const { t, said, format } = useWords();
  const table = useRoles();
  const word = (role: string) => {
    const found = table.data?.roles.find((each) => each.name === role);
    return found ? said(found) : role;
  };
  return (
    <div className="clip">
      <table className="rows people">
        <thead>
          <tr>
            <th scope="col">{t("settings.people.name")}</th>
            <th scope="col">{t("settings.people.roles")}</th>
            <th scope="col">{t("settings.people.state")}</th>
            <th scope="col" className="num">{t("settings.people.sessions")}</th>
            <th scope="col">{t("settings.people.seen")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each, number) => (
            <tr key={each.name} data-person={each.name} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => choose(each.name)}>
              <td>
                <b>{each.name}</b>
              </td>
              <td className="wraps">{each.roles.map(word).join(t("common.comma"))}</td>
              <td className={each.active ? "" : "differs"}>{t(each.active ? "settings.people.active" : "settings.people.stopped")}</td>
              <td className="num">{each.sessions ? format.number(each.sessions) : "–"}</td>
              <td className="time" title={each.seen ? format.timeFull(each.seen) : ""}>
                {each.seen ? format.time(each.seen) : t("settings.people.notNow")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
