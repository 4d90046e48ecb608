"""What is done with many cases at once, and what is told of it: which were done, which were skipped, and why.

In: nothing; these are shapes. Out: what `Cases.many` takes and gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from zhiyu.base.errors import ZhiyuError
from zhiyu.cases.model import Case


class Recount(ZhiyuError):
    """It is not as many cases as the caller was told."""

    code = "expect"
    status = 409


class Skipped(msgspec.Struct, frozen=True):
    """A case with which nothing is done, and why."""

    number: int
    code: str
    en: str
    zh: str


class Bulk(msgspec.Struct, frozen=True):
    """What was done, or would be, with many cases: their numbers; those that were skipped, and why; the money at risk in the former."""

    numbers: tuple[int, ...]
    because: tuple[Skipped, ...]
    money: int

    @property
    def skipped(self) -> tuple[int, ...]:
        """Numbers of the cases with which nothing is done."""
        return tuple(each.number for each in self.because)


class Doing(NamedTuple):
    """What `Cases.many` does with each case, and what it needs besides: `may` raises WrongState where that cannot be."""

    does: Callable[[Connection, Case], Case]
    may: Callable[[Case], None] = lambda case: None
