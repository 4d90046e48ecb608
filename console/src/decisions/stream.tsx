// The live stream: what was decided since the list was read, asked for every few seconds; it can be paused.
import { useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect } from "react";
import { get } from "../api/http";
import type { DecisionPage } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { useWords } from "../words/words";
import { queryOf, type Filters } from "./filters";
import { withFresh } from "./fresh";

const LOOK_MS = 4_000;
const MOST = 100;
export type Pages = InfiniteData<DecisionPage, unknown>;

export function Stream({ filters, pages, live, setLive, atTop, came }: { filters: Filters; pages: Pages; live: boolean; setLive: (live: boolean) => void; atTop: () => boolean; came: (n: number) => void }) {
  const { t, format } = useWords();
  const queries = useQueryClient();
  const since = pages.pages[0]?.position ?? 0;
  const key = ["decisions", filters];
  const found = useQuery({
    queryKey: ["fresh decisions", filters, since],
    queryFn: ({ signal }) => get<DecisionPage>("/v1/decisions", { ...queryOf(filters), after: since, limit: MOST }, signal),
    enabled: live,
    refetchInterval: live ? LOOK_MS : false,
    refetchOnMount: "always",
    staleTime: 0,
    gcTime: 0,
  });
  const fresh = found.data;
  const n = fresh?.decisions.length ?? 0;
  const show = () => {
    if (!fresh || n === 0) return;
    if (fresh.next !== null) return void queries.resetQueries({ queryKey: key, exact: true });
    queries.setQueryData<Pages>(key, (old) => old && withFresh(old, fresh));
    came(n);
  };
  useEffect(() => {
    if (atTop()) show();
  }); // whenever something came while the top is looked at
  useKeys("list", { newest: show, pause: () => setLive(!live) });
  return (
    <p className="stream" role="status">
      <span className={live ? "pulse on" : "pulse"} aria-hidden="true" />
      {found.error ? t("stream.lost") : t(live ? "stream.live" : "stream.paused")}
      <Button size="small" type="text" onClick={() => setLive(!live)} aria-pressed={!live}>
        {t(live ? "stream.pause" : "stream.resume")} <Keys keys="p" />
      </Button>
      {n > 0 && (
        <Button size="small" type="primary" className="fresh" onClick={show}>
          {t("stream.new", { n: `${format.number(n)}${fresh?.next === null ? "" : "+"}` })} <Keys keys="." />
        </Button>
      )}
    </p>
  );
}
