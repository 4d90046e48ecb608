"""E-mail addresses: lower case, syntax, domain.

In: a text. Out: the text in lower case without surrounding spaces (full-width ＠ read as @). Signals: `valid` (the
usual addr-spec: a dot-atom of at most 64 characters, @, a domain of two or more labels, 254 in all; international
domains count), `domain`, null when not valid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.events.declare import Field
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.slices import bools, cut, settled
from zhiyu.events.kinds.text import LOWER, UPPER
from zhiyu.expressions.types import BOOL, STRING

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ANY = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.)+[^\W_](?:[\w-]{{0,61}}[^\W_])?)")
_CLASSES = np.zeros(128, np.uint8)
"""1: may stand in the local part, 2: in the domain too."""
_CLASSES[[ord(c) for c in "!#$%&'*+/=?^_`{|}~"]] = 1
_CLASSES[[ord(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789-"]] = 2
MAX_CHARS, MAX_LOCAL = 254, 64


class Email(Checked):
    """Reader of `email` fields."""

    signals = (
        Signal("valid", BOOL, "is a valid e-mail address", "邮箱格式有效"),
        Signal("domain", STRING, "e-mail domain", "邮箱域名"),
    )

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.steps = (self.steps & ~UPPER) | LOWER

    def normal(self, text: str) -> str:
        """The sign @ in its ASCII form."""
        return text.replace("＠", "@")

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, domain."""
        found = _ANY.fullmatch(text) if len(text) <= MAX_CHARS else None
        if found is None or len(found[1]) > MAX_LOCAL or "__" in found[2] or "_" in found[2]:
            return (False, None)
        return (True, found[2])

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The same over bytes; addresses outside ASCII go to the scalar."""
        offsets, data = text_buffers(texts)
        null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        domain = np.zeros(len(texts), np.int32)
        _scan(offsets, data, _CLASSES, domain)
        no = domain <= 0
        found = cut(data, domain, (offsets[1:] - domain).astype(np.int32), no)
        return settled(self, texts, domain < 0, (bools(~no, null), found))


@kernel
def _scan(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.uint8],
    domain: npt.NDArray[np.int32],
) -> None:
    """Where the domain of every valid address starts, 0 where it is not valid, -1 outside ASCII."""
    for i in range(domain.shape[0]):
        a, b = offsets[i], offsets[i + 1]
        at, labels, run, sure = -1, 0, 0, b - a <= 254 * 4
        for j in range(a, b):
            c = data[j]
            if c >= 128:
                domain[i] = -1
                break
            kind = classes[c]
            if (
                c == 46 or c == 64
            ):  # a dot or the sign ends a part, which must not be empty, nor end in - after the sign
                sure = sure and run > 0 and (at < 0 or (data[j - 1] != 45 and run <= 63))
                labels += 1
                run = 0
                if c == 64:
                    sure = sure and at < 0 and j - a <= 64
                    at, labels = j + 1, 0
            else:
                sure = sure and kind >= (2 if at >= 0 else 1) and (at < 0 or run > 0 or c != 45)
                run += 1
        if domain[i] < 0:
            continue
        if sure and at > 0 and labels >= 1 and run > 0 and run <= 63 and data[b - 1] != 45 and b - a <= 254:
            domain[i] = at
