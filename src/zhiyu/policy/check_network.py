"""Checks of `network:`: who is a person, what links, over which window, and what should not link.

In: the examination so far. Out: problems; a warning where a link would join strangers, with what was measured.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.windows import MAX_WINDOW_MS, parse_duration_ms, say_duration
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.result_type import misfit
from zhiyu.network.declare import Link, Network
from zhiyu.network.layout import MAX_COUNTED, MAX_LINKS
from zhiyu.network.plan import MAX_ALERT, MAX_LAG, MAX_PEOPLE, MAX_WEIGHT, MIN_ALERT, MIN_LAG, WEIGHT_SCALE, weight_of
from zhiyu.policy.checked import Checked
from zhiyu.policy.places import Path

PATH: Path = ("network",)
CROWDS = {"ip": ("an IP address", "IP 地址"), "geo": ("a place", "地理位置"), "employer": ("an employer", "单位")}
"""Kinds of field, or entities, that strangers share."""
MIN_PERSONS = (2, 64)
MAX_LISTED = 10_000


def network(checked: Checked) -> None:
    """Check the network of the policy, if it has one."""
    declared = checked.policy.network
    if declared is None:
        return
    for name, part in ((declared.person, "person"), (declared.amount, "amount")):
        if name or part == "person":
            _field(checked, name, (*PATH, part), part)
    unfit = misfit("sum", checked.known.names.get(declared.amount)) if declared.amount in checked.known.names else None
    if unfit:
        checked.error(
            "feature.type", (*PATH, "amount"), f"`amount` of the network: {unfit[0]}", f"关系网络的 amount：{unfit[1]}"
        )
    _links(checked, declared)
    _windows(checked, declared)
    _on(checked, declared)
    _gang(checked, declared)
    low, high = MIN_PERSONS
    if not low <= declared.min_persons <= high:
        en, zh = (
            f"`min_persons` is {low} to {high}; this is {declared.min_persons}",
            f"min_persons 为 {low} 至 {high}，此处为 {declared.min_persons}",
        )
        checked.error("limit.network", (*PATH, "min_persons"), en, zh)


def _field(checked: Checked, name: str, path: Path, part: str) -> Type | None:
    known = checked.known
    type_ = known.names.get(name)
    if type_ is None:
        hint = did_you_mean(name, known.names) or Hint(
            f"fields: {', '.join(list(known.names)[:12])}", f"字段：{'、'.join(list(known.names)[:12])}"
        )
        checked.error(
            "field.unknown",
            path,
            f"`{part}` of the network: unknown field '{name}'",
            f"关系网络的 {part}：未知字段“{name}”",
            hint,
        )
    elif part != "amount" and (type_.is_list or type_.kind is Kind.FLOAT):
        hint = Hint("use a text, a whole number, a time or a place", "改用文本、整数、时间或位置")
        checked.error(
            "feature.key",
            path,
            f"'{name}' cannot be compared exactly and links nobody",
            f"“{name}”无法精确比较，不能用于关联",
            hint,
        )
    elif known.missing_on(name, known.facts):
        checked.error("field.absent", path, f"no event carries '{name}'", f"没有事件带有“{name}”")
    return type_


def _links(checked: Checked, declared: Network) -> None:
    if not 1 <= len(declared.links) <= MAX_LINKS:
        en, zh = (
            f"a network has 1 to {MAX_LINKS} links; this has {len(declared.links)}",
            f"关系网络须有 1 至 {MAX_LINKS} 个关联，此处 {len(declared.links)} 个",
        )
        checked.error("limit.network", (*PATH, "links"), en, zh)
    seen: set[str] = set()
    for number, link in enumerate(declared.links):
        path: Path = (*PATH, "links", number)
        type_ = _field(checked, link.field, (*path, "field"), "links")
        if link.field in seen or link.field == declared.person:
            en, zh = f"'{link.field}' is already part of the network", f"“{link.field}”在关系网络中已出现"
            checked.error("name.twice", (*path, "field"), en, zh, Hint("name each field once", "每个字段只写一次"))
        seen.add(link.field)
        _numbers(checked, link, path)
        if type_ is not None and link.joins:
            _crowd(checked, declared, link, path)
    if declared.links and not any(link.joins for link in declared.links):
        en, zh = "every link only weighs, so nobody is ever joined", "所有关联都只计权重，不会连接任何人"
        checked.error("network.joins", (*PATH, "links"), en, zh, Hint("let one link join", "至少让一个关联参与连接"))


def _numbers(checked: Checked, link: Link, path: Path) -> None:
    if not 1 <= link.max_people <= MAX_PEOPLE:
        en, zh = (
            f"`max_people` is 1 to {MAX_PEOPLE:,}; this is {link.max_people}",
            f"max_people 为 1 至 {MAX_PEOPLE:,}，此处为 {link.max_people}",
        )
        checked.error("limit.network", (*path, "max_people"), en, zh)
    weight = weight_of(link)
    if weight is None or not 1 <= weight <= MAX_WEIGHT:
        most = MAX_WEIGHT // WEIGHT_SCALE
        en, zh = (
            f"a weight is 0.001 to {most}, with three decimals; this is {link.weight}",
            f"权重为 0.001 至 {most}，最多三位小数，此处为 {link.weight}",
        )
        checked.error("limit.network", (*path, "weight"), en, zh)


def _crowd(checked: Checked, declared: Network, link: Link, path: Path) -> None:
    """What strangers share joins strangers: linked on IP, one component swallowed 377,000 people of a synthetic stream."""
    fields = [event.fields[link.field] for event in checked.policy.events if link.field in event.fields]
    words = next((CROWDS[word] for each in fields for word in (each.type, each.entity) if word in CROWDS), None)
    words = words or CROWDS.get(link.field)
    if words is None:
        return
    en = f"'{link.field}' is {words[0]}, which strangers share: joined on IP addresses, one component of a test stream held 377,000 people"
    zh = f"“{link.field}”是{words[1]}，互不相识的人也会共用：测试数据按 IP 关联时，一个关联网络吞并了 37.7 万人"
    checked.warn(
        "network.crowd",
        (*path, "field"),
        en,
        zh,
        Hint("let it weigh only: `joins: false`", "只让它计权重：`joins: false`"),
    )


def _duration(checked: Checked, text: str, path: Path) -> int | None:
    try:
        found = parse_duration_ms(text)
    except ValueError as fault:
        hint = Hint("write e.g. 30m, 24h or 7d", "例如 30m、24h 或 7d")
        checked.error("duration", path, str(fault), f"“{text}”不是时长；应为整数加单位，如 24h", hint)
        return None
    if not 0 < found <= MAX_WINDOW_MS:
        most = say_duration(MAX_WINDOW_MS)
        en, zh = f"it is longer than 0 and at most {most}; this is {text}", f"须大于 0 且不超过 {most}，此处为 {text}"
        checked.error("limit.window", path, en, zh)
        return None
    return found


def _windows(checked: Checked, declared: Network) -> None:
    window = _duration(checked, declared.window, (*PATH, "window"))
    _duration(checked, declared.half_life, (*PATH, "half_life"))
    if len(declared.counts) > MAX_COUNTED:
        en, zh = (
            f"at most {MAX_COUNTED} counted windows; these are {len(declared.counts)}",
            f"counts 最多 {MAX_COUNTED} 个窗口，此处 {len(declared.counts)} 个",
        )
        checked.error("limit.network", (*PATH, "counts"), en, zh)
    for number, text in enumerate(declared.counts):
        path: Path = (*PATH, "counts", number)
        counted = _duration(checked, text, path)
        if counted is not None and window is not None and counted >= window:
            en = f"{text} is not shorter than the window ({declared.window})"
            zh = f"{text} 不短于窗口（{declared.window}）"
            checked.error("limit.window", path, en, zh, Hint("make it shorter, or leave it out", "请缩短或删去"))
        if text in declared.counts[:number]:
            checked.error("name.twice", path, f"{text} is counted twice", f"{text} 重复")
    try:
        lateness = parse_duration_ms(checked.policy.clock.lateness)
    except ValueError:
        return  # reported where the clock is checked
    if window is not None and window <= lateness:
        en, zh = (
            f"the window is not longer than `clock.lateness` ({checked.policy.clock.lateness})",
            f"窗口不长于 clock.lateness（{checked.policy.clock.lateness}）",
        )
        checked.error("limit.window", (*PATH, "window"), en, zh, Hint("make it longer", "请加长窗口"))


def _gang(checked: Checked, declared: Network) -> None:
    if declared.gang is None:
        return
    path: Path = (*PATH, "gang")
    _duration(checked, declared.gang.window, (*path, "window"))
    _duration(checked, declared.gang.over_window, (*path, "over_window"))
    fields = [link.field for link in declared.links]
    for number, field in enumerate(declared.gang.over):
        if field not in fields:
            hint = did_you_mean(field, fields) or Hint(f"links: {', '.join(fields)}", f"关联字段：{'、'.join(fields)}")
            en, zh = f"`over` of the gang: '{field}' is no link", f"gang 的 over：“{field}”不是关联字段"
            checked.error("field.unknown", (*path, "over", number), en, zh, hint)
    if not MIN_LAG <= declared.gang.lag_events <= MAX_LAG:
        lag = declared.gang.lag_events
        en, zh = (
            f"`lag_events` is {MIN_LAG} to {MAX_LAG}; this is {lag}",
            f"lag_events 为 {MIN_LAG} 至 {MAX_LAG}，此处为 {lag}",
        )
        checked.error("limit.network", (*path, "lag_events"), en, zh)
    alert = declared.gang.alert_people
    if alert != 0 and not MIN_ALERT <= alert <= MAX_ALERT:
        en = f"`alert_people` is {MIN_ALERT} to {MAX_ALERT:,}, or 0 for no alerts; this is {alert}"
        zh = f"alert_people 为 {MIN_ALERT} 至 {MAX_ALERT:,}，0 表示不告警，此处为 {alert}"
        checked.error("limit.network", (*path, "alert_people"), en, zh)
    for name, listed in (("max_listed", declared.gang.max_listed), ("max_listed_1h", declared.gang.max_listed_1h)):
        if not 0 <= listed <= MAX_LISTED:
            en, zh = (
                f"`{name}` is 0 to {MAX_LISTED:,}; this is {listed}",
                f"{name} 为 0 至 {MAX_LISTED:,}，此处为 {listed}",
            )
            checked.error("limit.network", (*path, name), en, zh)


def _on(checked: Checked, declared: Network) -> None:
    for number, name in enumerate(declared.on):
        if name not in checked.known.facts:
            hint = did_you_mean(name, checked.known.facts) or Hint(
                f"event types: {', '.join(sorted(checked.known.facts))}",
                f"事件类型：{'、'.join(sorted(checked.known.facts))}",
            )
            checked.error(
                "event.unknown", (*PATH, "on", number), f"unknown event type '{name}'", f"未知的事件类型“{name}”", hint
            )
