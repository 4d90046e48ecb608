"""A part of the time: which decisions of a comparison count, when an idea is chosen on the earlier part and judged on the later one.

In: two times as people write them. Out: `Span`, which thins `Matched` batches. Decisions outside it are made all the same, so that features
know what came before; they are in no figure. Of the labels only those count that had arrived when the span ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.evaluation.paired import Matched
from zhiyu.events.kinds.time import Time
from zhiyu.events.refusals import Bad
from zhiyu.log.list_journal import said_time

_TIME = Time((), "UTC", required=True, strict=True)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """`from_ms` <= time < `until_ms`; None is open.

    >>> Span.read("2026-03-02", "2026-03-09T08:00:00+08:00").to_dict()
    {'from': '2026-03-02T00:00:00Z', 'until': '2026-03-09T00:00:00Z'}
    """

    from_ms: int | None = None
    until_ms: int | None = None

    @classmethod
    def read(cls, begins: str, ends: str) -> Span:
        """Of a date (its midnight, UTC) or a time with its offset; "" is open. InputError when nothing lies between them."""
        span = cls(read_time(begins, "--from"), read_time(ends, "--until"))
        if span.from_ms is not None and span.until_ms is not None and span.from_ms >= span.until_ms:
            raise InputError(
                "--until is not after --from; give a later time", "--until 不晚于 --from；请填写更晚的时间"
            )
        return span

    @property
    def open(self) -> bool:
        """Whether everything counts."""
        return self.from_ms is None and self.until_ms is None

    def holds(self, time_ms: Array) -> Array:
        """bool[n] of times int64[n]."""
        inside = np.ones(len(time_ms), bool)
        if self.from_ms is not None:
            inside &= time_ms >= self.from_ms
        if self.until_ms is not None:
            inside &= time_ms < self.until_ms
        return inside

    def part(self, m: Matched, ours: Array, theirs: Array) -> tuple[Matched, Array, Array]:
        """The events inside, with the rows of their decisions; the clock stands still where the span ends."""
        if self.open:
            return m, ours, theirs
        rows = np.flatnonzero(self.holds(m.time_ms))
        thin = {name: getattr(m, name)[..., rows] for name in ("position", "time_ms", "outcome", "score", "label")}
        thin |= {name: getattr(m, name)[..., rows] for name in ("money", "weight", "segment")}
        ids = [m.ids[int(row)] for row in rows]
        clock = m.clock_ms if self.until_ms is None else min(m.clock_ms, self.until_ms - 1)
        return (
            replace(m, ids=ids, hits=(m.hits[0][rows], m.hits[1][rows]), clock_ms=clock, **thin),
            ours[rows],
            theirs[rows],
        )

    def to_dict(self) -> dict[str, str | None]:
        """Both ends as text in UTC."""
        ends = {"from": self.from_ms, "until": self.until_ms}
        return {name: None if ms is None else said_time(ms) for name, ms in ends.items()}


ALL = Span()
"""Everything counts."""


def read_time(text: str, what: str) -> int | None:
    """Milliseconds of a date (its midnight, UTC) or a time with its offset; None of "". InputError names `what`."""
    if not text:
        return None
    try:
        return _TIME.one(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text, [])
    except Bad as bad:
        raise InputError(
            f"{what}: {bad.en}; give a date such as 2026-03-02, or a time with its offset",
            f"{what}：{bad.zh}；请填写日期（如 2026-03-02）或带时区的时间",
        ) from None
