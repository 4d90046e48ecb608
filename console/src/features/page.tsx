// Every feature of the policy in force; filters in the address, by keyboard.
import { useQuery } from "@tanstack/react-query";
import { Input, type InputRef } from "antd";
import { useMemo, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { get } from "../api/http";
import { useNames } from "../api/session";
import type { FeatureLine, Features } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Empty, Trouble, Waiting } from "../parts/parts";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";
import { matches } from "./lineage";
import "./features.css";

const KINDS = ["counted", "derived", "network", "score", "cell"] as const;

export default function FeaturesPage() {
  const { t, format } = useWords();
  const names = useNames();
  const go = useNavigate();
  const [parameters, setParameters] = useSearchParams();
  const given = (name: string) => parameters.get(name) ?? "";
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(parameters);
    if (value) next.set(name, value);
    else next.delete(name);
    setParameters(next, { replace: true });
  };
  const found = useQuery({ queryKey: ["features"], queryFn: ({ signal }) => get<Features>("/v1/features", {}, signal), staleTime: 60_000 });
  const all = useMemo(() => found.data?.features ?? [], [found.data]);
  const key = parameters.toString();
  const rows = useMemo(() => {
    const filters = new URLSearchParams(key);
    const of = (name: string) => filters.get(name) ?? "";
    return all.filter((each) => matches(each, of("q"), of("kind"), of("by"), of("over"), of("unused") === "true"));
  }, [all, key]);
  const [chosen, setChosen] = useState({ key, at: 0 });
  const at = chosen.key === key ? Math.min(chosen.at, Math.max(rows.length - 1, 0)) : 0;
  const setAt = (next: number) => setChosen({ key, at: next });
  const find = useRef<InputRef>(null);
  const open = (row: FeatureLine | undefined) => row && void go(`/features/${encodeURIComponent(row.name)}`);
  useKeys("list", { down: () => setAt(Math.min(at + 1, rows.length - 1)), up: () => setAt(Math.max(at - 1, 0)), open: () => open(rows[at]), filter: () => find.current?.focus() });
  const distinct = (of: (each: FeatureLine) => string[]) => [...new Set(all.flatMap(of))].filter(Boolean).sort();
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("features.title")}</h1>
          <p className="quiet">{t("features.lead")}</p>
        </div>
        <Find input={find} given={given("q")} set={(text) => set("q", text)} />
      </header>
      <div className="filters" role="search">
        <Choose label={t("features.kind")} value={given("kind")} set={(value) => set("kind", value)} options={KINDS.filter((kind) => all.some((each) => each.kind === kind)).map((kind) => [kind, t(`features.kind.${kind}`)])} />
        <Choose label={t("features.by")} value={given("by")} set={(value) => set("by", value)} options={distinct((each) => each.by).map((name) => [name, names("fields", name)])} />
        <Choose label={t("features.over")} value={given("over")} set={(value) => set("over", value)} options={distinct((each) => [each.over]).map((each) => [each, each])} />
        <label className="inline">
          <input type="checkbox" checked={given("unused") === "true"} onChange={(event) => set("unused", event.target.checked ? "true" : "")} />
          {t("features.unused")}
        </label>
        <span className="quiet">{t("features.shown", { n: format.number(rows.length), all: format.number(all.length) })}</span>
      </div>
      {found.isPending && <Waiting />}
      {found.error && <Trouble error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && <Empty title={t("features.empty")} next={t("features.emptyNext")} />}
      {rows.length > 0 && <Table rows={rows} at={at} setAt={setAt} open={open} />}
    </div>
  );
}

/** What is typed stands here at once, and in the address. */
function Find({ input, given, set }: { input: React.RefObject<InputRef | null>; given: string; set: (text: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(given);
  return (
    <Input
      ref={input}
      className="find"
      allowClear
      aria-label={t("features.find")}
      placeholder={t("features.find")}
      suffix={<Keys keys="/" />}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        set(event.target.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" || event.key === "Enter") input.current?.blur();
      }}
    />
  );
}

function Choose({ label, value, set, options }: { label: string; value: string; set: (value: string) => void; options: [string, string][] }) {
  const { t } = useWords();
  return (
    <label className="inline">
      {label}
      <select className="field" value={value} onChange={(event) => set(event.target.value)}>
        <option value="">{t("common.all")}</option>
        {options.map(([name, word]) => (
          <option key={name} value={name}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

function Table({ rows, at, setAt, open }: { rows: FeatureLine[]; at: number; setAt: (at: number) => void; open: (row: FeatureLine) => void }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const body = useShown<HTMLTableSectionElement>(at);
  return (
    <table className="rows features">
      <thead>
        <tr>
          <th scope="col">{t("features.name")}</th>
          <th scope="col">{t("features.meaning")}</th>
          <th scope="col">{t("features.kind")}</th>
          <th scope="col">{t("features.by")}</th>
          <th scope="col">{t("features.over")}</th>
          <th scope="col">{t("features.type")}</th>
          <th scope="col" className="num">{t("features.uses")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, number) => (
          <tr key={row.name} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)} onDoubleClick={() => open(row)}>
            <td className="mono"><Link to={`/features/${encodeURIComponent(row.name)}`}>{row.name}</Link></td>
            <td className="meaning">{said(row)}</td>
            <td>{t(`features.kind.${row.kind}`)}</td>
            <td>{row.by.map((each) => names("fields", each)).join(" × ")}</td>
            <td>{row.over}</td>
            <td className="quiet">{row.type}</td>
            <td className={row.uses ? "num" : "num flag"}>{format.number(row.uses)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
