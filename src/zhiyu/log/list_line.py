"""One line of the journal of lists: its keys, times, names and code checked, its value still to be read.

In: a JSON object, what the policy knows. Out: a `Line`, or `Wrong` with the field and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from zhiyu.base.errors import did_you_mean
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.events.kinds.time import Time
from zhiyu.events.list_changes import NEVER, ListChange, Snooze
from zhiyu.events.list_values import ValueReader, Vocabulary
from zhiyu.events.masks import MAX_SHOWN_CHARS
from zhiyu.events.refusals import Bad, missing, quote

_TIME = Time((), "UTC", required=True, strict=True)
_WORDS = ("reason", "author")
_LIST_KEYS = frozenset({"time", "op", "list", "value", "code", "shown", "until", *_WORDS})
_SNOOZE_KEYS = frozenset({"time", "op", "rule", "field", "value", "code", "shown", "until", *_WORDS})


_CODE = re.compile(r"[0-9a-f]{16}", re.ASCII)


class Wrong(Exception):
    """A field of a line that cannot be taken."""

    def __init__(self, name: str, bad: Bad) -> None:
        super().__init__(name)
        self.name, self.bad = name, bad


@dataclass(slots=True)
class Line:
    """A line understood but for its value (`code` None), which waits to be read with the others of its list or field."""

    number: int
    record: dict[str, Any]
    op: Literal["add", "remove", "snooze"]
    due_ms: int
    until_ms: int
    reader: ValueReader
    code: int | None
    shown: str

    def change(self) -> ListChange | Snooze:
        """What the line says, once its code is known."""
        assert self.code is not None
        record, reason, author = self.record, self.record.get("reason") or "", self.record.get("author") or ""
        due, until, code, shown = self.due_ms, self.until_ms, self.code, self.shown
        if self.op == "snooze":
            return Snooze(due, record["rule"], record["field"], code, until, reason, author, shown)
        return ListChange(due, record["list"], self.op, code, until, reason, author, shown)


@lru_cache(maxsize=65_536, typed=True)
def moment(value: str | int | float | None) -> int | None:
    """Milliseconds of a time as people write it: ISO-8601 with an offset, or ms since 1970; None for null. `Bad` otherwise."""
    return _TIME.one(value, [])


def understood(number: int, record: dict[str, Any], known: Vocabulary) -> Line:
    """The line `number` (1-based) whose object is `record`."""
    op = record.get("op")
    if op not in ("add", "remove", "snooze"):
        raise Wrong(
            "op", Bad("op", f"{quote(op)} is none of add, remove, snooze", f"{quote(op)} 不是 add、remove、snooze")
        )
    _known_keys(record, _SNOOZE_KEYS if op == "snooze" else _LIST_KEYS)
    due = _moment(record, "time")
    until = _moment(record, "until")
    if due is None:
        raise Wrong("time", missing())
    if op == "snooze":
        _one_of("rule", record.get("rule"), known.rules)
        reader = known.fields[_one_of("field", record.get("field"), known.fields)]
    else:
        reader = known.lists[_one_of("list", record.get("list"), known.lists)]
    for word in _WORDS:
        _text(record, word, MAX_REASON_CHARS)
    code, shown = _code(record)
    return Line(number, record, op, due, _until(op, due, until), reader, code, shown)


def _known_keys(record: dict[str, Any], keys: frozenset[str]) -> None:
    if record.keys() <= keys:
        return
    for name in record.keys() - keys:
        hint = did_you_mean(name, keys) or f"keys: {', '.join(sorted(keys))}"
        raise Wrong(name[:64], Bad("unknown_key", f"is not a key of such a line; {hint}", f"此类行没有该键；{hint}"))


def _moment(record: dict[str, Any], name: str) -> int | None:
    value = record.get(name)
    try:
        return moment(value) if isinstance(value, str | int | float | None) else _TIME.one(value, [])
    except Bad as bad:
        raise Wrong(name, bad) from None


def _until(op: str, due: int, until: int | None) -> int:
    if op == "remove" and until is not None:
        raise Wrong("until", Bad("until", "a removal has no end; leave `until` out", "移除没有到期时间；请去掉 until"))
    if op == "snooze" and until is None:
        raise Wrong("until", Bad("until", "a snooze must end; give a time", "静默必须有到期时间；请填写"))
    if until is not None and (until < due if op == "snooze" else until <= due):
        raise Wrong("until", Bad("until", "is not after `time`; give a later time", "不晚于 time；请填写更晚的时间"))
    return NEVER if until is None else until


def _one_of(name: str, value: Any, known: Iterable[str]) -> str:
    if isinstance(value, str) and value in known:
        return value
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    hint = hint or f"known: {', '.join(sorted(known)[:10]) or 'none'}"
    raise Wrong(
        name,
        Bad(
            "unknown_name",
            f"the policy has no such {name}: {quote(value)}; {hint}",
            f"策略中没有 {quote(value)}；{hint}",
        ),
    )


def _text(record: dict[str, Any], name: str, most: int) -> str:
    value = record.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise Wrong(
            name, Bad("bad_text", f"must be a text of at most {most} characters", f"应为不超过 {most} 个字符的文本")
        )
    return value


def _code(record: dict[str, Any]) -> tuple[int | None, str]:
    """The code a line gives, or None when it gives a value."""
    if ("value" in record) == ("code" in record):
        raise Wrong(
            "value",
            Bad("value", "give either `value`, or `code` with `shown`", "请给出 value，或 code 与 shown，二者择一"),
        )
    if "value" in record:
        if "shown" in record:
            raise Wrong("shown", Bad("value", "goes with `code` only; leave it out", "仅与 code 同用；请去掉"))
        return None, ""
    code = record["code"]
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Wrong("code", Bad("code", f"{quote(code)} is not 16 hex digits", f"{quote(code)} 不是 16 位十六进制数"))
    number = int(code, 16)
    return number - (1 << 64) if number >> 63 else number, _text(record, "shown", MAX_SHOWN_CHARS)
