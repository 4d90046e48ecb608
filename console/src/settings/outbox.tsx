// What left the server, or is to leave: what nobody took first. One of them unfolds, and can be sent once more.
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { address, get, send } from "../api/http";
import type { Delivery, DeliveryPage } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Empty, More, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { STATES, statesOf, type State } from "./settings";
import { stateKey } from "./words";

const ENDED: readonly string[] = ["dead", "done", "taken_back"];

export function Outbox() {
  const { t, format } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const state = STATES.find((each) => each === parameters.get("state")) ?? "dead";
  const [at, setAt] = useState(0);
  const [replaying, setReplaying] = useState(false);
  const pages = useInfiniteQuery({
    queryKey: ["deliveries", state],
    queryFn: ({ pageParam, signal }) => get<DeliveryPage>("/v1/outbox", { state: statesOf(state), before: pageParam, limit: 50 }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: 15_000,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.deliveries) ?? [], [pages.data]);
  const chosen = rows[at];
  const step = (to: number) => {
    setReplaying(false);
    setAt(Math.max(Math.min(to, rows.length - 1), 0));
  };
  const open = () => chosen && ENDED.includes(chosen.state) && setReplaying(true);
  useKeys("settings", { down: () => step(at + 1), up: () => step(at - 1), again: () => void open() });
  return (
    <>
      <div className="filters">
        <Segmented
          size="small"
          value={state}
          onChange={(value: State) => {
            step(0);
            setParameters({ part: "outbox", state: value }, { replace: true });
          }}
          options={STATES.map((each) => ({ value: each, label: t(`settings.outbox.${each}`) }))}
        />
      </div>
      {pages.isPending && <Waiting />}
      {pages.error && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && rows.length === 0 && <Empty title={t(`settings.outbox.none.${state}`)} next={t("settings.outbox.noneNext")} />}
      {rows.length > 0 && (
        <div className="columns wider">
          <div>
            <Table rows={rows} at={at} choose={step} />
            <More pages={pages}>{t("list.shown", { n: format.number(rows.length) })}</More>
          </div>
          <aside className="stays">{chosen && (replaying ? <Replay delivery={chosen} close={() => setReplaying(false)} /> : <One delivery={chosen} again={() => setReplaying(true)} />)}</aside>
        </div>
      )}
    </>
  );
}

function Table({ rows, at, choose }: { rows: Delivery[]; at: number; choose: (at: number) => void }) {
  const { t, format } = useWords();
  return (
    <div className="clip">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col" className="num">{t("settings.outbox.number")}</th>
            <th scope="col">{t("settings.outbox.made")}</th>
            <th scope="col">{t("settings.outbox.kind")}</th>
            <th scope="col">{t("settings.outbox.target")}</th>
            <th scope="col">{t("settings.people.state")}</th>
            <th scope="col" className="num">{t("settings.outbox.tries")}</th>
            <th scope="col">{t("settings.outbox.last")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each, number) => (
            <tr key={each.number} data-delivery={each.number} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => choose(number)}>
              <td className="num">{each.number}</td>
              <td className="time" title={each.made ? format.timeFull(each.made) : ""}>{each.made ? format.time(each.made) : ""}</td>
              <td>
                <code>{each.kind}</code>
              </td>
              <td>{each.target === "log" ? t("settings.outbox.log") : each.target.replace(/^hook:/, "")}</td>
              <td className={each.state === "dead" ? "differs" : ""}>{t(stateKey(each.state))}</td>
              <td className="num">{format.number(each.tries)}</td>
              <td className="why" title={each.last}>{each.last}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function One({ delivery, again }: { delivery: Delivery; again: () => void }) {
  const { t, format } = useWords();
  const facts: [string, string][] = [
    [t("settings.outbox.about"), delivery.about],
    [t("settings.outbox.last"), delivery.last],
    [t(delivery.ended ? "settings.outbox.ended" : "settings.outbox.due"), format.timeFull(delivery.ended ?? delivery.due ?? delivery.made ?? "")],
  ];
  return (
    <Panel title={t("settings.outbox.one", { n: delivery.number })}>
      <dl className="plain pairs">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value || "–"}</dd>
          </div>
        ))}
        <div>
          <dt>webhook-id</dt>
          <dd>
            <Copied text={delivery.key} />
          </dd>
        </div>
      </dl>
      <details className="group">
        <summary>{t("settings.outbox.body")}</summary>
        <pre className="body" tabIndex={0}>{JSON.stringify(delivery.body, null, 1)}</pre>
      </details>
      {ENDED.includes(delivery.state) && (
        <p className="acts">
          <Button size="small" type={delivery.state === "dead" ? "primary" : "default"} onClick={again}>
            {t("settings.outbox.again")} <Keys keys="r" />
          </Button>
        </p>
      )}
    </Panel>
  );
}

function Replay({ delivery, close }: { delivery: Delivery; close: () => void }) {
  const { t } = useWords();
  const put = useOutbox();
  const queries = useQueryClient();
  const submit = (reason: string) => {
    put({
      label: t("settings.acted.again", { n: delivery.number }),
      send: (last) => send("POST", address(`/v1/outbox/${delivery.number}:replay`, { reason }), undefined, { last }),
      done: () => void queries.invalidateQueries({ queryKey: ["deliveries"] }),
    });
    close();
  };
  return <Why title={t("settings.outbox.again")} effect={<p>{t(delivery.state === "done" ? "settings.will.againTaken" : "settings.will.again", { target: delivery.target.replace(/^hook:/, "") })}</p>} submit={submit} close={close} />;
}
