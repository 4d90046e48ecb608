"""The tables of the page: figures, matrix, segments, rules, days, changed decisions.

In: `Backtested`. Out: HTML tables in both languages.
"""

from __future__ import annotations

from datetime import UTC, datetime

from zhiyu.decisions.explain import OUTCOME_ZH, Explanation
from zhiyu.evaluation.backtest_page_parts import both, plain, row, table
from zhiyu.evaluation.backtest_words import NONE, VERDICTS, Said, change, interval, number, verdict, whole_money
from zhiyu.evaluation.backtested import Backtested, SegmentLine
from zhiyu.evaluation.compare_figures import FIGURES, Figure
from zhiyu.evaluation.compare_intervals import Estimate
from zhiyu.evaluation.compare_rules import Mover, Record
from zhiyu.policy.outcomes import OUTCOMES

RULES_SHOWN = 15
BY_NAME = {figure.name: figure for figure in FIGURES}
STARTS = {"good_stopped", "approval_rate"}
SEGMENT_FIGURES = (
    "fraud_caught",
    "fraud_money_caught",
    "good_stopped",
    "good_stopped_rate",
    "approval_rate",
    "reviews",
)


def figure_table(b: Backtested) -> str:
    """All figures; money lines only where the policy has money."""
    rows = []
    for figure in FIGURES:
        if figure.kind == "money" and not b.live.currency:
            continue
        e = b.figures[figure.name]
        cells = [both(Said(figure.en, figure.zh)), *_pair(figure, e, b), *_difference(figure, e, b)]
        rows.append(row(cells, start=figure.name in STARTS))
    most, then = b.reviews_max
    step = change(float(then - most), "count", "")
    rows.append(
        row(
            [
                both(Said("reviews on the busiest day", "最忙一日人工审核")),
                f"{most:,}",
                f"{then:,}",
                both(step),
                NONE,
                "",
            ]
        )
    )
    heads = [
        Said("", ""), Said("live", "现行"), Said("candidate", "候选"), Said("difference", "差异"), Said("95% interval", "95% 区间"),
        Said("", ""),
    ]  # fmt: skip
    return table(heads, rows)


def _pair(figure: Figure, e: Estimate, b: Backtested) -> list[str]:
    return [plain(number(value, figure.kind, b.live.currency)) for value in (e.live, e.candidate)]


def _difference(figure: Figure, e: Estimate, b: Backtested) -> list[str]:
    """Difference, interval, verdict."""
    found, currency = verdict(figure, e), b.live.currency
    said = both(change(e.difference, figure.kind, currency))
    word = f"<span class='{found}'>{both(VERDICTS[found])}</span>" if found else ""
    return [f"<span class='{found}'>{said}</span>" if found else said, both(interval(e, figure.kind, currency)), word]


