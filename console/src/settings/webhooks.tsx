// Webhooks: who is told of what. Declared, changed, tried, given another secret, taken away.
import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { get, send } from "../api/http";
import type { Webhook, WebhookList } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { HookForm, HookStep, type Step } from "./hook";

export function Webhooks() {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["webhooks"], queryFn: ({ signal }) => get<WebhookList>("/v1/webhooks", {}, signal) });
  const [name, setName] = useState<string>();
  const [adding, setAdding] = useState(false);
  const rows = found.data?.webhooks ?? [];
  const at = Math.max(rows.findIndex((each) => each.name === name), 0);
  const choose = (to: Webhook | undefined) => {
    if (!to) return;
    setAdding(false);
    setName(to.name);
  };
  useKeys("settings", { down: () => choose(rows[at + 1]), up: () => choose(rows[at - 1]), add: () => setAdding(true) });
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  const chosen = rows[at];
  return (
    <>
      <div className="filters">
        <Button type="primary" onClick={() => setAdding(true)}>
          {t("settings.hooks.add")} <Keys keys="a" />
        </Button>
      </div>
      <div className="columns wider">
        {rows.length > 0 ? <Table rows={rows} at={at} choose={choose} /> : <Empty title={t("settings.hooks.none")} next={t("settings.hooks.noneNext")} />}
        <aside className="stays">{adding ? <HookForm close={() => setAdding(false)} taken={rows.map((each) => each.name)} /> : chosen && <One key={chosen.name} hook={chosen} />}</aside>
      </div>
    </>
  );
}

function Table({ rows, at, choose }: { rows: Webhook[]; at: number; choose: (hook: Webhook) => void }) {
  const { t } = useWords();
  return (
    <div className="clip">
      <table className="rows hooks">
        <thead>
          <tr>
            <th scope="col">{t("settings.hooks.name")}</th>
            <th scope="col">{t("settings.hooks.url")}</th>
            <th scope="col">{t("settings.hooks.kinds")}</th>
            <th scope="col">{t("settings.people.state")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each, number) => (
            <tr key={each.name} data-hook={each.name} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => choose(each)}>
              <td>
                <b>{each.name}</b>
              </td>
              <td className="wraps">
                <code>{each.url}</code> {each.private && <span className="tag">{t("settings.hooks.private")}</span>}
              </td>
              <td className="wraps">
                {each.kinds.map((kind) => (
                  <code key={kind} className="tag">
                    {kind}
                  </code>
                ))}
              </td>
              <td className={each.active ? "" : "differs"}>{t(each.active ? "settings.hooks.on" : "settings.hooks.off")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function One({ hook }: { hook: Webhook }) {
  const { t, format } = useWords();
  const { message } = App.useApp();
  const [step, setStep] = useState<Step>();
  const [failed, setFailed] = useState<unknown>();
  const test = async () => {
    setFailed(undefined);
    try {
      await send("POST", `/v1/webhooks/${encodeURIComponent(hook.name)}:test`);
      void message.success(t("settings.hooks.tested"));
    } catch (error) {
      setFailed(error);
    }
  };
  const close = () => setStep(undefined);
  if (step === "change") return <HookForm hook={hook} close={close} />;
  if (step) return <HookStep hook={hook} step={step} close={close} />;
  const steps: Step[] = ["change", "renew", hook.active ? "off" : "on", "remove"];
  return (
    <Panel title={hook.name}>
      <p className="quiet">{t("settings.hooks.madeBy", { who: nameOf(hook.by), when: hook.made ? format.timeFull(hook.made) : "" })}</p>
      <p className="acts">
        <Button size="small" type="primary" onClick={() => void test()} disabled={!hook.active}>
          {t("settings.hooks.test")}
        </Button>
        {steps.map((each) => (
          <Button key={each} size="small" className={each === "remove" ? "risky" : ""} onClick={() => setStep(each)}>
            {t(`settings.hookStep.${each}`)}
          </Button>
        ))}
      </p>
      {failed !== undefined && <Trouble error={failed} />}
      <p className="quiet">{t("settings.hooks.testNote")}</p>
    </Panel>
  );
}
