"""The variables of one type of event during one hour, in a bounded space whatever the number of events.

In: registers of n events and F variables. Out: `TypeHour`: counts, sums, least and greatest (exact), a fine histogram with sixteen
steps per doubling for quantiles, a coarse one with one step per doubling for comparisons. Whole numbers up to 31 have a fine step
each; others are off by 1/32 of the value at most. Rows are taken in pieces of PIECE from the begin of the hour, so the result does not
depend on how the stream was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zhiyu.expressions.types import Kind, Type

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
STEPS, LOW, HIGH = 16, -20, 44
"""Fine steps per doubling; sizes below 2^LOW count as zero, above 2^HIGH into the last step."""
SIDE = (HIGH - LOW) * STEPS
FINE, COARSE = 2 * SIDE + 1, 2 * (HIGH - LOW) + 3
"""Buckets; the coarse ones have null and error last."""
TEXTS = 64
"""Texts are counted by hash into so many buckets."""
PIECE = 65_536
KEPT_HASHES = 256
RELATIVE_ERROR = 1 / 32
NUMBERS = (Kind.BOOL, Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.DURATION, Kind.TIME)


def as_numbers(type_: Type, bits: Ints) -> Floats:
    """Registers as float64, in the unit that policies use (durations: milliseconds)."""
    if type_.kind is Kind.FLOAT:
        return np.ascontiguousarray(bits).view(np.float64)
    return bits.astype(np.float64) / (10.0**type_.scale if type_.kind is Kind.FIXED else 1.0)


def fine(numbers: Floats) -> Ints:
    """The fine bucket of each number."""
    size = np.abs(numbers)
    part, power = np.frexp(size)  # size = part · 2^power, part in [0.5, 1)
    place = (power - 1 - LOW) * STEPS + ((part - 0.5) * 2 * STEPS).astype(np.int64)
    place = np.where(size < 2.0**LOW, 0, np.clip(place, 0, SIDE - 1) + 1)
    return np.where(numbers < 0, SIDE - place, SIDE + place)


def coarse(bucket: Ints) -> Ints:
    """The coarse bucket of a fine one."""
    place = np.abs(bucket - SIDE)
    doubling = np.where(place == 0, 0, (place - 1) // STEPS + 1)
    return np.where(bucket < SIDE, HIGH - LOW - doubling, HIGH - LOW + doubling)


def middle(bucket: Ints, whole: bool) -> Floats:
    """The value that stands for each fine bucket: its middle, or of whole numbers the one it holds where that is just one."""
    place = np.abs(bucket - SIDE)
    power, step = np.divmod(place - 1, STEPS)
    low, width = np.ldexp(1.0 + step / STEPS, power + LOW), np.ldexp(1.0 / STEPS, power + LOW)
    one = (width <= 1.0) & (low >= 1.0) & (np.ceil(low) < low + width) if whole else np.zeros(len(low), np.bool_)
    value = np.where(one, np.ceil(low), low + width / 2)
    return np.where(place == 0, 0.0, np.where(bucket < SIDE, -value, value))


def mixed(bits: Ints) -> NDArray[np.uint64]:
    """A one-to-one scramble."""
    found = bits.astype(np.uint64)
    with np.errstate(over="ignore"):
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


class TypeHour:
    """F variables of one type of event in one hour. Arrays have one line per variable; `rough` int32[F, COARSE]."""

    def __init__(self, names: tuple[str, ...], types: Sequence[Type]) -> None:
        width = len(names)
        self.names, self.types = names, tuple(types)
        self.n = 0
        self.missing, self.errors = np.zeros(width, np.int64), np.zeros(width, np.int64)
        self.sum, self.squares = np.zeros(width), np.zeros(width)
        self.least, self.greatest = np.full(width, np.inf), np.full(width, -np.inf)
        self.rough = np.zeros((width, COARSE), np.int32)
        self.keys, self.counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.hashes: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64) for _ in names]
        self._numeric = np.array([each.kind in NUMBERS for each in self.types], np.bool_)
        self._values: list[Ints] = []
        self._nulls: list[NDArray[np.uint8]] = []
        self._waiting = 0

    def take(self, values: Ints, nulls: NDArray[np.uint8]) -> None:
        """Registers int64[n, F] and marks uint8[n, F] (0 value, 1 null, 2 error)."""
        while len(values):
            room = PIECE - self._waiting
            self._values.append(values[:room])
            self._nulls.append(nulls[:room])
            self._waiting += min(room, len(values))
            values, nulls = values[room:], nulls[room:]
            if self._waiting == PIECE:
                self.settle()

    def settle(self) -> None:
        """Count what waits."""
        if not self._waiting:
            return
        values, nulls = np.concatenate(self._values), np.concatenate(self._nulls)
        self._values, self._nulls, self._waiting = [], [], 0
        there = nulls == 0
        self.n += len(values)
        self.missing += (nulls == 1).sum(axis=0)
        self.errors += (nulls == 2).sum(axis=0)
        numbers = np.zeros(values.shape)
        bucket = (mixed(values) >> np.uint64(58)).astype(np.int64)
        for type_ in {(each.kind, each.scale): each for each in self.types if each.kind in NUMBERS}.values():
            own = [at for at, each in enumerate(self.types) if (each.kind, each.scale) == (type_.kind, type_.scale)]
            numbers[:, own] = as_numbers(type_, values[:, own])
            bucket[:, own] = fine(np.where(there[:, own], numbers[:, own], 0.0))
        counted = there & self._numeric
        known = np.where(counted, numbers, 0.0)
        self.sum += known.sum(axis=0)
        self.squares += np.square(known).sum(axis=0)
        self.least = np.minimum(self.least, np.where(counted, numbers, np.inf).min(axis=0))
        self.greatest = np.maximum(self.greatest, np.where(counted, numbers, -np.inf).max(axis=0))
        self._count(bucket, nulls, there)
        self._tell_apart(values, there)

    def _count(self, bucket: Ints, nulls: NDArray[np.uint8], there: NDArray[np.bool_]) -> None:
        line = np.broadcast_to(np.arange(len(self.names)), bucket.shape)
        keys = np.concatenate([self.keys, (line * FINE + bucket)[there]])
        counts = np.concatenate([self.counts, np.ones(len(keys) - len(self.keys), np.int64)])
        self.keys, inverse = np.unique(keys, return_inverse=True)
        self.counts = np.bincount(inverse, counts, len(self.keys)).astype(np.int64)
        rough = np.where(self._numeric, coarse(bucket), np.minimum(bucket, COARSE - 3))
        rough = np.where(nulls == 0, rough, COARSE - 3 + nulls)
        flat = np.bincount((line * COARSE + rough).ravel(), minlength=self.rough.size)
        self.rough += flat.reshape(self.rough.shape).astype(np.int32)

    def _tell_apart(self, values: Ints, there: NDArray[np.bool_]) -> None:
        hashed = np.where(there, mixed(values), np.uint64(2**64 - 1))
        hashed.sort(axis=0)
        for at in range(len(self.names)):
            own = np.unique(hashed[: int(there[:, at].sum()), at])[:KEPT_HASHES]
            both = np.concatenate([self.hashes[at], own]) if len(self.hashes[at]) else own
            self.hashes[at] = np.unique(both)[:KEPT_HASHES]

    def forget_details(self) -> None:
        """Keep what later hours are compared with."""
        self.keys = self.counts = np.zeros(0, np.int64)
        self.hashes = []

    @property
    def known(self) -> Ints:
        """Values that are neither null nor in error, of numbers."""
        return np.where(self._numeric, self.n - self.missing - self.errors, 0)

    def distinct(self, at: int) -> tuple[int, bool]:
        """Different values of a variable, and whether that is exact."""
        own = self.hashes[at]
        if len(own) < KEPT_HASHES:
            return len(own), True
        return round((KEPT_HASHES - 1) / (float(own[-1]) / 2.0**64)), False

    def quantiles(self, at: int, shares: Sequence[float]) -> list[float | None]:
        """Values below or at which these shares of the known ones lie; None for texts and without a value."""
        first, last = np.searchsorted(self.keys, [at * FINE, (at + 1) * FINE])
        if first == last or not self._numeric[at]:
            return [None] * len(shares)
        total = np.cumsum(self.counts[first:last])
        ranks = np.ceil(np.array(shares) * total[-1]).clip(1).astype(np.int64)
        places = self.keys[first:last][np.searchsorted(total, ranks)] - at * FINE
        values = middle(places, self.types[at].kind not in (Kind.FLOAT, Kind.FIXED))
        return [float(min(max(value, self.least[at]), self.greatest[at])) for value in values]