def matrix_table(b: Backtested) -> str:
    """6 × 6, events and money."""
    counts, money = b.matrix
    rows = []
    for live, name in enumerate(OUTCOMES):
        cells = [f"<td>{both(Said(name, OUTCOME_ZH[name]))}</td>"]
        for candidate in range(len(OUTCOMES)):
            n = int(counts[live, candidate])
            kind = "none" if not n else "stay" if live == candidate else "up" if candidate > live else "down"
            worth = (
                plain(number(float(money[live, candidate]), "money", b.live.currency)) if b.live.currency and n else ""
            )
            cells.append(
                f"<td class='{kind}'>{f'{n:,}' if n else '·'}{f'<small>{worth}</small>' if worth else ''}</td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = [Said("live ↓ candidate →", "现行 ↓ 候选 →"), *(Said(name, OUTCOME_ZH[name]) for name in OUTCOMES)]
    return table(heads, rows, "matrix")


def segment_tables(b: Backtested) -> str:
    """One table per field: for each figure what live has, and the difference with its interval below."""
    shown = [BY_NAME[each] for each in SEGMENT_FIGURES if BY_NAME[each].kind != "money" or b.live.currency]
    live, difference = both(Said("live", "现行")), both(Said("difference", "差异"))
    heads = [Said(each.en.split(" (")[0], each.zh.split("（")[0]) for each in shown]
    above = "".join(f"<th colspan='2' class='group'>{both(each)}</th>" for each in heads)
    below = f"<th class='first'>{live}</th><th>{difference}</th>" * len(shown)
    parts = []
    for name, lines in b.segments:
        own = f"<th rowspan='2'><code>{plain(name)}</code></th><th rowspan='2'>{both(Said('decisions', '决策数'))}</th>"
        rows = "".join(_segment_row(b, line, shown) for line in lines)
        parts.append(
            f"<table class='segment'><thead><tr>{own}{above}</tr><tr>{below}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return "".join(parts)


def _segment_row(b: Backtested, line: SegmentLine, shown: list[Figure]) -> str:
    rest = {"other": Said("(other)", "（其他）"), "null": Said("(null)", "（空）")}
    name = plain(line.group.value) if line.group.kind == "value" else both(rest[line.group.kind])
    cells = f"<td>{name}</td><td>{line.decisions:,}</td>"
    for figure in shown:
        e = line.figures[figure.name]
        said, span, _ = _difference(figure, e, b)
        below = f"<small>{span}</small>" if e.difference else ""
        live = whole_money(e.live, b.live.currency) if figure.kind == "money" else number(e.live, figure.kind, "")
        cells += f"<td class='first'>{plain(live)}</td><td>{said}{below}</td>"
    return f"<tr>{cells}</tr>"


def rule_table(b: Backtested) -> str:
    """The top movers."""
    heads = [
        Said("rule", "规则"), Said("hits: live", "命中：现行"), Said("candidate", "候选"), Said("difference", "差异"),
        Said("precision: live", "精确率：现行"), Said("candidate", "候选"), Said("labelled: live", "有标签：现行"),
        Said("candidate", "候选"),
    ]  # fmt: skip
    rows = [_rule_row(each) for each in b.movers[:RULES_SHOWN]]
    return table(heads, rows)


def _rule_row(mover: Mover) -> str:
    def cell(record: Record | None, kind: str) -> str:
        if record is None:
            return both(Said("no such rule", "无此规则")) if kind == "hits" else NONE
        if kind == "hits":
            return f"{record.hits:,}"
        return plain(number(record.precision, "rate", "")) if kind == "precision" else f"{record.labelled:,}"

    sides = (mover.live, mover.candidate)
    difference = change(float(mover.difference), "count", "")
    cells = [f"<code>{plain(mover.rule)}</code>", *(cell(s, "hits") for s in sides), both(difference)]
    return row([*cells, *(cell(s, "precision") for s in sides), *(cell(s, "labelled") for s in sides)])


def day_table(b: Backtested) -> str:
    """Labels and the main counts of each day."""
    heads = [
        Said("day (UTC)", "日期（UTC）"), Said("decisions", "决策数"), Said("label arrived", "标签已到"), Said("on their way", "在途"),
        Said("share arrived", "到达率"), Said("reviews: live", "审核：现行"), Said("candidate", "候选"),
        Said("frauds missed: live", "漏过欺诈：现行"), Said("candidate", "候选"), Said("good stopped: live", "误伤：现行"),
        Said("candidate", "候选"),
    ]  # fmt: skip
    rows = []
    for day in b.days:
        m = day.maturity
        cells = [day.date, f"{m.decisions:,}", f"{m.arrived:,}", f"{m.pending:,}", f"{m.share:.0%}"]
        for name in ("reviews", "fraud_missed", "good_stopped"):
            cells += [plain(number(value, "count", "")) for value in day.of(name)]
        rows.append(row(cells))
    return table(heads, rows)


def example_table(b: Backtested) -> str:
    """Changed decisions with both explanations."""
    heads = [
        Said("event", "事件"), Said("money", "金额"), Said("label", "标签"), Said("live", "现行"), Said("candidate", "候选"),
    ]  # fmt: skip
    rows = []
    for each in b.examples:
        when = datetime.fromtimestamp(each.time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        money = plain(number(float(each.money), "money", b.live.currency)) if b.live.currency else NONE
        cells = [
            f"<code>{plain(each.event_id)}</code><br/><span class='soft'>{when}</span>",
            money,
            _label(b, each.time_ms, each.label),
        ]
        sides = ((each.live, each.candidate), (each.candidate, each.live))
        rest = "".join(f"<td class='wrap'>{_because(*two)}</td>" for two in sides)
        rows.append("<tr>" + "".join(f"<td class='top'>{cell}</td>" for cell in cells) + rest + "</tr>")
    return table(heads, rows, "examples")


def _label(b: Backtested, time_ms: int, label: int) -> str:
    if label < 0:
        return both(Said("none", "无"))
    if time_ms + b.compared.label_delay_ms > b.compared.clock_ms:
        return both(Said("on its way", "在途"))
    return f"<span class='{'worse' if label else 'same'}'>{both(Said('fraud', '欺诈') if label else Said('good', '正常'))}</span>"


def _because(why: Explanation, other: Explanation) -> str:
    """The outcome, then each rule in words; what hit on both sides alike is grey. The event is named in the first column already."""
    also = {hit.rule for hit in other.rules}
    name = both(Said(why.outcome, OUTCOME_ZH[why.outcome]))
    score = both(Said(f"score {why.score}", f"{why.score} 分"))
    lines = [
        f"<li class='{'soft' if hit.rule in also else 'own'}'>{both(Said(hit.en, hit.zh))}</li>" for hit in why.rules
    ]
    rules = f"<ul>{''.join(lines)}</ul>" if lines else f"<br/>{both(Said('no rule hit', '没有规则命中'))}"
    return f"<b>{name}</b> ({score}){rules}"
