"""The hourly report as one HTML page in both languages.

In: `FeatureReport`. Out: HTML that needs nothing else.
"""

from __future__ import annotations

from html import escape
from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table, whole
from zhiyu.evaluation.backtest_words import Said
from zhiyu.evaluation.hourly.run import FeatureReport

SHOWN = 400
WHAT = {
    "missing": Said("more is missing", "缺失增多"), "errors": Said("more errors", "错误增多"),
    "shift": Said("distribution moved", "分布偏移"),
    "rise": Said("mean rose", "均值上升"), "volume": Said("number of events", "事件量异常"),
}  # fmt: skip


def page(report: FeatureReport, language: str = "en") -> str:
    """The newest closed hour in full, and the anomalies of all."""
    hours = report.hours
    closed = hours[-1] if hours else report.last
    body = [f"<h1>{both(Said('Live variables, hour by hour', '实时变量小时报告'))}</h1>", _anomalies(report)]
    if closed is not None:
        body += [_head(closed), _risers(closed), _variables(closed)]
    body.append(_method())
    return whole("Zhiyu features · 智御变量报告", body, language)


def _anomalies(report: FeatureReport) -> str:
    newest = report.anomalies[::-1][:SHOWN]
    said = Said(
        f"{len(report.anomalies):,} anomalies in {report.counted.closed:,} hours",
        f"{report.counted.closed:,} 个小时中有 {len(report.anomalies):,} 个异常",
    )
    heads = [Said("hour (UTC)", "小时（UTC）"), Said("event", "事件"), Said("variable", "变量"), Said("what", "异常"), Said("now", "当前"),
             Said("before", "此前"), Said("log position", "日志位置")]  # fmt: skip
    lines = [
        row([plain(x["hour"]), plain(x["about_type"]), plain(x["variable"]), both(WHAT[x["anomaly"]]), _n(x["value"]), _n(x["before"]),
             f"{x['at_position']:,}"]) for x in newest
    ]  # fmt: skip
    return f"<h2>{both(said)}</h2>" + (table(heads, lines) if lines else "")


def _head(hour: dict[str, Any]) -> str:
    events = ", ".join(f"{escape(name)} {count:,}" for name, count in hour["events"].items())
    return f'<h2>{plain(hour["hour"])}</h2><p class="soft">{events}</p>'


def _risers(hour: dict[str, Any]) -> str:
    if not hour["risers"]:
        return ""
    heads = [
        Said("event", "事件"),
        Said("variable", "变量"),
        Said("mean", "均值"),
        Said("before", "此前"),
        Said("times", "倍数"),
    ]
    lines = [
        row([plain(x["type"]), plain(x["variable"]), _n(x["mean"]), _n(x["mean_before"]), f"{x['rise']:.2f}"])
        for x in hour["risers"]
    ]
    return f"<h3>{both(Said('top risers', '上升最多'))}</h3>" + table(heads, lines)


def _variables(hour: dict[str, Any]) -> str:
    heads = [Said("event", "事件"), Said("variable", "变量"), Said("events", "事件数"), Said("missing", "缺失"), Said("errors", "错误"),
             Said("distinct", "不同值"), Said("p5", "p5"), Said("median", "中位"), Said("p95", "p95"),
             Said("mean", "均值"), Said("PSI", "PSI")]  # fmt: skip
    lines = [_variable(each) for each in hour["variables"][:SHOWN]]
    return f'<h3>{both(Said("variables", "变量"))}</h3><div class="scroll">' + table(heads, lines) + "</div>"


def _variable(x: dict[str, Any]) -> str:
    q, about = x["quantiles"], "" if x["distinct_exact"] else "≈ "
    return row([
        plain(x["type"]), plain(x["variable"]), f"{x['n']:,}", f"{100 * x['missing']:.1f} %", f"{100 * x['errors']:.2f} %",
        f"{about}{x['distinct']:,}", _n(q["p5"]), _n(q["p50"]), _n(q["p95"]), _n(x["mean"]), _n(x["stability"]),
    ])  # fmt: skip


def _method() -> str:
    said = Said(
        "Counts, rates, means, least and greatest are exact; quantiles within 1/32 of the value, whole numbers to 31 exact; distinct exact "
        "below 256, else within about 6 %. Durations in milliseconds. Judged against the same hour of up to seven "
        "earlier days: what matters and is no chance (six standard errors).",
        "计数、比率、均值、最小值与最大值是精确的；分位数误差不超过值的 1/32，31 以内整数精确；不同值在 256 以下精确，"
        "否则约 6 %。"
        "时长为毫秒。与此前最多七天的同一小时比较：既要幅度足够，又要超出偶然（六倍标准误）。",
    )
    return f'<p class="why">{both(said)}</p>'


def _n(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
