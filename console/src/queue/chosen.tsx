// The bar over the chosen cases, the form of what is done with them all, and what came of it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { Fragment, useState, type ReactNode } from "react";
import { Link } from "react-router";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { get, send } from "../api/http";
import type { CasesDone, FraudKind, Workers } from "../api/types";
import { KINDS } from "../case/steps";
import { Keys } from "../keys/help";
import { Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { ACTS, counting, doing, lacking, MOST, together, type Because, type ManyAct, type Told } from "./many";

const SHOWN = 30;
const TOLD = ["many-told"];

/** How many are chosen, how to choose more or none, what can be done with them. */
export function ManyBar({ count, whole, busy, all, clear, begin }: { count: number; whole: "all" | "first" | undefined; busy: boolean; all: () => void; clear: () => void; begin: (act: ManyAct) => void }) {
  const { t, format } = useWords();
  const n = format.number(count);
  return (
    <section className="many" aria-label={t("many.title")}>
      <p>
        <b role="status">{whole === "all" ? t("many.all", { n }) : whole === "first" ? t("many.first", { n, most: format.number(MOST) }) : t("many.chosen", { n })}</b>
        <Button size="small" onClick={all} loading={busy}>
          {t("many.chooseAll")} <Keys keys="*" />
        </Button>
        <Button size="small" type="text" onClick={clear}>
          {t("many.clear")} <Keys keys="Escape" />
        </Button>
      </p>
      <div className="many-acts" role="group" aria-label={t("many.acts")}>
        {ACTS.map(({ act, keys }) => (
          <Button key={act} size="small" onClick={() => begin(act)}>
            {t(`many.act.${act}`)} <Keys keys={keys} />
          </Button>
        ))}
      </div>
    </section>
  );
}

/** What is done with all of them: how many would change and which not, why, then six seconds to take it back. */
export function ManyForm({ act, numbers, close, put }: { act: ManyAct; numbers: readonly number[]; close: () => void; put: (undone: boolean) => void }) {
  const { t, said, format } = useWords();
  const queries = useQueryClient();
  const outbox = useOutbox();
  const { message } = App.useApp();
  const [to, setTo] = useState<string>();
  const [kind, setKind] = useState<FraudKind | "">("");
  const counted = useQuery({ queryKey: ["many", act, numbers], queryFn: () => send<CasesDone>("POST", "/v1/cases:bulk", counting(act, numbers)), retry: false, gcTime: 0, refetchOnWindowFocus: false });
  const lacks = lacking(act, { to, kind }, counted.data?.count);
  const submit = (reason: string) => {
    const before = counted.data;
    if (!before) return;
    let told: CasesDone | undefined;
    outbox({
      label: t("many.acted", { what: t(`many.act.${act}`), n: format.number(before.count) }),
      send: async (last) => {
        told = await send<CasesDone>("POST", "/v1/cases:bulk", doing(act, before.cases, { reason, to, kind }), { last });
      },
      done: () => {
        for (const key of ["queues", "cases", "case"]) void queries.invalidateQueries({ queryKey: [key] });
        queries.setQueryData<Told>(TOLD, { act, done: told?.count ?? 0, because: together(before.because, told?.because ?? []) });
        const meanwhile = told?.because ?? [];
        if (meanwhile.length) void message.open({ type: "warning", duration: 12, content: t("many.meanwhile", { n: format.number(told?.skipped.length ?? 0), why: meanwhile.map((each) => said(each)).join(t("common.comma")) }) });
      },
      undone: () => put(true),
    });
    put(false);
  };
  return (
    <Why title={t(`many.act.${act}`)} lacks={lacks && t(`many.lacks.${lacks}`)} submit={submit} close={close} later={act === "assign" || act === "fraud"} optional={act === "claim"} asks={{ label: t(act === "note" ? "many.note" : act === "claim" ? "many.whyMaybe" : "many.why"), hint: t("case.reasonHint") }} effect={counted.error ? <Trouble error={counted.error} retry={() => void counted.refetch()} /> : <Effect act={act} counted={counted.data} />}>
      {act === "assign" && <ToWhom to={to} setTo={setTo} />}
      {act === "fraud" && (
        <label>
          {t("case.kind")}
          <select className="field" autoFocus value={kind} onChange={(event) => setKind(event.target.value as FraudKind | "")}>
            <option value="">{t("case.chooseKind")}</option>
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {t(`fraud.${each}` as "fraud.other")}
              </option>
            ))}
          </select>
        </label>
      )}
    </Why>
  );
}

