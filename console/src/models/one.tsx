// One model: where it stands and may go, on what it was trained and how good it was, what moves its score, how it does now.
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useMay } from "../api/session";
import type { Model, ModelList } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { Act } from "./act";
import { Card, Cuts, Worth } from "./card";
import { Compare } from "./compare";
import { DriftOf } from "./drift";
import { roleIn, stepsOf, type Step } from "./models";
import "./models.css";
import { useModels } from "./page";
import { useCellWords } from "./words";

const KEYS: Partial<Record<Step, string>> = { promote: "a", retire: "d" };

export default function OneModel() {
  const { name = "" } = useParams();
  const model = useQuery({ queryKey: ["model", name], queryFn: ({ signal }) => get<Model>(`/v1/models/${encodeURIComponent(name)}`, {}, signal), retry: false });
  const all = useModels();
  const error = model.error ?? all.error;
  return (
    <div className="page">
      {error && <Trouble error={error} retry={() => void Promise.all([model.refetch(), all.refetch()])} />}
      {!error && (!model.data || !all.data) && <Waiting />}
      {model.data && all.data && <Shown key={name} model={model.data} all={all.data} />}
    </div>
  );
}

function Shown({ model, all }: { model: Model; all: ModelList }) {
  const { t } = useWords();
  const go = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const drawn = parameters.get("view") !== "table";
  const toggle = () => setParameters(drawn ? { view: "table" } : {}, { replace: true });
  const may = useMay("propose");
  const [step, setStep] = useState<Step>();
  const [proposal, setProposal] = useState<number>();
  const steps = may ? stepsOf(model.name, all.matrix) : [];
  const open = (name: Step) => (steps.includes(name) ? () => setStep(name) : () => undefined);
  useKeys("model", { view: toggle, promote: open("promote"), retire: open("retire"), back: () => (step ? setStep(undefined) : void go("/models")) });
  const shown = step && steps.includes(step) ? step : undefined;
  return (
    <>
      <header className="verdict">
        <p className="crumbs">
          <Link to="/models">{t("models.title")}</Link>
        </p>
        <div className="head">
          <div>
            <h1>{model.name}</h1>
            <Stands model={model} all={all} />
          </div>
          <Button size="small" onClick={toggle}>
            {t(drawn ? "metrics.asTable" : "metrics.asChart")} <Keys keys="v" />
          </Button>
        </div>
        {steps.length > 0 && !shown && (
          <p className="acts">
            {steps.map((each) => (
              <Button key={each} type={each === "promote" ? "primary" : "default"} className={each === "retire" ? "risky" : ""} onClick={() => setStep(each)}>
                {t(`models.step.${each}`)} {KEYS[each] && <Keys keys={KEYS[each]} />}
              </Button>
            ))}
          </p>
        )}
        {may && all.matrix.some((cell) => cell.champion === model.name) && <p className="quiet">{t("models.championStays")}</p>}
        {proposal !== undefined && <Proposed number={proposal} />}
      </header>
      {shown && <Act key={shown} model={model} all={all} step={shown} close={() => setStep(undefined)} proposed={setProposal} />}
      <div className="model">
        <div>
          <Card model={model} drawn={drawn} />
          <Worth model={model} drawn={drawn} />
          <Cuts model={model} />
        </div>
        <div>
          <DriftOf model={model} drawn={drawn} />
          <Compare model={model} all={all} />
        </div>
      </div>
    </>
  );
}

function Proposed({ number }: { number: number }) {
  const { t } = useWords();
  return (
    <p className="same" role="status">
      {t("models.proposed", { n: number })} <Link to={`/approvals/${number}`}>{t("models.toApprovals")}</Link>
    </p>
  );
}

/** Where it stands, in a sentence per cell. */
function Stands({ model, all }: { model: Model; all: ModelList }) {
  const { t } = useWords();
  const words = useCellWords();
  const cells = all.matrix.filter((cell) => roleIn(cell, model.name));
  return (
    <>
      {cells.map((cell) => {
        const role = roleIn(cell, model.name) ?? "shadow";
        const percent = cell.challengers?.find((each) => each.model === model.name)?.percent ?? "";
        return (
          <p key={cell.name}>
            <span className={`role r-${role}`}>{t(`models.role.${role}`)}</span> {t(`models.stands.${role}`, { cell: cell.name, stage: words.stage(cell.stage), fraud: words.fraud(cell.fraud), percent, champion: cell.champion })}
          </p>
        );
      })}
      {cells.length === 0 && <p>{t("models.noRoleLong")}</p>}
      <p className="meta">
        <span>{t(`models.kind.${model.kind}` as "models.kind.trees")}</span>
        <span>{t("models.readsN", { n: model.inputs ?? 0 })}</span>
        <span>
          {t("models.version")} <Copied text={model.hash} shown={model.hash.slice(0, 12)} />
        </span>
      </p>
    </>
  );
}
