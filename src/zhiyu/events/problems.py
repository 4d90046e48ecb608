"""Checks of event declarations: every field, name, limit, format and mark, with a place and a suggestion.

In: event types and where they stand. Out: readers of the fields, and the list of problems.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import Any

from zhiyu.base.errors import NO_HINT, Hint, Place, Problem, did_you_mean
from zhiyu.base.limits import MAX_FIELDS
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.events.declare import EventType, Field
from zhiyu.events.kinds.kinds import CHECKED, TEXT_KINDS, Reader, reader_of
from zhiyu.events.kinds.text import personal_of

RESERVED = frozenset(
    (
        "event_type",
        "time",
        "received_at",
        "late",
        "type",
        "id",
        "label",
        "null",
        "true",
        "false",
        "True",
        "False",
        "None",
    )
)
NUMBER_KINDS = ("int", "number", "money")
MAX_DIGITS = 9
_LIST_THEM = Hint("list the values, or use type string", "列出取值，或改用类型 string")


class Finder:
    """Collects problems at places of the declaration."""

    def __init__(self, place_of: Callable[[tuple[Any, ...]], Place]) -> None:
        self.place_of = place_of
        self.problems: list[Problem] = []

    def add(self, code: str, path: tuple[Any, ...], en: str, zh: str, suggestion: Hint = NO_HINT) -> None:
        """Note one error at `path`."""
        self.problems.append(Problem(code, en, zh, self.place_of(path), "error", *suggestion))

    def readers(self, events: Sequence[EventType]) -> list[dict[str, Reader]]:
        """The readers of every event type's fields; what cannot be read is a problem and left out."""
        seen: set[str] = set()
        found: list[dict[str, Reader]] = []
        if not events:
            self.add(
                "no_events",
                ("events",),
                "no event type is declared",
                "没有声明任何事件类型",
                Hint("declare at least one under `events:`", "在 `events:` 下至少声明一个"),
            )
        for at, event in enumerate(events):
            if event.name in seen or not event.name:
                self.add(
                    "name_taken",
                    ("events", at, "name"),
                    f"event type '{event.name}' is declared twice or empty",
                    f"事件类型“{event.name}”重复或为空",
                    Hint("give it another name", "换一个名称"),
                )
            seen.add(event.name)
            found.append(self._event(event, ("events", at)))
        return found

    def _event(self, event: EventType, path: tuple[Any, ...]) -> dict[str, Reader]:
        if len(event.fields) > MAX_FIELDS:
            self.add(
                "limit",
                (*path, "fields"),
                f"{len(event.fields)} fields, the limit is {MAX_FIELDS}",
                f"共 {len(event.fields)} 个字段，上限 {MAX_FIELDS}",
                Hint("split the event type", "拆分这个事件类型"),
            )
        found: dict[str, Reader] = {}
        for name, declared in event.fields.items():
            at = (*path, "fields", name)
            self.name(name, at)
            self._marks(name, declared, at)
            try:
                found[name] = reader_of(declared)
            except ValueError as problem:
                self.add("bad_field", at, f"field '{name}': {problem}", f"字段“{name}”：{problem}")
        self._money(event, path)
        return found

    def name(self, name: str, path: tuple[Any, ...]) -> None:
        """A field or derived value must have a name that expressions can say."""
        if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED:
            why_en, why_zh = ("is reserved", "是保留字") if name.isidentifier() else ("is not a name", "不是合法名称")
            self.add(
                "bad_name",
                path,
                f"'{name}' {why_en}",
                f"“{name}”{why_zh}",
                Hint(
                    "use letters, digits and _, not starting with a digit, and no reserved word",
                    "只用字母、数字和 _，不以数字开头，也不用保留字",
                ),
            )

    def _marks(self, name: str, f: Field, path: tuple[Any, ...]) -> None:
        def wrong(key: str, en: str, zh: str, suggestion: Hint) -> None:
            self.add("bad_field", (*path, key), f"field '{name}': {en}", f"字段“{name}”：{zh}", suggestion)

        if f.type == "enum" and not f.values:
            wrong("values", "an enum needs `values`", "枚举须声明 values", _LIST_THEM)
        if f.type != "enum" and f.values:
            wrong(
                "values",
                f"`values` has no meaning for type {f.type}",
                f"类型 {f.type} 不支持 values",
                Hint("use type enum", "改用类型 enum"),
            )
        if len(set(f.values)) != len(f.values) or "" in f.values:
            remove = Hint("remove it", "删除重复或空的值")
            wrong("values", "`values` has a repeated or empty value", "values 有重复或空值", remove)
        if f.type not in NUMBER_KINDS and (f.min is not None or f.max is not None):
            wrong(
                "min" if f.min is not None else "max",
                f"a range has no meaning for type {f.type}",
                f"类型 {f.type} 不支持范围",
                Hint("remove it", "去掉范围"),
            )
        if not 0 <= f.digits <= MAX_DIGITS:
            wrong(
                "digits",
                f"digits is {f.digits}, it must be 0 … {MAX_DIGITS}",
                f"digits 为 {f.digits}，须在 0 … {MAX_DIGITS}",
                Hint("use fewer digits", "减少小数位数"),
            )
        if f.require and f.type not in CHECKED:
            wrong(
                "require",
                f"type {f.type} has no check",
                f"类型 {f.type} 没有校验",
                Hint(f"only {', '.join(CHECKED)} have one", f"只有 {'、'.join(CHECKED)} 有校验"),
            )
        if f.personal and f.type not in TEXT_KINDS:
            wrong(
                "personal",
                f"a {f.type} cannot become a token",
                f"类型 {f.type} 不能转为令牌",
                Hint("use type string", "改用类型 string"),
            )
        if f.mask and not personal_of(f):
            hint = Hint("add personal: true", "加上 personal: true")
            wrong("mask", "only personal fields are shown masked", "只有个人信息字段才会脱敏显示", hint)
        if "lower" in f.normalise and "upper" in f.normalise:
            wrong("normalise", "both lower and upper", "同时写了 lower 与 upper", Hint("keep one", "只保留一个"))
        if "digits" in f.normalise and f.type in ("ip", "email", "id_number"):
            wrong(
                "normalise",
                f"digits alone would destroy a {f.type}",
                f"仅保留数字会破坏 {f.type}",
                Hint("remove digits", "去掉 digits"),
            )
        if f.type == "money" and f.currency not in MINOR_DIGITS:
            hint = did_you_mean(f.currency, MINOR_DIGITS) or Hint(
                f"known: {', '.join(MINOR_DIGITS)}", f"可用币种：{'、'.join(MINOR_DIGITS)}"
            )
            wrong("currency", f"unknown currency '{f.currency}'", f"未知币种“{f.currency}”", hint)
        if f.formats and f.type != "time":
            wrong(
                "formats",
                f"`formats` has no meaning for type {f.type}",
                f"类型 {f.type} 不支持 formats",
                Hint("use type time", "改用类型 time"),
            )

    def _money(self, event: EventType, path: tuple[Any, ...]) -> None:
        if event.money and (event.money not in event.fields or event.fields[event.money].type != "money"):
            known = [n for n, f in event.fields.items() if f.type == "money"]
            hint = did_you_mean(event.money, known) or Hint(
                f"money fields: {', '.join(known) or 'none'}", f"金额字段：{'、'.join(known) or '无'}"
            )
            self.add(
                "unknown_name",
                (*path, "money"),
                f"'{event.money}' is not a money field of event '{event.name}'",
                f"“{event.money}”不是事件“{event.name}”的金额字段",
                hint,
            )
