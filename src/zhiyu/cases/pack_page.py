"""The page of a report pack: one HTML file that needs nothing else, English and Chinese in one, made to be printed as well.

In: a case as it is told over HTTP, who is behind it, its nest. Out: the page. Every text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhiyu.base.money import say_money
from zhiyu.evaluation.backtest_page_parts import both, plain, row, table, whole
from zhiyu.evaluation.backtest_words import Said

SHOWN = 200
_DISPOSITIONS = {
    "fraud": Said("confirmed fraud", "确认欺诈"), "false_positive": Said("false positive", "误报"), "unclear": Said("unclear", "不明"),
}  # fmt: skip


def pack_page(
    case: Mapping[str, Any], behind: Mapping[str, Any], nest: Mapping[str, Any], facts: Mapping[str, Any], language: str
) -> str:
    """The page; `language`: the one that is shown first; `facts`: as the manifest has them."""
    title, currency = Said(f"Case {case['number']}", f"案件 {case['number']}"), case["currency"]
    by, at, what_for = facts["by"], facts["at"], facts["purpose"]
    made = Said(f"made by {by} at {at} for: {what_for}", f"{by} 于 {at} 生成，用途：{what_for}")
    why = Said(case["why"]["en"], case["why"]["zh"])
    files = [_row(each["name"], each["kind"], f"{each['size']:,}", each["digest"]) for each in case["files"]]
    steps = [_row(each["at"], each["by"], each["verb"], each["text"]) for each in case["timeline"]]
    shared = Said("Things shared with others, the rarest first", "与他人共用的关联项（由少到多）")
    body = [
        f"<h1>{both(title)}</h1><p class='soft'>{both(made)}</p>",
        f"<p>{both(why)}</p>",
        _head(case),
        _section(
            Said("Decisions and alerts", "决策与告警"), _ALERTS, [_alert(e, currency) for e in case["alerts"][:SHOWN]]
        ),
        _section(Said("Whom its events name", "涉及的人与物"), _WHO, [_who(each) for each in case["entities"][:SHOWN]]),
        _section(shared, _THINGS, [_thing(each, currency) for each in behind["things"]]),
        _section(Said("Who shares them", "共用者"), _PEOPLE, [_person(each, currency) for each in behind["people"]]),
        _nest(nest, currency),
        _section(Said("Files", "附件"), _FILES, files),
        _section(Said("Timeline", "时间线"), _STEPS, steps),
    ]
    return whole(title.of(language), body, language)


def _heads(*names: tuple[str, str]) -> tuple[Said, ...]:
    return tuple(Said(en, zh) for en, zh in names)


_MONEY = ("money", "金额")
_ALERTS = _heads(
    ("time", "时间"),
    ("event", "事件"),
    ("type", "类型"),
    ("done", "处置"),
    ("came to", "最终"),
    _MONEY,
    ("reasons", "原因"),
)
_WHO = _heads(("what", "类别"), ("value", "取值"), ("alerts", "告警数"), ("first", "首次"), ("last", "最近"))
_THINGS = _heads(
    ("what", "类别"), ("value", "取值"), ("people", "人数"), ("events", "事件"), _MONEY, ("joins", "是否关联")
)
_PEOPLE = _heads(
    ("person", "人"),
    ("in the case", "案内"),
    ("weight", "权重"),
    ("over", "经由"),
    ("labelled fraud", "已标注欺诈"),
    _MONEY,
)
_RINGS = _heads(
    *(("ring", "层"), ("people", "人数"), ("labelled fraud", "已标注欺诈"), ("events", "事件"), _MONEY),
    *(("first", "首次"), ("last", "最近")),
)
_MEMBERS = _heads(("person", "人"), ("ring", "层"), ("labelled fraud", "已标注欺诈"), ("events", "事件"), _MONEY)
_FILES = _heads(("name", "名称"), ("kind", "类型"), ("bytes", "字节"), ("SHA-256", "SHA-256"))
_STEPS = _heads(("time", "时间"), ("by", "人员"), ("what", "操作"), ("text", "说明"))


def _row(*texts: Any) -> str:
    return row([plain("" if each is None else str(each)) for each in texts])


def _yes(value: bool) -> str:
    return "✓" if value else ""


def _section(heading: Said, heads: Sequence[Said], rows: list[str]) -> str:
    return f"<h2>{both(heading)}</h2><div class='scroll'>{table(heads, rows)}</div>" if rows else ""


def _head(case: Mapping[str, Any]) -> str:
    found = _DISPOSITIONS.get(case["disposition"] or "", Said("open", "未结"))
    kind = f" ({case['fraud_kind']})" if case["fraud_kind"] else ""
    facts = [
        (Said("about", "对象"), Said(case["shown"], case["shown"])), (Said("finding", "结论"), Said(found.en + kind, found.zh + kind)),
        (Said("money at risk", "涉险金额"), Said(*[say_money(case["money"], case["currency"])] * 2)),
        (Said("opened", "立案"), Said(*[str(case["opened"])] * 2)), (Said("closed", "结案"), Said(*[case["closed"] or "–"] * 2)),
    ]  # fmt: skip
    return table([name for name, _ in facts], [row([both(value) for _, value in facts])])


def _alert(alert: Mapping[str, Any], currency: str) -> str:
    reasons = "、".join(each["code"] for each in alert.get("reasons", ()))
    money = say_money(alert["money"], currency)
    return _row(
        alert["at"], alert["event"] or alert["id"], alert["type"], alert["outcome"], alert["final"], money, reasons
    )


def _who(who: Mapping[str, Any]) -> str:
    return _row(who["entity"], who["shown"], who["alerts"], who["first"], who["last"])


def _thing(thing: Mapping[str, Any], currency: str) -> str:
    money = say_money(thing["money"], currency)
    return _row(thing["entity"], thing["shown"], thing["people"], thing["events"], money, _yes(thing["joins"]))


def _person(person: Mapping[str, Any], currency: str) -> str:
    over = "、".join(f"{each['entity']} {each['shown']}" for each in person["via"][:5])
    money = say_money(person["money"], currency)
    return _row(person["shown"], _yes(person["in_case"]), person["weight"], over, _yes(person["fraud"]), money)


def _nest(nest: Mapping[str, Any], currency: str) -> str:
    rings = [
        _row(
            each["hop"],
            each["people"],
            each["frauds"],
            each["events"],
            say_money(each["money"], currency),
            each["first"],
            each["last"],
        )
        for each in nest["rings"]
    ]
    extent = (
        Said("the whole nest is shown", "已展示完整网络")
        if nest["complete"]
        else Said("there is more beyond", "网络未完全展开")
    )
    members = [
        _row(each["shown"], each["hop"], _yes(each["fraud"]), each["events"], say_money(each["money"], currency))
        for each in nest["people"][:SHOWN]
    ]
    sum_up = Said(
        f"{len(nest['people'])} people, {nest['events']} events, {say_money(nest['money'], currency)}; {extent.en}",
        f"{len(nest['people'])} 人，{nest['events']} 个事件，{say_money(nest['money'], currency)}；{extent.zh}",
    )
    return (
        f"<h2>{both(Said('The nest', '关联网络'))}</h2><p>{both(sum_up)}</p>{table(_RINGS, rings)}"
        f"<div class='scroll'>{table(_MEMBERS, members)}</div>"
    )
