// Rules of both versions: how often each hit, and how often it was right.
import { Button } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import type { Backtest } from "../api/types";
import { Panel } from "../parts/parts";
import { useWords } from "../words/words";

type Rule = Backtest["rules"][number];

export function Rules({ result }: { result: Backtest }) {
  const { t, format } = useWords();
  const [all, setAll] = useState(false);
  const moved = result.rules.filter((each) => each.difference !== 0 || !each.live || !each.candidate);
  const shown = all ? result.rules : moved;
  const rest = result.rules_of - moved.length;
  return (
    <Panel title={t("backtests.rules")} aside={rest > 0 && <Button size="small" type="text" onClick={() => setAll(!all)}>{t(all ? "backtests.someRules" : "backtests.allRules")}</Button>}>
      {shown.length > 0 && <Table rules={shown} />}
      {!all && (moved.length ? rest > 0 && <p className="quiet">{t("backtests.rulesAlike", { n: format.number(rest) })}</p> : <p className="quiet">{t("backtests.rulesNone")}</p>)}
    </Panel>
  );
}

function Table({ rules }: { rules: Rule[] }) {
  const { t, said, format } = useWords();
  const hits = (side: Rule["live"]) => (side ? format.number(side.hits) : t("backtests.absent"));
  const precision = (side: Rule["live"]) => (side?.precision === null || side?.precision === undefined ? "–" : format.percent(side.precision));
  return (
    <div className="clip" tabIndex={0} role="region" aria-label={t("backtests.rules")}>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">{t("backtests.rule")}</th>
            <th scope="col" className="num">{t("backtests.hits")}</th>
            <th scope="col" className="num">{t("backtests.hitsTried")}</th>
            <th scope="col" className="num">{t("backtests.difference")}</th>
            <th scope="col" className="num">{t("backtests.precision")}</th>
            <th scope="col" className="num">{t("backtests.precisionTried")}</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((each) => (
            <tr key={each.rule} data-rule={each.rule}>
              <td>
                <Link to={`/decisions?rule=${encodeURIComponent(each.rule)}`} title={each.rule}>{said({ en: each.en ?? each.rule, zh: each.zh ?? each.rule })}</Link>
              </td>
              <td className="num">{hits(each.live)}</td>
              <td className="num">{hits(each.candidate)}</td>
              <td className="num">{format.signed(each.difference)}</td>
              <td className="num">{precision(each.live)}</td>
              <td className="num">{precision(each.candidate)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
