// Keys of machines: what each may do, until when. They are made and revoked where their file is; the commands stand here.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get } from "../api/http";
import type { KeyList } from "../api/types";
import { useKeys } from "../keys/keys";
import { Copied, Empty, Panel, Trouble, Waiting } from "../parts/parts";
import { useNow } from "../queue/page";
import { useWords } from "../words/words";
import { keyState, MIGHTY } from "./settings";
import { permissionKey } from "./words";

export function MachineKeys() {
  const { t, format } = useWords();
  const now = useNow();
  const found = useQuery({ queryKey: ["keys"], queryFn: ({ signal }) => get<KeyList>("/v1/keys", {}, signal), refetchInterval: 30_000 });
  const [at, setAt] = useState(0);
  const rows = found.data?.keys ?? [];
  useKeys("settings", { down: () => setAt(Math.min(at + 1, rows.length - 1)), up: () => setAt(Math.max(at - 1, 0)) });
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  const chosen = rows[at];
  return (
    <div className="columns">
      <div>
        {rows.length === 0 && <Empty title={t(found.data.file ? "settings.keys.none" : "settings.keys.noFile")} next={t(found.data.file ? "settings.keys.noneNext" : "settings.keys.noFileNext")} />}
        {rows.length > 0 && (
          <div className="clip">
            <table className="rows">
              <thead>
                <tr>
                  <th scope="col">{t("settings.keys.id")}</th>
                  <th scope="col">{t("settings.keys.note")}</th>
                  <th scope="col">{t("settings.keys.scopes")}</th>
                  <th scope="col">{t("settings.keys.created")}</th>
                  <th scope="col">{t("settings.keys.expires")}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((key, number) => {
                  const state = keyState(key, now);
                  return (
                    <tr key={key.id} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)}>
                      <td>
                        <code>{key.id}</code>
                      </td>
                      <td className="wraps">{key.note}</td>
                      <td className="wraps">
                        {key.scopes.map((each) => (
                          <span key={each} className={MIGHTY.includes(each) ? "tag mighty" : "tag"} title={t(permissionKey(each))}>
                            {each}
                          </span>
                        ))}
                      </td>
                      <td className="time" title={format.timeFull(key.created)}>{format.time(key.created)}</td>
                      <td title={key.expires ? format.timeFull(key.expires) : ""} className={state === "over" ? "differs" : state === "soon" ? "flag" : "time"}>
                        {key.expires ? t(`settings.keys.${state}`, { when: format.time(key.expires) }) : t("settings.keys.never")}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </div>
      <aside className="stays">
        <Panel title={t("settings.keys.how")}>
          <p>{t("settings.keys.where")}</p>
          <h3>{t("settings.keys.make")}</h3>
          <p>
            <Copied text={`zhiyu keys new --keys FILE --scope decide --expires 90d --note '…'`} />
          </p>
          <h3>{t("settings.keys.revoke")}</h3>
          <p>
            <Copied text={`zhiyu keys revoke ${chosen?.id ?? "ID"} --keys FILE`} />
          </p>
          <p className="quiet">{t("settings.keys.once")}</p>
        </Panel>
        {chosen && (
          <Panel title={t("settings.keys.may", { id: chosen.id })}>
            <ul className="plain may">
              {chosen.scopes.map((each) => (
                <li key={each} className={MIGHTY.includes(each) ? "flag" : ""}>
                  {t(permissionKey(each))} <code className="quiet">{each}</code>
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </aside>
    </div>
  );
}
