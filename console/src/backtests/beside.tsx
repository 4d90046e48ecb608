// Versions that are beside the live one now, in shadow or for a share, with their comparison.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/http";
import type { Standing } from "../api/types";
import { Beside } from "../approvals/beside";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";

const LOOK_MS = 5_000;

export function BesideNow() {
  const { t } = useWords();
  const found = useQuery({ queryKey: ["standing", "beside"], queryFn: ({ signal }) => get<Standing>("/v1/policy", {}, signal), refetchInterval: LOOK_MS });
  const beside = found.data?.beside;
  if (!found.isSuccess) return null;
  if (beside) return <Beside beside={beside} />;
  return (
    <Panel title={t("backtests.beside")}>
      <p className="quiet">{t("backtests.besideNone")}</p>
    </Panel>
  );
}
