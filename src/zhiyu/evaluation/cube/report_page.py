"""The page of a declared report: one HTML file that needs nothing else, English and Chinese in one.

In: what `report_of` gives. Out: the page. Every text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table, whole
from zhiyu.evaluation.backtest_words import Said
from zhiyu.evaluation.cube.ask import MEASURES
from zhiyu.evaluation.cube.asked import offset_of

_LINES = (Said("code", "代码"), Said("what", "项目"), Said("value", "数值"))
_DIMENSIONS = {
    "time": Said("time", "时间"), "stage": Said("stage", "环节"), "product": Said("product", "产品"), "channel": Said("channel", "渠道"),
    "region": Said("region", "地区"), "policy": Said("policy", "策略版本"), "outcome": Said("outcome", "处置"),
    "rule": Said("rule", "规则"), "model": Said("model", "模型"),
}  # fmt: skip
_REST, _ALL, _BEFORE = Said("the rest", "其余"), Said("all", "合计"), Said("before", "此前")


def report_page(report: Mapping[str, Any], language: str) -> str:
    """The page; `language`: the one that is shown first."""
    zone, money = report["offset"] or "UTC", f", {report['currency']}" if report["currency"] else ""
    begin, end = (_local(report[name], report["offset"]) for name in ("from", "until"))
    period = Said(f"{begin} to {end} ({zone}){money}", f"{begin} 至 {end}（{zone}）{money}")
    title = Said(report["en"], report["zh"])
    body = [f"<h1>{both(title)}</h1><p class='soft'>{both(period)}</p>"]
    if report["lines"]:
        heads = _LINES if any(line["code"] for line in report["lines"]) else _LINES[1:]
        cells = [
            [plain(line["code"]), both(Said(line["en"], line["zh"])), plain(figure(line["measure"], line["value"]))]
            for line in report["lines"]
        ]
        body.append(table(heads, [row(each[3 - len(heads) :]) for each in cells]))
    for part in report["tables"]:
        body.append(f"<h2>{both(Said(part['en'], part['zh']))}</h2><div class='scroll'>{_table(part)}</div>")
    counted = Said(
        f"First decisions, in the minute in which they were received; counted up to position {report['position']:,} of the log.",
        f"按收到时刻所在分钟统计首次决策；统计至日志位置 {report['position']:,}。",
    )
    body.append(f"<p class='note'>{both(counted)}</p>")
    return whole(title.of(language), body, language)


def _table(part: Mapping[str, Any]) -> str:
    before = any("before" in line for line in [*part["lines"], part["total"]])
    heads = [_DIMENSIONS.get(name, Said(name, name)) for name in part["by"]]
    for name in part["measures"]:
        heads += [Said(MEASURES[name].en, MEASURES[name].zh), *([_BEFORE] if before else [])]
    rows = [
        row([both(_REST) if line[name] is None else plain(line[name] or "–") for name in part["by"]] + _figures(part, line, before))
        for line in part["lines"]
    ]  # fmt: skip
    own = [both(_ALL)] + [""] * (len(part["by"]) - 1) if part["by"] else []
    return table(heads, [*rows, row(own + _figures(part, part["total"], before), start=True)])


def _local(moment: str, offset: str) -> str:
    """A moment in the zone of the report, without seconds."""
    zone = timezone(timedelta(milliseconds=offset_of(offset)))
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M}"


def _figures(part: Mapping[str, Any], line: Mapping[str, Any], before: bool) -> list[str]:
    found = []
    for name in part["measures"]:
        found.append(plain(figure(name, line[name])))
        if before:
            found.append(plain(figure(name, line.get("before", {}).get(name))))
    return found


def figure(measure: str, value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    if measure.endswith("_share"):
        return f"{value:.1%}"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
