// Rules that are quiet for one value: which, until when, why; each can be ended before its time.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useOutbox } from "../acts/outbox";
import { get, send } from "../api/http";
import { useNames } from "../api/session";
import type { Snooze } from "../api/types";
import { Empty, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";

export function Snoozes() {
  const { t, format } = useWords();
  const names = useNames();
  const found = useQuery({ queryKey: ["snoozes"], queryFn: ({ signal }) => get<{ snoozes: Snooze[] }>("/v1/snoozes", {}, signal) });
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  if (!found.data.snoozes.length) return <Empty title={t("lists.snooze.empty")} next={t("lists.snooze.emptyNext")} />;
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">{t("lists.snooze.rule")}</th>
          <th scope="col">{t("lists.value")}</th>
          <th scope="col">{t("lists.since")}</th>
          <th scope="col">{t("lists.until")}</th>
          <th scope="col">{t("lists.reason")}</th>
          <th scope="col">{t("lists.author")}</th>
          <th scope="col"><span className="sr">{t("lists.snooze.end")}</span></th>
        </tr>
      </thead>
      <tbody>
        {found.data.snoozes.map((each) => (
          <tr key={`${each.rule} ${each.field} ${each.code}`}>
            <td>{names("rules", each.rule)}</td>
            <td>
              {names("fields", each.field)} <code>{each.value}</code>
            </td>
            <td className="time">{format.time(each.since)}</td>
            <td className="time">{each.until && format.time(each.until)}</td>
            <td className="why">{each.reason}</td>
            <td className="quiet">{each.author}</td>
            <td>
              <End snooze={each} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function End({ snooze }: { snooze: Snooze }) {
  const { t } = useWords();
  const names = useNames();
  const put = useOutbox();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const words = { rule: names("rules", snooze.rule), value: snooze.value };
  if (!open)
    return (
      <Button size="small" onClick={() => setOpen(true)}>
        {t("lists.snooze.end")}
      </Button>
    );
  const submit = () => {
    if (!reason.trim()) return;
    setOpen(false);
    put({
      label: t("lists.snooze.acted", words),
      send: () => send("POST", "/v1/snoozes:end", { rule: snooze.rule, field: snooze.field, code: snooze.code, reason: reason.trim() }),
      done: () => void queries.invalidateQueries({ queryKey: ["snoozes"] }),
    });
  };
  return (
    <form
      className="end"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <input className="field" autoFocus required aria-label={t("lists.why")} placeholder={t("lists.whyHint")} value={reason} onChange={(event) => setReason(event.target.value)} onKeyDown={(event) => event.key === "Escape" && setOpen(false)} />
      <Button size="small" type="primary" htmlType="submit">
        {t("lists.snooze.end")}
      </Button>
      <p className="quiet">{t("lists.snooze.effect", words)}</p>
    </form>
  );
}
