"""Plain texts: cleaned of control characters, then trimmed, lower- or upper-cased, reduced to digits, spaces
collapsed, as declared.

In: a str, or an integer whose text is its decimal digits (ids are often numbers in files; a float that is a whole
number counts as that integer). Out: the text, or None when nothing is left. Limits: 4,096 bytes of UTF-8. The order
of steps is fixed: control characters, trim, case, digits, spaces. Full-width digits count as digits.
The fast path takes ASCII and plain CJK rows in one pass over the bytes; anything else (other scripts, control
characters) is `hard`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.base.limits import MAX_STRING_BYTES
from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, Signal, SignalValue, Texts
from zhiyu.events.refusals import Bad, wrong_type
from zhiyu.expressions.types import Kind, Type

TRIM, LOWER, UPPER, DIGITS, SPACES = 1, 2, 4, 8, 16
DROP, PHONE = 32, 64
"""Steps of the fast path only: without spaces and hyphens (card, id_number), digits of a telephone number."""
STEPS = {"trim": TRIM, "lower": LOWER, "upper": UPPER, "digits": DIGITS, "spaces": SPACES}
TRIMMED, NORMALISED = 1, 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_TABLE = {c: (" " if c in (9, 10, 11, 12, 13) else None) for c in [*range(32), 127]}
_NOT_DIGIT = re.compile(r"[^0-9]")
FULL_WIDTH = {0xFF10 + d: 0x30 + d for d in range(10)}
PERSONAL_KINDS = ("id_number", "phone", "card", "email")
MAX_EXACT_FLOAT = 1 << 53
Bytes = npt.NDArray[np.uint8]


def text_of(value: object, personal: bool = False) -> str | None:
    """The text of a raw value before cleaning: str, whole number, None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > 400:
            raise Bad(
                "too_long",
                f"an integer of {value.bit_length()} bits is too long",
                f"整数过长（{value.bit_length()} 位）",
            )
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT_FLOAT:
        return str(int(value))
    raise wrong_type(value, "a text; send a string or a whole number", "文本；请传字符串或整数", personal)


def clean(text: str, steps: int, notes: Notes) -> str | None:
    """`text` after the declared steps, None when empty; notes what was done. Refuses texts that are not UTF-8 or too
    long.
    """
    if not (text.isascii() and text.isprintable()) and _CONTROL.search(text):
        text = text.translate(_CONTROL_TABLE)
        notes.append("control_removed")
    if steps & TRIM:
        trimmed = text.strip()
        if trimmed != text:
            notes.append("trimmed")
        text = trimmed
    if steps > TRIM:
        plain = _normal(text, steps)
        if plain != text:
            notes.append("normalised")
        text = plain
    if not text:
        return None
    if len(text) * 4 > MAX_STRING_BYTES or not text.isascii():
        _check_bytes(text)
    return text


def _normal(text: str, steps: int) -> str:
    if steps & LOWER:
        text = text.lower()
    elif steps & UPPER:
        text = text.upper()
    if steps & DIGITS:
        text = _NOT_DIGIT.sub("", text.translate(FULL_WIDTH))
    if steps & SPACES:
        text = " ".join(text.split())
    return text


