"""Derived labels: event types and fields that exist, a condition over the event alone, and all that is needed to find what they label.

In: the examination so far. Out: `Checked.labels`, and problems at the words.
"""

from __future__ import annotations

from collections.abc import Iterable

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.types import Kind
from zhiyu.policy.checked import Checked, CheckedLabel
from zhiyu.policy.declare_labels import DerivedLabel
from zhiyu.policy.examine import typed_expression
from zhiyu.policy.places import Path

LONGEST_MS = 2 * 366 * 86_400_000
MAX_LABELS = 64


def type_labels(checked: Checked) -> None:
    """Type every derived label."""
    seen: set[str] = set()
    for number, label in enumerate(checked.declared.labels):
        path: Path = ("labels", number)
        if label.name in seen or number >= MAX_LABELS:
            en, zh = f"label '{label.name}' is declared twice", f"标签“{label.name}”重复声明"
            if number >= MAX_LABELS:
                en, zh = f"more than {MAX_LABELS} derived labels", f"派生标签超过 {MAX_LABELS} 个"
            checked.error("label.name", (*path, "name"), en, zh, Hint("keep one of them", "只保留一处"))
        seen.add(label.name)
        on = _types(checked, label.on, (*path, "on"), checked.known.facts)
        _types(checked, label.of, (*path, "of"), checked.known.deciding & checked.known.facts)
        _attached(checked, label, path)
        where = None
        if label.where and on:
            where = typed_expression(
                checked, label.where, (*path, "where"), checked.known.typed_on(sorted(on)), Kind.BOOL
            )
            if where is not None and where.lists:
                checked.error(
                    "label.lists", (*path, "where"), "a label does not ask lists", "标签条件不能查询名单",
                    Hint("let a rule ask the list", "请改由规则查询名单"),
                )  # fmt: skip
        checked.labels.append(CheckedLabel(label, path, on, where))


def _types(checked: Checked, names: Iterable[str], path: Path, known: frozenset[str]) -> frozenset[str]:
    """The names that are known; the others are reported."""
    good = set()
    for number, name in enumerate(names):
        if name in known:
            good.add(name)
            continue
        hint = did_you_mean(name, known) or Hint(
            f"event types: {', '.join(sorted(known))}", f"事件类型：{'、'.join(sorted(known))}"
        )
        en, zh = f"no event type '{name}' that could stand here", f"此处没有可用的事件类型“{name}”"
        checked.error("event.unknown", (*path, number), en, zh, hint)
    return frozenset(good)


def _attached(checked: Checked, label: DerivedLabel, path: Path) -> None:
    """How it finds what it labels: all of it, or nothing."""
    given = bool(label.of), bool(label.by or label.about), bool(label.within)
    if any(given) and (not all(given) or (label.by and label.about)):
        en = f"label '{label.name}' needs `of`, one of `by` and `about`, and `within` to label earlier events"
        zh = f"标签“{label.name}”要标注此前的事件，须写明 `of`、`within`，以及 `by` 与 `about` 之一"
        checked.error("label.attached", path, en, zh, Hint("give all of them, or none", "请全部写明，或全部去掉"))
        return
    for name, both in ((label.by, True), (label.about, False)):
        for event in (*label.on, *(label.of if both else ())) if name else ():
            fields = checked.known.types[event].fields if event in checked.known.types else {name: None}
            if name not in fields:
                hint = did_you_mean(name, fields)
                word = "by" if both else "about"
                en, zh = f"'{event}' has no field '{name}'", f"“{event}”没有字段“{name}”"
                checked.error("field.unknown", (*path, word), en, zh, hint)
    if label.about and any(
        (declared := checked.known.types[event].fields.get(label.about)) is not None
        and (declared.type != "string" or declared.personal)
        for event in label.on
        if event in checked.known.types
    ):
        en, zh = f"'{label.about}' cannot carry the id of an event", f"“{label.about}”不能承载事件编号"
        checked.error("label.about", (*path, "about"), en, zh, Hint("use a plain text", "请用普通文本字段"))
    if label.within:
        _within(checked, label, (*path, "within"))


def _within(checked: Checked, label: DerivedLabel, path: Path) -> None:
    try:
        within = parse_duration_ms(label.within)
    except ValueError as fault:
        zh = f"“{label.within}”不是时长；应为整数加单位，如 90d"
        checked.error("duration", path, str(fault), zh, Hint("write e.g. 30d", "例如 30d"))
        return
    if not 0 < within <= LONGEST_MS:
        en, zh = (
            f"`within` is {label.within}; it is more than 0 and at most 732d",
            f"within 为 {label.within}，应大于 0 且不超过 732d",
        )
        checked.error("label.within", path, en, zh)
