// Models: the matrix stage × kind of fraud with who speaks in each cell, and every model with its figures.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { get } from "../api/http";
import { useNames } from "../api/session";
import type { ModelList } from "../api/types";
import { useKeys } from "../keys/keys";
import { Copied, Empty, Outcome, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { gridOf, standing, type Cell, type Line } from "./models";
import "./models.css";
import { useCellWords } from "./words";

export function useModels() {
  return useQuery({ queryKey: ["models"], queryFn: ({ signal }) => get<ModelList>("/v1/models", {}, signal) });
}

export const modelAt = (name: string) => `/models/${encodeURIComponent(name)}`;

export default function Models() {
  const { t } = useWords();
  const go = useNavigate();
  const found = useModels();
  const rows = useMemo(() => found.data?.models ?? [], [found.data]);
  const [at, setAt] = useState(0);
  const here = Math.min(at, Math.max(rows.length - 1, 0));
  useKeys("list", {
    down: () => setAt(Math.min(here + 1, rows.length - 1)),
    up: () => setAt(Math.max(here - 1, 0)),
    open: () => rows[here] && void go(modelAt(rows[here].name)),
  });
  return (
    <div className="page">
      <header className="head">
        <div>
          <h1>{t("models.title")}</h1>
          <p className="quiet">
            {t("models.lead")} {found.data && <Copied text={found.data.policy} shown={found.data.policy.slice(0, 12)} />}
          </p>
        </div>
      </header>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && <Empty title={t("models.none")} next={t("models.noneNext")} />}
      {found.data && rows.length > 0 && (
        <>
          <Panel title={t("models.matrix")} aside={<Legend />}>
            {found.data.matrix.length > 0 ? <Matrix cells={found.data.matrix} /> : <p className="quiet">{t("models.noMatrix")}</p>}
          </Panel>
          <Rows rows={rows} at={here} setAt={setAt} />
        </>
      )}
    </div>
  );
}

function Legend() {
  const { t } = useWords();
  return <span className="quiet">{t("models.legend")}</span>;
}

function Matrix({ cells }: { cells: Cell[] }) {
  const { t } = useWords();
  const words = useCellWords();
  const grid = gridOf(cells);
  return (
    <div className="clip" tabIndex={0} role="region" aria-label={t("models.matrix")}>
      <table className="rows grid">
        <thead>
          <tr>
            <th scope="col">{t("models.stage")}</th>
            {grid.frauds.map((fraud) => (
              <th key={fraud} scope="col">
                {words.fraud(fraud)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.stages.map((stage) => (
            <tr key={stage}>
              <th scope="row">{words.stage(stage)}</th>
              {grid.frauds.map((fraud) => (
                <td key={fraud}>
                  {grid.at(stage, fraud).map((cell) => (
                    <One key={cell.name} cell={cell} />
                  ))}
                  {grid.at(stage, fraud).length === 0 && <span className="quiet">{t("models.noCell")}</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function One({ cell }: { cell: Cell }) {
  const { t, format } = useWords();
  const names = useNames();
  return (
    <section className="cell" data-cell={cell.name}>
      <p className="quiet">
        <code>{cell.name}</code>
      </p>
      <ul className="plain">
        {standing(cell).map((each) => (
          <li key={each.model}>
            <span className={`role r-${each.role}`}>{t(`models.role.${each.role}`)}</span> <Link to={modelAt(each.model)}>{each.model}</Link>
            {each.percent && <span className="quiet"> {t("models.share", { percent: each.percent, by: names("fields", cell.by ?? "") })}</span>}
          </li>
        ))}
      </ul>
      <p className="from">
        {Object.entries((cell.thresholds ?? {}) as Record<string, string>).map(([outcome, threshold]) => (
          <span key={outcome}>
            ≥ {format.number(Number(threshold), 4)} <Outcome name={outcome} />
          </span>
        ))}
      </p>
    </section>
  );
}

function Rows({ rows, at, setAt }: { rows: Line[]; at: number; setAt: (at: number) => void }) {
  const { t, format } = useWords();
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    body.current?.querySelector("tr.at")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const figure = (value: number | null | undefined) => (typeof value === "number" ? value.toFixed(3) : "–");
  return (
    <div className="clip">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">{t("models.model")}</th>
            <th scope="col">{t("models.roles")}</th>
            <th scope="col">{t("models.kind")}</th>
            <th scope="col" className="num">{t("models.inputs")}</th>
            <th scope="col" className="num" title={t("models.figureTest")}>{t("models.figure.auc")}</th>
            <th scope="col" className="num" title={t("models.figureTest")}>{t("models.figure.average_precision")}</th>
            <th scope="col">{t("models.version")}</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((each, number) => (
            <tr key={each.name} data-model={each.name} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)}>
              <td>
                <Link to={modelAt(each.name)}>
                  <b>{each.name}</b>
                </Link>
              </td>
              <td>
                {each.roles.map((one) => (
                  <span key={one.cell} className="inCell">
                    <span className={`role r-${one.role}`}>{t(`models.role.${one.role}`)}</span> <code className="quiet">{one.cell}</code>
                  </span>
                ))}
                {each.roles.length === 0 && <span className="quiet">{t("models.noRole")}</span>}
              </td>
              <td>{t(`models.kind.${each.kind}` as "models.kind.trees")}</td>
              <td className="num">{format.number(each.inputs ?? 0)}</td>
              <td className="num">{figure(each.auc)}</td>
              <td className="num">{figure(each.average_precision)}</td>
              <td>
                <Copied text={each.hash} shown={each.hash.slice(0, 12)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