def _check_bytes(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise bad_text() from None
    if size > MAX_STRING_BYTES:
        raise Bad(
            "too_long",
            f"the text has {size} bytes, at most {MAX_STRING_BYTES} are taken; shorten it",
            f"文本有 {size} 字节，最多 {MAX_STRING_BYTES} 字节；请缩短",
        )


def bad_text() -> Bad:
    """Bytes that are not UTF-8."""
    return Bad(
        "bad_text",
        "the text is not valid UTF-8; declare the `encoding` of the file in its source, or fix it at the sender",
        "文本不是有效的 UTF-8；请在来源中声明文件的 encoding，或在发送端修正编码",
    )


@kernel
def _mobile(data: Bytes, at: int, size: int) -> bool:
    """Whether `size` digits at `at` are a mainland mobile number."""
    return size == 11 and data[at] == 49 and data[at + 1] >= 51


@kernel
def _phone(out: Bytes, start: int, end: int) -> int:
    """`Phone.normal` in place over ASCII; returns the new size."""
    digits = 0
    for j in range(start, end):
        if out[j] >= 48 and out[j] <= 57:
            digits += 1
    if digits < 3:
        return end - start
    plus = 1 if out[start] == 43 else 0
    to = start + plus
    for j in range(start, end):
        if out[j] >= 48 and out[j] <= 57:
            out[to] = out[j]
            to += 1
    at, skip = start + plus, 0
    if digits == 13 and out[at] == 56 and out[at + 1] == 54 and _mobile(out, at + 2, 11):
        skip = 2
    elif (
        digits == 15
        and out[at] == 48
        and out[at + 1] == 48
        and out[at + 2] == 56
        and out[at + 3] == 54
        and _mobile(out, at + 4, 11)
    ):
        skip = 4
    if skip == 0:
        return digits + plus
    for j in range(11):
        out[start + j] = out[at + skip + j]
    return 11


@kernel
def _clean_kernel(
    offsets: npt.NDArray[np.int32], data: Bytes, steps: int, limit: int,
    out_offsets: npt.NDArray[np.int32], out: Bytes, done: Bytes, hard: Bytes,
) -> None:  # fmt: skip
    """One pass: `out` gets the cleaned bytes, `done` the TRIMMED/NORMALISED bits, `hard` 1 where the scalar must
    decide.
    """
    to = 0
    for i in range(done.shape[0]):
        a, b = offsets[i], offsets[i + 1]
        out_offsets[i] = to
        flags, sure, at = 0, b - a <= limit, a
        while sure and at < b:
            c = data[at]
            if c >= 0x20 and c < 0x7F:
                at += 1
            else:  # three-byte CJK (U+4000..U+9FFF) is never space, cased or digit
                sure = c >= 0xE4 and c <= 0xE9 and at + 2 < b and (steps & 104) == 0
                at += 3
        if not sure:
            hard[i] = 1
            continue
        if steps & 1:
            while a < b and data[a] == 0x20:
                a += 1
                flags = 1
            while a < b and data[b - 1] == 0x20:
                b -= 1
                flags = 1
        start, changed = to, False
        for j in range(a, b):
            c = data[j]
            if (steps & 2) and c >= 65 and c <= 90:
                c += 32
                changed = True
            elif (steps & 4) and c >= 97 and c <= 122:
                c -= 32
                changed = True
            if (steps & 8) and (c < 48 or c > 57):
                changed = True
                continue
            if (steps & 32) and (c == 0x20 or c == 0x2D):
                changed = True
                continue
            if (steps & 16) and c == 0x20 and (to == start or out[to - 1] == 0x20):
                changed = True
                continue
            out[to] = c
            to += 1
        if (steps & 16) and to > start and out[to - 1] == 0x20:
            to -= 1
            changed = True
        if steps & 64:
            size = _phone(out, start, to)
            changed = changed or start + size != to
            to = start + size
        if (steps & 32) and to == start and b > a:
            hard[i] = 1
            continue
        done[i] = flags | (2 if changed else 0)
    out_offsets[done.shape[0]] = to


def clean_column(column: pa.Array, steps: int) -> Texts:
    """The fast path of `clean` over a `pa.string()` array."""
    n = len(column)
    offsets, data = text_buffers(column)
    out_offsets, out = np.empty(n + 1, np.int32), np.empty(max(1, int(offsets[n] - offsets[0])), np.uint8)
    done, hard = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    _clean_kernel(offsets, data, steps, MAX_STRING_BYTES, out_offsets, out, done, hard)
    empty = out_offsets[1:] == out_offsets[:-1]
    actions = {}
    if done.any():
        actions = {name: (done & bit) != 0 for name, bit in (("trimmed", TRIMMED), ("normalised", NORMALISED))}
    return Texts(string_array(out_offsets, out, empty), hard.view(np.bool_), actions)


def string_array(offsets: npt.NDArray[np.int32], data: Bytes, null: npt.NDArray[np.bool_]) -> pa.Array:
    """A `pa.string()` array from its parts, null where marked."""
    n = len(offsets) - 1
    validity = pa.py_buffer(np.packbits(~null, bitorder="little")) if null.any() else None
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(data), validity)


def personal_of(declared: Field) -> bool:
    """Whether the value becomes a masked token: as declared, else implied by the kind."""
    return declared.type in PERSONAL_KINDS if declared.personal is None else declared.personal


def mask_of(declared: Field) -> str:
    """The form in which a personal text is shown: as declared, else implied by the kind, "" for none."""
    return declared.mask or (declared.type if declared.type in PERSONAL_KINDS else "")


class Text:
    """Reader of `string` fields."""

    signals: tuple[Signal, ...] = ()

    def __init__(self, declared: Field) -> None:
        self.personal, self.mask = personal_of(declared), mask_of(declared)
        self.type = Type(Kind.STRING, personal=self.personal, nullable=not declared.required)
        self.steps = 0
        for step in declared.normalise:
            self.steps |= STEPS[step]

    def one(self, value: object, notes: Notes) -> str | None:
        """The cleaned text of a str or whole number."""
        text = text_of(value, self.personal)
        return None if text is None else clean(text, self.steps, notes)

    def many(self, column: pa.Array) -> Texts | None:
        """One pass over the bytes."""
        return clean_column(column, self.steps)

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """No signals."""
        return ()

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """No signals."""
        return ()
