"""The page of a gang report: one HTML file that needs nothing else, English and Chinese in one.

In: what `gang_report` gives. Out: the page. Every text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyu.base.money import say_money
from zhiyu.evaluation.backtest_page_parts import both, plain, row, table
from zhiyu.evaluation.backtest_style import STYLE
from zhiyu.evaluation.backtest_words import Said

_STATES = {"new": Said("new", "新增"), "growing": Said("growing", "扩张"), "standing": Said("standing", "不变")}
_CHANGES = {"EXPIRED": Said("expired", "已解散"), "SPLIT": Said("split", "分裂"), "ALERT": Said("alert", "告警")}
_TOTALS = (
    ("gangs", Said("gangs", "团伙")), ("people", Said("people", "人数")), ("new", Said("new", "新增")),
    ("growing", Said("growing", "扩张")),
    ("broken_up", Said("broken up", "解散或分裂")), ("alerts", Said("alerts", "告警")), ("known_bad", Said("known-bad people", "已知坏人")),
)  # fmt: skip
_HEADS = tuple(
    Said(en, zh)
    for en, zh in (
        ("gang", "团伙"), ("state", "状态"), ("people", "人数"), ("came", "新加入"), ("since", "起始"), ("score", "评分"),
        ("events", "事件"),
        ("money at risk", "风险金额"), ("known bad", "已知坏人"), ("alert", "告警"), ("members", "成员"),
    )
)  # fmt: skip
SHOWN_MEMBERS = 12


def gang_report_page(report: Mapping[str, Any], language: str) -> str:
    """The page; `language`: the one that is shown first."""
    totals, currency = report["totals"], report["currency"]
    title = Said("Gangs", "团伙报告")
    until = Said(f"{report['from']} to {report['until']} (UTC)", f"{report['from']} 至 {report['until']}（UTC）")
    counts = row(
        [plain(f"{totals[name]:,}") for name, _ in _TOTALS] + [plain(_money(totals[name], currency)) for name in _MONEY]
    )
    heads = [said for _, said in _TOTALS] + list(_MONEY.values())
    body = [
        f"<h1>{both(title)}</h1><p class='soft'>{both(until)}</p>", _warning(report), table(heads, [counts]),
        f"<h2>{both(Said('Gangs as they stand', '现有团伙'))}</h2><div class='scroll'>",
        table(_HEADS, [_gang(gang, currency) for gang in report["gangs"]]), "</div>",
    ]  # fmt: skip
    if report["left_out"]:
        left = report["left_out"]
        body.append(f"<p class='note'>{both(Said(f'{left:,} more are left out', f'另有 {left:,} 个未列出'))}</p>")
    for name, heading in (("broken_up", Said("Broken up", "解散与分裂")), ("alerts", Said("Alerts", "告警"))):
        if report[name]:
            body.append(f"<h2>{both(heading)}</h2>" + _changes(report[name]))
    tongues = "".join(
        f'<input class="tongue" type="radio" name="tongue" id="tongue-{each}"{" checked" if each == language else ""}/>'
        f'<label class="tongue" for="tongue-{each}">{name}</label>'
        for each, name in (("en", "English"), ("zh", "中文"))
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"/><title>{plain(title.of(language))}</title>'
        f"<style>{STYLE}</style></head><body>{tongues}<main>{''.join(body)}</main></body></html>\n"
    )


_MONEY = {
    "money_at_risk": Said("money at risk", "风险金额"),
    "new_money_at_risk": Said("of it in new gangs", "其中新增团伙"),
}


def _money(minor: int, currency: str) -> str:
    return say_money(minor, currency) if currency else f"{minor:,}"


def _warning(report: Mapping[str, Any]) -> str:
    if report["complete"]:
        return ""
    said = Said(
        "The record of changes does not reach back to the begin of this period.", "变化记录未能覆盖本周期的开始。"
    )
    return f"<p class='warning'>{both(said)}</p>"


def _gang(gang: Mapping[str, Any], currency: str) -> str:
    members = gang["members"][:SHOWN_MEMBERS]
    more = len(gang["members"]) - len(members)
    cells = [
        plain(gang["gang"]), both(_STATES[gang["state"]]), plain(gang["people"]), plain(gang["came"] or ""), plain(gang["since"] or ""),
        plain(f"{gang['score']:.2f}"), plain(gang["events"]), plain(_money(gang["amount"], currency)), plain(gang["bad"] or ""),
        both(Said("yes", "是")) if gang["alerted"] else "", plain(", ".join(members) + (f" + {more}" if more > 0 else "")),
    ]  # fmt: skip
    return row(cells)


def _changes(lines: list[Mapping[str, Any]]) -> str:
    heads = [
        Said("time", "时间"),
        Said("what", "变化"),
        Said("gang", "团伙"),
        Said("other", "另一团伙"),
        Said("people", "人数"),
    ]
    rows = [
        row(
            [
                plain(x["time"]),
                both(_CHANGES[x["what"]]),
                plain(x["gang"]),
                plain(x["other"] or ""),
                plain(x["people"] or ""),
            ]
        )
        for x in lines
    ]
    return table(heads, rows)
