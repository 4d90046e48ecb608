// Gangs that were found, and the way into the network of anybody.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Input, type InputRef } from "antd";
import { useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { get, Refused } from "../api/http";
import { useVocabulary } from "../api/session";
import type { GangPage } from "../api/types";
import { useKeys } from "../keys/keys";
import { Empty, More, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";

export default function Gangs() {
  const { t, format } = useWords();
  const go = useNavigate();
  const { data: vocabulary } = useVocabulary();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const find = useRef<InputRef>(null);
  const pages = useInfiniteQuery({
    queryKey: ["gangs"],
    queryFn: ({ pageParam, signal }) => get<GangPage>("/v1/gangs", { limit: 100, before: pageParam }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const rows = pages.data?.pages.flatMap((page) => page.gangs) ?? [];
  useKeys("list", {
    down: () => setAt(Math.min(at + 1, rows.length - 1)),
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => {
      const row = rows[at];
      if (row) void go(`/network/gang/${row.gang}`);
    },
    filter: () => find.current?.focus(),
  });
  const kinds = vocabulary ? [...(vocabulary.person ? [vocabulary.person] : []), ...vocabulary.links] : [];
  const search = () => {
    const [kind = "", ...rest] = text.trim().split(/[:：]/);
    const value = rest.join(":").trim();
    if (value && (kinds.includes(kind) || kind === "person")) void go(`/network/${kind === vocabulary?.person ? "person" : kind}/${encodeURIComponent(value)}`);
    else if (text.trim()) void go(`/network/person/${encodeURIComponent(text.trim())}`);
  };
  const none = pages.error instanceof Refused && ["no_network", "no_gangs"].includes(pages.error.code) ? pages.error : undefined;
  const currency = "CNY";
  return (
    <div className="page">
      <header className="head">
        <div>
          <h1>{t("net.title")}</h1>
          <p className="quiet">{t("net.lead")}</p>
        </div>
        <Input ref={find} className="find" aria-label={t("net.find")} placeholder={t("net.findHint")} value={text} onChange={(event) => setText(event.target.value)} onPressEnter={search} />
      </header>
      {pages.isPending && <Waiting />}
      {pages.error && !none && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {none && <Empty title={t("net.noGangs")} next={t("net.noGangsNext")} />}
      {pages.isSuccess && rows.length === 0 && <Empty title={t("net.empty")} next={t("net.emptyNext")} />}
      {rows.length > 0 && (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{t("net.gang")}</th>
              <th scope="col" className="num">{t("net.people")}</th>
              <th scope="col" className="num">{t("net.bad")}</th>
              <th scope="col" className="num">{t("net.money")}</th>
              <th scope="col" className="num">{t("net.events")}</th>
              <th scope="col" className="num">{t("net.score")}</th>
              <th scope="col">{t("net.since")}</th>
              <th scope="col">{t("net.changed")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, number) => (
              <tr key={row.gang} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)} onDoubleClick={() => void go(`/network/gang/${row.gang}`)}>
                <td>
                  <Link to={`/network/gang/${row.gang}`}>{t("net.gangNumber", { n: row.gang })}</Link>
                  {row.alerted && <span className="flag"> {t("net.alerted")}</span>}
                </td>
                <td className="num">{format.number(row.people)}</td>
                <td className="num">{format.number(row.bad)}</td>
                <td className="num">{format.money(row.amount, currency)}</td>
                <td className="num">{format.number(row.events)}</td>
                <td className="num" title={t("net.scoreHint")}>{format.number(row.score, 2)}</td>
                <td className="time">{row.since ? format.time(row.since) : ""}</td>
                <td className="time">{row.changed ? format.time(row.changed) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {pages.hasNextPage && <More pages={pages} />}
    </div>
  );
}
