// One backtest: how far it is, or why there is no result, or the result.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Progress } from "antd";
import { useEffect } from "react";
import { Link } from "react-router";
import { address, get, send } from "../api/http";
import { useMay } from "../api/session";
import type { Backtest, Study, StudyResult } from "../api/types";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { runs } from "./backtests";
import { Result } from "./result";
import { useVersions } from "./versions";

const RUN_MS = 700;

export function One({ number }: { number: string }) {
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["study", number],
    queryFn: ({ signal }) => get<StudyResult>(`/v1/studies/${encodeURIComponent(number)}`, {}, signal),
    refetchInterval: (query) => (query.state.data && runs(query.state.data) ? RUN_MS : false),
  });
  const state = found.data?.state;
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: ["studies"] });
  }, [queries, state]);
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  const study = found.data;
  return (
    <article className="backtest">
      <About study={study} />
      {study.state === "done" && study.result && <Result result={study.result as Backtest} />}
    </article>
  );
}

function About({ study }: { study: StudyResult }) {
  const { t, said, format } = useWords();
  const { named } = useVersions();
  const may = useMay("propose");
  const result = study.state === "done" ? (study.result as Backtest | null) : null;
  const whole = (hash: string) => <span title={hash}>{named(hash).whole}</span>;
  const again = address("/backtests", { candidate: study.versions[1] ?? "", live: study.versions[0] ?? "", begins: study.begins ?? "", ends: study.ends ?? "" });
  return (
    <Panel
      title={t("backtests.heading", { tried: named(study.versions[1] ?? "").short, base: named(study.versions[0] ?? "").short })}
      aside={result ? <a href={`/v1/studies/${study.study}/report`} target="_blank" rel="noopener">{t("backtests.report")}</a> : undefined}
    >
      <dl className="facts">
        <dt>{t("backtests.candidate")}</dt><dd>{whole(study.versions[1] ?? "")}</dd>
        <dt>{t("backtests.against")}</dt><dd>{whole(study.versions[0] ?? "")}</dd>
      </dl>
      <p className="quiet">
        {t("backtests.by", { who: nameOf(study.by ?? ""), when: study.begun ? format.time(study.begun) : "" })}
        {result && ` · ${t("backtests.over", { n: format.number(result.compared), first: format.time(result.first_time), last: format.time(result.last_time) })} · ${t("backtests.took", { span: format.span((result.seconds ?? 0) * 1000) })}`}
      </p>
      {runs(study) && <Running study={study} />}
      {study.state === "failed" && <p className="differs" role="alert">{study.why && said(study.why)}</p>}
      {study.state === "cancelled" && <p className="flag">{t("backtests.cancelled")}</p>}
      {may && !runs(study) && (
        <p className="acts">
          <Link className="button" to={again}>{t("backtests.again")}</Link>
        </p>
      )}
    </Panel>
  );
}

function Running({ study }: { study: Study }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const may = useMay("propose");
  const cancel = useMutation({
    mutationFn: () => send<Study>("POST", `/v1/studies/${study.study}:cancel`),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["study", String(study.study)] }),
  });
  return (
    <div className="running" role="status">
      <span className={`state t-${study.state}`}>{t(`backtests.state.${study.state}`)}</span>
      <Progress percent={Math.round(study.progress * 100)} aria-label={t(`backtests.state.${study.state}`)} />
      {may && <Button size="small" onClick={() => cancel.mutate()} loading={cancel.isPending}>{t("common.cancel")}</Button>}
      {cancel.error && <Trouble error={cancel.error} />}
    </div>
  );
}
