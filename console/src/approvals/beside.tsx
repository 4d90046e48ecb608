// A version that is on its way beside the live one: what both decided since it began, and where they differ.
import { Link } from "react-router";
import type { Proposal } from "../api/types";
import { Outcome, OUTCOMES, Panel } from "../parts/parts";
import { useWords } from "../words/words";

type Figures = NonNullable<Proposal["beside"]>;

export function Beside({ beside }: { beside: Figures }) {
  const { t, format } = useWords();
  const { live, next } = beside;
  if (!live || !next) return null;
  const currency = beside.currency ?? "";
  const money = (minor: number) => (currency ? format.money(minor, currency) : format.number(minor));
  const share = (side: typeof live, name: string) => side.outcomes[name]?.share ?? 0;
  const there = OUTCOMES.filter((name) => live.outcomes[name] || next.outcomes[name]);
  return (
    <Panel title={t("approvals.beside")} aside={<span className="quiet">{t(beside.stage === "shadow" ? "approvals.besideShadow" : "approvals.besideShare", { percent: String(beside.percent ?? "") })}</span>}>
      {beside.failed && <p className="differs">{beside.failed}</p>}
      <div className="clip">
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{t("approvals.figure")}</th>
              <th scope="col" className="num">{t("approvals.live")}</th>
              <th scope="col" className="num">{t("approvals.next")}</th>
            </tr>
          </thead>
          <tbody>
            <tr><td>{t("approvals.fig.decisions")}</td><td className="num">{format.number(live.decisions)}</td><td className="num">{format.number(next.decisions)}</td></tr>
            <tr><td>{t("approvals.fig.alerts")}</td><td className="num">{format.number(live.alerts)}</td><td className="num">{format.number(next.alerts)}</td></tr>
            <tr><td>{t("approvals.fig.held")}</td><td className="num">{money(live.money_held_minor)}</td><td className="num">{money(next.money_held_minor)}</td></tr>
            {there.map((name) => (
              <tr key={name}><td><Outcome name={name} /></td><td className="num">{format.percent(share(live, name))}</td><td className="num">{format.percent(share(next, name))}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      {(beside.moved ?? []).length > 0 && (
        <>
          <h3>{t("approvals.moved")}</h3>
          <ul className="plain">
            {(beside.moved ?? []).map((each) => (
              <li key={`${each.live}/${each.next}`}>
                <Outcome name={each.live} /> → <Outcome name={each.next} /> {t("approvals.movedOf", { n: format.number(each.decisions), money: money(each.money_minor) })}
              </li>
            ))}
          </ul>
        </>
      )}
      <p><Link to="/monitoring?by=policy">{t("approvals.watch")}</Link></p>
    </Panel>
  );
}
