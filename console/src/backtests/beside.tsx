// Versions that are beside the live one now, in shadow or for a share, with their comparison.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/http";
import type { Standing } from "../api/types";
import { Beside } from "../approvals/beside";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";
import { useVersions } from "./versions";

const LOOK_MS = 5_000;

export function BesideNow() {
  const { t } = useWords();
  const { named } = useVersions();
  const found = useQuery({ queryKey: ["standing", "beside"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal), refetchInterval: LOOK_MS });
  const beside = found.data?.beside;
  if (!found.isSuccess) return null;
  if (beside)
    return (
      <div className="beside-now">
        <p className="quiet">{t("backtests.besideOf", { name: named(beside.policy).whole })}</p>
        <Beside beside={beside} />
      </div>
    );
  return (
    <Panel title={t("backtests.beside")}>
      <p className="quiet">{t("backtests.besideNone")}</p>
    </Panel>
  );
}
