"""Own functions against exact 50-digit arithmetic where the library has it, else against `math`; and recorded bits."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.base import numeric

QUICK = settings(max_examples=400, deadline=None)


def ulps(found: float, exact: Decimal) -> Decimal:
    return abs(Decimal(found) - exact) / Decimal(math.ulp(float(exact)))


@QUICK
@given(st.floats(-740, 709.7))
def test_exp(x: float) -> None:
    with localcontext() as context:
        context.prec = 50
        assert ulps(numeric.exp(x), Decimal(x).exp()) < 1


@QUICK
@given(st.floats(5e-324, 1.7e308) | st.floats(0.9, 1.1))
def test_log_and_log10(x: float) -> None:
    with localcontext() as context:
        context.prec = 50
        assert ulps(numeric.log(x), Decimal(x).ln()) < 1
        assert ulps(numeric.log10(x), Decimal(x).log10()) < 1


@QUICK
@given(st.floats(1e-6, 1e6), st.floats(-45, 45))
def test_pow(x: float, y: float) -> None:
    with localcontext() as context:
        context.prec = 50
        assert ulps(numeric.pow(x, y), (Decimal(x).ln() * Decimal(y)).exp()) < 2


@QUICK
@given(st.floats(-100, 100), st.floats(-1, 1))
def test_trigonometry(x: float, y: float) -> None:
    for found, known in ((numeric.sin(x), math.sin(x)), (numeric.cos(x), math.cos(x)), (numeric.asin(y), math.asin(y))):
        assert abs(found - known) <= 2 * math.ulp(known)


@pytest.mark.parametrize("power", range(-20, 23))
def test_log10_is_exact_at_powers_of_ten(power: int) -> None:
    assert numeric.log10(float(f"1e{power}")) == power


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (numeric.exp(710.0), math.inf),
        (numeric.exp(-1e300), 0.0),
        (numeric.log(0.0), -math.inf),
        (numeric.pow(-2.0, 3.0), -8.0),
        (numeric.pow(-2.0, 2.0), 4.0),
        (numeric.pow(0.0, -1.0), math.inf),
        (numeric.pow(0.0, 0.0), 1.0),
        (numeric.pow(0.5, 1e300), 0.0),
        (numeric.pow(-1.0, 1e300), 1.0),
        (numeric.pow(10.0, 22.0), 1e22),
        (numeric.pow(2.0, -1074.0), 5e-324),
        (numeric.asin(1.0), math.pi / 2),
        (numeric.asin(-1.0), -math.pi / 2),
    ],
)
def test_the_ends_of_the_range(found: float, expected: float) -> None:
    assert found == expected


@pytest.mark.parametrize("found", [numeric.log(-1.0), numeric.pow(-2.0, 0.5), numeric.asin(1.1), numeric.sin(1e7)])
def test_outside_the_domain_there_is_no_number(found: float) -> None:
    assert math.isnan(found)


def test_distance() -> None:
    assert numeric.distance_km(0, 0, 0, 0) == 0.0
    assert numeric.distance_km(0, 0, 0, 180_000_000) == pytest.approx(math.pi * numeric.EARTH_RADIUS_KM, rel=1e-12)
    assert numeric.distance_km(0, 0, 0, 1_000_000) == pytest.approx(math.pi / 180 * numeric.EARTH_RADIUS_KM, rel=1e-12)
    assert numeric.distance_km(39904200, 116407400, 31230400, 121473700) == pytest.approx(1067.3, abs=0.5)


RECORDED = "9161cc1475505e1b"


def test_the_bits_are_the_recorded_bits() -> None:
    """The same on every machine: one digest over 4,000 results."""
    functions: list[tuple[Callable[[float], float], float]] = [
        (numeric.exp, 7.0),
        (numeric.log, 1.0),
        (numeric.log10, 1.0),
        (numeric.sin, 3.0),
        (numeric.cos, 3.0),
    ]
    digest = hashlib.sha256()
    for step in range(1, 801):
        x = step / 97.0
        for function, scale in functions:
            digest.update(struct.pack("<d", function(x * scale)))
        digest.update(struct.pack("<d", numeric.pow(x, x / 3.0)))
        digest.update(struct.pack("<d", numeric.asin(step / 800.0)))
    assert digest.hexdigest()[:16] == RECORDED
