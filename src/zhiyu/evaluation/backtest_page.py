"""The page of a backtest: one HTML file that needs nothing else: no script, no network, English and Chinese in one.

In: `Backtested`. Out: HTML that is well-formed XML as well. Every text stands there twice, marked `en` and `zh`; two radio buttons and a
style sheet show one of them.
"""

from __future__ import annotations

from html import escape

from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.backtest_page_parts import both, row, whole
from zhiyu.evaluation.backtest_page_tables import (
    day_table,
    example_table,
    figure_table,
    matrix_table,
    rule_table,
    segment_tables,
)
from zhiyu.evaluation.backtest_plots import Series, plot
from zhiyu.evaluation.backtest_words import Said, notes, say_blind, summary
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_intervals import RESAMPLES


def page(b: Backtested, language: str = "en") -> str:
    """The whole page; `language` is the one it opens in."""
    body = [head(b), told(b)]
    if b.compared.n:
        body += [figures(b), moved(b), days(b), segments(b), rules(b), examples(b), labels(b)]
    body.append(method(b))
    return whole("Zhiyu backtest · 智御回测", body, language)


def head(b: Backtested) -> str:
    """Who is compared, over what."""
    first, last = b.span()
    lines = []
    for en, zh, side in (("live", "现行", b.live), ("candidate", "候选", b.candidate)):
        name = Said(side.en or side.name, side.zh or side.en or side.name)
        where = f"<code>{escape(side.folder)}</code>"
        lines.append(row([both(Said(en, zh)), both(name), where, f"<code>{side.hash}</code>"], "left"))
    span = f"{first} – {last}".replace("T", " ").replace("+00:00", " UTC")
    moved = b.moved / b.compared.n if b.compared.n else 0.0
    facts = Said(
        f"{b.compared.n:,} decisions by both, {b.moved:,} with another outcome ({moved:.2%}), {b.score_moved:,} with another score "
        f"only · {span} · seed {b.seed}",
        f"双方共同决策 {b.compared.n:,} 个，结果不同 {b.moved:,} 个（{moved:.2%}），仅分数不同 {b.score_moved:,} 个 · {span} · "
        f"种子 {b.seed}",
    )
    title = Said(
        "What would change if the candidate replaced the live policy", "若以候选策略替换现行策略，会有哪些变化"
    )
    return (
        f"<h1>{both(title)}</h1><p class='soft'>{both(facts)}<br/><code>{escape(b.events)}</code></p>"
        f"<table><tbody>{''.join(lines)}</tbody></table>"
    )


def told(b: Backtested) -> str:
    """The three sentences, warnings and notes."""
    parts = [f"<div class='summary'>{''.join(f'<p>{both(said)}</p>' for said in summary(b))}</div>"]
    parts += [f"<div class='warning'>{both(say_blind(each))}</div>" for each in b.blind]
    parts += [f"<p class='note'>{both(each)}</p>" for each in notes(b)]
    return "".join(parts)


def figures(b: Backtested) -> str:
    """Every figure with its interval."""
    drawn = Said("days" if b.clusters.by == "day" else "blocks of events", "天" if b.clusters.by == "day" else "事件块")
    why = Said(
        f"Stopped means challenge, delay, review or decline. The interval is that of the difference: {RESAMPLES:,} times {drawn.en} "
        f"were drawn anew ({b.clusters.count}), both policies with the same ones. An interval that holds 0 may be chance.",
        f"“拦下”指加强验证、延迟、人工审核或拒绝。区间针对差异：对{drawn.zh}（{b.clusters.count} 个）重抽 {RESAMPLES:,} 次，"
        "两策略用同一样本。区间包含 0 时可能是偶然。",
    )
    return _section(Said("Figures", "指标对比"), why, figure_table(b))


def moved(b: Backtested) -> str:
    """The matrix."""
    why = Said(
        "Rows: outcome under live. Columns: under the candidate. Orange: stricter, green: milder. Events, and their money below.",
        "行：现行结果；列：候选结果。橙色：更严；绿色：更松。上为事件数，下为金额。",
    )
    return _section(Said("Where outcomes moved", "结果的变动"), why, matrix_table(b))


