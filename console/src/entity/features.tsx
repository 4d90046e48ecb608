// What is counted about one entity alone: at the moment the page is of, beside now.
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { get } from "../api/http";
import { useMay, useNames } from "../api/session";
import type { EntityFeature, EntityFeatures } from "../api/types";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { inShort } from "./entity";

export function Features({ entity, code, now, at }: { entity: string; code: string; now: EntityFeatures; at: string }) {
  const { t, format, language } = useWords();
  const names = useNames();
  const [all, setAll] = useState(false);
  const then = useQuery({
    queryKey: ["entity", entity, `code:${code}`, "features", at],
    queryFn: ({ signal }) => get<EntityFeatures>(`/v1/entities/${encodeURIComponent(entity)}/code:${code}/features`, { as_of: at }, signal),
    enabled: at !== "",
    placeholderData: (before) => before,
  });
  const earlier = at ? then.data : undefined;
  const before = new Map(earlier?.features.map((each) => [each.name, each]));
  const says = (each: EntityFeature | undefined) => each !== undefined && (!each.whole || (!each.missing && each.said_en !== "0"));
  const telling = now.features.filter((each) => says(each) || says(before.get(each.name)));
  const rows = all ? now.features : telling;
  const value = (each: EntityFeature | undefined) => (each === undefined ? "" : !each.whole ? t("entity.notWhole") : inShort(each, language === "zh" ? each.said_zh : each.said_en));
  return (
    <Panel title={t("entity.features")} className="counted">
      {now.features.length === 0 ? (
        <p className="quiet">{t("entity.featuresNone")}</p>
      ) : (
        <>
          <p className="quiet">{t("entity.featuresLead", { kind: names("fields", entity), time: format.time(earlier?.as_of ?? now.as_of) })}</p>
          {then.error && <Trouble error={then.error} />}
          {at && then.isPending && <Waiting />}
          {rows.length > 0 && (
            <table className="pairs">
              <thead>
                <tr>
                  <th scope="col">{t("entity.feature")}</th>
                  {earlier && <th scope="col" className="num">{t("entity.then")}</th>}
                  <th scope="col" className="num">{t("entity.now")}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((each) => (
                  <tr key={each.name}>
                    <th scope="row"><Name feature={each} /></th>
                    {earlier && <Value said={value(before.get(each.name))} feature={before.get(each.name)} />}
                    <Value said={value(each)} feature={each} differs={earlier !== undefined && value(before.get(each.name)) !== value(each)} />
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {telling.length < now.features.length && (
            <p className="quiet">
              {!all && t("entity.featuresQuiet", { n: now.features.length - telling.length })}{" "}
              <Button size="small" type="link" onClick={() => setAll(!all)}>{all ? t("entity.featuresFew") : t("entity.featuresAll", { n: now.features.length })}</Button>
            </p>
          )}
        </>
      )}
    </Panel>
  );
}

function Name({ feature }: { feature: EntityFeature }) {
  const { said } = useWords();
  const may = useMay("policies");
  return may ? <Link to={`/features/${encodeURIComponent(feature.name)}`} title={feature.name}>{said(feature)}</Link> : <span title={feature.name}>{said(feature)}</span>;
}

function Value({ said, feature, differs = false }: { said: string; feature: EntityFeature | undefined; differs?: boolean }) {
  const { t, language } = useWords();
  const whole = language === "zh" ? feature?.said_zh : feature?.said_en;
  const hint = feature && !feature.whole ? t("entity.notWholeHint") : feature?.lost ? t("entity.lost") : whole !== said ? whole : undefined;
  const quiet = feature && (!feature.whole || feature.missing);
  return <td className={`num${quiet ? " quiet" : ""}${differs ? " differs-now" : ""}`} title={hint}>{said}{feature?.lost && " *"}</td>;
}
