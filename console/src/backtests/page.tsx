// Backtests: versions beside the live one now, backtests that were made, one of them in full, a new one; beside them, experiments inside flows.
import { useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { NavLink, useNavigate, useParams, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useMay } from "../api/session";
import type { Studies, Study } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import "../lists/lists.css";
import { Empty, Trouble, Waiting } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { backtestsOf, runs } from "./backtests";
import "../approvals/approvals.css";
import "../monitoring/monitoring.css";
import "./backtests.css";
import { BesideNow } from "./beside";
import { ExperimentsOf } from "./experiments";
import { One } from "./one";
import { Start } from "./start";
import { useVersions } from "./versions";

const LOOK_MS = 15_000;
const RUN_MS = 1_500;

export function useStudies() {
  return useQuery({
    queryKey: ["studies"],
    queryFn: ({ signal }) => get<Studies>("/v1/studies", {}, signal).then((told) => told.studies),
    refetchInterval: (query) => (query.state.data?.some(runs) ? RUN_MS : LOOK_MS),
  });
}

export default function Backtests() {
  const { t } = useWords();
  const go = useNavigate();
  const [parameters] = useSearchParams();
  const may = useMay("propose");
  const asked = parameters.get("experiment");
  const begin = () => void go("/backtests?candidate=");
  const to = (tab: "backtests" | "experiments") => void go(tab === "experiments" ? "/backtests?experiment=" : "/backtests");
  useKeys("backtests", { before: () => to("backtests"), after: () => to("experiments"), ...(may && asked === null ? { new: begin } : {}) });
  const tab = asked === null ? "backtests" : "experiments";
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("backtests.title")}</h1>
          <p className="quiet">{t(asked === null ? "backtests.lead" : "experiments.lead")}</p>
        </div>
        <div className="heads">
          <Segmented value={tab} onChange={to} options={[{ value: "backtests" as const, label: t("experiments.tab.backtests") }, { value: "experiments" as const, label: t("experiments.tab.experiments") }]} />
          {may && asked === null && (
            <Button onClick={begin}>
              {t("backtests.new")} <Keys keys="n" />
            </Button>
          )}
        </div>
      </header>
      {asked === null ? <Tests may={may} begin={begin} /> : <ExperimentsOf asked={asked} />}
    </div>
  );
}

function Tests({ may, begin }: { may: boolean; begin: () => void }) {
  const { t } = useWords();
  const go = useNavigate();
  const { number } = useParams();
  const [parameters] = useSearchParams();
  const studies = useStudies();
  const rows = backtestsOf(studies.data ?? []);
  const fresh = may && parameters.has("candidate");
  const chosen = fresh ? undefined : (number ?? (rows[0] && String(rows[0].study)));
  const at = rows.findIndex((each) => String(each.study) === chosen);
  const move = (by: number) => {
    const next = rows[at + by];
    if (next) void go(`/backtests/${next.study}`, { replace: true });
  };
  useKeys("backtests", { down: () => move(1), up: () => move(-1) });
  return (
    <>
      <BesideNow />
      {studies.isPending && <Waiting />}
      {studies.error && <Trouble error={studies.error} retry={() => void studies.refetch()} />}
      {studies.isSuccess && rows.length === 0 && !fresh && !number && (
        <Empty title={t("backtests.none")} next={t(may ? "backtests.noneNext" : "backtests.noneAsk")}>
          {may && (
            <p className="acts-of">
              <Button type="primary" onClick={begin}>
                {t("backtests.new")}
              </Button>
            </p>
          )}
        </Empty>
      )}
      {studies.isSuccess && (rows.length > 0 || fresh || number) && (
        <div className={rows.length ? "backtests" : ""}>
          {rows.length > 0 && <Rail rows={rows} chosen={chosen} />}
          {fresh ? <Start key={parameters.toString()} given={parameters} studies={studies.data} /> : chosen && <One key={chosen} number={chosen} />}
        </div>
      )}
    </>
  );
}

function Rail({ rows, chosen }: { rows: Study[]; chosen: string | undefined }) {
  const { t, format } = useWords();
  const { named } = useVersions();
  return (
    <nav className="rail of-tests" aria-label={t("backtests.list")}>
      {rows.map((each) => (
        <NavLink key={each.study} to={`/backtests/${each.study}`} replace className={String(each.study) === chosen ? "at" : ""}>
          <span>{t("backtests.heading", { tried: named(each.versions[1] ?? "").short, base: named(each.versions[0] ?? "").short })}</span>
          <small>
            #{each.study} · {each.by && nameOf(each.by)} {each.begun && format.time(each.begun)}
          </small>
          <small className={`state t-${each.state}`}>
            {t(`backtests.state.${each.state}`)} {each.state === "running" && format.percent(each.progress)}
          </small>
        </NavLink>
      ))}
    </nav>
  );
}
