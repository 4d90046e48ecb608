// One feature: what it is in a sentence, its definition, how it is distributed, where it comes from and who uses it, drawn and as a table.
import { useQuery } from "@tanstack/react-query";
import { Segmented } from "antd";
import { useMemo } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useNames } from "../api/session";
import type { Feature, LineagePart } from "../api/types";
import { useKeys } from "../keys/keys";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { zh, type Key } from "../words/zh";
import { Distribution } from "./distribution";
import "./features.css";
import { drawnOf, HIGH, WIDE } from "./lineage";

export default function FeaturePage() {
  const { t, language } = useWords();
  const { name = "" } = useParams();
  const go = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const asTable = parameters.get("view") === "table";
  const view = (table: boolean) => setParameters(table ? { view: "table" } : {}, { replace: true });
  const found = useQuery({ queryKey: ["feature", name], queryFn: ({ signal }) => get<Feature>(`/v1/features/${encodeURIComponent(name)}`, {}, signal) });
  useKeys("feature", { back: () => void go("/features"), view: () => view(!asTable) });
  const feature = found.data;
  return (
    <div className="page wide feature">
      <p className="crumbs">
        <Link to="/features">{t("features.title")}</Link> / <code>{name}</code>
      </p>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {feature && (
        <>
          <h1 className="sentence">{language === "zh" ? feature.said_zh : feature.said_en}</h1>
          <Definition feature={feature} />
          <Distribution key={name} name={name} asTable={asTable} />
          <Panel title={t("features.lineage")} aside={<Segmented size="small" value={asTable ? "table" : "draw"} onChange={(value) => view(value === "table")} options={[{ value: "draw", label: t("features.draw") }, { value: "table", label: t("features.table") }]} />}>
            <p className="quiet">{t("features.lineageHint")}</p>
            {asTable ? <Parts feature={feature} /> : <Drawing feature={feature} />}
            {feature.uses.length === 0 && <p className="flag">{t("features.noUse")}</p>}
            {feature.lineage.cut && <p className="quiet">{t("features.cut")}</p>}
          </Panel>
        </>
      )}
    </div>
  );
}

function Definition({ feature }: { feature: Feature }) {
  const { t, said } = useWords();
  const names = useNames();
  const rows: [Key, string][] = [
    ["features.kind", t(`features.kind.${feature.kind}`) + (feature.from_grid && feature.kind === "counted" ? ` · ${t("features.grid")}` : "")],
    ["features.type", feature.type],
  ];
  if (feature.kind === "counted") {
    rows.push(["features.aggregate", feature.aggregate]);
    if (feature.of) rows.push(["features.of", `${names("fields", feature.of)} (${feature.of})`]);
    rows.push(["features.by", feature.by.map((each) => `${names("fields", each)} (${each})`).join(" × ")], ["features.over", feature.over]);
    rows.push(["features.on", feature.events.map(said).join(t("common.comma")) || t("features.anyEvent")]);
    rows.push(["features.current", t(feature.current === "exclude" ? "features.current.exclude" : "features.current.include")]);
  }
  return (
    <Panel title={t("features.definition")} className="definition">
      <dl className="facts">
        {rows.map(([word, value]) => (
          <div key={word} className="fact">
            <dt>{t(word)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {feature.where && (
          <div className="fact">
            <dt>{t("features.where")}</dt>
            <dd><code>{feature.where}</code></dd>
          </div>
        )}
        {feature.expr && (
          <div className="fact">
            <dt>{t("features.expression")}</dt>
            <dd><code>{feature.expr}</code></dd>
          </div>
        )}
      </dl>
    </Panel>
  );
}

/** Where more about a part is told; "" for nowhere. */
function placeOf(part: LineagePart): string {
  if (part.section === "features" && part.depth !== 0) return `/features/${encodeURIComponent(part.name)}`;
  return part.section === "lists" ? `/lists/${encodeURIComponent(part.name)}` : "";
}

function useSection(): (section: string) => string {
  const { t } = useWords();
  return (section) => {
    const key = `section.${section}`;
    return t(key in zh ? (key as Key) : "section.other");
  };
}

function Drawing({ feature }: { feature: Feature }) {
  const { t, said } = useWords();
  const section = useSection();
  const drawn = useMemo(() => drawnOf(feature.lineage.parts, feature.lineage.links), [feature]);
  return (
    <div className="lineage">
      <svg width={drawn.width} height={drawn.height} role="group" aria-label={t("features.lineage")}>
        {drawn.lines.map(({ from, to }) => {
          const [x1, y1, x2, y2] = [from.x + WIDE, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
          return <path key={`${from.number} ${to.number}`} d={`M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`} />;
        })}
        {drawn.placed.map(({ number, part, x, y }) => {
          const to = placeOf(part);
          const inside = (
            <span className="label" title={`${section(part.section)} ${part.name}: ${said(part)}`}>
              <small>{section(part.section)}</small> {said(part)}
            </span>
          );
          return (
            <foreignObject key={number} x={x} y={y} width={WIDE} height={HIGH}>
              {to ? <Link className={`part s-${part.section}`} to={to}>{inside}</Link> : <span className={`part s-${part.section}${part.depth === 0 ? " self" : ""}`}>{inside}</span>}
            </foreignObject>
          );
        })}
        {drawn.more.map((each) => (
          <text key={each.x} x={each.x + 8} y={each.y + 18}>
            {t("features.more", { n: each.count })}
          </text>
        ))}
      </svg>
    </div>
  );
}

function Parts({ feature }: { feature: Feature }) {
  const { t, said } = useWords();
  const section = useSection();
  const parts = [...feature.lineage.parts].filter((each) => each.depth !== 0).sort((a, b) => a.depth - b.depth);
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">{t("features.step")}</th>
          <th scope="col">{t("features.kindOf")}</th>
          <th scope="col">{t("features.meaning")}</th>
          <th scope="col">{t("features.name")}</th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => {
          const to = placeOf(part);
          return (
            <tr key={`${part.section} ${part.name}`}>
              <td>{`${t(part.depth < 0 ? "features.madeOf" : "features.usedBy")} ${Math.abs(part.depth)}`}</td>
              <td>{section(part.section)}</td>
              <td className="meaning">{said(part)}</td>
              <td className="mono">{to ? <Link to={to}>{part.name}</Link> : part.name}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
