// One experiment: what it does in a sentence, whether its split is as declared, its arms side by side, each against the rest.
import { Progress } from "antd";
import { useNames } from "../api/session";
import { useAnswer } from "../api/stream";
import type { Arm, Arms, Experiment } from "../api/types";
import { Empty, OUTCOMES, Panel, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import type { Key } from "../words/zh";
import { labelsDiffer, linesOf, probability, saidOf, shareOf, tooFew } from "./arms";
import { FigureTable, useFigure, type Line } from "./figures";

export function Compared({ experiment, policy }: { experiment: Experiment; policy: string }) {
  const { t, said } = useWords();
  const { busy, progress, answer: arms, failed } = useAnswer<Arms>(`/v1/experiments/${encodeURIComponent(experiment.flow)}/${encodeURIComponent(experiment.node)}/arms`, policy);
  return (
    <article className="backtest">
      <Panel title={said(experiment)} aside={<code>{`${experiment.flow}/${experiment.node}`}</code>}>
        <p>{said({ en: experiment.said_en, zh: experiment.said_zh })}</p>
        <dl className="facts">
          <dt>{t("experiments.by")}</dt><dd>{experiment.by}</dd>
          <dt>{t("experiments.salt")}</dt><dd>{experiment.salt || t("experiments.saltNone")}</dd>
        </dl>
        {!experiment.asked && <p className="flag">{t("experiments.behind")}</p>}
        {arms && <Span arms={arms} />}
        {busy && !arms && (
          <div className="running" role="status">
            <span className="state t-running">{progress ? t(`experiments.stage.${progress.stage}`) : t("experiments.running")}</span>
            <Progress percent={Math.round((progress?.done ?? 0) * 100)} aria-label={t("experiments.running")} />
          </div>
        )}
        {failed && <p className="flag" role="alert">{said(failed)}</p>}
      </Panel>
      {busy && !arms && <Waiting />}
      {arms && arms.decisions === 0 && experiment.asked && <Empty title={t("experiments.nobody")} next={t("experiments.nobodyNext")} />}
      {arms && arms.decisions > 0 && <Result arms={arms} />}
    </article>
  );
}

/** What is counted, and since when. */
function Span({ arms }: { arms: Arms }) {
  const { t, format } = useWords();
  const since = arms.since?.at ? t("experiments.since", { n: arms.since.number, at: format.time(arms.since.at) }) : t("experiments.sinceUnknown");
  const parts = [since];
  if (arms.first) parts.unshift(t("experiments.over", { n: format.number(arms.decisions), first: format.time(arms.first), until: format.time(arms.until) }));
  if (arms.labels) parts.push(t("experiments.labels", { share: format.percent(arms.labels.share_arrived) }));
  if (arms.unsplit) parts.push(t("experiments.unsplit", { n: format.number(arms.unsplit) }));
  return <p className="quiet">{parts.join(" ")}</p>;
}

function useArmName(): (arm: Arm | undefined) => string {
  const { t } = useWords();
  return (arm) => (!arm || arm.rest ? t("experiments.rest") : arm.name);
}

function Result({ arms }: { arms: Arms }) {
  const { t, format } = useWords();
  const by = useNames()("fields", arms.by);
  const name = useArmName();
  const base = name(arms.arms[arms.base]);
  const others = arms.arms.filter((_, at) => at !== arms.base).map((arm) => ({ arm, lines: linesOf(arm), names: { arm: name(arm), base } }));
  const p = probability(arms.split.p, format.number);
  return (
    <>
      {!arms.split.fits && <p className="differs" role="alert">{t("experiments.mismatch", { by, p })}</p>}
      <Panel title={t("experiments.short")}>
        <ul className="plain said">
          {others.map(({ arm, lines, names }) => (
            <li key={arm.name} data-arm-said={arm.name}>
              <b>{t("experiments.against", names)}</b>{t("experiments.colon")}<Verdicts lines={lines} base={base} by={by} currency={arms.currency} />
              {labelsDiffer(lines) && <span className="flag"> {t("experiments.labelsDiffer", names)}</span>}
            </li>
          ))}
          {arms.split.fits && <li>{t("experiments.fits", { by, p })}</li>}
        </ul>
      </Panel>
      <Side arms={arms} />
      {others.map(({ arm, lines, names }) => (
        <FigureTable key={arm.name} title={t("experiments.against", names)} lines={lines} currency={arms.currency} base={names.base} tried={names.arm} />
      ))}
      <p className="quiet">{t("experiments.method", { by })}</p>
    </>
  );
}

/** What is better, worse or only otherwise, in words. */
function Verdicts({ lines, base, by, currency }: { lines: readonly Line[]; base: string; by: string; currency: string }) {
  const { t, said } = useWords();
  const figure = useFigure(currency);
  if (tooFew(lines)) return t("experiments.tooFew", { by });
  const found = saidOf(lines);
  const parts = (["better", "worse", "moved"] as const).flatMap((each) => {
    const names = found[each].map((line) => t("experiments.named", { name: said(line), tried: figure(line.kind, line.found.candidate), base: figure(line.kind, line.found.live) }));
    return names.length ? [t(`experiments.${each}`, { names: names.join(t("common.comma")) })] : [];
  });
  return parts.length ? parts.join(" ") : t("experiments.nothing", { base });
}

/** Every arm a column. */
function Side({ arms }: { arms: Arms }) {
  const { t, format } = useWords();
  const names = useNames();
  const name = useArmName();
  const figure = useFigure(arms.currency);
  const count = (word: Key, value: (arm: Arm) => number, kind: "count" | "money" = "count"): [string, (arm: Arm, at: number) => string] => [t(word, { by: names("fields", arms.by) }), (arm) => figure(kind, value(arm))];
  const percent = (share: number | null) => (share === null ? "–" : format.percent(share));
  const rows: [string, (arm: Arm, at: number) => string][] = [
    [t("experiments.to"), (arm) => arm.to],
    [t("experiments.declared"), (arm) => percent(arm.percent / 100)],
    [t("experiments.seen"), (_, at) => percent(shareOf(arms, at))],
    count("experiments.decisions", (arm) => arm.decisions),
    count("experiments.keys", (arm) => arm.keys),
    count("experiments.frauds", (arm) => arm.frauds),
    count("experiments.caught", (arm) => arm.fraud_caught),
    count("experiments.fraudMoney", (arm) => arm.fraud_money, "money"),
    count("experiments.moneyCaught", (arm) => arm.fraud_money_caught, "money"),
    count("experiments.goods", (arm) => arm.goods),
    count("experiments.stopped", (arm) => arm.good_stopped),
    count("experiments.stoppedMoney", (arm) => arm.good_stopped_money, "money"),
    ...OUTCOMES.filter((each) => arms.arms.some((arm) => arm.outcomes[each])).map((each): [string, (arm: Arm) => string] => [
      names("outcomes", each),
      (arm) => `${format.number(arm.outcomes[each])} · ${percent(arm.decisions ? arm.outcomes[each] / arm.decisions : null)}`,
    ]),
  ];
  return (
    <Panel title={t("experiments.side")}>
      <div className="clip" tabIndex={0} role="region" aria-label={t("experiments.side")}>
        <table className="rows arms-of">
          <thead>
            <tr>
              <th scope="col">{t("experiments.arm")}</th>
              {arms.arms.map((arm) => <th key={arm.name} scope="col" className="num" data-arm={arm.name}>{name(arm)}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map(([word, value], number) => (
              <tr key={number}>
                <th scope="row">{word}</th>
                {arms.arms.map((arm, at) => <td key={arm.name} className="num">{value(arm, at)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
