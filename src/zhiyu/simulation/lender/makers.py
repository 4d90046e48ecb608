"""How a field is read off an event's numbers: the register of makers, and the shapes that most of them have.

In: a span of events and the rows whose type carries the field. Out: an Arrow column over the whole span, null where the field is missing.
`MAKERS` holds one function per field; what a field looks like depends on the numbers it is made from and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.rows import NUMBER
from zhiyu.simulation.lender.span import Span

Maker = Callable[[Span, Ints], pa.Array]
MAKERS: dict[str, Maker] = {}


def maker(*names: str) -> Callable[[Maker], Maker]:
    """Registers a function for fields of these names."""

    def keep(function: Maker) -> Maker:
        MAKERS.update(dict.fromkeys(names, function))
        return function

    return keep


def present(s: Span, rows: Ints, name: str, least: int = 0) -> Ints:
    """Those of `rows` at which a core column is there."""
    return rows[s.of(name, rows) >= least]


def numbers(s: Span, rows: Ints, values: NDArray[Any], whole: bool = False) -> pa.Array:
    """A column of numbers."""
    found, missing = np.zeros(s.n, np.int64 if whole else np.float64), np.ones(s.n, np.bool_)
    found[rows], missing[rows] = values, False
    return pa.array(found, mask=missing)


def flag(s: Span, rows: Ints, values: NDArray[Any]) -> pa.Array:
    """A column of truth values."""
    found, missing = np.zeros(s.n, np.bool_), np.ones(s.n, np.bool_)
    found[rows], missing[rows] = values, False
    return pa.array(found, mask=missing)


def coded(name: str, prefix: str, read: Callable[[Span, Ints], tuple[Ints, tuple[Any, ...]]]) -> None:
    """A field that is a code of some numbers; `read` gives the rows that have it, and the numbers."""

    def make(s: Span, rows: Ints) -> pa.Array:
        rows, numbers = read(s, rows)
        return texts.column(s.n, rows, texts.codes(prefix, s.seed, name, *numbers))

    MAKERS[name] = make


def choice(name: str, known: tuple[str, ...], read: Callable[[Span, Ints], tuple[Ints, Ints]]) -> None:
    """A field that is one of some words; `read` gives the rows that have it, and which word."""

    def make(s: Span, rows: Ints) -> pa.Array:
        rows, which = read(s, rows)
        return texts.words(s.n, rows, which, known)

    MAKERS[name] = make


def by_person(draw: str, weights: tuple[int, ...]) -> Callable[[Span, Ints], tuple[Ints, Ints]]:
    """Some word for each person, always the same."""
    return lambda s, rows: (rows, s.chance.pick(draw, weights, s.of("person", rows)))


def plain(name: str) -> Callable[[Span, Ints], tuple[Ints, Ints]]:
    """A core column as it is, where it is there."""

    def read(s: Span, rows: Ints) -> tuple[Ints, Ints]:
        rows = present(s, rows, name)
        return rows, s.of(name, rows)

    return read


def trait_of(name: str) -> Callable[[Span, Ints], tuple[Ints, Ints]]:
    """A trait of the person."""
    return lambda s, rows: (rows, s.trait(name, rows))


def of_types(s: Span, rows: Ints, *names: str) -> NDArray[np.bool_]:
    """Which rows are of these types."""
    return np.isin(s.of("type", rows), [NUMBER[name] for name in names])


def bit(bit: int) -> Maker:
    """Whether a bit of `flags` is set."""

    def make(s: Span, rows: Ints) -> pa.Array:
        return flag(s, rows, (s.of("flags", rows) & bit) != 0)

    return make
