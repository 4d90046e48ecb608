// Which share gets something new, and by which field values are divided: the same value always gets the same.
import { useVocabulary } from "../api/session";
import { useWords } from "../words/words";

interface Props {
  percent: string;
  setPercent: (percent: string) => void;
  by: string;
  setBy: (by: string) => void;
  /** It is the first field of its form. */
  first?: boolean;
}

export function Share({ percent, setPercent, by, setBy, first = false }: Props) {
  const { t, said } = useWords();
  const { data: vocabulary } = useVocabulary();
  return (
    <>
      <label>
        {t("approvals.percent")}
        <input className="field short" autoFocus={first} inputMode="decimal" value={percent} onChange={(event) => setPercent(event.target.value)} />
      </label>
      <label>
        {t("approvals.divided")}
        <select className="field" value={by} onChange={(event) => setBy(event.target.value)}>
          <option value="">{t("approvals.choose")}</option>
          {vocabulary?.fields.map((each) => (
            <option key={each.name} value={each.name}>
              {said(each)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** Whether a share can be given like this. */
export function isShare(percent: string, by: string): boolean {
  return !!by && Number(percent) > 0 && Number(percent) < 100;
}
