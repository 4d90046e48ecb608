// What a proposal would do, before anybody decides: a policy's changes in sentences with its backtest, entries of a list with the rules
// that use it, personal values with their purpose.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Progress } from "antd";
import { Link } from "react-router";
import { get, send } from "../api/http";
import { useMay, useNames } from "../api/session";
import type { Proposal, Use } from "../api/types";
import { Uses } from "../lists/uses";
import { Copied, Panel, Trouble } from "../parts/parts";
import { useWords } from "../words/words";
import { bySection, sectionKey } from "./proposals";

const SHOWN = 40;
const DAYS = 30;

export function Effect({ proposal }: { proposal: Proposal }) {
  if (proposal.kind === "lists") return <ListEffect proposal={proposal} />;
  if (proposal.kind === "reveal" || proposal.kind === "export") return <RevealEffect proposal={proposal} />;
  return (
    <>
      <PolicyEffect proposal={proposal} />
      <Tested proposal={proposal} />
    </>
  );
}

function PolicyEffect({ proposal }: { proposal: Proposal }) {
  const { t, said, format } = useWords();
  const names = useNames();
  const step = proposal.step;
  const changes = proposal.changes ?? [];
  const count = proposal.count ?? changes.length;
  return (
    <Panel title={t("approvals.effect")} aside={<span className="quiet">{t("approvals.changes", { n: format.number(count) })}</span>}>
      <p className="preview-why">
        {t(`approvals.to.${step?.to === "shadow" || step?.to === "percentage" ? step.to : "live"}`, { name: proposal.name ?? proposal.about, percent: String(step?.percent ?? ""), by: names("fields", step?.by ?? "") })}{" "}
        {proposal.at_once === false ? t("approvals.warmsFirst") : t("approvals.atOnce")}
      </p>
      <p className="quiet">
        {t("approvals.from")} <Copied text={proposal.base ?? ""} shown={(proposal.base ?? "").slice(0, 12)} /> → <Copied text={proposal.policy ?? ""} shown={(proposal.policy ?? "").slice(0, 12)} />
      </p>
      {changes.length === 0 && <p>{t("approvals.noChange")}</p>}
      {bySection(changes.slice(0, SHOWN)).map(([section, parts]) => (
        <section key={section} className="diff">
          <h3>{t(sectionKey(section))}</h3>
          <ul>
            {parts.map((each, number) => (
              <li key={number} className={`c-${each.kind}`}>
                <b>{t(`approvals.change.${each.kind}` as "approvals.change.added")}</b> {said(each)}
              </li>
            ))}
          </ul>
        </section>
      ))}
      {count > Math.min(SHOWN, changes.length) && <p className="quiet">{t("approvals.moreChanges", { n: format.number(count - Math.min(SHOWN, changes.length)) })}</p>}
    </Panel>
  );
}

interface Backtest {
  state: "running" | "done" | "failed" | "cancelled" | "interrupted";
  days: number;
  progress?: number;
  live?: string;
  result?: { summary: { en: string; zh: string }[] };
  why?: { en: string; zh: string } | string;
}