def days(b: Backtested) -> str:
    """Four plots."""
    currency = b.live.currency
    dates = [day.date for day in b.days]
    every, ripe = [True] * len(dates), [day.maturity.arrived > 0 for day in b.days]
    plots = [
        (Said("Reviews a day", "每日人工审核"), "reviews", every),
        (Said("Fraud money missed", "漏过的欺诈金额"), "fraud_money_missed", ripe),
        (Said("Good events stopped", "误伤的正常事件"), "good_stopped", ripe),
    ]
    parts = []
    for title, name, shown in plots:
        money = name == "fraud_money_missed"
        digits = 10 ** MINOR_DIGITS.get(currency, 2) if money else 1
        series = [
            Series(side, [day.figures[name][at] / digits for day in b.days])
            for at, side in enumerate(("live", "candidate"))
        ]
        unit = f" ({currency})" if money and currency else ""
        drawn = plot(dates, series, shown, _axis)
        parts.append(f"<div><h3>{both(Said(title.en + unit, title.zh + unit))}</h3>{drawn}</div>")
    share = plot(dates, [Series("share", [day.maturity.share for day in b.days])], every, lambda v: f"{v:.0%}", 1.0)
    parts.append(
        f"<div><h3>{both(Said('Share of decisions whose label has arrived', '标签已到达的决策占比'))}</h3>{share}</div>"
    )
    key = (
        f"<p class='key'><i class='live'></i>{both(Said('live', '现行'))}<i class='candidate'></i>{both(Said('candidate', '候选'))}"
        f"<i class='shade'></i>{both(Said('no label of that day has arrived yet', '当日标签尚未到达'))}</p>"
    )
    return _section(
        Said("Day by day", "逐日对比"),
        Said("Days in UTC; days without a decision are left out.", "按 UTC 日；没有决策的日子略去。"),
        f"{key}<div class='plots'>{''.join(parts)}</div>",
    )


def _axis(value: float) -> str:
    for step, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= step:
            return f"{value / (1e3 if letter == 'k' else step):g}{letter}"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def segments(b: Backtested) -> str:
    """A table for each segment field."""
    if not b.segments:
        return ""
    why = Said(
        "The 20 most frequent values; the rest is “other”. With many groups some differences are chance: trust those far from 0.",
        "取最常见的 20 个值，其余归入“其他”。分组很多时，个别差异纯属偶然：请看远离 0 的。",
    )
    return _section(Said("By segment", "按分组"), why, segment_tables(b))


def rules(b: Backtested) -> str:
    """Rules whose hits changed most."""
    why = Said(
        "Rules whose number of hits changed most. Precision: share of frauds among hits whose label has arrived.",
        "命中数变化最大的规则。精确率：标签已到达的命中中欺诈的比例。",
    )
    return _section(Said("Rules", "规则"), why, rule_table(b))


def examples(b: Backtested) -> str:
    """The changed decisions with most money."""
    if not b.examples:
        return ""
    why = Said(
        f"The {len(b.examples)} of {b.moved:,} with the most money. All of them, with the rules that hit, are in changes.parquet.",
        f"{b.moved:,} 个变动中金额最大的 {len(b.examples)} 个。全部变动及其命中规则见 changes.parquet。",
    )
    return _section(Said("Decisions that changed", "变动的决策"), why, example_table(b))


def labels(b: Backtested) -> str:
    """Labels by day, folded away."""
    m, delay = b.maturity, b.compared.label_delay_ms / 86_400_000
    why = Said(
        f"A label takes effect {delay:g} days after its event. Arrived {m.arrived:,}; on their way {m.pending:,}; too young to expect one "
        f"{m.young:,}; old enough and without {m.missing:,}.",
        f"标签在事件后 {delay:g} 天生效。已到达 {m.arrived:,}；在途 {m.pending:,}；时间未到且无标签 {m.young:,}；"
        f"应到而无标签 {m.missing:,}。",
    )
    more = both(Said("Day by day, in numbers", "逐日数字"))
    return _section(Said("Labels", "标签"), why, f"<details><summary>{more}</summary>{day_table(b)}</details>")


def method(b: Backtested) -> str:
    """How the figures are made."""
    only, they, p = b.mcnemar
    exact = "–" if p is None else f"{p:.2g}"
    lines = [
        Said(
            "Both policies decided the same events in the same order, each with its own features and its own past decisions. What "
            "customers would have done after another decision is not known.",
            "两个策略按相同顺序对相同事件做决策，各用自己的特征与历史决策。若当时决策不同，客户会怎么做，无从得知。",
        ),
        Said(
            f"Frauds that only live stops: {only:,}; only the candidate: {they:,}; McNemar's exact test, two-sided: p = {exact}.",
            f"仅现行拦下的欺诈：{only:,}；仅候选拦下：{they:,}；McNemar 精确检验（双侧）p = {exact}。",
        ),
        Said(
            "Bootstrap: percentiles 2.5 and 97.5; days with and days without arrived labels are drawn apart. The busiest day has no "
            "interval: this method gives none for a maximum.",
            "自助法：取 2.5 与 97.5 百分位；标签已到达与未到达的日子分层抽取。最忙一日不给区间：此法不适用于最大值。",
        ),
    ]
    return _section(
        Said("How this was made", "方法说明"), None, "".join(f"<p class='why'>{both(each)}</p>" for each in lines)
    )


def _section(title: Said, why: Said | None, body: str) -> str:
    said = f"<p class='why'>{both(why)}</p>" if why else ""
    return f"<section><h2>{both(title)}</h2>{said}<div class='scroll'>{body}</div></section>"
