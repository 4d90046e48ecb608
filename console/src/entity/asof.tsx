// The moment as of which the page is told: dragged, or chosen to the minute. Asked of the server when the hand rests.
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useWords } from "../words/words";

const REST_MS = 350;

/** A moment as a field of the page takes it, in the reader's own time: 2026-01-02T09:30. */
function local(ms: number): string {
  const when = new Date(ms);
  return new Date(ms - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function AsOf({ at, set, oldest, now }: { at: string; set: (at: string) => void; oldest: number | undefined; now: number }) {
  const { t, format } = useWords();
  const [draft, setDraft] = useState<number>();
  const told = at ? Date.parse(at) : now;
  const moment = draft ?? told;
  useEffect(() => {
    if (draft === undefined) return undefined;
    const timer = setTimeout(() => {
      setDraft(undefined);
      set(draft >= now ? "" : new Date(draft).toISOString());
    }, REST_MS);
    return () => clearTimeout(timer);
  });
  if (oldest === undefined || oldest >= now) return null;
  const said = moment >= now ? t("entity.now") : format.time(new Date(moment).toISOString());
  return (
    <div className="asof panel" title={t("entity.asOfHint")}>
      <span>{t("entity.asOf")}</span>
      <input type="range" aria-label={t("entity.asOfHint")} min={oldest} max={now} step={Math.max(Math.floor((now - oldest) / 1000), 1)} value={moment} onChange={(event) => setDraft(Number(event.target.value))} aria-valuetext={said} />
      <output className="num">{said}</output>
      <input type="datetime-local" className="field" aria-label={t("entity.pick")} value={local(moment)} max={local(now)} onChange={(event) => {
        const chosen = new Date(event.target.value).getTime();
        if (!Number.isNaN(chosen)) set(chosen >= now ? "" : new Date(chosen).toISOString());
      }} />
      <Button size="small" disabled={!at} onClick={() => set("")}>{t("entity.toNow")}</Button>
    </div>
  );
}