/** What the events of the last days would have come to; begun here, with its progress, and cancelled. */
function Tested({ proposal }: { proposal: Proposal }) {
  const { t, said, format } = useWords();
  const queries = useQueryClient();
  const may = useMay("propose");
  const open = ["draft", "submitted", "approved"].includes(proposal.state);
  const test = proposal.backtest as Backtest | null | undefined;
  const act = useMutation({
    mutationFn: (step: "backtest" | "cancel") => send<Proposal>("POST", `/v1/proposals/${proposal.number}:${step}`, step === "backtest" ? { days: DAYS } : {}),
    onSuccess: (found) => queries.setQueryData(["proposal", String(proposal.number)], found),
  });
  const why = test?.why;
  return (
    <Panel title={t("approvals.backtest")}>
      {!test && <p className="quiet">{t(may && open ? "approvals.notTested" : "approvals.notTestedAsk")}</p>}
      {test?.state === "running" && <Progress percent={Math.round((test.progress ?? 0) * 100)} aria-label={t("approvals.backtest")} />}
      {test && test.state !== "running" && test.state !== "done" && (
        <p className="flag">
          {t(`approvals.test.${test.state}`)} {why && (typeof why === "string" ? why : said(why))}
        </p>
      )}
      {test?.state === "done" && (
        <>
          <ul className="plain said">{test.result?.summary.map((each, number) => <li key={number}>{said(each)}</li>)}</ul>
          <p className="quiet">{t("approvals.testedOver", { n: format.number(test.days) })}</p>
          {test.live !== undefined && test.live !== proposal.base && <p className="flag">{t("approvals.testedElse")}</p>}
        </>
      )}
      {act.error && <Trouble error={act.error} />}
      {may && open && (
        <p className="acts">
          {test?.state === "running" ? (
            <Button size="small" onClick={() => act.mutate("cancel")} loading={act.isPending}>
              {t("common.cancel")}
            </Button>
          ) : (
            <Button size="small" onClick={() => act.mutate("backtest")} loading={act.isPending}>
              {t("approvals.test", { n: DAYS })}
            </Button>
          )}
        </p>
      )}
    </Panel>
  );
}

function ListEffect({ proposal }: { proposal: Proposal }) {
  const { t, format } = useWords();
  const list = proposal.list ?? proposal.about;
  const uses = useQuery({ queryKey: ["uses", list], queryFn: ({ signal }) => get<{ uses: Use[]; entries?: number }>("/v1/policy/uses", { name: list }, signal), retry: false });
  const examples = proposal.examples ?? [];
  const count = proposal.count ?? examples.length;
  return (
    <Panel title={t("approvals.effect")}>
      <p className="preview-why">{t(proposal.op === "remove" ? "approvals.listRemove" : "approvals.listAdd", { n: format.number(count), list })}</p>
      {(proposal.stated ?? []).length > 0 && (
        <p>
          {t("approvals.stated")} {proposal.stated?.map((each) => <q key={each} className="because">{each}</q>)}
        </p>
      )}
      {uses.data?.entries !== undefined && <p>{t("approvals.listNow", { n: format.number(uses.data.entries) })}</p>}
      {uses.data && (uses.data.uses.length > 0 ? <p>{t("lists.uses")} <Uses uses={uses.data.uses} /></p> : <p className="quiet">{t("lists.noUse")}</p>)}
      <h3>{t("approvals.examples", { n: format.number(examples.length), all: format.number(count) })}</h3>
      <p className="mono examples">{examples.join(t("common.comma"))}</p>
    </Panel>
  );
}

function RevealEffect({ proposal }: { proposal: Proposal }) {
  const { t, format } = useWords();
  const names = useNames();
  const events = proposal.events ?? [];
  return (
    <Panel title={t("approvals.effect")}>
      <p className="preview-why">
        {proposal.kind === "export"
          ? t("approvals.export", { n: format.number(proposal.count ?? 0), who: `${proposal.type ?? ""} ${proposal.code ?? ""}` })
          : t("approvals.reveal", { n: format.number(proposal.count ?? 0), events: format.number(events.length) })}
      </p>
      <dl className="facts">
        <dt>{t("approvals.purpose")}</dt>
        <dd>{t(`purpose.${proposal.purpose}` as "purpose.police")}</dd>
        <dt>{t("approvals.note")}</dt>
        <dd>{proposal.note}</dd>
        <dt>{t("approvals.fields")}</dt>
        <dd>{proposal.fields?.length ? proposal.fields.map((each) => names("fields", each)).join(t("common.comma")) : t("approvals.allFields")}</dd>
      </dl>
      <p className="events">
        {events.slice(0, SHOWN).map((each) => (
          <Link key={each} className="tag" to={`/decisions/${encodeURIComponent(each)}`}>
            {each}
          </Link>
        ))}
        {events.length > SHOWN && " …"}
      </p>
    </Panel>
  );
}
