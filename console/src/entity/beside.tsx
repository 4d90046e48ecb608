// Where one entity stands: on which lists, in which cases, among whom in the network.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { get, Refused } from "../api/http";
import { useMay, useNames, useVocabulary } from "../api/session";
import type { Case, EntityLists, Nest } from "../api/types";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { placeOf } from "./place";

const MOST = 12;

export function ListsOf({ entity, code }: { entity: string; code: string }) {
  const { t, said, format } = useWords();
  const may = useMay("lists");
  const found = useQuery({ queryKey: ["entity", entity, code, "lists"], queryFn: ({ signal }) => get<EntityLists>(`/v1/entities/${encodeURIComponent(entity)}/code:${code}/lists`, {}, signal), enabled: may });
  if (!may) return null;
  return (
    <Panel title={t("entity.lists")}>
      {found.error && <Trouble error={found.error} />}
      {found.data?.lists.length === 0 && <p className="quiet">{t("entity.listsNone")}</p>}
      <ul className="stands">
        {found.data?.lists.map((each) => (
          <li key={each.list}>
            <Link to={`/lists/${encodeURIComponent(each.list)}`}>{said({ zh: each.zh || each.list, en: each.en || each.list })}</Link> <small className={`k-${each.kind}`}>{t(`lists.kind.${each.kind}` as "lists.kind.deny")}</small>
            <span className="quiet">{[t("entity.since", { time: format.time(each.since) }), each.until && t("entity.until", { time: format.time(each.until) }), each.reason, each.author.replace(/^person:/, "")].filter(Boolean).join(" · ")}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function CasesOf({ cases }: { cases: readonly Case[] | undefined }) {
  const { t, said } = useWords();
  if (!cases) return null;
  return (
    <Panel title={t("entity.cases")}>
      {cases.length === 0 && <p className="quiet">{t("entity.casesNone")}</p>}
      <ul className="stands">
        {cases.slice(0, MOST).map((each) => (
          <li key={each.number}>
            <Link to={`/cases/${each.number}`}>{t("queue.caseNumber", { n: each.number })}</Link> <small className={`state-${each.state}`}>{t(`queue.state.${each.state}`)}</small>
            <span className="quiet">{said(each.why)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** `kind`: as what the network knows it, "" when it does not; `known`: whether that is known already. */
export function Linked({ kind, entity, code, at, known }: { kind: string; entity: string; code: string; at: string; known: boolean }) {
  const { t, format } = useWords();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const asked = useQuery({
    queryKey: ["entity", entity, code, "network", at],
    queryFn: ({ signal }) => get<Nest>(`/v1/network/${encodeURIComponent(kind)}/code:${code}`, { hops: 1, as_of: at }, signal),
    enabled: kind !== "",
    staleTime: Infinity,
  });
  const gone = asked.error instanceof Refused && asked.error.status === 404;
  const others = asked.data?.people.filter((each) => each.code !== code) ?? [];
  const bad = others.filter((each) => each.bad).length;
  const person = vocabulary?.person ?? "";
  const things = asked.data?.things.filter((each) => each.code !== code).sort((a, b) => b.people - a.people) ?? [];
  const component = Number(asked.data?.component["persons"] ?? 0);
  return (
    <Panel title={t("entity.linked")} aside={kind && <Link to={`/network/${kind}/code:${code}`}>{t("entity.whole")}</Link>}>
      {known && kind === "" && <p className="quiet">{t("entity.linkedNone")}</p>}
      {gone && <p className="quiet">{t("entity.linkedGone")}</p>}
      {asked.error && !gone && <Trouble error={asked.error} retry={() => void asked.refetch()} />}
      {kind !== "" && asked.isPending && <Waiting />}
      {asked.data && (
        <>
          <p>
            {t("entity.people", { n: format.number(others.length) })}
            {bad > 0 && <b className="bad-label"> · {t("entity.bad", { n: bad })}</b>}
            {component > 0 && <span className="quiet"> · {t("entity.component", { n: format.number(component) })}</span>}
          </p>
          <p className="acts">{asked.data.gangs.map((gang) => <Link key={gang} className="tag" to={`/network/gang/${gang}`}>{t("entity.gang", { n: gang })}</Link>)}</p>
          <ul className="near">
            {others.slice(0, MOST).map((each) => (
              <li key={each.code}>
                <span>{names("fields", person)}</span> <Link className="mono" to={placeOf(person, each.code)}>{valueOf(each.name)}</Link> {each.bad && <small className="bad-label">{t("net.isBad")}</small>}
              </li>
            ))}
            {things.slice(0, MOST).map((each) => (
              <li key={each.name + each.code}>
                <span>{names("fields", kindOf(each.name))}</span> <Link className="mono" to={vocabulary?.entities.includes(kindOf(each.name)) ? placeOf(kindOf(each.name), each.code) : `/network/${kindOf(each.name)}/code:${each.code}`}>{valueOf(each.name)}</Link>{" "}
                <small className="quiet">{t("entity.usedBy", { n: each.people })}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

const kindOf = (name: string) => name.slice(0, name.indexOf(":"));
const valueOf = (name: string) => name.slice(name.indexOf(":") + 1);
