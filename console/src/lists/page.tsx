// Lists: which there are, who is on one, what uses it; values put on, taken off, found. Values never stand in an address.
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input, Segmented, type InputRef } from "antd";
import { useMemo, useRef, useState } from "react";
import { NavLink, useNavigate, useParams, useSearchParams } from "react-router";
import { get, send } from "../api/http";
import { useNames } from "../api/session";
import type { DeclaredList, DeclaredLists, Entries, Entry, FoundEntries } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, More, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { entriesOf, named, PutOn, TakeOff } from "./change";
import { EntryTable } from "./entries";
import { valuesIn } from "./lists";
import "./lists.css";
import { Snoozes } from "./snoozes";
import { Uses } from "./uses";

export default function Lists() {
  const { t } = useWords();
  const { name } = useParams();
  const [parameters, setParameters] = useSearchParams();
  const quiet = parameters.get("tab") === "snoozes";
  const lists = useQuery({ queryKey: ["lists"], queryFn: ({ signal }) => get<DeclaredLists>("/v1/lists", {}, signal) });
  const all = lists.data?.lists ?? [];
  const list = all.find((each) => each.name === name) ?? all[0];
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("lists.title")}</h1>
          <p className="quiet">{t("lists.lead")}</p>
        </div>
        <Segmented value={quiet ? "snoozes" : "entries"} onChange={(value) => setParameters(value === "snoozes" ? { tab: "snoozes" } : {}, { replace: true })} options={(["entries", "snoozes"] as const).map((each) => ({ value: each, label: t(`lists.tab.${each}`) }))} />
      </header>
      {quiet && <Snoozes />}
      {!quiet && lists.isPending && <Waiting />}
      {!quiet && lists.error && <Trouble error={lists.error} retry={() => void lists.refetch()} />}
      {!quiet && lists.isSuccess && !list && <Empty title={t("lists.none")} next={t("lists.noneNext")} />}
      {!quiet && list && (
        <div className="lists">
          <Rail lists={all} chosen={list.name} />
          <One key={list.name} list={list} all={all} alone={lists.data?.alone ?? null} />
        </div>
      )}
    </div>
  );
}

function Rail({ lists, chosen }: { lists: DeclaredList[]; chosen: string }) {
  const { t, said, format } = useWords();
  return (
    <nav className="rail" aria-label={t("lists.title")}>
      {lists.map((each) => (
        <NavLink key={each.name} to={`/lists/${encodeURIComponent(each.name)}`} replace className={each.name === chosen ? "at" : ""}>
          <span>{said(named(each))}</span>
          <small className={`k-${each.kind}`}>{t(`lists.kind.${each.kind}`)}</small>
          <b className="num">{format.number(each.entries)}</b>
        </NavLink>
      ))}
    </nav>
  );
}

function One({ list, all, alone }: { list: DeclaredList; all: DeclaredList[]; alone: number | null }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const go = useNavigate();
  const find = useRef<InputRef>(null);
  const [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Entry>>(new Map());
  const [form, setForm] = useState<"add" | "remove">();
  const pages = useInfiniteQuery({
    queryKey: ["entries", list.name],
    queryFn: ({ pageParam, signal }) => get<Entries>(entriesOf(list.name), { before: pageParam, limit: 100 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const search = useMutation({ mutationFn: (values: string[]) => send<FoundEntries>("POST", `${entriesOf(list.name)}:find`, { values }) });
  const rows = useMemo(() => search.data?.entries ?? pages.data?.pages.flatMap((page) => page.entries) ?? [], [search.data, pages.data]);
  const here = Math.min(at, Math.max(rows.length - 1, 0));
  const toggle = (entry: Entry) => {
    const next = new Map(chosen);
    if (!next.delete(entry.code)) next.set(entry.code, entry);
    setChosen(next);
  };
  const step = (by: number) => {
    const next = all[all.indexOf(list) + by];
    if (next) void go(`/lists/${encodeURIComponent(next.name)}`, { replace: true });
  };
  const current = rows[here];
  const off = chosen.size ? [...chosen.values()] : current ? [current] : [];
  useKeys("lists", {
    down: () => {
      setAt(Math.min(here + 1, rows.length - 1));
      if (!search.data && here + 2 >= rows.length && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
    },
    up: () => setAt(Math.max(here - 1, 0)),
    before: () => step(-1),
    after: () => step(1),
    choose: () => current && toggle(current),
    add: () => setForm("add"),
    remove: () => off.length && setForm("remove"),
    filter: () => find.current?.focus(),
  });
  const shut = () => setForm(undefined);
  return (
    <div className="one">
      <section className="about">
        <h2>
          {said(named(list))} <code className="quiet">{list.name}</code>
        </h2>
        <p>
          {t(`lists.kind.${list.kind}`)} · {t("lists.of", { what: names("fields", list.of) })} · {t("lists.entries", { n: format.number(list.entries) })}
        </p>
        {list.uses.length > 0 ? <p>{t("lists.uses")} <Uses uses={list.uses} /></p> : <p className="flag">{t("lists.noUse")}</p>}
      </section>
      <div className="filters">
        <Find input={find} search={(text) => { setAt(0); const values = valuesIn(text); if (values.length) search.mutate(values); else search.reset(); }} />
        <Button type="primary" onClick={() => setForm("add")}>
          {t("lists.add")} <Keys keys="a" />
        </Button>
        <Button disabled={!off.length} onClick={() => setForm("remove")}>
          {t("lists.remove")} <Keys keys="d" />
        </Button>
        {chosen.size > 0 && <span className="quiet">{t("lists.chosen", { n: chosen.size })}</span>}
      </div>
      {search.error && <Trouble error={search.error} />}
      {search.data && (
        <p className="found" role="status">
          {search.data.absent.length ? t("lists.found", { there: search.data.entries.length, absent: search.data.absent.length, values: search.data.absent.slice(0, 5).join(t("common.comma")) }) : t("lists.foundAll", { there: search.data.entries.length })}{" "}
          <Button type="link" size="small" onClick={() => search.reset()}>
            {t("lists.clearFind")}
          </Button>
        </p>
      )}
      {pages.isPending && <Waiting />}
      {pages.error && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      <div className={form ? "columns" : ""}>
        <div className="clip">
          {rows.length > 0 && <EntryTable list={list} rows={rows} at={here} setAt={setAt} chosen={new Set(chosen.keys())} toggle={toggle} />}
          {pages.isSuccess && !search.data && rows.length === 0 && <Empty title={t("lists.empty")} next={t("lists.emptyNext")} />}
          {!search.data && pages.hasNextPage && (
            <More pages={pages} />
          )}
        </div>
        {form && (
          <aside className="stays">
            {form === "add" ? <PutOn list={list} alone={alone} close={shut} /> : <TakeOff list={list} alone={alone} entries={off} close={shut} done={() => { setChosen(new Map()); search.reset(); }} />}
          </aside>
        )}
      </div>
    </div>
  );
}

function Find({ input, search }: { input: React.RefObject<InputRef | null>; search: (text: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  return (
    <Input
      ref={input}
      className="find"
      allowClear
      aria-label={t("lists.findLabel")}
      placeholder={t("lists.find")}
      suffix={<Keys keys="/" />}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        if (!event.target.value) search("");
      }}
      onPressEnter={() => {
        search(text);
        input.current?.blur();
      }}
      onKeyDown={(event) => event.key === "Escape" && input.current?.blur()}
    />
  );
}
