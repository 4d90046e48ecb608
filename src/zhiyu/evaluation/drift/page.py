"""The page of drift: opens anywhere, both languages, no network, no script.

In: facts of a `Watch`. Out: HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table
from zhiyu.evaluation.backtest_plots import Series, plot
from zhiyu.evaluation.backtest_style import STYLE
from zhiyu.evaluation.backtest_words import Said
from zhiyu.models.drift import SCORE

TOP, TOP_ALERTS = 20, 100
MILLI = 1_000
"""Plots have whole steps; indexes and scores are drawn in thousandths."""
WHAT = {
    "score": Said("the score has moved", "分数分布变化"), "stability": Said("an input has moved", "输入分布变化"),
    "missing": Said("values are missing", "缺失率变化"), "calibration": Said("frauds found beside expected", "实际与预期欺诈之比"),
}  # fmt: skip


def page(facts: dict[str, Any]) -> str:
    """The whole page."""
    title = Said(f"Drift of {facts['model']}", f"{facts['model']} 的漂移")
    parts = [
        f"<h1>{both(title)}</h1><p class='soft'>{plain(facts['package'][:12])} · {_span(facts)}</p>", _summary(facts),
        f"<h2>{both(Said('Alerts', '告警'))}</h2>", _alerts(facts["alerts"]),
        f"<h2>{both(Said('By day', '按日'))}</h2>", _days(facts["days"]),
        f"<h2>{both(Said('By hour', '按小时'))}</h2>", _hours(facts["hours"]),
        f"<h2>{both(Said('Inputs', '输入'))}</h2>", _inputs(facts["inputs"]),
    ]  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{plain(title.en)}</title><style>{STYLE}</style></head><body>'
        '<input class="tongue" type="radio" name="tongue" id="tongue-en" checked><input class="tongue" type="radio" name="tongue" '
        'id="tongue-zh"><label class="tongue" for="tongue-en">English</label><label class="tongue" for="tongue-zh">中文</label>'
        f"<main>{''.join(parts)}</main></body></html>\n"
    )


def _span(facts: dict[str, Any]) -> str:
    days = facts["days"]
    words = Said(
        f"{facts['rows']:,} events, {facts['labelled']:,} labels",
        f"{facts['rows']:,} 个事件，{facts['labelled']:,} 个标签",
    )
    return f"{plain(days[0]['start'][:10])} … {plain(days[-1]['start'][:10])} · {both(words)}"


def _summary(facts: dict[str, Any]) -> str:
    score = next((line for line in facts["inputs"] if line["name"] == SCORE), None)
    now, lines = facts["now"], []
    if score is not None:
        value = score["stability"]
        word = Said("nothing has moved", "无明显变化") if value < 0.1 else Said("it has moved", "有变化")
        word = Said("it is another population", "人群已变") if value >= facts["limits"]["stability"] else word
        lines.append(
            Said(f"Stability index of the score {value:.3f}: {word.en}.", f"分数稳定性指数 {value:.3f}：{word.zh}。")
        )
    if now["auc"] is not None:
        figures = f"AUC {now['auc']:.4f}, AP {now['average_precision']:.4f}, KS {now['ks']:.4f}"
        lines.append(Said(f"Against the labels that have matured: {figures}.", f"以已成熟标签计：{figures}。"))
    return f'<div class="summary">{"".join(f"<p>{both(line)}</p>" for line in lines)}</div>'


def _alerts(alerts: Sequence[dict[str, Any]]) -> str:
    if not alerts:
        return f"<p>{both(Said('None.', '无。'))}</p>"
    heads = (
        Said("from", "起"),
        Said("span", "跨度"),
        Said("what", "内容"),
        Said("value of", "对象"),
        Said("value", "值"),
        Said("limit", "界限"),
        Said("events", "事件"),
    )
    rows = [
        row([
            plain(each["start"]), both(Said(each["span"], "日" if each["span"] == "day" else "时")), both(WHAT[each["what"]]),
            plain(each["input"]), f"{each['value']:.3f}", f"{each['limit']:.3f}", f"{each['rows']:,}",
        ])
        for each in alerts[:TOP_ALERTS]
    ]  # fmt: skip
    more = len(alerts) - TOP_ALERTS
    note = f"<p class='note'>{both(Said(f'and {more:,} more', f'另有 {more:,} 条'))}</p>" if more > 0 else ""
    return f"<div class='scroll'>{table(heads, rows)}</div>{note}"


def _days(days: Sequence[dict[str, Any]]) -> str:
    dates, every = [day["start"][:10] for day in days], [True] * len(days)
    stability = [MILLI * (day["score"] or {}).get("stability", 0.0) for day in days]
    mean = [MILLI * day["mean_score"] for day in days]
    labelled = [day["calibration"] is not None for day in days]
    expected = [(day["calibration"] or {}).get("expected", 0.0) for day in days]
    found = [(day["calibration"] or {}).get("found", 0.0) for day in days]
    drawn = (
        (Said("stability index of the score", "分数稳定性指数"), [Series("candidate", stability)], every, _milli),
        (Said("mean score", "平均分"), [Series("share", mean)], every, _milli),
        (
            Said("frauds: expected by the score (grey), found (orange)", "欺诈：按分数预期（灰）与实际（橙）"),
            [Series("live", expected), Series("candidate", found)], labelled, _whole,
        ),
        (Said("events", "事件数"), [Series("live", [float(day["rows"]) for day in days])], every, _whole),
    )  # fmt: skip
    plots = [f"<div><h3>{both(said)}</h3>{plot(dates, series, shown, say)}</div>" for said, series, shown, say in drawn]
    return f'<div class="plots">{"".join(plots)}</div>'


def _hours(hours: Sequence[dict[str, Any]]) -> str:
    starts, every = [hour["start"][:13].replace("T", " ") for hour in hours], [True] * len(hours)
    stability = [MILLI * (hour["score"]["stability"] or 0.0) for hour in hours]
    said = Said("stability index of the score; at night other people come", "分数稳定性指数；夜间人群本就不同")
    return f"<div><h3>{both(said)}</h3>{plot(starts, [Series('candidate', stability)], every, _milli)}</div>"


def _inputs(lines: Sequence[dict[str, Any]]) -> str:
    heads = (
        Said("value", "值"),
        Said("stability index", "稳定性指数"),
        Said("missing", "缺失"),
        Said("in training", "训练时"),
    )
    rows = [
        row(
            [plain(line["name"]), f"{line['stability']:.4f}", f"{line['missing']:.2%}", f"{line['missing_before']:.2%}"]
        )
        for line in lines[:TOP]
    ]
    note = Said(
        "below 0.1 nothing has moved, above 0.25 it is another population", "低于 0.1 无变化，高于 0.25 说明人群已变"
    )
    return f"{table(heads, rows)}<p class='note'>{both(note)}</p>"


def _milli(value: float) -> str:
    return f"{value / MILLI:.3f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"
