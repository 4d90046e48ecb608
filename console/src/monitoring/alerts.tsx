// Alerts over the metrics: what lasts, what has ended, which rules look; each leads to its figures.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { address, get, Refused } from "../api/http";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { keptFor, localOf } from "./monitoring";
import { useTexts } from "./words";

export interface Alert {
  number: number;
  rule: string;
  severity: string;
  by: string;
  of: string;
  since: string;
  ended: string;
  figures: Record<string, number | null>;
  en: string;
  zh: string;
}

interface Rule {
  name: string;
  en: string;
  zh: string;
  when: string;
  over: string;
  against: string;
  where: Record<string, string | string[]>;
}

interface Told {
  alerts: Alert[];
  rules: Rule[];
  looked_ms: number;
}

const ENDED = 10;

export function useAlerts(enabled = true) {
  return useQuery({ queryKey: ["metrics", "alerts"], queryFn: ({ signal }) => get<Told>("/v1/metrics/alerts", {}, signal), retry: false, refetchInterval: 30_000, enabled });
}

const SIZES: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The view of the explorer that an alert is about, with the period that its rule looked at when it began. */
export function viewOf(alert: Pick<Alert, "by" | "of" | "figures" | "since">, rule?: Pick<Rule, "over" | "where" | "against">): string {
  const over = rule?.over ?? "";
  const measure = Object.keys(alert.figures).find((each) => !each.startsWith("before_"));
  if (!measure || measure === "answer_p99_ms" || measure.startsWith("cases_")) return "";
  const length = Number.parseInt(over, 10) * (SIZES[over.slice(-1)] ?? Number.NaN);
  const until = Date.parse(alert.since);
  const period = length > 0 && until > 0 ? { from: localOf(until - length), until: localOf(until) } : {};
  const chosen = Object.entries(rule?.where ?? {}).flatMap(([name, texts]) => [texts].flat().map((text) => `${name}:${text}`));
  const where = [...chosen, ...(alert.by && alert.of ? [`${alert.by}:${alert.of}`] : [])].map((each) => `&${new URLSearchParams({ where: each })}`);
  const against = rule && keptFor(length, rule.against) ? rule.against : "";
  return `${address("/monitoring", { measure, ...period })}${rule ? `&against=${against}` : ""}${where.join("")}`;
}

export function AlertPanel() {
  const { t, format } = useWords();
  const found = useAlerts();
  const told = found.data;
  const none = found.error instanceof Refused && found.error.status === 404;
  const open = told?.alerts.filter((each) => !each.ended) ?? [];
  const ended = told?.alerts.filter((each) => each.ended) ?? [];
  return (
    <Panel title={t("alerts.title")} id="alerts" aside={told && told.looked_ms > 0 && <span className="quiet">{t("alerts.looked", { n: format.number(told.rules.length), when: format.time(new Date(told.looked_ms).toISOString()) })}</span>}>
      {found.isPending && <Waiting />}
      {none && <p className="quiet">{t("alerts.noRules")}</p>}
      {found.error && !none && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {told && open.length === 0 && <p className="quiet">{t("alerts.quiet")}</p>}
      {told && <AlertList alerts={open} rules={told.rules} />}
      {told && ended.length > 0 && (
        <details className="group">
          <summary>{t("alerts.ended", { n: format.number(ended.length) })}</summary>
          <AlertList alerts={ended.slice(0, ENDED)} rules={told.rules} />
        </details>
      )}
    </Panel>
  );
}

export function AlertList({ alerts, rules }: { alerts: Alert[]; rules: Told["rules"] }) {
  const { t, said, format } = useWords();
  const texts = useTexts();
  const named = (alert: Alert) => {
    const rule = rules.find((each) => each.name === alert.rule);
    return rule && rule.en && rule.zh ? said(rule) : alert.rule;
  };
  return (
    <ul className="alarms">
      {alerts.map((each) => {
        const view = viewOf(each, rules.find((rule) => rule.name === each.rule));
        return (
          <li key={each.number} className={`a-${each.severity}`}>
            <b className="severity">{t(`alerts.severity.${each.severity}` as "alerts.severity.warning")}</b>
            <span className="what">
              {view ? <Link to={view}>{named(each)}</Link> : named(each)}
              {each.of && <> · {texts(each.by, each.of)}</>}
              <span className="quiet says">{said(each)}</span>
            </span>
            <span className="quiet">{t(each.ended ? "alerts.lasted" : "alerts.since", { since: format.time(each.since), ended: each.ended ? format.time(each.ended) : "" })}</span>
          </li>
        );
      })}
    </ul>
  );
}
