// What a draft changes, sentence by sentence, and its way to approval: it becomes a proposal, which is backtested, submitted and approved.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { ActForm } from "../acts/form";
import { address, send } from "../api/http";
import type { Schemas } from "../api/types";
import { bySection, sectionKey } from "../approvals/proposals";
import { Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import type { Operation } from "./draft";
import type { Trial } from "./trial";

const SHOWN = 100;

export function Propose({ base, operations, trial, close, done }: { base: string; operations: Operation[]; trial: Trial; close: () => void; done: () => void }) {
  const { t, said, format } = useWords();
  const go = useNavigate();
  const queries = useQueryClient();
  const [title, setTitle] = useState("");
  const [stage, setStage] = useState<"shadow" | "live">("shadow");
  const [asked, setAsked] = useState(false);
  const checked = trial.checked;
  const errors = checked?.findings.filter((each) => each.severity === "error").length ?? 0;
  const ready = !trial.busy && !!checked?.policy && checked.count > 0;
  const make = useMutation({
    mutationFn: () => send<Schemas["Published"]>("POST", address("/v1/policy", { propose: true, title: title.trim(), stage }), { base, patch: operations }),
    onSuccess: ({ proposal }) => {
      done();
      void queries.invalidateQueries({ queryKey: ["proposals"] });
      void go(`/approvals/${proposal}`);
    },
  });
  const submit = () => {
    setAsked(true);
    if (title.trim() && ready) make.mutate();
  };
  return (
    <Panel title={t("studio.changes", { n: format.number(checked?.count ?? 0) })} className="propose">
      {errors > 0 && <p className="flag">{t("studio.errorsFirst", { n: format.number(errors) })}</p>}
      {checked?.policy && checked.count === 0 && <p className="quiet">{t("studio.noChange")}</p>}
      {bySection((checked?.changes ?? []).slice(0, SHOWN)).map(([section, parts]) => (
        <section key={section} className="diff">
          <h3>{t(sectionKey(section))}</h3>
          <ul>
            {parts.map((each, number) => (
              <li key={number} className={`c-${each.kind}`}>
                <b>{t(`approvals.change.${each.kind}`)}</b> {said(each)}
              </li>
            ))}
          </ul>
        </section>
      ))}
      {(checked?.count ?? 0) > SHOWN && <p className="quiet">{t("approvals.moreChanges", { n: format.number((checked?.count ?? 0) - SHOWN) })}</p>}
      <ActForm word={t("studio.propose")} submit={submit} close={close} busy={make.isPending} ready={ready} then={t("studio.thenApproved")}>
        <label>
          {t("studio.why")}
          <textarea className="field" rows={2} maxLength={200} autoFocus value={title} placeholder={t("studio.whyHint")} aria-invalid={asked && !title.trim()} onChange={(event) => setTitle(event.target.value)} />
        </label>
        <label>
          {t("studio.first")}
          <select className="field" value={stage} onChange={(event) => setStage(event.target.value as typeof stage)}>
            <option value="shadow">{t("studio.toShadow")}</option>
            <option value="live">{t("studio.toLive")}</option>
          </select>
        </label>
        {asked && !title.trim() && (
          <p className="flag" role="alert">
            {t("studio.sayWhy")}
          </p>
        )}
        {make.error && <Trouble error={make.error} />}
      </ActForm>
    </Panel>
  );
}
