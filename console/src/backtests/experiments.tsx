// Experiments inside flows of the policy in force: a list, and one of them compared arm by arm. Which one stands in the address.
import { useQuery } from "@tanstack/react-query";
import { Link, NavLink, useNavigate } from "react-router";
import { address, get } from "../api/http";
import type { Experiment, Experiments } from "../api/types";
import { useKeys } from "../keys/keys";
import { Empty, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { askedOf, placeOf } from "./arms";
import { Compared } from "./compared";

const KEPT_MS = 30_000;
const EXAMPLE = `flows:
  - name: payments
    on: [payment]
    nodes:
      - name: limit_test
        experiment:
          - {name: strict, percent: 10, to: strict_limit}
        by: customer
        salt: limits-1
        next: usual_limit
      - {name: strict_limit, rule_set: strict, next: done}
      - {name: usual_limit, rule_set: usual, next: done}
      - {name: done, severest: true}`;

export function ExperimentsOf({ asked }: { asked: string }) {
  const { t } = useWords();
  const go = useNavigate();
  const found = useQuery({ queryKey: ["experiments"], queryFn: ({ signal }) => get<Experiments>("/v1/experiments", {}, signal), staleTime: KEPT_MS });
  const rows = found.data?.experiments ?? [];
  const chosen = askedOf(rows, asked);
  const move = (by: number) => {
    const next = rows[(chosen ? rows.indexOf(chosen) : -1) + by];
    if (next) void go(addressOf(next), { replace: true });
  };
  useKeys("backtests", { down: () => move(1), up: () => move(-1) });
  if (found.isPending) return <Waiting />;
  if (found.error) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  if (!rows.length) return <None />;
  return (
    <div className="backtests">
      <Rail rows={rows} chosen={chosen} />
      {chosen ? <Compared key={placeOf(chosen)} experiment={chosen} policy={found.data.policy} /> : <Empty title={t("experiments.gone", { name: asked })} next={t("experiments.goneNext")} />}
    </div>
  );
}

function addressOf(each: Experiment): string {
  return address("/backtests", { experiment: placeOf(each) });
}

function Rail({ rows, chosen }: { rows: readonly Experiment[]; chosen: Experiment | undefined }) {
  const { t, said } = useWords();
  return (
    <nav className="rail of-tests" aria-label={t("experiments.list")}>
      {rows.map((each) => (
        <NavLink key={placeOf(each)} to={addressOf(each)} replace className={each === chosen ? "at" : ""} aria-current={each === chosen ? "page" : undefined}>
          <span>{said(each)}</span>
          <small>{t("experiments.of", { flow: said({ en: each.flow_en, zh: each.flow_zh }), by: each.by })}</small>
        </NavLink>
      ))}
    </nav>
  );
}

/** How to add one. */
function None() {
  const { t } = useWords();
  return (
    <Empty title={t("experiments.none")} next={t("experiments.noneNext")}>
      <pre className="example" tabIndex={0} role="region" aria-label={t("experiments.example")}>
        <code>{EXAMPLE}</code>
      </pre>
      <p className="acts-of">
        <Link className="button" to="/studio">{t("experiments.toStudio")}</Link>
      </p>
    </Empty>
  );
}
