// How quickly this server decides, stage by stage, since it started; for whoever may see its figures.
import { useQuery } from "@tanstack/react-query";
import { getText } from "../api/http";
import { useMay, useSession } from "../api/session";
import { Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { figureIn, samplesIn, stagesIn } from "./latency";

export function Speed() {
  const { t, format } = useWords();
  const may = useMay("metrics");
  const { data: session } = useSession();
  const tenant = session?.kind === "person" ? session.me.tenant : "default";
  const found = useQuery({ queryKey: ["speed"], queryFn: ({ signal }) => getText("/metrics", signal).then(samplesIn), enabled: may, refetchInterval: 15_000, retry: false });
  if (!may) return null;
  const samples = found.data ?? [];
  const stages = stagesIn(samples, tenant);
  const span = (ms: number) => (ms === Infinity ? t("speed.beyond") : ms < 1 ? t("speed.micro", { n: format.number(ms * 1000) }) : format.span(ms));
  const shed = figureIn(samples, "zhiyu_shed_records_total", tenant) ?? 0;
  return (
    <Panel title={t("speed.title")}>
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && stages.length === 0 && <p className="quiet">{t("speed.none")}</p>}
      {stages.length > 0 && (
        <>
          <p>
            {t("speed.records", { n: format.number(figureIn(samples, "zhiyu_records_total", tenant) ?? 0) })}{" "}
            <span className={shed ? "flag" : ""}>{t("speed.shed", { n: format.number(shed) })}</span>
          </p>
          <table className="rows speed">
            <thead>
              <tr>
                <th scope="col">{t("speed.stage")}</th>
                <th scope="col" className="num">{t("speed.batches")}</th>
                <th scope="col" className="num">{t("speed.mean")}</th>
                {stages[0]?.within.map(([share]) => (
                  <th key={share} scope="col" className="num">{t("speed.within", { share: format.percent(share) })}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {stages.map((each) => (
                <tr key={each.stage}>
                  <td>{t(`speed.stage.${each.stage}`)}</td>
                  <td className="num">{format.number(each.count)}</td>
                  <td className="num">{span(each.mean)}</td>
                  {each.within.map(([share, bound]) => (
                    <td key={share} className="num">{bound === Infinity ? span(bound) : `≤ ${span(bound)}`}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Panel>
  );
}
