// What is done with people and things that were chosen in the network: they go on a list, or become a case.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useOutbox } from "../acts/outbox";
import { Why } from "../acts/why";
import { get, send } from "../api/http";
import { useMay, useVocabulary } from "../api/session";
import type { Cases, DeclaredLists, Queue, Schemas, Vocabulary } from "../api/types";
import { Keys } from "../keys/help";
import { named, PutOn } from "../lists/change";
import { Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { entityOf, fitsOn, type NetNode } from "./graph";

export type Form = "list" | "case";
/** In one case; the server's own limit. */
const MOST = 200;
/** So many are asked one by one whether a case names them already; the server joins by any. */
const ASKED = 20;

interface Props {
  nodes: readonly NetNode[];
  form: Form | undefined;
  open: (form: Form | undefined) => void;
  leaveOut: (id: string) => void;
  none: () => void;
}

export function ChosenMany({ nodes, form, open, leaveOut, none }: Props) {
  const { t, format } = useWords();
  const { data: vocabulary } = useVocabulary();
  const [lists, cases] = [useMay("lists"), useMay("investigate")];
  const close = () => open(undefined);
  if (nodes.length === 0 || !vocabulary) return null;
  if (form === "list" && lists) return <ToList nodes={nodes} vocabulary={vocabulary} close={close} />;
  if (form === "case" && cases) return <ToCase nodes={nodes} vocabulary={vocabulary} close={close} />;
  return (
    <Panel title={t("net.chosen", { n: format.number(nodes.length) })} className="chosen-many">
      <p className="acts">
        {lists && <Button size="small" onClick={() => open("list")}>{t("net.toList")} <Keys keys="a" /></Button>}
        {cases && <Button size="small" onClick={() => open("case")}>{t("net.toCase")} <Keys keys="c" /></Button>}
        <Button size="small" onClick={none}>{t("net.chooseNone")}</Button>
      </p>
      <p className="quiet">{t("net.chosenHint")}</p>
      <ul>
        {nodes.slice(0, 30).map((each) => (
          <li key={each.id}>
            <button type="button" className="link" title={t("net.unchoose")} onClick={() => leaveOut(each.id)}>× <code>{each.name}</code></button>
          </li>
        ))}
        {nodes.length > 30 && <li className="quiet">…</li>}
      </ul>
    </Panel>
  );
}

interface Given {
  nodes: readonly NetNode[];
  vocabulary: Vocabulary;
  close: () => void;
}

function ToList({ nodes, vocabulary, close }: Given) {
  const { t, said } = useWords();
  const found = useQuery({ queryKey: ["lists"], queryFn: ({ signal }) => get<DeclaredLists>("/v1/lists", {}, signal) });
  const [name, setName] = useState("");
  const fitting = (found.data?.lists ?? []).filter((list) => nodes.some((node) => fitsOn(list.of, node, vocabulary)));
  const list = fitting.find((each) => each.name === name) ?? fitting[0];
  const codes = list ? [...new Set(nodes.filter((node) => fitsOn(list.of, node, vocabulary)).map((node) => node.code))] : [];
  if (found.error) return <Trouble error={found.error} />;
  if (!found.data) return null;
  if (!list) return <Panel title={t("net.toList")} aside={<Button size="small" onClick={close}>{t("common.cancel")}</Button>}><p className="flag">{t("net.noList")}</p></Panel>;
  return (
    <>
      <Panel title={t("net.toList")}>
        <label className="inline">
          {t("net.whichList")}
          <select className="field" value={list.name} onChange={(event) => setName(event.target.value)}>
            {fitting.map((each) => <option key={each.name} value={each.name}>{said(named(each))}</option>)}
          </select>
        </label>
        <p className="quiet">{t("net.fits", { n: codes.length, all: nodes.length })}</p>
      </Panel>
      <PutOn key={list.name} list={list} alone={found.data.alone} codes={codes} close={close} />
    </>
  );
}

/** What came of it, and the way there: a message stands outside the pages, so it cannot hold a link of theirs. */
function OpenCase({ say, open }: { say: string; open: () => void }) {
  return <button type="button" className="link to-case" onClick={open}>{say}</button>;
}

/** The open case that names one of them, the first that is found. */
async function caseOf(whom: readonly string[], signal: AbortSignal): Promise<number | null> {
  const pages = await Promise.all(whom.map((entity) => get<Cases>("/v1/cases", { entity, limit: 1 }, signal)));
  return pages.flatMap((page) => page.cases)[0]?.number ?? null;
}

function ToCase({ nodes, vocabulary, close }: Given) {
  const { t, said } = useWords();
  const { message } = App.useApp();
  const put = useOutbox();
  const go = useNavigate();
  const client = useQueryClient();
  const [queue, setQueue] = useState("");
  const queues = useQuery({ queryKey: ["queues"], queryFn: ({ signal }) => get<{ queues: Queue[] }>("/v1/queues", {}, signal) });
  const whom = useMemo(() => nodes.map((node) => `${entityOf(node, vocabulary)}:code:${node.code}`), [nodes, vocabulary]);
  const asked = whom.slice(0, ASKED);
  const there = useQuery({ queryKey: ["cases", "of", asked], queryFn: ({ signal }) => caseOf(asked, signal), staleTime: 0 });
  const submit = (text: string) => {
    let told: Schemas["CaseReferred"] | undefined;
    put({
      label: t("net.acted.case", { n: nodes.length }),
      send: async () => {
        told = await send<Schemas["CaseReferred"]>("POST", "/v1/cases", { whom, text, queue });
      },
      done: () => {
        void client.invalidateQueries({ queryKey: ["cases"] });
        void client.invalidateQueries({ queryKey: ["queues"] });
        if (told) void message.open({ type: "success", duration: 12, content: <OpenCase say={t(told.opened ? "net.caseOpened" : "net.caseJoined", { case: told.case.number })} open={() => void go(`/cases/${told?.case.number}`)} /> });
      },
    });
    close();
  };
  return (
    <Why title={t("net.case")} submit={submit} close={close} lacks={nodes.length > MOST ? t("net.caseMost", { n: MOST }) : undefined} asks={{ label: t("net.caseWhy"), hint: t("net.caseHint") }} effect={
      there.error ? <Trouble error={there.error} /> : there.isPending ? t("net.caseLooking") : there.data ? t("net.caseJoins", { case: there.data }) : t("net.caseOpens", { who: nodes[0]?.name ?? "", n: nodes.length })
    }>
      <label>
        {t("net.caseQueue")}
        <select className="field" value={queue} onChange={(event) => setQueue(event.target.value)}>
          <option value="">{t("net.caseDefault")}</option>
          {queues.data?.queues.map((each) => <option key={each.name} value={each.name}>{said(each)}</option>)}
        </select>
      </label>
    </Why>
  );
}
