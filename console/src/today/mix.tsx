// The outcomes of the last day beside those of the same day a week before.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { get } from "../api/http";
import type { MetricLines } from "../api/types";
import { behind, periodOf } from "../monitoring/monitoring";
import { Empty, Outcome, OUTCOMES, Panel, Trouble, Waiting } from "../parts/parts";
import { useNow } from "../queue/page";
import { useWords } from "../words/words";
import { mixOf } from "./today";

export function Mix({ newest }: { newest: string | null }) {
  const { t, format } = useWords();
  const period = periodOf({ range: "24h", from: "", until: "", against: "7d" }, useNow(), newest ? Date.parse(newest) : undefined);
  const query = { measure: "decisions,money,stopped_share", by: "outcome", from: new Date(period.from).toISOString(), until: new Date(period.until).toISOString(), against: "7d" };
  const found = useQuery({ queryKey: ["metrics", "query", query], queryFn: ({ signal }) => get<MetricLines>("/v1/metrics/query", query, signal), placeholderData: (before) => before });
  const answer = found.data;
  const rows = answer ? mixOf(answer.lines, answer.total, [...OUTCOMES].reverse()) : [];
  const before = answer?.total["before"] as { decisions?: number; stopped_share?: number | null } | undefined;
  const total = answer?.total as { decisions?: number; stopped_share?: number | null } | undefined;
  const money = (units: number) => (answer?.currency ? format.amount(units, answer.currency) : format.number(units));
  return (
    <Panel title={t("today.mix")} aside={<Link to="/monitoring?by=outcome">{t("today.explore")}</Link>}>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {answer && !total?.decisions && <Empty title={t("today.mixNone")} next={t("metrics.noneNext")} />}
      {answer && total?.decisions ? (
        <>
          {period.stale && newest && <p className="flag">{t("today.stale", { when: format.timeFull(newest) })}</p>}
          <p className="summary">
            <Link to={behind({ where: [], by: "" }, period)} data-figure="decisions">
              {t("today.decided", { n: format.number(total.decisions) })}
            </Link>
            {t("today.stopped", { share: format.percent(total.stopped_share ?? 0) })}
            {before?.decisions ? t("today.stoppedBefore", { n: format.number(before.decisions), share: format.percent(before.stopped_share ?? 0) }) : t("today.nothingBefore")}
          </p>
          <table className="rows mix">
            <thead>
              <tr>
                <th scope="col">{t("list.outcome")}</th>
                <th scope="col" className="num">{t("today.col.decisions")}</th>
                <th scope="col">{t("today.col.share")}</th>
                <th scope="col" className="num">{t("today.col.before")}</th>
                <th scope="col" className="num">{t("today.col.change")}</th>
                <th scope="col" className="num">{t("today.col.stake")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((each) => (
                <tr key={each.outcome}>
                  <td><Outcome name={each.outcome} /></td>
                  <td className="num"><Link to={behind({ where: [], by: "outcome" }, period, each.outcome)} data-outcome={each.outcome}>{format.number(each.count)}</Link></td>
                  <td className="share">
                    <span className={`bar m-${each.outcome}`} style={{ width: `${Math.max(each.share * 100, 0.5)}%` }} />
                    <span className="num">{format.percent(each.share)}</span>
                  </td>
                  <td className="num">{each.before === undefined ? "–" : format.percent(each.before)}</td>
                  <td className="num">{each.before === undefined ? "–" : format.signed((each.share - each.before) * 100, 1)}</td>
                  <td className="num">{money(each.money)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      ) : null}
    </Panel>
  );
}
