// Who is on a list, newest first; one chosen by keys, several by x.
import { Link } from "react-router";
import { useVocabulary } from "../api/session";
import type { DeclaredList, Entry } from "../api/types";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";

export function EntryTable({ list, rows, at, setAt, chosen, toggle }: { list: DeclaredList; rows: Entry[]; at: number; setAt: (at: number) => void; chosen: ReadonlySet<string>; toggle: (entry: Entry) => void }) {
  const { t, format } = useWords();
  const { data: vocabulary } = useVocabulary();
  const body = useShown<HTMLTableSectionElement>(at);
  const linked = vocabulary?.entities.includes(list.of);
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col"><span className="sr">{t("lists.choose")}</span></th>
          <th scope="col">{t("lists.value")}</th>
          <th scope="col">{t("lists.since")}</th>
          <th scope="col">{t("lists.until")}</th>
          <th scope="col">{t("lists.reason")}</th>
          <th scope="col">{t("lists.author")}</th>
          {linked && <th scope="col">{t("lists.decisions")}</th>}
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, number) => (
          <tr key={row.code} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)}>
            <td>
              <input type="checkbox" aria-label={t("lists.chooseRow", { value: row.value })} checked={chosen.has(row.code)} onChange={() => toggle(row)} />
            </td>
            <td className="mono">{row.value}</td>
            <td className="time">{format.time(row.since)}</td>
            <td className="time">{row.until ? format.time(row.until) : t("lists.forever")}</td>
            <td className="why" title={row.reason}>{row.reason}</td>
            <td className="quiet">{row.author}</td>
            {linked && (
              <td>
                <Link to={`/decisions?of=${encodeURIComponent(`${list.of}:code:${row.code}`)}`}>{t("lists.decisions")}</Link>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
