"""What people bring to lists, compared with what is there: which changes it makes.

In: rows with values, values to take off, snoozes; the book of lists as it is now. Out: counts of new, renewed and existing entries, refused
rows, and the changes to write. What is on the list already, until the same time, makes no change: bringing a file twice changes nothing.
The book itself is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.base.limits import MAX_LIST_ENTRIES, MAX_REASON_CHARS
from zhiyu.entities.lists import NEVER, ListBook, ListChange, Snooze
from zhiyu.events.list_values import ValueReader, Vocabulary
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.log.list_file import Row
from zhiyu.log.list_line import moment

CHUNK = 65_536


@dataclass(slots=True)
class Brought:
    """What became of the rows that were brought: counts, refused rows in order, and the changes to write."""

    new: int = 0
    renewed: int = 0
    existing: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    changes: list[ListChange] = field(default_factory=list)


class ListChanges:
    """Compares with the lists in `book`; `known` reads the values."""

    def __init__(self, known: Vocabulary, book: ListBook) -> None:
        self.known, self.book = known, book

    def bring(
        self, name: str, rows: Iterable[Row | tuple[int, Bad]], at: int, until: int = NEVER, reason: str = "", author: str = "",
        seen: Callable[[], None] = lambda: None,
    ) -> Brought:  # fmt: skip
        """Compare rows with the list as of `at` (ms). `until`, `reason` stand where a row has none; `seen` is called now and then."""
        reader = self.reader_of(name)
        brought, held = Brought(), dict[int, int]()
        waiting = iter(rows)
        while part := list(islice(waiting, CHUNK)):
            good = [row for row in part if isinstance(row, Row)]
            brought.refusals += [_refusal(row[0], "", row[1]) for row in part if not isinstance(row, Row)]
            found = reader.read([row.value for row in good])
            codes = [read if row.code is None else row.code for row, read in zip(good, found.codes.tolist())]
            unseen = [code for code in dict.fromkeys(codes) if code not in held]
            held |= self.book.held(name, np.array(unseen, np.int64), at)
            for number, (row, code, read) in enumerate(zip(good, codes, found.shown)):
                shown = read if row.code is None else row.shown
                if row.code is None and number in found.bad:
                    brought.refusals.append(_refusal(row.line, "value", found.bad[number]))
                    continue
                try:
                    ends, why = _end(row, at, until), _reason(row, reason)
                except _Refused as refused:
                    brought.refusals.append(_refusal(row.line, refused.name, refused.bad))
                    continue
                if held.get(code) == ends:
                    brought.existing += 1
                    continue
                brought.new, brought.renewed = brought.new + (code not in held), brought.renewed + (code in held)
                held[code] = ends
                brought.changes.append(ListChange(at, name, "add", code, ends, why, author, shown))
            if len(brought.changes) > MAX_LIST_ENTRIES:
                break  # `write` says that it is too much
            seen()
        brought.refusals.sort(key=lambda refusal: refusal.line)
        return brought

    def removals(
        self, name: str, values: Sequence[str], at: int, reason: str = "", author: str = ""
    ) -> tuple[list[ListChange], list[str]]:
        """Changes that take `values` off the list, and those (masked) that are not on it. InputError for a value that cannot be."""
        found = self.coded(name, values)
        held = self.book.held(name, np.array([code for code, _ in found], np.int64), at)
        changes = [
            ListChange(at, name, "remove", code, NEVER, reason, author, shown)
            for code, shown in dict(found).items() if code in held
        ]  # fmt: skip
        return changes, [shown for code, shown in found if code not in held]

    def coded(self, name: str, values: Sequence[Any]) -> list[tuple[int, str]]:
        """(code, masked value) of values of a list; InputError for one that cannot be."""
        reader = self.reader_of(name)
        return [_value(reader, value) for value in values]

    def snooze(
        self, rule: str, field: str, value: Any, at: int, until: int, reason: str = "", author: str = ""
    ) -> Snooze:
        """A snooze of `rule` for one value of a field."""
        self.require_names(rule, field)
        if until < at:
            raise InputError(
                "a snooze must end after it begins; give a later --until", "静默的到期时间早于开始；请填写更晚的时间"
            )
        code, shown = _value(self.known.fields[field], value)
        return Snooze(at, rule, field, code, until, reason, author, shown)

    def require_names(self, rule: str, field: str) -> None:
        """InputError when the policy has no such rule or field."""
        _must_be("rule", "规则", rule, self.known.rules)
        _must_be("field", "字段", field, self.known.fields)

    def reader_of(self, name: str) -> ValueReader:
        """The reader of a list's values; InputError when the policy has no such list."""
        _must_be("list", "名单", name, self.known.lists)
        return self.known.lists[name]


class _Refused(Exception):
    """A cell of a row that cannot be taken."""

    def __init__(self, name: str, bad: Bad) -> None:
        super().__init__(name)
        self.name, self.bad = name, bad


def _refusal(line: int, name: str, bad: Bad) -> Refusal:
    return Refusal(line - 1, "", name, bad.code, bad.en, bad.zh, {}, line)


def _end(row: Row, at: int, until: int) -> int:
    given: Any = row.until
    if given is None:
        return until
    if not isinstance(given, str | int | float):
        raise _Refused(
            "until", Bad("until", "is no time; write ISO-8601 with an offset", "不是时间；请写带时区的 ISO-8601")
        )
    try:
        ends = moment(given)
    except Bad as bad:
        raise _Refused("until", bad) from None
    if ends is not None and ends <= at:
        en, zh = (
            "has passed when the entry begins; give a later time, or leave the value out",
            "早于生效时间；请填写更晚的时间，或去掉该值",
        )
        raise _Refused("until", Bad("until", en, zh))
    return until if ends is None else ends


def _reason(row: Row, reason: str) -> str:
    given = row.reason
    if given is None or given == "":
        return reason
    if not isinstance(given, str) or len(given) > MAX_REASON_CHARS:
        most = MAX_REASON_CHARS
        raise _Refused(
            "reason", Bad("bad_text", f"must be a text of at most {most} characters", f"应为不超过 {most} 个字符的文本")
        )
    try:
        given.encode()
    except UnicodeEncodeError:
        raise _Refused("reason", Bad("bad_text", "is not UTF-8; fix the encoding", "不是 UTF-8；请修正编码")) from None
    return given


def _value(reader: ValueReader, value: Any) -> tuple[int, str]:
    try:
        return reader.one(value)
    except Bad as bad:
        raise InputError(f"value: {bad.en}", f"值：{bad.zh}") from None


def _must_be(en: str, zh: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        shown = sorted(known)[:10]
        hint = did_you_mean(name, known) or Hint(
            f"there are: {', '.join(shown)}" if shown else "it declares none",
            f"已有：{'、'.join(shown)}" if shown else "策略未声明",
        )
        raise InputError(f"the policy has no {en} '{name}'; {hint.en}", f"策略没有{zh}“{name}”；{hint.zh}")
