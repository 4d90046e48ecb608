// Putting values on a list and taking them off: why, what it will do, then six seconds to take it back.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useDeferredValue, useMemo, useState, type ReactNode } from "react";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { address, send } from "../api/http";
import type { Brought, DeclaredList, Entry, FoundEntries } from "../api/types";
import { Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { lacking, MOST, UNTIL, valuesIn, type Until } from "./lists";
import { Uses } from "./uses";

export function entriesOf(list: string): string {
  return `/v1/lists/${encodeURIComponent(list)}/entries`;
}

interface Props {
  list: DeclaredList;
  /** How many changes at once need nobody else's approval; null: any number. */
  alone: number | null;
  close: () => void;
}

/** `codes`: of values that were chosen elsewhere, instead of values that are typed here. */
export function PutOn({ list, alone, close, codes }: Props & { codes?: readonly string[] }) {
  const { t, said } = useWords();
  const { message } = App.useApp();
  const act = useActs(list.name);
  const { missing, asks } = useAsking();
  const [text, setText] = useState("");
  const [until, setUntil] = useState<Until>("");
  const values = useMemo(() => codes ?? valuesIn(text), [codes, text]);
  const compared = useDeferredValue(values);
  const there = useQuery({
    queryKey: ["listed", list.name, compared],
    queryFn: ({ signal }) => waited(signal).then(() => send<FoundEntries>("POST", `${entriesOf(list.name)}:find`, codes ? { codes: compared } : { values: compared })),
    enabled: compared.length > 0 && compared.length <= MOST,
    retry: false,
  });
  const fresh = there.data?.absent.length ?? 0;
  const submit = (reason: string) => {
    let found: Brought | undefined;
    act({
      label: t("lists.acted.add", { list: said(named(list)), n: values.length }),
      send: async () => {
        found = await send<Brought>("POST", address(entriesOf(list.name), { until, reason }), values.map((value) => (codes ? { code: value } : { value })));
      },
      done: () => {
        if (found?.proposal) void message.info(t("lists.waits", { n: found.proposal }));
        if (found?.refused.length) {
          const why = found.refused[0];
          void message.open({ type: "warning", duration: 12, content: t("lists.refused", { n: found.refused.length, why: why ? said({ zh: why.detail_zh, en: why.detail_en }) : "" }) });
        }
      },
    });
    close();
  };
  return (
    <Why title={t("lists.add")} lacks={missing(values.length)} asks={asks} submit={submit} close={close} later={!codes} effect={
      there.error ? <Trouble error={there.error} /> : values.length > 0 && (
        <Effect list={list} waits={alone !== null && fresh > alone ? alone : undefined}>
          {there.data ? t("lists.effect.add", { fresh, there: there.data.entries.length }) : t("lists.effect.counting")}
        </Effect>
      )
    }>
      {!codes && <label>
        {t("lists.values")}
        <textarea className="field" rows={4} autoFocus value={text} onChange={(event) => setText(event.target.value)} placeholder={t("lists.valuesHint")} />
      </label>}
      <label>
        {t("lists.untilLabel")}
        <select className="field" value={until} onChange={(event) => setUntil(event.target.value as Until)}>
          {UNTIL.map((each) => (
            <option key={each} value={each}>
              {t(`lists.until.${each}`)}
            </option>
          ))}
        </select>
      </label>
    </Why>
  );
}

export function TakeOff({ list, alone, entries, close, done }: Props & { entries: Entry[]; done: () => void }) {
  const { t, said } = useWords();
  const { message } = App.useApp();
  const act = useActs(list.name);
  const { missing, asks } = useAsking();
  const submit = (reason: string) => {
    let found: { proposal?: number } | undefined;
    act({
      label: t("lists.acted.remove", { list: said(named(list)), n: entries.length }),
      send: async () => {
        found = await send("POST", `${entriesOf(list.name)}:remove`, { codes: entries.map((each) => each.code), reason });
      },
      done: () => {
        done();
        if (found?.proposal) void message.info(t("lists.waits", { n: found.proposal }));
      },
    });
    close();
  };
  return (
    <Why title={t("lists.remove")} lacks={missing(entries.length)} asks={asks} submit={submit} close={close} effect={
      <Effect list={list} waits={alone !== null && entries.length > alone ? alone : undefined}>
        {t("lists.effect.remove", { n: entries.length })}
      </Effect>
    }>
      <p className="mono">{entries.slice(0, 8).map((each) => each.value).join(t("common.comma"))}{entries.length > 8 && " …"}</p>
    </Why>
  );
}

function Effect({ list, waits, children }: { list: DeclaredList; waits: number | undefined; children: ReactNode }) {
  const { t } = useWords();
  return (
    <>
      <p>
        <b>{children}</b> {waits === undefined ? t("lists.effect.next") : <span className="flag">{t("lists.effect.approval", { n: waits })}</span>}
      </p>
      {list.uses.length > 0 ? <p>{t("lists.uses")} <Uses uses={list.uses} /></p> : <p className="quiet">{t("lists.noUse")}</p>}
    </>
  );
}

/** How both forms ask: for values first, then why; the reason stands on the list. */
function useAsking() {
  const { t } = useWords();
  const missing = (values: number) => {
    const lacks = lacking(values);
    return lacks && t(`lists.missing.${lacks}`, { n: MOST });
  };
  return { missing, asks: { label: t("lists.why"), hint: t("lists.whyHint") } };
}

/** The outbox for acts on one list; what stands on the page is asked again afterwards. */
function useActs(name: string) {
  const put = useOutbox();
  const queries = useQueryClient();
  return (act: { label: string; send: () => Promise<void>; done: () => void }) =>
    put({
      ...act,
      done: () => {
        void queries.invalidateQueries({ queryKey: ["lists"] });
        void queries.invalidateQueries({ queryKey: ["listed"] });
        void queries.invalidateQueries({ queryKey: ["entries", name] });
        act.done();
      },
    });
}

/** The names that people read; its own where the policy gives none. */
export function named(list: DeclaredList): { zh: string; en: string } {
  return { zh: list.zh || list.name, en: list.en || list.name };
}

/** Lets typing settle before anything is asked. */
function waited(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 300);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
