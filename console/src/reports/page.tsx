// Reports: those declared for this server, made when a period ends or now; gang reports; results of studies. Each opens as a page of its own.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get, Refused } from "../api/http";
import type { MetricNames, Studies } from "../api/types";
import { Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useNow } from "../queue/page";
import { useWords } from "../words/words";
import { asOfFor, FORMS, keptAt, madeAt } from "./reports";
import "./reports.css";

interface Declared {
  declared: { name: string; en: string; zh: string; every: "hour" | "day" | "week" | "month" }[];
  reports: { id: string; name: string }[];
}
interface GangReports {
  reports: { id: string; period: "1h" | "1d"; until: string }[];
}
const MOST = 12;

export default function Reports() {
  const { t } = useWords();
  return (
    <div className="page">
      <header className="head">
        <div>
          <h1>{t("reports.title")}</h1>
          <p className="quiet">{t("reports.lead")}</p>
        </div>
      </header>
      <OfMetrics />
      <OfGangs />
      <OfStudies />
    </div>
  );
}

/** Whether an error only says that there is nothing of this kind here. */
const absent = (error: unknown) => error instanceof Refused && error.status === 404;

function OfMetrics() {
  const { t, said } = useWords();
  const found = useQuery({ queryKey: ["reports", "metrics"], queryFn: ({ signal }) => get<Declared>("/v1/metrics/reports", {}, signal), retry: false });
  const names = useQuery({ queryKey: ["metrics"], queryFn: ({ signal }) => get<MetricNames>("/v1/metrics", {}, signal), retry: false });
  const first = asOfFor(names.data?.newest, useNow());
  const [given, setGiven] = useState<string>();
  const asOf = given ?? first;
  return (
    <Panel
      title={t("reports.metrics")}
      aside={
        found.data && (
          <label className="inline">
            {t("reports.asOf")}
            <input type="date" className="field" value={asOf} onChange={(event) => setGiven(event.target.value)} />
          </label>
        )
      }
    >
      {found.isPending && <Waiting />}
      {found.error && !absent(found.error) && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {absent(found.error) && <Empty title={t("reports.none")} next={t("reports.noneNext")} />}
      {found.data?.declared.map((each) => {
        const kept = found.data.reports.filter((one) => one.name === each.name);
        return (
          <section key={each.name} className="report" data-report={each.name}>
            <h3>
              {said(each)} <code className="quiet">{each.name}</code> <span className="quiet">{t(`reports.every.${each.every}`)}</span>
            </h3>
            <p>
              {t(asOf ? "reports.madeBy" : "reports.madeNow", { date: asOf })}{" "}
              {FORMS.map((form) => (
                <a key={form} className="tag" href={madeAt(each.name, asOf, form)} target="_blank" rel="noopener">
                  {t(`reports.form.${form}`)}
                </a>
              ))}
            </p>
            {kept.length > 0 ? (
              <ul className="kept">
                {kept.slice(0, MOST).map((one) => (
                  <li key={one.id}>
                    <a href={keptAt(one.id, "html")} target="_blank" rel="noopener">
                      {one.id.slice(each.name.length + 1)}
                    </a>{" "}
                    <a className="quiet" href={keptAt(one.id, "csv")} target="_blank" rel="noopener" aria-label={t("reports.csvOf", { id: one.id })}>
                      CSV
                    </a>
                  </li>
                ))}
              </ul>
            ) : (
              <p className="quiet">{t("reports.noneKept")}</p>
            )}
          </section>
        );
      })}
    </Panel>
  );
}

function OfGangs() {
  const { t, format } = useWords();
  const found = useQuery({ queryKey: ["reports", "gangs"], queryFn: ({ signal }) => get<GangReports>("/v1/gangs/reports", {}, signal), retry: false });
  if (absent(found.error)) return null;
  return (
    <Panel title={t("reports.gangs")}>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.data?.reports.length === 0 && <p className="quiet">{t("reports.gangsNone")}</p>}
      <ul className="kept">
        {found.data?.reports.slice(0, MOST).map((each) => (
          <li key={each.id}>
            <a href={`/v1/gangs/reports/${encodeURIComponent(each.id)}?format=html`} target="_blank" rel="noopener">
              {t(`reports.period.${each.period}`, { until: format.time(each.until) })}
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function OfStudies() {
  const { t, format } = useWords();
  const found = useQuery({ queryKey: ["reports", "studies"], queryFn: ({ signal }) => get<Studies>("/v1/studies", {}, signal), retry: false });
  const done = (found.data?.studies ?? []).filter((each) => each.state === "done");
  return (
    <Panel title={t("reports.studies")}>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && done.length === 0 && <p className="quiet">{t("reports.studiesNone")}</p>}
      <ul className="kept">
        {done.slice(0, MOST).map((each) => (
          <li key={each.study}>
            <a href={`/v1/studies/${each.study}/report`} target="_blank" rel="noopener">
              {t("reports.study", { n: format.number(each.study), kind: t(`reports.kind.${each.kind}`) })}
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