function Effect({ act, counted }: { act: ManyAct; counted: CasesDone | undefined }) {
  const { t, format } = useWords();
  if (!counted) return <p>{t("many.counting")}</p>;
  return (
    <>
      <p>
        <b>{t("many.would", { n: format.number(counted.count) })}</b> {counted.money > 0 && t("queue.risk", { money: format.money(counted.money, "CNY") })}
      </p>
      <p>{t(`many.effect.${act}`)}</p>
      {counted.skipped.length > 0 && (
        <Not because={counted.because}>{t("many.wouldNot", { n: format.number(counted.skipped.length) })}</Not>
      )}
    </>
  );
}

/** With which cases nothing is done, by the reason. */
function Not({ because, children }: { because: readonly Because[]; children: ReactNode }) {
  const { t, said, format } = useWords();
  return (
    <>
      <p className="flag">{children}</p>
      <ul className="many-not">
        {because.map((each) => (
          <li key={each.en}>
            {said(each)}{" "}
            {each.cases.slice(0, SHOWN).map((number) => <Fragment key={number}><Link className="num" to={`/cases/${number}`}>#{number}</Link>{" "}</Fragment>)}
            {each.cases.length > SHOWN && t("many.andMore", { n: format.number(each.cases.length - SHOWN) })}
          </li>
        ))}
      </ul>
    </>
  );
}

function ToWhom({ to, setTo }: { to: string | undefined; setTo: (to: string | undefined) => void }) {
  const { t, format } = useWords();
  const asked = useQuery({ queryKey: ["workers"], queryFn: ({ signal }) => get<Workers>("/v1/workers", {}, signal) });
  if (asked.error) return <Trouble error={asked.error} retry={() => void asked.refetch()} />;
  return (
    <label>
      {t("many.to")}
      <select className="field" autoFocus value={to === undefined ? "" : `to:${to}`} onChange={(event) => setTo(event.target.value ? event.target.value.slice(3) : undefined)}>
        <option value="">{t("many.chooseWhom")}</option>
        {asked.data?.workers.map((each) => (
          <option key={each.name} value={`to:${each.name}`}>
            {t(each.away ? "many.away" : "many.load", { who: each.name, n: format.number(each.load) })}
          </option>
        ))}
        <option value="to:">{t("many.nobody")}</option>
      </select>
    </label>
  );
}

/** What was done at last with many cases, until it is put away. */
export function useTold(): { told: Told | null; putAway: () => void } {
  const queries = useQueryClient();
  const { data } = useQuery<Told | null>({ queryKey: TOLD, queryFn: () => null, initialData: null, staleTime: Infinity, gcTime: Infinity });
  return { told: data ?? null, putAway: () => queries.setQueryData(TOLD, null) };
}

export function ManyTold({ told, putAway }: { told: Told; putAway: () => void }) {
  const { t, format } = useWords();
  const not = told.because.reduce((sum, each) => sum + each.cases.length, 0);
  return (
    <Panel className="many-told" title={t("many.told", { what: t(`many.act.${told.act}`) })} aside={<Button size="small" type="text" onClick={putAway}>{t("common.close")}</Button>}>
      <p role="status">
        <b>{t("many.done", { n: format.number(told.done) })}</b> {not === 0 && t("many.noneLeft")}
      </p>
      {not > 0 && <Not because={told.because}>{t("many.notDone", { n: format.number(not) })}</Not>}
    </Panel>
  );
}
