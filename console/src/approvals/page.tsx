// Approvals: what waits for a second pair of eyes, what it would do, and the step: approve, refuse with a reason, further, back.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useMemo } from "react";
import { NavLink, useNavigate, useParams, useSearchParams } from "react-router";
import { get, Refused } from "../api/http";
import type { Proposal, Proposals } from "../api/types";
import { useKeys } from "../keys/keys";
import "../lists/lists.css";
import { Empty, Trouble, Waiting } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import "./approvals.css";
import { One } from "./proposal";
import { proposalsQuery, TABS, tabIn } from "./proposals";

const LOOK_MS = 15_000;

export default function Approvals() {
  const { t } = useWords();
  const go = useNavigate();
  const { number } = useParams();
  const [parameters] = useSearchParams();
  const tab = tabIn(parameters.get("tab"));
  const pages = useInfiniteQuery({
    queryKey: ["proposals", tab],
    queryFn: ({ pageParam, signal }) => get<Proposals>("/v1/proposals", proposalsQuery(tab, pageParam), signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: LOOK_MS,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.proposals) ?? [], [pages.data]);
  const at = rows.findIndex((each) => String(each.number) === number);
  const where = (each: number) => `/approvals/${each}?tab=${tab}`;
  const move = (by: number) => {
    const next = rows[at < 0 ? 0 : at + by];
    if (next) void go(where(next.number), { replace: true });
  };
  useKeys("approvals", { down: () => move(1), up: () => move(-1) });
  const chosen = number ?? (rows[0] ? String(rows[0].number) : undefined);
  if (pages.error instanceof Refused && pages.error.status === 404) return <Empty title={t("approvals.noPeople")} next={t("approvals.noPeopleNext")} />;
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("approvals.title")}</h1>
          <p className="quiet">{t("approvals.lead")}</p>
        </div>
        <Segmented value={tab} onChange={(value) => void go(`/approvals?tab=${value}`, { replace: true })} options={TABS.map((each) => ({ value: each, label: t(`approvals.tab.${each}`) }))} />
      </header>
      {pages.isPending && <Waiting />}
      {pages.error && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && !chosen && <Empty title={t(`approvals.empty.${tab}`)} next={t(`approvals.emptyNext.${tab}`)} />}
      {pages.isSuccess && chosen && (
        <div className="approvals">
          <div>
            <Rail rows={rows} chosen={chosen} where={where} />
            {pages.hasNextPage && (
              <Button size="small" onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>
                {t("common.more")}
              </Button>
            )}
          </div>
          <Chosen key={chosen} number={chosen} />
        </div>
      )}
    </div>
  );
}

function Rail({ rows, chosen, where }: { rows: Proposal[]; chosen: string; where: (number: number) => string }) {
  const { t, format } = useWords();
  return (
    <nav className="rail proposals" aria-label={t("approvals.title")}>
      {rows.map((each) => (
        <NavLink key={each.number} to={where(each.number)} replace className={String(each.number) === chosen ? "at" : ""}>
          <span>{each.title}</span>
          <small>
            {t(`approvals.kind.${each.kind}` as "approvals.kind.policy")} · {nameOf(each.by)} · {each.made ? format.time(each.made) : ""}
          </small>
          <small className={`state p-${each.state}`}>{t(`approvals.state.${each.state}`)}</small>
        </NavLink>
      ))}
      {rows.length === 0 && <p className="quiet">{t("approvals.noneHere")}</p>}
    </nav>
  );
}

function Chosen({ number }: { number: string }) {
  const found = useQuery({
    queryKey: ["proposal", number],
    queryFn: ({ signal }) => get<Proposal>(`/v1/proposals/${encodeURIComponent(number)}`, {}, signal),
    refetchInterval: (query) => (query.state.data?.backtest?.["state"] === "running" ? 1_500 : LOOK_MS),
  });
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  return <One proposal={found.data} />;
}
