// Changes of a webhook: its address and kinds, another secret, on or off, away. A fresh secret is told once.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { address, send } from "../api/http";
import type { Webhook } from "../api/types";
import { useWords } from "../words/words";
import { useHand } from "./handed";
import { kindsIn } from "./settings";

export type Step = "change" | "renew" | "on" | "off" | "remove";

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const pathOf = (name: string) => `/v1/webhooks/${encodeURIComponent(name)}`;

/** A new one, or another address or other kinds of one that is there. */
export function HookForm({ hook, taken = [], close }: { hook?: Webhook; taken?: readonly string[]; close: () => void }) {
  const { t } = useWords();
  const act = useHookAct();
  const [name, setName] = useState(hook?.name ?? "");
  const [url, setUrl] = useState(hook?.url ?? "https://");
  const [text, setText] = useState(hook?.kinds.join(" ") ?? "");
  const [inside, setInside] = useState(hook?.private ?? false);
  const { kinds, wrong } = kindsIn(text);
  const lacks = !NAME.test(name) ? "hookName" : taken.includes(name) ? "hookTaken" : !/^https?:\/\/./.test(url) ? "url" : kinds.length === 0 ? "kinds" : wrong.length ? "kind" : undefined;
  const submit = (reason: string) => {
    act(t(hook ? "settings.acted.hook" : "settings.acted.hookAdd", { name }), name, (last) => send<Webhook>("POST", "/v1/webhooks", { name, url, kinds, private: inside, active: hook?.active ?? true, reason }, { last }));
    close();
  };
  const effect = <p>{t(hook ? "settings.will.hook" : "settings.will.hookAdd", { kinds: kinds.join(" ") || "…" })}</p>;
  return (
    <Why title={t(hook ? "settings.hookStep.change" : "settings.hooks.add")} effect={effect} lacks={lacks && t(`settings.lacks.${lacks}`, { what: wrong.join(" ") })} submit={submit} close={close} later>
      {hook ? (
        <p>
          <b>{name}</b>
        </p>
      ) : (
        <label>
          {t("settings.hooks.name")}
          <input className="field" autoFocus maxLength={64} value={name} onChange={(event) => setName(event.target.value.trim())} placeholder="crm" />
        </label>
      )}
      <label>
        {t("settings.hooks.url")}
        <input className="field" type="url" autoFocus={hook !== undefined} value={url} onChange={(event) => setUrl(event.target.value.trim())} />
      </label>
      <label>
        {t("settings.hooks.kinds")}
        <input className="field mono" value={text} onChange={(event) => setText(event.target.value)} placeholder="decision.decline case.opened" />
      </label>
      <p className="quiet">{t("settings.hooks.kindsHint")}</p>
      <div className="boxes">
        <label>
          <input type="checkbox" checked={inside} onChange={(event) => setInside(event.target.checked)} /> {t("settings.hooks.privateHint")}
        </label>
      </div>
    </Why>
  );
}

export function HookStep({ hook, step, close }: { hook: Webhook; step: Exclude<Step, "change">; close: () => void }) {
  const { t } = useWords();
  const act = useHookAct();
  const { name } = hook;
  const submit = (reason: string) => {
    const { url, kinds } = hook;
    act(t(`settings.acted.${step}`, { name }), name, (last) => {
      if (step === "remove") return send("DELETE", address(pathOf(name), { reason }), undefined, { last });
      if (step === "renew") return send("POST", address(`${pathOf(name)}:renew`, { reason }), undefined, { last });
      return send("POST", "/v1/webhooks", { name, url, kinds, private: hook.private, active: step === "on", reason }, { last });
    });
    close();
  };
  return (
    <Why title={t(`settings.hookStep.${step}`)} effect={<p>{t(`settings.will.hook.${step}`)}</p>} submit={submit} close={close} risky={step === "remove"}>
      <p>
        <b>{name}</b> <code>{hook.url}</code>
      </p>
    </Why>
  );
}

/** The outbox for changes of webhooks; a secret in the answer is shown once. */
function useHookAct() {
  const put = useOutbox();
  const queries = useQueryClient();
  const hand = useHand();
  return (label: string, name: string, ask: (last: boolean) => Promise<Partial<Webhook>>) => {
    let told: Partial<Webhook> = {};
    put({
      label,
      send: async (last) => {
        told = await ask(last);
      },
      done: () => {
        void queries.invalidateQueries({ queryKey: ["webhooks"] });
        if (told.secret) hand({ kind: "secret", name, secret: told.secret });
      },
    });
  };
}
