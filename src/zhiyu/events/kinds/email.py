"""E-mail addresses: lower case, syntax, domain.

In: a text. Out: the text in lower case without surrounding spaces (full-width ＠ read as @). Signals: `valid` (the usual addr-spec:
a dot-atom of at most 64 characters, @, a domain of two or more labels, 254 in all; international domains count), `domain`, null when not valid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from zhiyu.events.declare import Field
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.text import LOWER
from zhiyu.expressions.types import BOOL, STRING

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ANY = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.)+[^\W_](?:[\w-]{{0,61}}[^\W_])?)")
MAX_CHARS, MAX_LOCAL = 254, 64


class Email(Checked):
    """Reader of `email` fields."""

    signals = (
        Signal("valid", BOOL, "is a valid e-mail address", "邮箱格式有效"),
        Signal("domain", STRING, "e-mail domain", "邮箱域名"),
    )

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.steps |= LOWER

    def normal(self, text: str) -> str:
        """The sign @ in its ASCII form."""
        return text.replace("＠", "@")

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, domain."""
        found = _ANY.fullmatch(text) if len(text) <= MAX_CHARS else None
        if found is None or len(found[1]) > MAX_LOCAL or "__" in found[2] or "_" in found[2]:
            return (False, None)
        return (True, found[2])
