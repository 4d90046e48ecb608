// One person: what they may do, and the changes: roles, password, sessions, stopped or back; and somebody new.
import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { send } from "../api/http";
import { useMay, useSession } from "../api/session";
import type { Person, RoleTable } from "../api/types";
import { Copied, Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { useHand } from "./handed";
import { allowed, moved, newPassword } from "./settings";

const ACTS = ["roles", "password", "signOut", "stop", "back"] as const;
type Step = (typeof ACTS)[number];
const LEAST = 12;
const made = () => newPassword((bytes) => crypto.getRandomValues(bytes));

export function One({ person, table }: { person: Person; table: RoleTable }) {
  const { t, said } = useWords();
  const session = useSession();
  const audits = useMay("audit");
  const mine = session.data?.kind === "person" && session.data.me.name === person.name;
  const [step, setStep] = useState<Step>();
  const word = (name: string) => said(table.permissions.find((each) => each.name === name) ?? { en: name, zh: name });
  const open = ACTS.filter((each) => ({ roles: true, password: !mine, signOut: (person.sessions ?? 0) > 0, stop: person.active && !mine, back: !person.active })[each]);
  if (step && open.includes(step)) return <Change person={person} table={table} step={step} mine={mine} close={() => setStep(undefined)} />;
  return (
    <Panel title={person.name} aside={mine && <span className="quiet">{t("settings.people.you")}</span>}>
      {!person.active && <p className="differs">{t("settings.people.isStopped")}</p>}
      <h3>{t("settings.mayDo")}</h3>
      <ul className="plain may">
        {allowed(table, person.roles).map((each) => (
          <li key={each}>
            {word(each)} <code className="quiet">{each}</code>
          </li>
        ))}
      </ul>
      <p className="acts">
        {open.map((each) => (
          <Button key={each} size="small" className={each === "stop" ? "risky" : ""} onClick={() => setStep(each)}>
            {t(`settings.step.${each}`)}
          </Button>
        ))}
      </p>
      {audits && (
        <p>
          <Link to={`/audit?about=${encodeURIComponent(person.name)}`}>{t("settings.people.inAudit")}</Link>
        </p>
      )}
    </Panel>
  );
}

function Change({ person, table, step, mine, close }: { person: Person; table: RoleTable; step: Step; mine: boolean; close: () => void }) {
  const { t, said } = useWords();
  const act = usePeopleAct();
  const hand = useHand();
  const [roles, setRoles] = useState<readonly string[]>(person.roles);
  const [password, setPassword] = useState(made);
  const name = person.name;
  const path = `/v1/people/${encodeURIComponent(name)}`;
  const same = roles.length === person.roles.length && roles.every((each) => person.roles.includes(each));
  const lacks = step === "roles" ? (roles.length === 0 ? t("settings.lacks.role") : same ? t("settings.lacks.same") : undefined) : step === "password" && password.length < LEAST ? t("settings.lacks.password", { n: LEAST }) : undefined;
  const bodies: Record<Exclude<Step, "signOut">, object> = { roles: { roles }, password: { password }, stop: { active: false }, back: { active: true } };
  const submit = (reason: string) => {
    act({
      label: t(`settings.acted.${step}`, { name }),
      send: (last) => (step === "signOut" ? send("POST", `${path}:sign-out`, { reason }, { last }) : send("PATCH", path, { ...bodies[step], reason }, { last })),
      done: () => step === "password" && hand({ kind: "password", name, secret: password }),
    });
    close();
  };
  const { more, less } = moved(table, person.roles, roles);
  const words = (names: string[]) => names.map((each) => said(table.permissions.find((one) => one.name === each) ?? { en: each, zh: each })).join(t("settings.semicolon"));
  const effect = (
    <>
      {step === "roles" && more.length > 0 && <p>{t("settings.will.more", { what: words(more) })}</p>}
      {step === "roles" && less.length > 0 && <p>{t("settings.will.less", { what: words(less) })}</p>}
      {step === "roles" && !same && more.length + less.length === 0 && <p>{t("settings.will.noMove")}</p>}
      <p>{t(`settings.will.${step}`, { name, n: person.sessions ?? 0 })}</p>
      {mine && <p className="flag">{t("settings.will.mine")}</p>}
    </>
  );
  return (
    <Why title={t(`settings.step.${step}`)} effect={effect} lacks={lacks} submit={submit} close={close} risky={step === "stop"} later={step === "roles" || step === "password"}>
      <p>
        <b>{name}</b>
      </p>
      {step === "roles" && <RoleBoxes table={table} roles={roles} set={setRoles} />}
      {step === "password" && <PasswordField password={password} set={setPassword} />}
    </Why>
  );
}

export function NewPerson({ table, taken, close }: { table: RoleTable; taken: readonly string[]; close: () => void }) {
  const { t, said } = useWords();
  const act = usePeopleAct();
  const hand = useHand();
  const [name, setName] = useState("");
  const [roles, setRoles] = useState<readonly string[]>([]);
  const [password, setPassword] = useState(made);
  const lacks = !name ? "name" : taken.includes(name) ? "taken" : roles.length === 0 ? "role" : password.length < LEAST ? "password" : undefined;
  const submit = (reason: string) => {
    act({
      label: t("settings.acted.add", { name }),
      send: (last) => send("POST", "/v1/people", { name, roles, password, reason }, { last }),
      done: () => hand({ kind: "password", name, secret: password }),
    });
    close();
  };
  const may = allowed(table, roles).map((each) => said(table.permissions.find((one) => one.name === each) ?? { en: each, zh: each }));
  const effect = (
    <>
      <p>{t("settings.will.add", { name: name || "…" })}</p>
      {may.length > 0 && <p>{t("settings.will.more", { what: may.join(t("settings.semicolon")) })}</p>}
    </>
  );
  return (
    <Why title={t("settings.people.add")} effect={effect} lacks={lacks && t(`settings.lacks.${lacks}`, { n: LEAST })} submit={submit} close={close} later>
      <label>
        {t("settings.people.name")}
        <input className="field" autoFocus autoComplete="off" maxLength={64} value={name} onChange={(event) => setName(event.target.value.trim())} placeholder={t("settings.people.nameHint")} />
      </label>
      <RoleBoxes table={table} roles={roles} set={setRoles} />
      <PasswordField password={password} set={setPassword} />
    </Why>
  );
}

function RoleBoxes({ table, roles, set }: { table: RoleTable; roles: readonly string[]; set: (roles: readonly string[]) => void }) {
  const { t, said } = useWords();
  return (
    <fieldset className="boxes">
      <legend>{t("settings.people.roles")}</legend>
      {table.roles.map((each) => (
        <label key={each.name}>
          <input type="checkbox" checked={roles.includes(each.name)} onChange={(event) => set(event.target.checked ? [...roles, each.name] : roles.filter((one) => one !== each.name))} /> {said(each)}
        </label>
      ))}
    </fieldset>
  );
}

function PasswordField({ password, set }: { password: string; set: (password: string) => void }) {
  const { t } = useWords();
  return (
    <>
      <label>
        {t("settings.people.password")}
        <input className="field mono" autoComplete="off" spellCheck={false} maxLength={128} value={password} onChange={(event) => set(event.target.value)} />
      </label>
      <p className="handover">
        <Copied text={password} shown={t("common.copy")} />
        <Button size="small" type="link" onClick={() => set(made())}>
          {t("settings.people.another")}
        </Button>
      </p>
    </>
  );
}

/** The outbox for changes of people; the list is asked again afterwards, and who is here. */
function usePeopleAct() {
  const put = useOutbox();
  const queries = useQueryClient();
  return (act: { label: string; send: (last: boolean) => Promise<unknown>; done: () => unknown }) =>
    put({
      ...act,
      done: () => {
        for (const key of ["people", "session"]) void queries.invalidateQueries({ queryKey: [key] });
        act.done();
      },
    });
}
