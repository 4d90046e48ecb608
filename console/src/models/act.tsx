// A step with a model: what it will do, beside figures, and why. It becomes a proposal that somebody else approves.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useOutbox } from "../acts/outbox";
import { isShare, Share } from "../acts/share";
import { Why } from "../acts/why";
import { address, send } from "../api/http";
import { useNames, useSession } from "../api/session";
import type { Model, ModelList } from "../api/types";
import { useWords } from "../words/words";
import { cellsFor, type Cell, type Step } from "./models";
import { useCellWords } from "./words";

interface Props {
  model: Model;
  all: ModelList;
  step: Step;
  close: () => void;
  proposed: (number: number | undefined) => void;
}

export function Act({ model, all, step, close, proposed }: Props) {
  const { t } = useWords();
  const put = useOutbox();
  const queries = useQueryClient();
  const cells = cellsFor(step, model.name, all.matrix);
  const [name, setName] = useState(cells[0]?.name ?? "");
  const cell = cells.find((each) => each.name === name) ?? cells[0];
  const [percent, setPercent] = useState(cell?.challengers?.find((each) => each.model === model.name)?.percent ?? "5");
  const [by, setBy] = useState(cell?.by ?? "");
  const lacks = step === "challenge" && !isShare(percent, by) ? t("models.lacks.share") : undefined;
  const submit = (reason: string) => {
    const where = step === "retire" ? {} : { cell: cell?.name ?? "" };
    const body = step === "challenge" ? { ...where, percent: percent.trim(), by } : where;
    const title = t(`models.proposal.${step}`, { model: model.name, cell: cell?.name ?? "", percent: percent.trim() }).slice(0, 200);
    let number: number | undefined;
    put({
      label: title,
      send: async (last) => {
        const told = await send<{ proposal?: number }>("POST", address(`/v1/models/${encodeURIComponent(model.name)}:${step}`, { title }), body, { last });
        number = told.proposal;
        if (number !== undefined) await send("POST", `/v1/proposals/${number}:submit`, { reason }, { last });
      },
      done: () => {
        proposed(number);
        for (const key of ["models", "model", "proposals", "standing"]) void queries.invalidateQueries({ queryKey: [key] });
      },
    });
    close();
  };
  return (
    <Why title={t(`models.step.${step}`)} effect={<Effect model={model} all={all} step={step} cell={cell} percent={percent} by={by} />} lacks={lacks} submit={submit} close={close} risky={step === "retire"} later={step === "challenge"}>
      {cells.length > 1 && step !== "retire" && (
        <label>
          {t("models.cell")}
          <select className="field" value={cell?.name ?? ""} onChange={(event) => setName(event.target.value)}>
            {cells.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
        </label>
      )}
      {step === "challenge" && (
        <div className="further">
          <Share percent={percent} setPercent={setPercent} by={by} setBy={setBy} first />
        </div>
      )}
    </Why>
  );
}

function Effect({ model, all, step, cell, percent, by }: { model: Model; all: ModelList; step: Step; cell: Cell | undefined; percent: string; by: string }) {
  const { t, format } = useWords();
  const names = useNames();
  const words = useCellWords();
  const session = useSession();
  const champion = all.models.find((each) => each.name === cell?.champion);
  const given = { model: model.name, cell: cell?.name ?? "", stage: words.stage(cell?.stage ?? ""), fraud: words.fraud(cell?.fraud ?? ""), champion: cell?.champion ?? "", percent, by: names("fields", by) };
  const compares = (step === "promote" || step === "challenge") && typeof champion?.auc === "number" && typeof model.auc === "number";
  const thresholds = Object.entries((cell?.thresholds ?? {}) as Record<string, string>);
  return (
    <>
      <p>
        <b>{t(`models.will.${step}`, given)}</b>
      </p>
      {step === "promote" && thresholds.length > 0 && <p>{t("models.will.thresholds", { what: thresholds.map(([outcome, from]) => `${names("outcomes", outcome)} ≥ ${format.number(Number(from), 4)}`).join(t("common.comma")) })}</p>}
      {compares && <p>{t("models.will.figures", { model: model.name, champion: champion.name, one: (model.auc ?? 0).toFixed(3), two: (champion.auc ?? 0).toFixed(3) })}</p>}
      <p>{t(session.data?.kind === "person" ? "models.will.approval" : "models.will.atOnce")}</p>
    </>
  );
}
