"""Facts about lists and rules that people send: a value comes onto a list or leaves it, a rule is snoozed for a value.

In: nothing. Out: `ListChange`, `Snooze`. They stand in `events` because they have their place in the log like any other fact.
A value is its code, as the field of an event holds it; the text itself is kept masked only.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.expressions.tables import NEVER as NEVER


class ListChange(msgspec.Struct, frozen=True, gc=False):
    """`code` (int64) comes onto `list` until `until_ms`, or leaves it ("remove"; `until_ms` means nothing then).

    It takes effect before the first event received at or after `due_ms`. `shown`: the value as people may see it.
    """

    due_ms: int
    list: str
    op: Literal["add", "remove"]
    code: int
    until_ms: int = NEVER
    reason: str = ""
    author: str = ""
    shown: str = ""


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """`rule` does not count for events whose `field` is `code`, from `due_ms` until `until_ms`.

    A later one for the same rule, field and code replaces it; with `until_ms` = `due_ms` it ends the snooze.
    """

    due_ms: int
    rule: str
    field: str
    code: int
    until_ms: int
    reason: str = ""
    author: str = ""
    shown: str = ""
