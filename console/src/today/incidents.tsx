// What goes wrong now: rules in error, gangs that were found; each opens where one can see it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { get, Refused } from "../api/http";
import { useNames } from "../api/session";
import type { GangPage, MetricLines } from "../api/types";
import { AlertList, useAlerts } from "../monitoring/alerts";
import "../monitoring/monitoring.css";
import { behind, periodOf } from "../monitoring/monitoring";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useNow } from "../queue/page";
import { useWords } from "../words/words";

const GANGS = 5;

export function Incidents({ newest, currency }: { newest: string | null; currency: string }) {
  const { t, format } = useWords();
  const names = useNames();
  const period = periodOf({ range: "24h", from: "", until: "", against: "7d" }, useNow(), newest ? Date.parse(newest) : undefined);
  const query = { measure: "errors", by: "rule", from: new Date(period.from).toISOString(), until: new Date(period.until).toISOString(), top: 50 };
  const rules = useQuery({ queryKey: ["metrics", "query", query], queryFn: ({ signal }) => get<MetricLines>("/v1/metrics/query", query, signal), enabled: newest !== null, placeholderData: (before) => before });
  const gangs = useQuery({ queryKey: ["gangs", "today"], queryFn: ({ signal }) => get<GangPage>("/v1/gangs", { limit: GANGS }, signal), retry: false, refetchInterval: 60_000 });
  const alerts = useAlerts(newest !== null);
  const lasting = alerts.data?.alerts.filter((each) => !each.ended) ?? [];
  const unwatched = alerts.error instanceof Refused && alerts.error.status === 404;
  const broken = (rules.data?.lines ?? []).filter((each) => typeof each["errors"] === "number" && each["errors"] > 0 && each["rule"]);
  const none = gangs.error instanceof Refused && ["no_network", "no_gangs"].includes(gangs.error.code);
  const found = gangs.data?.gangs ?? [];
  const quiet = rules.isSuccess && (gangs.isSuccess || none) && (alerts.isSuccess || unwatched) && lasting.length === 0 && broken.length === 0 && found.length === 0;
  return (
    <Panel title={t("today.incidents")}>
      {(rules.isLoading || gangs.isLoading) && <Waiting />}
      {rules.error && <Trouble error={rules.error} retry={() => void rules.refetch()} />}
      {gangs.error && !none && <Trouble error={gangs.error} retry={() => void gangs.refetch()} />}
      {quiet && <p className="quiet">{t("today.quiet")}</p>}
      {alerts.error && !unwatched && <Trouble error={alerts.error} retry={() => void alerts.refetch()} />}
      {lasting.length > 0 && (
        <>
          <h3>
            {t("alerts.title")} <Link to="/monitoring#alerts">{t("common.all")}</Link>
          </h3>
          <AlertList alerts={lasting} rules={alerts.data?.rules ?? []} />
        </>
      )}
      {broken.length > 0 && (
        <>
          <h3>{t("today.errors")}</h3>
          <ul className="work">
            {broken.map((each) => {
              const rule = String(each["rule"]);
              return (
                <li key={rule}>
                  <Link to={behind({ where: [], by: "rule" }, period, rule)}>{names("rules", rule)}</Link>
                  <Link className="due past" to={`/monitoring?measure=errors&by=rule&where=${encodeURIComponent(`rule:${rule}`)}`}>{t("today.errorsOf", { n: format.number(Number(each["errors"])) })}</Link>
                </li>
              );
            })}
          </ul>
        </>
      )}
      {found.length > 0 && (
        <>
          <h3>{t("today.gangs")} <Link to="/network">{t("common.all")}</Link></h3>
          <ul className="work">
            {found.map((each) => (
              <li key={each.gang}>
                <Link to={`/network/gang/${each.gang}`}>{t("today.gang", { n: each.gang })}</Link>
                <span className="what">
                  {t("today.gangSays", { people: format.number(each.people), bad: format.number(each.bad), money: currency ? format.money(each.amount, currency) : format.number(each.amount) })}
                </span>
                <span className="quiet">{each.since ? t("today.since", { when: format.time(each.since) }) : ""}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
