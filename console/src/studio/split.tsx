// An experiment of a flow in fields: which field it splits by, the salt, and of every arm its name and percent; in reading, the way to its arms.
import { Button } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { address } from "../api/http";
import { useWords } from "../words/words";
import { put, type Edit } from "./draft";
import type { Exit } from "./flow";
import { fieldsOf, freeArm, named, percentIn, restOf, type DeclaredFlow, type Document, type Step } from "./studio";

const LIST = "fields-to-split-by";

export function SplitFields({ step, pointer, document, edit }: { step: Step; pointer: string; document: Document; edit: (edit: Edit) => void }) {
  const { t } = useWords();
  const fields = useMemo(() => fieldsOf(document), [document]);
  return (
    <>
      <label>
        {t("experiments.by")}
        <input className="field mono" list={LIST} value={String(step.by ?? "")} onChange={(event) => edit(put(`${pointer}/by`, event.target.value))} />
        <datalist id={LIST}>
          {fields.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </label>
      <label>
        {t("experiments.salt")}
        <input className="field mono" value={String(step.salt ?? "")} onChange={(event) => edit(put(`${pointer}/salt`, event.target.value))} />
      </label>
      <Button size="small" onClick={() => edit([{ op: "add", path: `${pointer}/experiment/-`, value: { name: freeArm(step), percent: 10, to: step.next ?? "" } }])}>
        {t("studio.addArm")}
      </Button>
      <span className="quiet">{t("studio.restOf", { percent: restOf(step) })}</span>
    </>
  );
}

/** One arm where its way stands: what it is called, and how much of the field's values take it. */
export function ArmFields({ step, pointer, exit, edit }: { step: Step; pointer: string; exit: Exit; edit: (edit: Edit) => void }) {
  const { t } = useWords();
  const at = Number(exit.id.split("/")[1]);
  const arm = step.experiment?.[at];
  if (!arm) return null;
  const place = `${pointer}/experiment/${at}`;
  return (
    <span className="arm-fields">
      <input className="field mono" aria-label={t("studio.armName", { n: at + 1 })} value={arm.name} onChange={(event) => edit(put(`${place}/name`, event.target.value))} />
      <input className="field short" inputMode="decimal" aria-label={t("studio.armPercent", { n: at + 1 })} value={String(arm.percent)} onChange={(event) => edit(put(`${place}/percent`, percentIn(event.target.value)))} /> %
    </span>
  );
}

/** From a flow to the arms of its experiments, as they turn out. */
export function ToArms({ flow }: { flow: DeclaredFlow }) {
  const { t, said } = useWords();
  const found = flow.nodes.filter((each) => each.experiment?.length);
  if (!found.length) return null;
  return (
    <p className="to-arms">
      {found.map((each) => (
        <Link key={each.name} to={address("/backtests", { experiment: `${flow.name}/${each.name}` })}>
          {t("studio.toArms", { name: said(named(each)) })}
        </Link>
      ))}
    </p>
  );
}
