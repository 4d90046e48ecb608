// The audit: what was changed and revealed, by whom, why; and the proof that nothing was altered or taken out.
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { get, Refused } from "../api/http";
import type { AuditEntry, AuditPage, Proof } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Copied, Empty, More, Panel, Trouble, Waiting } from "../parts/parts";
import { nameOf } from "../queue/queue";
import { useWords } from "../words/words";
import { zh, type Key } from "../words/zh";
import { auditQuery, partsOf, placeOf, VIEWS } from "./audit";
import "./audit.css";

export default function Audit() {
  const { t, format } = useWords();
  const [parameters, setParameters] = useSearchParams();
  const set = (changes: Record<string, string>) => {
    const next = new URLSearchParams(parameters);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    setParameters(next, { replace: true });
  };
  const key = parameters.toString();
  const pages = useInfiniteQuery({
    queryKey: ["audit", key],
    queryFn: ({ pageParam, signal }) => get<AuditPage>("/v1/audit", auditQuery(parameters, pageParam), signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.entries) ?? [], [pages.data]);
  const [chosen, setChosen] = useState({ key, at: 0 });
  const at = chosen.key === key ? Math.min(chosen.at, Math.max(rows.length - 1, 0)) : 0;
  const setAt = (next: number) => setChosen({ key, at: next });
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const toggle = (number: number | undefined) => {
    if (number === undefined) return;
    const next = new Set(open);
    if (!next.delete(number)) next.add(number);
    setOpen(next);
  };
  const find = useRef<HTMLInputElement>(null);
  const proof = useMutation({ mutationFn: () => get<Proof>("/v1/audit/proof") });
  useKeys("audit", {
    down: () => {
      setAt(Math.min(at + 1, rows.length - 1));
      if (at + 2 >= rows.length && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage();
    },
    up: () => setAt(Math.max(at - 1, 0)),
    open: () => toggle(rows[at]?.number),
    filter: () => find.current?.focus(),
    verify: () => proof.mutate(),
  });
  if (pages.error instanceof Refused && pages.error.status === 404) return <Empty title={t("audit.noPeople")} next={t("audit.noPeopleNext")} />;
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{t("audit.title")}</h1>
          <p className="quiet">{t("audit.lead")}</p>
        </div>
        <Button type="primary" onClick={() => proof.mutate()} loading={proof.isPending}>
          {t("audit.verify")} <Keys keys="p" />
        </Button>
      </header>
      {proof.error && <Trouble error={proof.error} />}
      {proof.data && <Proven proof={proof.data} />}
      <div className="filters" role="search">
        <Segmented size="small" value={VIEWS.find((each) => each === parameters.get("view")) ?? "all"} onChange={(view) => set({ view: view === "all" ? "" : view, verb: "" })} options={VIEWS.map((each) => ({ value: each, label: t(`audit.view.${each}`) }))} />
        <Field key={`about ${parameters.get("about") ?? ""}`} label={t("audit.about")} hint={t("audit.aboutHint")} input={find} value={parameters.get("about") ?? ""} set={(about) => set({ about })} />
        <Field key={`by ${parameters.get("by") ?? ""}`} label={t("audit.by")} hint={t("audit.byHint")} value={parameters.get("by") ?? ""} set={(by) => set({ by })} />
      </div>
      {pages.isPending && <Waiting />}
      {pages.error && <Trouble error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && rows.length === 0 && <Empty title={t("audit.empty")} next={t(key ? "audit.emptyNext" : "audit.emptyFirst")} />}
      {rows.length > 0 && <Entries rows={rows} at={at} setAt={setAt} open={open} toggle={toggle} />}
      {rows.length > 0 && (
        <More pages={pages}>{t("list.shown", { n: format.number(rows.length) })}</More>
      )}
    </div>
  );
}

function Proven({ proof }: { proof: Proof }) {
  const { t, said, format } = useWords();
  return (
    <Panel title={t("audit.proof")}>
      {proof.holds ? (
        <p className="same" role="status">{t("audit.holds", { n: format.number(proof.entries) })}</p>
      ) : (
        <p className="differs" role="alert">
          {t("audit.broken", { n: format.number(proof.broken ?? 0), held: format.number(proof.entries) })} {said({ en: proof.why_en ?? "", zh: proof.why_zh ?? "" })}
        </p>
      )}
      <p>
        {t("audit.head")} <Copied text={proof.head} shown={`${proof.head.slice(0, 28)}…`} />
      </p>
      <p className="quiet">{t(proof.holds ? "audit.headNote" : "audit.brokenNote")}</p>
    </Panel>
  );
}

function Field({ label, hint, value, set, input }: { label: string; hint: string; value: string; set: (value: string) => void; input?: React.RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState(value);
  return (
    <form
      className="inline"
      onSubmit={(event) => {
        event.preventDefault();
        set(text.trim());
      }}
    >
      <label className="inline">
        {label}
        <input ref={input} type="search" className="field" placeholder={hint} value={text} onChange={(event) => setText(event.target.value)} onBlur={() => text.trim() !== value && set(text.trim())} onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()} />
      </label>
    </form>
  );
}

function Entries({ rows, at, setAt, open, toggle }: { rows: AuditEntry[]; at: number; setAt: (at: number) => void; open: ReadonlySet<number>; toggle: (number: number) => void }) {
  const { t, format } = useWords();
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    body.current?.querySelector("tr.at")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <table className="rows audit">
      <thead>
        <tr>
          <th scope="col" className="num">{t("audit.number")}</th>
          <th scope="col">{t("list.time")}</th>
          <th scope="col">{t("audit.by")}</th>
          <th scope="col">{t("audit.what")}</th>
          <th scope="col">{t("audit.about")}</th>
          <th scope="col">{t("audit.detail")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row, number) => {
          const parts = partsOf(row.detail);
          const place = placeOf(row);
          const shown = open.has(row.number);
          return (
            <tr key={row.number} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)}>
              <td className="num">{format.number(row.number)}</td>
              <td className="time" title={format.timeFull(row.at)}>{format.time(row.at)}</td>
              <td>{nameOf(row.by)}</td>
              <td>{verbOf(row.verb) ? t(verbOf(row.verb) as Key) : ""} <code className="quiet">{row.verb}</code></td>
              <td>{place ? <Link to={place}>{row.about}</Link> : <code>{row.about}</code>}</td>
              <td className="detail">
                {parts.length > 0 && (
                  <button type="button" className="unfold" aria-expanded={shown} onClick={() => toggle(row.number)}>
                    {shown ? t("audit.less") : parts.map(([name, value]) => `${name}: ${value}`).join(" · ")}
                  </button>
                )}
                {shown && (
                  <dl className="facts">
                    {parts.map(([name, value]) => (
                      <div key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                      </div>
                    ))}
                    <div>
                      <dt>chain</dt>
                      <dd><code>{row.chain}</code></dd>
                    </div>
                  </dl>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The word for a verb; undefined where it has none, its code stands beside it anyway. */
function verbOf(verb: string): string | undefined {
  return `verb.${verb}` in zh ? `verb.${verb}` : undefined;
}
