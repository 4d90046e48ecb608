// Everything that happened to one entity as rows: when, of which kind, what. Reasons and notes are text, whatever is in them.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { get } from "../api/http";
import { useMay, useNames } from "../api/session";
import type { DeclaredLists } from "../api/types";
import { Outcome } from "../parts/parts";
import { useShown } from "../parts/shown";
import { useWords } from "../words/words";
import { lastOutcome, leadsTo, type Entry, type Told } from "./entity";

export function Timeline({ entries, at, setAt }: { entries: readonly Entry[]; at: number; setAt: (at: number) => void }) {
  const { t, format } = useWords();
  const go = useNavigate();
  const body = useShown<HTMLTableSectionElement>(at);
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">{t("entity.when")}</th>
          <th scope="col">{t("entity.sort")}</th>
          <th scope="col">{t("entity.what")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {entries.map((each, number) => (
          <tr key={each.key} className={number === at ? "at" : ""} aria-selected={number === at} onMouseDown={() => setAt(number)} onDoubleClick={() => leadsTo(each) && void go(leadsTo(each))}>
            <td className="time"><time dateTime={new Date(each.time).toISOString()}>{format.time(new Date(each.time).toISOString())}</time></td>
            <td><span className={`tag k-${each.kind}`}>{t(`entity.kind.${each.kind}`)}</span></td>
            <td className="what">{each.case ? <OfCase entry={each} /> : each.told && <Said entry={each} told={each.told} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Said({ entry, told }: { entry: Entry; told: Told }) {
  if (entry.kind === "decision") return <Decision told={told} />;
  if (entry.kind === "label") return <Label told={told} />;
  return entry.kind === "list" ? <Change told={told} /> : <Fact told={told} />;
}

function Decision({ told }: { told: Told }) {
  const { t, format } = useWords();
  const names = useNames();
  const last = lastOutcome(told);
  return (
    <>
      <Outcome name={told.outcome ?? ""} /> <Link to={`/decisions/${encodeURIComponent(told.id ?? "")}`}>{names("types", told.type ?? "")}</Link>
      {told.score ? <span className="quiet"> {format.number(told.score)} {t("common.points")}</span> : null}
      {last !== told.outcome && <b> {t("entity.cameTo", { outcome: names("outcomes", last) })}</b>}
      {told.enforced && told.enforced !== told.outcome && <span className="did">{t("list.did", { outcome: names("outcomes", told.enforced) })}</span>}
      {told.reasons && told.reasons.length > 0 && <span className="also">{told.reasons.map((each) => names("reasons", each)).join(" · ")}</span>}
    </>
  );
}

function Fact({ told }: { told: Told }) {
  const names = useNames();
  return <>{names("types", told.type ?? "")} <span className="quiet mono">{told.id}</span></>;
}

function Label({ told }: { told: Told }) {
  const { t } = useWords();
  return (
    <>
      <b className={told.fraud ? "bad-label" : ""}>{t(told.fraud ? "entity.fraud" : "entity.good")}</b>{" "}
      {told.event && <Link to={`/decisions/${encodeURIComponent(told.event)}`}>{t("entity.aboutEvent", { id: told.event })}</Link>}
      <Why told={told} />
    </>
  );
}

function Change({ told }: { told: Told }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const may = useMay("lists");
  const lists = useQuery({ queryKey: ["lists"], queryFn: ({ signal }) => get<DeclaredLists>("/v1/lists", {}, signal), enabled: may, staleTime: 60_000 });
  const declared = lists.data?.lists.find((each) => each.name === told.list);
  const list = declared ? said(declared) || declared.name : (told.list ?? "");
  const until = told.until && <span className="quiet"> {t("entity.until", { time: format.time(told.until) })}</span>;
  if (told.kind === "snooze") return <>{t("entity.quiet", { rule: names("rules", told.rule ?? "") })}{until}<Why told={told} /></>;
  return <>{told.list && <Link to={`/lists/${encodeURIComponent(told.list)}`}>{t(told.op === "remove" ? "entity.off" : "entity.put", { list })}</Link>}{until}<Why told={told} /></>;
}

function Why({ told }: { told: Told }) {
  const said = [told.reason, told.author?.replace(/^person:/, "")].filter(Boolean).join(" · ");
  return said ? <span className="also">{said}</span> : null;
}

function OfCase({ entry }: { entry: Entry }) {
  const { t, said } = useWords();
  const found = entry.case;
  if (!found) return null;
  const what = found.disposition ? t(`case.verdict.${found.disposition}` as "case.verdict.fraud") : "";
  return (
    <>
      <Link to={`/cases/${found.number}`}>{entry.closed ? t("entity.caseClosed", { n: found.number, what }) : t("entity.caseOpened", { n: found.number })}</Link>
      <span className="also">{said(found.why)}</span>
    </>
  );
}
