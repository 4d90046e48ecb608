"""exp, log, log10, pow, sin, cos, asin from + - * / and sqrt alone: the same bits on every machine.

In: float64. Out: float64 within 2 ulp (1 ulp measured, asin 2); NaN outside the domain, infinity on overflow.
Why own ones: the C library's differ in the last bit between machines, and NumPy's differ from it, so a replay
elsewhere would not be equal. Method: tables of exact constants (decimal arithmetic at import) and short Taylor
series, with double-double sums where a single rounding would show. frexp, floor and sqrt are exact operations of the
standard. No fused multiply-add, nothing that depends on the machine.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from zhiyu.base.jit import kernel

_SPLIT = 134217729.0
_STEPS = 64
_CELLS = 128


def _pair(value: Decimal) -> tuple[float, float]:
    """`value` as an unevaluated sum of two doubles."""
    high = float(value)
    return high, float(value - Decimal(high))


def _short_pair(value: Decimal) -> tuple[float, float]:
    """The same with a high part of 32 bits, so that its product with a small whole number is exact."""
    high = math.ldexp(round(math.ldexp(float(value), 32)), -32)
    return high, float(value - Decimal(high))


def _tables() -> tuple[np.ndarray, np.ndarray, tuple[float, float], tuple[float, float], tuple[float, float]]:
    """2**(j/64); log(j/128) around 1; ln 2; ln 2 / 64; 1 / ln 10: each as pairs of doubles."""
    with localcontext() as context:
        context.prec = 60
        two = Decimal(2).ln()
        powers = [_pair((two * j / _STEPS).exp()) for j in range(_STEPS)]
        logs = [_pair((Decimal(j) / _CELLS).ln()) for j in range(_CELLS * 5 // 8, _CELLS * 3 // 2 + 2)]
        ten = _pair(1 / Decimal(10).ln())
        return np.array(powers), np.array(logs), _short_pair(two), _short_pair(two / _STEPS), ten


_POWERS, _LOGS, (_LN2_HIGH, _LN2_LOW), (_STEP_HIGH, _STEP_LOW), (_TEN_HIGH, _TEN_LOW) = _tables()
_FIRST_CELL = _CELLS * 5 // 8
_STEPS_PER_UNIT = 92.33248261893475
"""64 / ln 2, to choose the nearest step; need not be exact."""

_HALF_PI_1, _HALF_PI_2, _HALF_PI_3 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
"""pi/2 in three parts; the first two have 33 bits, so that k times them is exact for |k| < 2**20."""
_ASIN = np.array([float(Fraction(math.comb(2 * n, n), 4**n * (2 * n + 1))) for n in range(27)], dtype=np.float64)


@kernel
def _scaled(value: float, exponent: int) -> float:
    """value * 2**exponent; rounds once."""
    while exponent > 1000:
        value *= 1.0715086071862673e301
        exponent -= 1000
    while exponent < -1000:
        value *= 9.332636185032189e-302
        exponent += 1000
    factor, base = 1.0, 2.0 if exponent > 0 else 0.5
    left = abs(exponent)
    while left:
        if left & 1:
            factor *= base
        base *= base
        left >>= 1
    return value * factor


@kernel
def _exact_product(a: float, b: float) -> tuple[float, float]:
    """a * b as a pair without error (Dekker), for magnitudes far from the ends of the range."""
    product = a * b
    wide = _SPLIT * a
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = _SPLIT * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel
def _exact_sum(a: float, b: float) -> tuple[float, float]:
    """a + b as a pair without error (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


@kernel
def _exp_pair(high: float, low: float) -> float:
    """e**(high + low)."""
    if high != high:
        return high
    if high > 709.79:
        return math.inf
    if high < -745.2:
        return 0.0
    step = np.floor(high * _STEPS_PER_UNIT + 0.5)
    rest = (high - step * _STEP_HIGH) - step * _STEP_LOW + low
    whole = int(step)
    cell = whole & (_STEPS - 1)
    series = rest + rest * rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0))))
    base, correction = _POWERS[cell, 0], _POWERS[cell, 1]
    return _scaled(base + (base * series + correction), (whole - cell) // _STEPS)


@kernel
def _log_pair(x: float) -> tuple[float, float]:
    """log(x) of a finite x > 0 as a pair, relative error below 2**-62."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7:
        mantissa *= 2.0
        exponent -= 1
    cell = int(np.floor(mantissa * _CELLS + 0.5))
    centre = cell / _CELLS
    gap = mantissa - centre
    ratio = gap / centre
    back, back_low = _exact_product(ratio, centre)
    ratio_low = ((gap - back) - back_low) / centre
    square, square_low = _exact_product(ratio, ratio)
    series = ratio * (
        1.0 / 3.0 + ratio * (-0.25 + ratio * (0.2 + ratio * (-1.0 / 6.0 + ratio * (1.0 / 7.0 + ratio * (-0.125)))))
    )
    index = cell - _FIRST_CELL
    high, error_1 = _exact_sum(exponent * _LN2_HIGH, _LOGS[index, 0])
    high, error_2 = _exact_sum(high, ratio)
    high, error_3 = _exact_sum(high, -0.5 * square)
    small = square * series + (ratio_low - ratio * ratio_low - 0.5 * square_low)
    low = error_1 + error_2 + error_3 + (_LOGS[index, 1] + exponent * _LN2_LOW) + small
    return _exact_sum(high, low)


@kernel
def exp(x: float) -> float:
    """e**x; infinity past 709.78, 0 below -745.2.

    >>> exp(0.0)
    1.0
    """
    return _exp_pair(x, 0.0)


@kernel
def log(x: float) -> float:
    """The natural logarithm; -infinity at 0, NaN below.

    >>> log(1.0)
    0.0
    """
    if x <= 0.0 or x != x or x == math.inf:
        return -math.inf if x == 0.0 else x if x > 0.0 else math.nan
    return _log_pair(x)[0]


@kernel
def log10(x: float) -> float:
    """The decimal logarithm, exact at powers of ten; -infinity at 0, NaN below.

    >>> log10(1000.0)
    3.0
    """
    if x <= 0.0 or x != x or x == math.inf:
        return -math.inf if x == 0.0 else x if x > 0.0 else math.nan
    high, low = _log_pair(x)
    product, error = _exact_product(high, _TEN_HIGH)
    return product + (error + (high * _TEN_LOW + low * _TEN_HIGH))


@kernel
def pow(x: float, y: float) -> float:
    """x**y. A negative x needs a whole y; 0**negative is infinity; anything**0 and 1**anything is 1.

    >>> pow(2.0, 10.0)
    1024.0
    """
    if y == 0.0 or x == 1.0:
        return 1.0
    if x != x or y != y:
        return math.nan
    whole = np.floor(y) == y
    odd = whole and abs(y) < 9007199254740992.0 and np.floor(y * 0.5) * 2.0 != y
    if x == 0.0:
        return 0.0 if y > 0.0 else math.inf
    if x < 0.0 and not whole:
        return math.nan
    size = abs(x)
    sign = -1.0 if x < 0.0 and odd else 1.0
    if size == math.inf or abs(y) > 1e15:
        return sign * (_far(size, y))
    high, low = _log_pair(size)
    product, error = _exact_product(high, y)
    if product > 800.0 or product < -800.0:
        return sign * _far(size, y)
    return sign * _exp_pair(product, error + low * y)


@kernel
def _far(size: float, y: float) -> float:
    """The limit of size**y where the result leaves the range."""
    if size == 1.0:
        return 1.0
    return math.inf if (size > 1.0) == (y > 0.0) else 0.0


@kernel
def _sine_cosine(x: float) -> tuple[float, float]:
    """sin and cos of |x| <= 1e6; NaN beyond."""
    if not abs(x) <= 1e6:
        return math.nan, math.nan
    turns = np.floor(x * 0.6366197723675814 + 0.5)
    rest = x - turns * _HALF_PI_1
    shift = turns * _HALF_PI_2
    high = rest - shift
    low = ((rest - high) - shift) - turns * _HALF_PI_3
    angle = high + low
    low = (high - angle) + low
    s = angle * angle
    sine = -1.0 / 6.0 + s * (
        1.0 / 120.0
        + s
        * (
            -1.0 / 5040.0
            + s
            * (
                1.0 / 362880.0
                + s
                * (-1.0 / 39916800.0 + s * (1.0 / 6227020800.0 + s * (-1.0 / 1307674368000.0 + s / 355687428096000.0)))
            )
        )
    )
    cosine = 1.0 / 24.0 + s * (
        -1.0 / 720.0
        + s
        * (
            1.0 / 40320.0
            + s
            * (
                -1.0 / 3628800.0
                + s
                * (
                    1.0 / 479001600.0
                    + s * (-1.0 / 87178291200.0 + s * (1.0 / 20922789888000.0 - s / 6402373705728000.0))
                )
            )
        )
    )
    sin_value = angle + (angle * s * sine + low * (1.0 - 0.5 * s))
    half = 0.5 * s
    start = 1.0 - half
    cos_value = start + (((1.0 - start) - half) + (s * s * cosine - angle * low))
    quarter = int(turns) & 3
    if quarter == 0:
        return sin_value, cos_value
    if quarter == 1:
        return cos_value, -sin_value
    if quarter == 2:
        return -sin_value, -cos_value
    return -cos_value, sin_value


@kernel
def sin(x: float) -> float:
    """The sine of |x| <= 1e6 radians; NaN beyond."""
    return _sine_cosine(x)[0]


@kernel
def cos(x: float) -> float:
    """The cosine of |x| <= 1e6 radians; NaN beyond."""
    return _sine_cosine(x)[1]


@kernel
def asin(x: float) -> float:
    """The arc sine of -1..1 in radians; NaN outside.

    >>> asin(0.0)
    0.0
    """
    size = abs(x)
    if not size <= 1.0:
        return math.nan
    far = size > 0.5
    square = 0.5 * (1.0 - size) if far else size * size
    root = math.sqrt(square) if far else size
    series = 0.0
    for index in range(len(_ASIN) - 1, 0, -1):
        series = (series + _ASIN[index]) * square
    value = root + root * series
    if far:
        error = (square - root * root) / (2.0 * root) if root > 0.0 else 0.0
        value = 1.5707963267948966 - 2.0 * (value + error) + 6.123233995736766e-17
    return -value if x < 0.0 else value


EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
_RADIANS_PER_MICRODEGREE = 1.7453292519943295e-08


@kernel
def distance_km(latitude_1: int, longitude_1: int, latitude_2: int, longitude_2: int) -> float:
    """Great-circle distance of two points in micro-degrees (haversine on the mean sphere).

    >>> round(distance_km(39904200, 116407400, 31230400, 121473700))
    1067
    """
    half_latitude = sin((latitude_2 - latitude_1) * (0.5 * _RADIANS_PER_MICRODEGREE))
    half_longitude = sin((longitude_2 - longitude_1) * (0.5 * _RADIANS_PER_MICRODEGREE))
    across = cos(latitude_1 * _RADIANS_PER_MICRODEGREE) * cos(latitude_2 * _RADIANS_PER_MICRODEGREE)
    square = half_latitude * half_latitude + across * half_longitude * half_longitude
    return 2.0 * EARTH_RADIUS_KM * asin(math.sqrt(min(square, 1.0)))
