// A masked value in clear, for a purpose that is written down. It is kept on the page only, and gone when one leaves.
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { get, send } from "../api/http";
import type { Purposes, Revealed } from "../api/types";
import { Trouble } from "../parts/parts";
import { useWords } from "../words/words";

const LEAST = 5;

export function Reveal({ event, fields, close }: { event: string; fields: readonly string[]; close: () => void }) {
  const { t, said, format } = useWords();
  const purposes = useQuery({ queryKey: ["purposes"], queryFn: ({ signal }) => get<Purposes>("/v1/vault:purposes", {}, signal), staleTime: 300_000 });
  const [purpose, setPurpose] = useState("");
  const [note, setNote] = useState("");
  const [shown, setShown] = useState<Revealed>();
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const chosen = (among: Purposes | undefined) => purpose || among?.purposes[0]?.name || "";
  const ask = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      // who writes faster than the purposes come is waited for, not ignored
      const among = purposes.data ?? (await purposes.refetch({ cancelRefetch: false, throwOnError: true })).data;
      setShown(await send<Revealed>("POST", "/v1/vault:reveal", { events: [event], fields, purpose: chosen(among), note: note.trim() }));
    } catch (refused) {
      setFailed(refused);
    } finally {
      setBusy(false);
    }
  };
  const value = shown?.values[0];
  return (
    <form className="reveal" onSubmit={(event) => { event.preventDefault(); void ask(); }} onKeyDown={(event) => event.key === "Escape" && close()}>
      {shown ? (
        <>
          <code className="clear">{value?.value ?? t("entity.notKept")}</code>
          <span className="quiet">{value?.value && t("entity.revealed", { n: format.number(shown.left_this_hour) })}</span>
        </>
      ) : (
        <>
          <label className="inline">
            {t("entity.purpose")}
            <select className="field" value={chosen(purposes.data)} onChange={(event) => setPurpose(event.target.value)}>
              {purposes.data?.purposes.map((each) => <option key={each.name} value={each.name}>{said(each)}</option>)}
            </select>
          </label>
          <input className="field note" autoFocus aria-label={t("entity.note")} placeholder={t("entity.note")} value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} />
          <Button htmlType="submit" size="small" type="primary" loading={busy} disabled={note.trim().length < LEAST}>{t("entity.show")}</Button>
        </>
      )}
      <Button size="small" onClick={close}>{t("entity.hide")}</Button>
      {!shown && <span className="quiet">{t("entity.revealWhy")}</span>}
      {Boolean(failed ?? purposes.error) && <Trouble error={failed ?? purposes.error} />}
    </form>
  );
}
