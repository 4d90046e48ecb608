// What is one's own: who one is and may do, language, light or dark, password.
import { useQueryClient } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useState } from "react";
import { send } from "../api/http";
import { useSession, useSignOut } from "../api/session";
import type { Me } from "../api/types";
import "../lists/lists.css";
import { Panel, Trouble } from "../parts/parts";
import { useShade } from "../theme";
import { useWords } from "../words/words";
import { permissionKey, roleKey } from "./words";

const LEAST = 12;

export function Own() {
  const { t, language, setLanguage } = useWords();
  const { shade, toggle } = useShade();
  const session = useSession();
  const me = session.data?.kind === "person" ? session.data.me : undefined;
  return (
    <div className="own">
      <Panel title={t("settings.looks")}>
        <dl className="plain pairs">
          <div>
            <dt>{t("settings.language")}</dt>
            <dd>
              <Segmented value={language} onChange={setLanguage} options={[{ value: "zh", label: "中文" }, { value: "en", label: "English" }]} />
            </dd>
          </div>
          <div>
            <dt>{t("settings.shade")}</dt>
            <dd>
              <Segmented value={shade} onChange={(value) => value !== shade && toggle()} options={(["light", "dark"] as const).map((each) => ({ value: each, label: t(`shell.${each}`) }))} />
            </dd>
          </div>
        </dl>
        <p className="quiet">{t("settings.looksNote")}</p>
      </Panel>
      {me ? <Mine me={me} /> : <p className="quiet">{t("settings.nobody")}</p>}
      {me && <Password />}
    </div>
  );
}

function Mine({ me }: { me: Me }) {
  const { t } = useWords();
  const signOut = useSignOut();
  return (
    <Panel
      title={t("settings.me")}
      aside={
        <Button size="small" onClick={() => void signOut()}>
          {t("shell.signOut")}
        </Button>
      }
    >
      <p className="preview-why">
        {me.name} <span className="quiet">{t("settings.tenant", { name: me.tenant })}</span>
      </p>
      <p>{me.roles.map((each) => t(roleKey(each))).join(t("common.comma"))}</p>
      <h3>{t("settings.mayDo")}</h3>
      <ul className="plain may">
        {me.permissions.map((each) => (
          <li key={each}>
            {t(permissionKey(each))} <code className="quiet">{each}</code>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Password() {
  const { t } = useWords();
  const queries = useQueryClient();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const change = async () => {
    const lacks = !old ? "old" : fresh.length < LEAST ? "short" : fresh === old ? "same" : fresh !== again ? "again" : undefined;
    setWrong(lacks && t(`settings.password.${lacks}`, { n: LEAST }));
    setFailed(undefined);
    if (lacks) return;
    setBusy(true);
    try {
      await send("POST", "/v1/me/password", { old, new: fresh });
      await queries.invalidateQueries({ queryKey: ["session"] });
    } catch (error) {
      setFailed(error);
    } finally {
      setBusy(false);
    }
  };
  const fields = [
    ["password.now", old, setOld, "current-password"],
    ["password.new", fresh, setFresh, "new-password"],
    ["password.twice", again, setAgain, "new-password"],
  ] as const;
  return (
    <Panel title={t("settings.password")}>
      <form
        className="decide"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        {fields.map(([word, value, set, kind]) => (
          <label key={word}>
            {t(`settings.${word}`)}
            <input className="field" type="password" autoComplete={kind} maxLength={128} value={value} onChange={(event) => set(event.target.value)} />
          </label>
        ))}
        <p className="effect">{t("settings.password.effect")}</p>
        {wrong && (
          <p className="flag" role="alert">
            {wrong}
          </p>
        )}
        {failed !== undefined && <Trouble error={failed} />}
        <p className="acts">
          <Button type="primary" size="small" htmlType="submit" loading={busy}>
            {t("settings.password.change")}
          </Button>
        </p>
      </form>
    </Panel>
  );
}
