// One decision: what came out and why in a sentence, then everything that led there.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { get } from "../api/http";
import { useNames, useVocabulary } from "../api/session";
import type { DecisionPage, Explanation, ListedDecision, Subject, Trace } from "../api/types";
import { placeOf } from "../entity/place";
import { useKeys } from "../keys/keys";
import { Copied, Outcome, Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { Replay } from "./replay";
import { Rules } from "./rules";
import { SAID, spoke } from "./sentence";
import { Values } from "./values";
import { Waterfall } from "./waterfall";

const FlowDrawing = lazy(() => import("./flow"));

export default function Decision() {
  const { id = "" } = useParams();
  const at = `/v1/decisions/${encodeURIComponent(id)}`;
  const explanation = useQuery({ queryKey: ["explanation", id], queryFn: ({ signal }) => get<Explanation>(`${at}/explanation`, {}, signal), staleTime: Infinity });
  const trace = useQuery({ queryKey: ["trace", id], queryFn: ({ signal }) => get<Trace>(`${at}/trace`, {}, signal), staleTime: Infinity });
  const position = explanation.data?.position;
  const listed = useQuery({
    queryKey: ["listed", position],
    queryFn: async ({ signal }) => (await get<DecisionPage>("/v1/decisions", { before: (position ?? 0) + 1, limit: 1 }, signal)).decisions[0] ?? null,
    enabled: position !== undefined,
    staleTime: Infinity,
  });
  const failed = explanation.error ?? trace.error;
  if (failed) return <Trouble error={failed} retry={() => void Promise.all([explanation.refetch(), trace.refetch()])} />;
  if (!explanation.data || !trace.data) return <Waiting />;
  return <Shown id={id} explanation={explanation.data} trace={trace.data} listed={listed.data?.id === id ? listed.data : undefined} />;
}

function Shown({ id, explanation, trace, listed }: { id: string; explanation: Explanation; trace: Trace; listed: ListedDecision | undefined }) {
  const { t, language } = useWords();
  const go = useNavigate();
  const { data: vocabulary } = useVocabulary();
  const names = useNames();
  const person = listed?.subjects.find((each) => each.field === vocabulary?.person);
  useKeys("decision", {
    back: () => void go(-1),
    ...(person && vocabulary?.person ? { network: () => void go(`/network/person/code:${person.code}`) } : {}),
  });
  const told = explanation.to_customer[language];
  return (
    <div className="page decision">
      <Head id={id} explanation={explanation} trace={trace} listed={listed} />
      <div className="columns">
        <div>
          <Panel title={t("decision.score")}>
            <Waterfall parts={trace.waterfall} score={explanation.score} />
          </Panel>
          <Panel title={t("decision.flow")}>
            {trace.flow ? (
              <Suspense fallback={<Waiting />}>
                <FlowDrawing flow={trace.flow} />
              </Suspense>
            ) : (
              <p className="quiet">{t("decision.noFlow")}</p>
            )}
          </Panel>
          <Panel title={t("decision.rules")}>
            <Rules key={id} trace={trace} />
          </Panel>
          {trace.values_kept && (
            <Panel title={t("decision.values")}>
              <Values values={trace.values} />
            </Panel>
          )}
        </div>
        <aside>
          <Panel title={t("decision.customer")}>
            {told.length ? <ul className="said-to">{told.map((each) => <li key={each}>{each}</li>)}</ul> : <p className="quiet">{t("decision.noCustomer")}</p>}
            {told.length > 0 && <p className="quiet">{t("decision.customerHint")}</p>}
          </Panel>
          {explanation.actions.length > 0 && (
            <Panel title={t("decision.actions")}>
              <ul className="plain">
                {explanation.actions.map((each, number) => (
                  <li key={number}>
                    {names("actions", each.action)} <span className="quiet">{Object.entries(each.parameters).map(([name, value]) => `${name} ${String(value)}`).join(", ")}</span>
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          <Counter explanation={explanation} />
          <Models explanation={explanation} />
          {listed && <About subjects={listed.subjects} links={vocabulary?.links ?? []} person={vocabulary?.person ?? ""} />}
          <Panel title={t("decision.replay")}>
            <Replay key={id} id={id} />
          </Panel>
          {listed && <Times listed={listed} />}
        </aside>
      </div>
    </div>
  );
}

function Head({ id, explanation, trace, listed }: { id: string; explanation: Explanation; trace: Trace; listed: ListedDecision | undefined }) {
  const { t, language, format } = useWords();
  const names = useNames();
  const why = spoke(trace, explanation, language);
  const more = why.length - SAID;
  const sentence = why.length ? why.slice(0, SAID).join(t("decision.and")) + (more > 0 ? t("decision.andMore", { n: more }) : "") : t("decision.noRule");
  const differs = explanation.enforced && explanation.enforced !== explanation.outcome;
  return (
    <header className="verdict">
      <p className="crumbs">
        <Link to="/decisions">{t("nav.decisions")}</Link> / <Copied text={id} />
      </p>
      <h1>
        <Outcome name={explanation.outcome} large />
        <span className="sentence">{sentence}</span>
      </h1>
      {differs && (
        <p className="done">
          <Outcome name={explanation.enforced} /> {t("decision.enforced", { outcome: names("outcomes", explanation.enforced), why: names("marks", explanation.mark).replace("{}", explanation.limit ?? "") })}
        </p>
      )}
      <p className="meta">
        <span>{names("types", explanation.type)}</span>
        <span title={format.timeFull(explanation.time)}>{format.time(explanation.time)}</span>
        {listed?.amount && <b className="num">{format.money(listed.amount.minor, listed.amount.currency)}</b>}
        <span>
          <b className="num">{format.number(explanation.score)}</b> {t("common.points")}
        </span>
        <span>
          {t("decision.policy")} <Copied text={explanation.policy_hash ?? ""} shown={(explanation.policy_hash ?? "").slice(0, 12)} />
        </span>
        {explanation.late && <span className="flag">{t("decision.late")}</span>}
        {explanation.approximate && (
          <span className="flag" title={t("decision.approximateHint")}>
            {t("decision.approximate")}
          </span>
        )}
        {listed?.fallback && <span className="flag">{t("decision.fallback")}</span>}
      </p>
      <p className="reasons">
        {explanation.reasons.map((each) => (
          <Link key={each} className="tag" to={`/decisions?reason=${encodeURIComponent(each)}`}>
            {names("reasons", each)}
          </Link>
        ))}
      </p>
    </header>
  );
}

interface Change {
  moves?: { en: string; zh: string; before: unknown; after: unknown }[];
  outcome?: string;
  en?: string;
  zh?: string;
}

function Counter({ explanation }: { explanation: Explanation }) {
  const { t, language } = useWords();
  const change = explanation.counterfactual as Change | null | undefined;
  const said = change?.[language];
  if (!said) return null;
  return (
    <Panel title={t("decision.counter")}>
      <p>{said}</p>
    </Panel>
  );
}

function Models({ explanation }: { explanation: Explanation }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const most = Math.max(...explanation.scores.flatMap((each) => each.contributions.map((push) => Math.abs(push.contribution))), 0.01);
  return (
    <Panel title={t("decision.models")}>
      {explanation.scores.length === 0 && explanation.scorecards.length === 0 && <p className="quiet">{t("decision.noModels")}</p>}
      {explanation.scores.map((each) => (
        <div key={each.model} className="model">
          <p>
            <b>{each.model}</b> <span className="num">{format.number(each.score, 4)}</span>
          </p>
          <table className="waterfall small">
            <tbody>
              {each.contributions.map((push) => (
                <tr key={push.input}>
                  <th scope="row">{names("fields", push.input)}</th>
                  <td className="track">
                    <span className={push.contribution < 0 ? "bar minus" : "bar"} style={{ width: `${(Math.abs(push.contribution) / most) * 100}%` }} />
                  </td>
                  <td className="num">{`${push.contribution > 0 ? "+" : ""}${format.number(push.contribution, 2)}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
      {explanation.scorecards.map((each) => (
        <p key={each.scorecard}>{said(each)}</p>
      ))}
    </Panel>
  );
}

function About({ subjects, links, person }: { subjects: readonly Subject[]; links: readonly string[]; person: string }) {
  const { t } = useWords();
  const names = useNames();
  return (
    <Panel title={t("decision.about")}>
      <dl className="values">
        {subjects.map((each) => (
          <div key={each.field}>
            <dt>{names("fields", each.field)}</dt>
            <dd className="mono">
              <Link to={placeOf(each.entity, each.code)}>{each.shown}</Link>
              {(each.field === person || links.includes(each.field)) && (
                <Link className="quiet" to={`/network/${each.field === person ? "person" : each.field}/code:${each.code}`} title={t("decision.network")}>
                  {" "}
                  {t("nav.network")}
                </Link>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function Times({ listed }: { listed: ListedDecision }) {
  const { t, format } = useWords();
  const waited = new Date(listed.received_at).getTime() - new Date(listed.time).getTime();
  return (
    <Panel title={t("decision.timing")}>
      <dl className="values">
        <div>
          <dt>{t("decision.happened")}</dt>
          <dd className="num">{format.timeFull(listed.time)}</dd>
        </div>
        <div>
          <dt>{t("decision.received")}</dt>
          <dd className="num">{format.timeFull(listed.received_at)}</dd>
        </div>
        <div>
          <dt>{t("decision.waited")}</dt>
          <dd className="num">{format.span(waited)}</dd>
        </div>
        {listed.receipt && (
          <div title={t("decision.receiptHint")}>
            <dt>{t("decision.receipt")}</dt>
            <dd>
              <Copied text={listed.receipt} shown={`…${listed.receipt.slice(-16)}`} />
            </dd>
          </div>
        )}
      </dl>
    </Panel>
  );
}
