// What waits for people: my cases, deadlines that are past or near, proposals to look at.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { get } from "../api/http";
import { useMay } from "../api/session";
import type { Cases, Proposals, Queue } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { Counts, Deadline, useNow } from "../queue/page";
import { useWords } from "../words/words";
import { soonOf, sumOf } from "./today";

const MOST = 200;
const SHOWN = 6;
const LOOK_MS = 30_000;

export function Mine() {
  const { t, said, format } = useWords();
  const go = useNavigate();
  const works = useMay("investigate");
  const found = useQuery({
    queryKey: ["cases", "today", "mine"],
    queryFn: ({ signal }) => get<Cases>("/v1/cases", { assignee: "me", state: "open", order: "deadline", limit: MOST }, signal),
    refetchInterval: LOOK_MS,
  });
  const rows = found.data?.cases.slice(0, SHOWN) ?? [];
  const [chosen, setChosen] = useState(0);
  const at = Math.min(chosen, Math.max(rows.length - 1, 0));
  useKeys("today", {
    down: () => setChosen(Math.min(at + 1, rows.length - 1)),
    up: () => setChosen(Math.max(at - 1, 0)),
    open: () => rows[at] && void go(`/cases/${rows[at].number}`),
    next: () => void go("/queue?assignee=none"),
  });
  const count = found.data ? `${format.number(found.data.cases.length)}${found.data.next ? "+" : ""}` : "";
  return (
    <Panel title={t("today.mine")} aside={found.data && found.data.cases.length > 0 && <Link to="/queue?assignee=me&order=deadline">{t("today.mineAll", { n: count })}</Link>}>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && (
        <Empty title={t("today.mineNone")} next={t(works ? "today.mineNext" : "today.mineWatch")}>
          <p>
            <Link className="button" to="/queue?assignee=none">
              {t("today.toQueue")} <Keys keys="c" />
            </Link>
          </p>
        </Empty>
      )}
      <ul className="work">
        {rows.map((row, number) => (
          <li key={row.number} className={number === at ? "at" : ""}>
            <Link to={`/cases/${row.number}`}>#{row.number}</Link>
            <span className="what">{said(row.why)}</span>
            <Counts outcomes={row.outcomes} />
            <Deadline at={row.deadline} open />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Deadlines({ currency }: { currency: string }) {
  const { t, said, format } = useWords();
  const now = useNow();
  const queues = useQuery({ queryKey: ["queues"], queryFn: ({ signal }) => get<{ queues: Queue[] }>("/v1/queues", {}, signal), refetchInterval: LOOK_MS });
  const near = useQuery({
    queryKey: ["cases", "today", "near"],
    queryFn: ({ signal }) => get<Cases>("/v1/cases", { state: "open", order: "deadline", limit: MOST }, signal),
    refetchInterval: LOOK_MS,
  });
  const all = sumOf(queues.data?.queues ?? []);
  const soon = soonOf(near.data?.cases.map((each) => each.deadline) ?? [], now);
  const beyond = soon > 0 && near.data?.next ? "+" : "";
  const failed = queues.error ?? near.error;
  return (
    <Panel title={t("today.deadlines")} aside={<Link to="/queue">{t("today.toQueues")}</Link>}>
      {failed && <Trouble error={failed} retry={() => void Promise.all([queues.refetch(), near.refetch()])} />}
      {queues.isPending && <Waiting />}
      {queues.data && (
        <p className="summary">
          <Link className={all.overdue ? "due past" : ""} to="/queue?overdue=true&order=deadline" data-figure="overdue">
            {t("today.overdue", { n: format.number(all.overdue) })}
          </Link>
          {" · "}
          <Link className={soon ? "due soon" : ""} to="/queue?order=deadline" data-figure="soon">
            {t("today.soon", { n: `${format.number(soon)}${beyond}` })}
          </Link>
          {" · "}
          <Link to="/queue?assignee=none" data-figure="free">
            {t("today.free", { n: format.number(all.free) })}
          </Link>
        </p>
      )}
      {queues.data && queues.data.queues.length > 0 && (
        <div className="clip">
          <table className="rows">
            <thead>
              <tr>
                <th scope="col">{t("queue.queue")}</th>
                <th scope="col" className="num">{t("today.col.open")}</th>
                <th scope="col" className="num">{t("today.col.free")}</th>
                <th scope="col" className="num">{t("today.col.overdue")}</th>
                <th scope="col" className="num">{t("today.col.money")}</th>
                <th scope="col">{t("today.col.next")}</th>
              </tr>
            </thead>
            <tbody>
              {queues.data.queues.map((each) => {
                const to = (more: string) => `/queue?queue=${encodeURIComponent(each.name)}${more}`;
                return (
                  <tr key={each.name}>
                    <td><Link to={to("")}>{said(each)}</Link></td>
                    <td className="num"><Link to={to("")}>{format.number(each.open)}</Link></td>
                    <td className="num"><Link to={to("&assignee=none")}>{format.number(each.free)}</Link></td>
                    <td className="num"><Link className={each.overdue ? "due past" : ""} to={to("&overdue=true")}>{format.number(each.overdue)}</Link></td>
                    <td className="num"><Link to={to("&order=money")}>{currency ? format.money(each.money, currency) : format.number(each.money)}</Link></td>
                    <td>{each.earliest_deadline ? <Link to={to("&order=deadline")}><Deadline at={each.earliest_deadline} open /></Link> : <span className="quiet">{t("today.noDeadline")}</span>}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** What waits for a second pair of eyes. */
export function Approvals() {
  const { t, format } = useWords();
  const ask = (query: Record<string, string>) => ({
    queryKey: ["proposals", "today", query],
    queryFn: ({ signal }: { signal: AbortSignal }) => get<Proposals>("/v1/proposals", { ...query, limit: MOST }, signal),
    refetchInterval: LOOK_MS,
  });
  const waiting = useQuery(ask({ state: "submitted" }));
  const owed = useQuery(ask({ owed: "true" }));
  const many = (found: Proposals | undefined) => `${format.number(found?.proposals.length ?? 0)}${found?.next ? "+" : ""}`;
  return (
    <Panel title={t("today.approvals")}>
      {waiting.error && <Trouble error={waiting.error} retry={() => void waiting.refetch()} />}
      {waiting.data && owed.data && (
        <p className="summary">
          <Link to="/approvals" data-figure="waiting">{t("today.waiting", { n: many(waiting.data) })}</Link>
          {" · "}
          <Link className={owed.data.proposals.length ? "due past" : ""} to="/approvals?tab=owed">{t("today.owed", { n: many(owed.data) })}</Link>
        </p>
      )}
    </Panel>
  );
}
