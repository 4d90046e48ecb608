"""Whole numbers, fixed-point numbers and money: a scaled integer, exact.

In: int, float, Decimal or decimal text ("12.50", "1,234.50", "-3e2"). Out: value × 10**digits as an integer, |result|
≤ MAX_VALUE and within the declared range; None for null and empty text. NaN and infinity are refused. A number with
more digits than declared is refused unless `round: true` (half to even, noted as `rounded`). A float means the
shortest decimal that reads as it, and binary noise is not a digit: 85.64999999999999, as float or text, is 85.65
(within 1e-6 of the last digit plus a few units of float precision).
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.base.limits import MAX_VALUE
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Actions, Int64s, Notes, Numbers
from zhiyu.events.refusals import Bad, quote, wrong_type
from zhiyu.expressions.types import Kind, Type

NOISE, NOISE_RELATIVE = 1e-6, 2.0**-51
MAX_NUMBER_CHARS = 64
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN, Emax=2000, Emin=-2000)


def digits_of(declared: Field) -> int:
    """Decimal digits kept: 0 for int, the currency's for money, the declared ones for number."""
    if declared.type == "int":
        return 0
    return MINOR_DIGITS.get(declared.currency, 2) if declared.type == "money" else declared.digits


def bound(value: str | int | float | None, digits: int) -> int | None:
    """A declared limit in the scaled integer; ValueError when it is not a finite number with that many digits."""
    if value is None:
        return None
    text = str(value)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{quote(value)} is not a number")
    scaled = Decimal(text.replace(",", "")).scaleb(digits, _CONTEXT)
    if scaled != scaled.to_integral_value(context=_CONTEXT):
        raise ValueError(f"{quote(value)} has more than {digits} decimal digits")
    return int(scaled)


class Number:
    """Reader of `int`, `number` and `money` fields."""

    def __init__(self, declared: Field) -> None:
        self.digits = digits_of(declared)
        self.factor = 10**self.digits
        self.round = declared.round
        unit = declared.currency if declared.type == "money" else declared.unit
        low, high = bound(declared.min, self.digits), bound(declared.max, self.digits)
        if low is not None and high is not None and low > high:
            raise ValueError(f"min {declared.min} is above max {declared.max}")
        self.low = -MAX_VALUE if low is None else max(low, -MAX_VALUE)
        self.high = MAX_VALUE if high is None else min(high, MAX_VALUE)
        kind = Kind.INT if declared.type == "int" else Kind.FIXED
        self.type = Type(kind, self.digits, unit, nullable=not declared.required, minimum=low, maximum=high)

    def one(self, value: object, notes: Notes) -> int | None:
        """The scaled integer of one raw value."""
        if value is None:
            return None
        if isinstance(value, bool):
            raise wrong_type(value, "a number", "数字")
        if isinstance(value, int):
            scaled = value * self.factor if value.bit_length() <= 64 else (MAX_VALUE + 1) * (1 if value > 0 else -1)
        elif isinstance(value, float):
            scaled = self._from_float(value, notes)
        elif isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            if len(text) > MAX_NUMBER_CHARS or not _NUMBER.fullmatch(text):
                raise wrong_type(value, "a number; write digits and a decimal point", "数字；请写数字和小数点")
            scaled = self._from_decimal(Decimal(text.replace(",", "")), value, notes)
        elif isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 400:
            scaled = self._from_decimal(value, value, notes)
        else:
            raise wrong_type(value, "a number", "数字")
        if not self.low <= scaled <= self.high:
            raise self._out_of_range(value)
        return scaled

    def _from_float(self, value: float, notes: Notes) -> int:
        if not math.isfinite(value):
            raise Bad(
                "not_finite",
                f"{value} is not a finite number; send null when there is no value",
                f"{value} 不是有限数；无值请传 null",
            )
        product = value * float(self.factor)
        if abs(product) > 2 * MAX_VALUE:
            return (MAX_VALUE + 1) * (1 if product > 0 else -1)
        whole = round(product)
        if abs(product - whole) <= NOISE + abs(product) * NOISE_RELATIVE:
            return whole
        return self._from_decimal(Decimal(repr(value)), value, notes)

    def _from_decimal(self, number: Decimal, value: object, notes: Notes) -> int:
        if number and number.adjusted() + self.digits > 20:
            return -(MAX_VALUE + 1) if number < 0 else MAX_VALUE + 1
        scaled = number.scaleb(self.digits, _CONTEXT)
        whole = scaled.to_integral_value(ROUND_HALF_EVEN, _CONTEXT)
        if whole != scaled and abs(float(scaled - whole)) > NOISE + abs(float(scaled)) * NOISE_RELATIVE:
            self._rounded(value, notes)
        return int(whole)

    def _rounded(self, value: object, notes: Notes) -> None:
        if not self.round:
            raise Bad(
                "too_many_digits",
                f"{quote(value)} has more than {self.digits} decimal digits; send fewer, or declare `round: true`",
                f"{quote(value)} 的小数位超过 {self.digits} 位；请减少位数，或声明 round: true",
            )
        notes.append("rounded")

    def _out_of_range(self, value: object) -> Bad:
        low, high = (f"{Decimal(v).scaleb(-self.digits):f}" for v in (self.low, self.high))
        return Bad(
            "out_of_range",
            f"{quote(value)} is outside {low} … {high}",
            f"{quote(value)} 超出范围 {low} … {high}",
        )

    def many(self, column: pa.Array) -> Numbers | None:
        """int64, float64 and string columns."""
        null = column.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_int64(column.type):
            return self._many_ints(column.fill_null(0).to_numpy(zero_copy_only=False), null)
        if pa.types.is_float64(column.type):
            return self._many_floats(column.fill_null(0.0).to_numpy(zero_copy_only=False), null)
        if pa.types.is_string(column.type):
            return self._many_texts(column, null)
        return None

    def _many_ints(self, raw: Int64s, null: npt.NDArray[np.bool_]) -> Numbers:
        limit = MAX_VALUE // self.factor + 1
        hard = (raw > limit) | (raw < -limit)
        scaled = np.where(hard, 0, raw) * np.int64(self.factor)
        hard |= (scaled < self.low) | (scaled > self.high)
        hard &= ~null
        return Numbers(scaled, null, hard)

    def _many_floats(self, raw: npt.NDArray[np.float64], null: npt.NDArray[np.bool_]) -> Numbers:
        with np.errstate(all="ignore"):
            product = raw * float(self.factor)
            whole = np.rint(product)
            noise = NOISE + np.abs(product) * NOISE_RELATIVE
            rest = np.abs(product - whole)
            rounded = rest > noise
            tie = np.abs(rest - 0.5) <= noise
            hard = ~(rest <= noise) & (~np.bool_(self.round) | ~rounded | tie)
            hard |= ~((whole >= self.low) & (whole <= self.high))
        hard &= ~null
        actions = {"rounded": rounded & ~hard & ~null} if self.round else {}
        return Numbers(np.where(hard | null, 0.0, whole).astype(np.int64), null, hard, actions)

    def _many_texts(self, column: pa.Array, null: npt.NDArray[np.bool_]) -> Numbers:
        offsets, data = text_buffers(column)
        values, hard = np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
        parse_fixed(offsets, data, self.digits, values, hard)
        actions: Actions = {}
        if self.round:
            rounded = np.zeros(len(column), np.bool_)
            round_fixed(offsets, data, self.digits, values, hard, rounded)
            actions["rounded"] = rounded
        hard |= (values < self.low) | (values > self.high)
        hard &= ~null
        empty = (offsets[1:] == offsets[:-1]) & ~null
        hard &= ~empty
        values[empty | hard] = 0
        for marks in actions.values():
            marks &= ~(null | empty | hard)
        return Numbers(values, null | empty, hard, actions)


