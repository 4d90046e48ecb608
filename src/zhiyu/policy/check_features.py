"""Checks of single aggregate features: what they count, by which key, over which window, on which events.

In: the examination so far and one feature. Out: its result type; problems go into the examination.
"""

from __future__ import annotations

from dataclasses import replace

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.windows import MAX_WINDOW_MS, parse_duration_ms, say_duration
from zhiyu.expressions.types import FLOAT, Kind, Type
from zhiyu.features.declare import AGGREGATES
from zhiyu.features.result_type import aggregate_type, misfit
from zhiyu.policy.checked import Checked
from zhiyu.policy.expand import Expanded
from zhiyu.policy.places import Path

MAX_KEY_PARTS = 4


def aggregate_problems(checked: Checked, expanded: Expanded) -> Type:
    """Check one aggregate feature; its result type, or FLOAT when it has none that makes sense."""
    feature, path = expanded.feature, expanded.path
    if not feature.aggregate:
        en = f"feature '{feature.name}' needs `aggregate` (with `by` and `over`) or `expr`"
        zh = f"特征“{feature.name}”缺少 aggregate（以及 by、over）或 expr"
        checked.error(
            "feature.incomplete",
            path,
            en,
            zh,
            Hint(f"aggregates: {', '.join(AGGREGATES)}", f"聚合方式：{'、'.join(AGGREGATES)}"),
        )
        return FLOAT
    on = _on(checked, expanded)
    window = _window(checked, expanded)
    _keys(checked, expanded, on)
    of = None
    if feature.of:
        of = _field(checked, expanded, feature.of, "of", on)
        if of is None:
            return FLOAT
    unfit = misfit(feature.aggregate, of)
    if unfit:
        en, zh = f"feature '{feature.name}': {unfit[0]}", f"特征“{feature.name}”：{unfit[1]}"
        checked.error("feature.type", (*path, "of" if feature.of else "aggregate"), en, zh)
        return FLOAT
    return aggregate_type(feature.aggregate, of, window)


def _where(expanded: Expanded) -> str:
    name = expanded.feature.name
    return f"grid feature '{name}'" if expanded.from_grid else f"feature '{name}'"


def _on(checked: Checked, expanded: Expanded) -> frozenset[str]:
    types, good = checked.known.types, set()
    for number, name in enumerate(expanded.feature.on):
        if name in types:
            good.add(name)
            continue
        if name == "decision":
            hint = Hint(
                "set `feedback: {decisions: true}` to count our own decisions",
                "要统计自身的决策，设置 `feedback: {decisions: true}`",
            )
        else:
            hint = did_you_mean(name, types) or Hint(
                f"event types: {', '.join(types)}", f"事件类型：{'、'.join(types)}"
            )
        checked.error(
            "event.unknown",
            (*expanded.path, "on", number),
            f"unknown event type '{name}'",
            f"未知的事件类型“{name}”",
            hint,
        )
    return frozenset(good) or checked.known.facts


def _window(checked: Checked, expanded: Expanded) -> int | None:
    feature, path = expanded.feature, (*expanded.path, "over")
    if not feature.over:
        en, zh = (
            f"{_where(expanded)} needs `over`: the window it looks back",
            f"特征“{feature.name}”缺少 over（时间窗口）",
        )
        checked.error("feature.incomplete", expanded.path, en, zh, Hint("write e.g. `over: 24h`", "例如 `over: 24h`"))
        return None
    try:
        window = parse_duration_ms(feature.over)
    except ValueError as fault:
        hint = Hint("write e.g. 30m, 24h or 7d", "例如 30m、24h 或 7d")
        checked.error("duration", path, str(fault), f"“{feature.over}”不是时长；应为整数加单位，如 24h", hint)
        return None
    if not 0 < window <= MAX_WINDOW_MS:
        en = f"a window is longer than 0 and at most {say_duration(MAX_WINDOW_MS)}; this is {feature.over}"
        checked.error(
            "limit.window", path, en, f"窗口须大于 0 且不超过 {say_duration(MAX_WINDOW_MS)}，此处为 {feature.over}"
        )
    return window


def _keys(checked: Checked, expanded: Expanded, on: frozenset[str]) -> None:
    feature, path = expanded.feature, (*expanded.path, "by")
    keys = (feature.by,) if isinstance(feature.by, str) else feature.by
    if not keys or "" in keys:
        en, zh = f"{_where(expanded)} needs `by`: the key it is counted for", f"特征“{feature.name}”缺少 by（统计的键）"
        checked.error(
            "feature.incomplete",
            expanded.path,
            en,
            zh,
            Hint("name a field, e.g. `by: customer`", "写一个字段，如 `by: customer`"),
        )
        return
    if len(keys) > MAX_KEY_PARTS:
        en, zh = (
            f"a key has at most {MAX_KEY_PARTS} parts; this has {len(keys)}",
            f"键最多 {MAX_KEY_PARTS} 部分，此处 {len(keys)}",
        )
        checked.error("limit.key", path, en, zh)
    if len(set(keys)) != len(keys):
        checked.error(
            "feature.key",
            path,
            "a field is twice in one key",
            "同一个键里字段重复",
            Hint("name it once", "每个字段只写一次"),
        )
    for number, key in enumerate(keys):
        type_ = _field(checked, expanded, key, "by", on, number if isinstance(feature.by, tuple) else None)
        if type_ is not None and (type_.is_list or type_.kind is Kind.FLOAT):
            kind = "list" if type_.is_list else "decimal number"
            en, zh = f"'{key}' is a {kind} and cannot be a key", f"“{key}”不能作为键"
            checked.error(
                "feature.key",
                path,
                en,
                zh,
                Hint("use a text, a whole number, a time or a place", "改用文本、整数、时间或位置"),
            )


def _field(
    checked: Checked, expanded: Expanded, name: str, part: str, on: frozenset[str], number: int | None = None
) -> Type | None:
    path: Path = (*expanded.path, part)
    if number is not None and not expanded.from_grid:
        path = (*path, number)
    known = checked.known
    type_ = known.names.get(name)
    if type_ is None:
        usable = sorted(set().union(*(known.carried[each] for each in on))) if on else list(known.names)
        hint = did_you_mean(name, usable) or did_you_mean(name, known.names)
        if any(f.name == name for f in checked.policy.features):
            hint = Hint(
                "features are counted over fields of events, not over other features",
                "特征统计的是事件字段，不能统计其他特征",
            )
        en, zh = (
            f"`{part}` of '{expanded.feature.name}': unknown field '{name}'",
            f"“{expanded.feature.name}”的 {part}：未知字段“{name}”",
        )
        checked.error(
            "field.unknown",
            path,
            en,
            zh,
            hint or Hint(f"fields: {', '.join(usable[:12])}", f"字段：{'、'.join(usable[:12])}"),
        )
        return None
    if known.missing_on(name, on):
        events = ", ".join(sorted(on))
        have = [each for each in known.types if not known.missing_on(name, (each,))]
        have = [each for each in have if each in known.facts] or have
        en = f"`{part}` of '{expanded.feature.name}': no '{events}' event carries '{name}', so it never counts anything"
        zh = f"“{expanded.feature.name}”的 {part}：“{events}”事件没有“{name}”，永远统计不到"
        checked.error(
            "field.absent",
            path,
            en,
            zh,
            Hint(f"'{name}' is carried by: {', '.join(have)}", f"带有“{name}”的事件：{'、'.join(have)}"),
        )
    return replace(type_, nullable=True)
