// A new backtest: which version, against which, over which days; how the two differ and what it will do stand there before it begins.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { get, send } from "../api/http";
import type { Changes, MetricNames, Studies, Study } from "../api/types";
import { Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { ahead, firstDay } from "./backtests";
import { labelOf, useVersions } from "./versions";

const SHOWN = 8;

export function Start({ given, studies }: { given: URLSearchParams; studies: Studies["studies"] }) {
  const { t } = useWords();
  const versions = useVersions();
  const metrics = useQuery({ queryKey: ["metrics"], queryFn: ({ signal }) => get<MetricNames>("/v1/metrics", {}, signal), retry: false });
  if (versions.error) return <Trouble error={versions.error} />;
  if (versions.isPending || metrics.isPending) return <Waiting />;
  if (versions.choices.length < 2) return <Empty title={t("backtests.only")} next={t("backtests.onlyNext")} />;
  return <Form versions={versions} given={given} studies={studies} first={given.get("begins") ?? firstDay(metrics.data?.newest)} />;
}

function Form({ versions, given, studies, first }: { versions: ReturnType<typeof useVersions>; given: URLSearchParams; studies: Studies["studies"]; first: string }) {
  const { t } = useWords();
  const go = useNavigate();
  const queries = useQueryClient();
  const [candidate, setCandidate] = useState(given.get("candidate") ?? "");
  const [against, setAgainst] = useState(given.get("live") ?? "");
  const [begins, setBegins] = useState(first);
  const [ends, setEnds] = useState(given.get("ends") ?? "");
  const [tried, setTried] = useState(false);
  const base = against || versions.inForce || "";
  const lacks = !candidate ? "backtests.needs" : candidate === base ? "backtests.twice" : begins && ends && ends <= begins ? "backtests.wrongSpan" : undefined;
  const start = useMutation({
    mutationFn: () => send<Study>("POST", "/v1/backtests", { candidate, ...(against ? { live: against } : {}), begins, ends }),
    onSuccess: async (study) => {
      await queries.invalidateQueries({ queryKey: ["studies"] });
      void go(`/backtests/${study.study}`, { replace: true });
    },
  });
  const submit = () => {
    setTried(true);
    if (!lacks) start.mutate();
  };
  const others = versions.choices.filter((each) => each.hash !== versions.inForce);
  const force = versions.choices.find((each) => each.hash === versions.inForce);
  return (
    <Panel title={t("backtests.new")}>
      <form className="start" onSubmit={(event) => { event.preventDefault(); submit(); }}>
        <label>
          {t("backtests.candidate")}
          <select className="field" autoFocus value={candidate} onChange={(event) => setCandidate(event.target.value)} aria-invalid={tried && !candidate}>
            <option value="">{t("backtests.choose")}</option>
            {(against && against !== versions.inForce ? versions.choices : others).map((each) => <option key={each.hash} value={each.hash}>{labelOf(each, t)}</option>)}
          </select>
        </label>
        <label>
          {t("backtests.against")}
          <select className="field" value={against} onChange={(event) => setAgainst(event.target.value)}>
            <option value="">{t("backtests.inForce")}{force ? ` · ${labelOf(force, t)}` : ""}</option>
            {others.map((each) => <option key={each.hash} value={each.hash}>{labelOf(each, t)}</option>)}
          </select>
        </label>
        <div className="span">
          <label>
            {t("backtests.begins")}
            <input type="date" className="field" value={begins} onChange={(event) => setBegins(event.target.value)} />
          </label>
          <label>
            {t("backtests.ends")}
            <input type="date" className="field" value={ends} onChange={(event) => setEnds(event.target.value)} />
          </label>
        </div>
        <p className="quiet">{t("backtests.spanHint")}</p>
        <Differs candidate={candidate} base={base} />
        <p className="effect" role="status">{t("backtests.effect")} {ahead(studies) > 0 && <b>{t("backtests.waitsFor", { n: ahead(studies) })}</b>}</p>
        {tried && lacks && <p className="differs" role="alert">{t(lacks)}</p>}
        {start.error && <Trouble error={start.error} />}
        <p className="acts">
          <Button type="primary" htmlType="submit" loading={start.isPending}>{t("backtests.start")}</Button>
          <Button onClick={() => void go("/backtests", { replace: true })}>{t("common.cancel")}</Button>
        </p>
      </form>
    </Panel>
  );
}

/** How the two versions differ, in sentences. */
function Differs({ candidate, base }: { candidate: string; base: string }) {
  const { t, said, format } = useWords();
  const asked = candidate !== "" && base !== "" && candidate !== base;
  const found = useQuery({ queryKey: ["changes", candidate, base], queryFn: ({ signal }) => get<Changes>(`/v1/policies/${candidate}/changes`, { since: base }, signal), enabled: asked, staleTime: 300_000 });
  if (!asked) return null;
  if (found.error) return <Trouble error={found.error} />;
  if (!found.data) return <Waiting />;
  const rest = found.data.count - Math.min(SHOWN, found.data.changes.length);
  return (
    <section className="diff" aria-live="polite">
      <p>{found.data.count ? t("backtests.differs", { n: format.number(found.data.count) }) : t("backtests.same")}</p>
      <ul>{found.data.changes.slice(0, SHOWN).map((each, number) => <li key={number} className={`c-${each.kind}`}>{said(each)}</li>)}</ul>
      {rest > 0 && <p className="quiet">{t("backtests.more", { n: format.number(rest) })}</p>}
    </section>
  );
}
