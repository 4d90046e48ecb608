// Signing in. Where the server has several tenants it says so, and the field for it appears.
import { Button, Input } from "antd";
import { useState, type FormEvent } from "react";
import { Refused } from "../api/http";
import { useProviders, useSignIn } from "../api/session";
import { Mark } from "../parts/mark";
import { Trouble } from "../parts/parts";
import { useWords } from "../words/words";

export default function SignIn({ again }: { again: boolean }) {
  const { t, said } = useWords();
  const signIn = useSignIn();
  const { data: providers = [] } = useProviders();
  const [name, setName] = useState(() => new URLSearchParams(location.hash.slice(1)).get("name") ?? "");
  const [password, setPassword] = useState("");
  const [tenant, setTenant] = useState("");
  const [several, setSeveral] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailed(undefined);
    try {
      await signIn(name, password, tenant);
    } catch (refused) {
      if (refused instanceof Refused && refused.code === "tenant") setSeveral(true);
      setFailed(refused);
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="signin">
      <form onSubmit={(event) => void submit(event)}>
        <Mark size={40} />
        <h1>{t("signin.title")}</h1>
        <p className="quiet">{again ? t("signin.again") : t("signin.lead")}</p>
        <label>
          {t("signin.name")}
          <Input size="large" autoComplete="username" autoFocus required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          {t("signin.password")}
          <Input.Password size="large" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
        </label>
        {several && (
          <label>
            {t("signin.tenant")}
            <Input size="large" required value={tenant} onChange={(event) => setTenant(event.target.value)} />
          </label>
        )}
        {failed !== undefined && <Trouble error={failed} />}
        <Button type="primary" size="large" htmlType="submit" block loading={busy}>
          {t("signin.submit")}
        </Button>
        {providers.map((each) => (
          <Button key={each.name} size="large" block href={`/v1/sign-on/${each.name}`}>
            {t("signin.with", { name: said(each) })}
          </Button>
        ))}
      </form>
    </main>
  );
}