@kernel
def parse_fixed(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    digits: int,
    values: Int64s,
    hard: npt.NDArray[np.bool_],
) -> None:
    """Plain decimals (sign, up to 15 digits, one point, at most `digits` decimals) to scaled integers; the rest is
    hard.
    """
    for i in range(values.shape[0]):
        at, end = offsets[i], offsets[i + 1]
        negative = at < end and data[at] == 45
        if negative:
            at += 1
        total, seen, decimals = np.int64(0), 0, -1
        sure = at < end and end - at <= 16
        while sure and at < end:
            c = data[at]
            at += 1
            if c >= 48 and c <= 57:
                total = total * 10 + np.int64(c - 48)
                seen += 1
                if decimals >= 0:
                    decimals += 1
            elif c == 46 and decimals < 0 and seen > 0:
                decimals = 0
            else:
                sure = False
        if not sure or seen == 0 or decimals > digits or seen - max(decimals, 0) + digits > 18:
            hard[i] = True
            continue
        for _ in range(digits - max(decimals, 0)):
            total *= 10
        values[i] = -total if negative else total


@kernel
def round_fixed(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    digits: int,
    values: Int64s,
    hard: npt.NDArray[np.bool_],
    rounded: npt.NDArray[np.bool_],
) -> None:
    """Of the hard ones those that are plain decimals with more digits than are kept: rounded half to even, and marked where what is cut
    off is more than binary noise. What is too long, or so near to noise that floats cannot tell, stays hard.
    """
    for i in range(values.shape[0]):
        if not hard[i]:
            continue
        at, end = offsets[i], offsets[i + 1]
        negative = at < end and data[at] == 45
        if negative:
            at += 1
        total, rest, power = np.int64(0), np.int64(0), np.int64(1)
        seen, decimals = 0, -1
        sure = at < end and end - at <= 32
        while sure and at < end:
            c = data[at]
            at += 1
            if c >= 48 and c <= 57:
                seen += 1
                if decimals >= 0:
                    decimals += 1
                if decimals <= digits:
                    total = total * 10 + np.int64(c - 48)
                else:
                    rest, power = rest * 10 + np.int64(c - 48), power * 10
            elif c == 46 and decimals < 0 and seen > 0:
                decimals = 0
            else:
                sure = False
        if not sure or decimals <= digits or decimals - digits > 15 or seen - decimals + digits > 17:
            continue
        up = 2 * rest > power or (2 * rest == power and total % 2 == 1)
        off = float(power - rest if up else rest) / float(power)
        noise = NOISE + (float(total) + float(rest) / float(power)) * NOISE_RELATIVE
        if abs(off - noise) <= noise * 1e-6:
            continue
        total += 1 if up else 0
        values[i] = -total if negative else total
        rounded[i] = off > noise
        hard[i] = False
