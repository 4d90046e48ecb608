// A study beside the server: begun, with progress, cancelled, done; what it found is shown by whoever asks.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Progress } from "antd";
import { useState, type ReactNode } from "react";
import { get, send } from "../api/http";
import { useMay } from "../api/session";
import type { Studies, Study } from "../api/types";
import { Trouble } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { studyOf, type Kind } from "./models";

const LOOK_MS = 1_000;
const runs = (study: Study | undefined) => study?.state === "waiting" || study?.state === "running";

export function useStudies() {
  return useQuery({
    queryKey: ["studies", "models"],
    queryFn: ({ signal }) => get<Studies>("/v1/studies", {}, signal),
    refetchInterval: (query) => (query.state.data?.studies.some(runs) ? LOOK_MS : false),
  });
}

/** The newest study of this kind with the steps around it; `shown` draws its result. */
export function StudyOf<T>({ kind, model, beside = "", shown }: { kind: Kind; model: string; beside?: string; shown: (result: T) => ReactNode }) {
  const { t, said } = useWords();
  const may = useMay("propose");
  const queries = useQueryClient();
  const studies = useStudies();
  const [failed, setFailed] = useState<unknown>();
  const study = studyOf(studies.data?.studies ?? [], kind, model, beside);
  const result = useQuery({
    queryKey: ["study", "models", study?.study],
    queryFn: ({ signal }) => get<Study & { result: T | null }>(`/v1/studies/${study?.study}`, {}, signal),
    enabled: study?.state === "done",
    staleTime: Infinity,
  });
  const ask = async (path: string, body: object) => {
    setFailed(undefined);
    try {
      await send("POST", path, body);
    } catch (error) {
      setFailed(error);
    }
    await queries.invalidateQueries({ queryKey: ["studies"] });
  };
  const begin = () => ask(`/v1/models/${encodeURIComponent(model)}:${kind}`, kind === "compare" ? { beside } : {});
  return (
    <>
      {studies.error && <Trouble error={studies.error} retry={() => void studies.refetch()} />}
      {failed !== undefined && <Trouble error={failed} />}
      {studies.isSuccess && !study && <p className="quiet">{t(may ? `models.study.none.${kind}` : "models.study.noneElse")}</p>}
      {study && runs(study) && (
        <div role="status">
          <p>{t(study.state === "waiting" ? "models.study.waiting" : "models.study.running")}</p>
          <Progress percent={Math.round(study.progress * 100)} size="small" aria-label={t("models.study.running")} />
        </div>
      )}
      {study?.state === "failed" && study.why && <p className="differs">{said(study.why)}</p>}
      {study?.state === "cancelled" && <p className="quiet">{t("models.study.cancelled")}</p>}
      {result.error && <Trouble error={result.error} retry={() => void result.refetch()} />}
      {study?.state === "done" && result.data?.result && shown(result.data.result)}
      <p className="acts" data-study={kind}>
        {may && studies.isSuccess && !runs(study) && (
          <Button size="small" type={study ? "default" : "primary"} onClick={() => void begin()}>
            {t(study ? "models.study.again" : `models.study.begin.${kind}`)}
          </Button>
        )}
        {may && study && runs(study) && (
          <Button size="small" onClick={() => void ask(`/v1/studies/${study.study}:cancel`, {})}>
            {t("common.cancel")}
          </Button>
        )}
        {study?.state === "done" && (
          <a className="button" href={`/v1/studies/${study.study}/report`} target="_blank" rel="noopener">
            {t("models.study.report")}
          </a>
        )}
        {study && <span className="quiet">{t("models.study.by", { n: study.study, who: nameOf(study.by) })}</span>}
      </p>
    </>
  );
}
