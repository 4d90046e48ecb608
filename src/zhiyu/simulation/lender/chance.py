"""Chance as a function: every number is a hash of the seed, what it is for, who it is about and which draw it is.

In: seed, a word, integer arrays. Out: integers, shares in [0, 1), choices. Why no generator with a state: adding a kind of fraud, or a
customer, moves nobody else's numbers, and integer arithmetic gives the same bits on any machine.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_GOLDEN, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S32 = (np.uint64(s) for s in (30, 27, 31, 11, 32))


@cache
def _word(seed: int, word: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {word}".encode(), digest_size=8).digest(), "little")


def mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A one-to-one scramble of 64-bit integers (splitmix64's last step)."""
    bits = (bits ^ (bits >> _S30)) * _M1
    bits = (bits ^ (bits >> _S27)) * _M2
    return bits ^ (bits >> _S31)


class Chance:
    """Draws of one seed.

    >>> chance = Chance(7)
    >>> bool((chance.share("x", np.arange(3)) == Chance(7).share("x", np.arange(5))[:3]).all())
    True
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, word: str, who: Any, draw: Any = 0) -> NDArray[np.uint64]:
        """uint64 per element; `who` and `draw` are integers or arrays that broadcast."""
        first = np.asarray(who, np.int64).astype(np.uint64) * _GOLDEN + np.uint64(_word(self.seed, word))
        second = np.asarray(draw, np.int64).astype(np.uint64) * _SECOND
        with np.errstate(over="ignore"):
            return mixed(mixed(first + second) + _GOLDEN)

    def share(self, word: str, who: Any, draw: Any = 0) -> Floats:
        """Multiples of 2^-53 in [0, 1)."""
        return (self.bits(word, who, draw) >> _S11).astype(np.float64) * 2.0**-53

    def below(self, word: str, limit: Any, who: Any, draw: Any = 0) -> Ints:
        """Whole numbers in [0, limit); `limit` below 2^31, one or per element."""
        high = self.bits(word, who, draw) >> _S32
        return ((high * np.asarray(limit, np.int64).astype(np.uint64)) >> _S32).astype(np.int64)

    def happens(self, word: str, share: Any, who: Any, draw: Any = 0) -> Bools:
        """True with the given chance."""
        return self.share(word, who, draw) < share

    def pick(self, word: str, weights: Any, who: Any, draw: Any = 0) -> Ints:
        """Index of one of the weights, each as likely as its weight."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        return np.searchsorted(edges[:-1], self.share(word, who, draw) * edges[-1], side="right").astype(np.int64)

    def spread(self, word: str, table: Any, who: Any, draw: Any = 0) -> Floats:
        """A value of a distribution given by equally likely quantiles, straight lines between them."""
        values = np.asarray(table, np.float64)
        at = self.share(word, who, draw) * (len(values) - 1)
        low = at.astype(np.int64)
        return values[low] + (values[low + 1] - values[low]) * (at - low)

    def several(self, word: str, rate: Any, who: Any, draw: Any = 0, most: int = 6) -> Ints:
        """How many: 0, 1, 2, … with mean `rate` (geometric), at most `most`."""
        share, again = self.share(word, who, draw), np.asarray(rate) / (1.0 + np.asarray(rate))
        count, edge = np.zeros(np.broadcast(share, again).shape, np.int64), np.asarray(again, np.float64)
        for _ in range(most):
            count += share < edge
            edge = edge * again
        return count


def permuted(index: Any, size: int, seed: int, word: str) -> Ints:
    """A one-to-one rearrangement of [0, size): numbers that look drawn and never repeat. `size` below 2^31."""
    step = _word(seed, f"{word} step") % size | 1
    while np.gcd(step, size) != 1:
        step = (step + 2) % size | 1
    return (np.asarray(index, np.int64) % size * step + _word(seed, f"{word} start") % size) % size
