"""Numbers that a person would write in a rule: exact in the language, few digits, the unit of the feature.

In: values in register form and their `Type`. Out: candidate cuts in register form, and how each is written: money in whole units,
counts as integers (both with three digits), durations in minutes (hours or days when long), ratios with two digits.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.base.windows import say_duration
from zhiyu.expressions.canonical import number_text
from zhiyu.expressions.types import Kind, Type

DIGITS, RATIO_DIGITS = 3, 2
"""Significant digits of amounts and counts, and of floats."""
CUTTABLE = (Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.DURATION)
_SPANS_MS = ((10 * 86_400_000, 86_400_000), (10 * 3_600_000, 3_600_000), (600_000, 60_000), (0, 1_000))
_QUANTILES = np.array([0.5, 1, 2.5, *range(5, 100, 5), 96, 97, 98, 99, 99.5, 99.9]) / 100


def readable(value: int | float, type_: Type) -> int | float:
    """The nearest number people would write, in register form.

    >>> readable(81_249, Type(Kind.FIXED, 2, "CNY")), readable(5, Type(Kind.INT)), readable(2.3456, Type(Kind.FLOAT))
    (81200, 5, 2.3)
    """
    if type_.kind is Kind.DURATION:
        step = next(step for least, step in _SPANS_MS if abs(value) >= least)
        return round(value / step) * step
    scale = type_.scale if type_.kind is Kind.FIXED else 0
    exact = Decimal(repr(float(value))) if type_.kind is Kind.FLOAT else Decimal(int(value)).scaleb(-scale)
    if not exact:
        return 0.0 if type_.kind is Kind.FLOAT else 0
    places = (RATIO_DIGITS if type_.kind is Kind.FLOAT else DIGITS) - 1 - exact.adjusted()
    if type_.kind is not Kind.FLOAT:
        places = min(places, 0 if type_.unit or not scale else scale)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return float(rounded) if type_.kind is Kind.FLOAT else int(rounded.scaleb(scale))


def written(value: int | float, type_: Type) -> str:
    """A register value as a literal of the language.

    >>> written(81_250, Type(Kind.FIXED, 2, "CNY")), written(300_000, Type(Kind.DURATION))
    ('812.5', '"5m"')
    """
    if type_.kind is Kind.DURATION:
        sign = "-" if value < 0 else ""
        return f'"{sign}{say_duration(abs(int(value)))}"' if value else '"0s"'
    if type_.kind is Kind.FLOAT:
        return number_text(Decimal(repr(float(value))))
    return number_text(Decimal(int(value)).scaleb(-type_.scale if type_.kind is Kind.FIXED else 0))


def as_numbers(values: Array, type_: Type) -> Array:
    """Registers as numbers that compare as the language does: float64 for FLOAT, int64 otherwise."""
    return values.view(np.float64) if type_.kind is Kind.FLOAT else values


def cuts(frauds: Array, goods: Array, type_: Type) -> Array:
    """Readable numbers at the quantiles of the value (as `as_numbers`) among frauds and goods, rising, each once."""
    found: set[int | float] = set()
    for group in (frauds, goods):
        group = group[np.isfinite(group)] if type_.kind is Kind.FLOAT else group
        if len(group):
            at = np.sort(group)[np.minimum((_QUANTILES * len(group)).astype(np.int64), len(group) - 1)]
            found |= {readable(each, type_) for each in at.tolist()}
    return np.array(sorted(found), np.float64 if type_.kind is Kind.FLOAT else np.int64)
