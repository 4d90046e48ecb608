"""Decisions as columns: what was decided, what is done, why, and what was seen.

In: filled by the engine. Out: arrays of equal length n, one row per decided event, in log order; feature values only for kept rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.decisions.layout import (
    LIMIT_SHIFT,
    MARK_MASK,
    O_APPROXIMATE,
    O_ENFORCED,
    O_MARK,
    O_OUTCOME,
    O_PRINT,
    O_SCORE,
    OUT_LINES,
)


@dataclass(slots=True)
class DecisionBatch:
    """n decisions. Times in ms since 1970. `block` int64[lines, n] is what the kernel wrote; its lines have names below.

    `rows` int64[n]: row of each decision in the decoded batch. `kept` int64[k]: decisions whose values are in `kept_values` int64[k, F]
    and `kept_nulls` uint8[k, F] (0 value, 1 null, 2 error). `hit_words`, `path_words`: 64-bit words per row of rule bits and path.
    """

    tenant: str
    positions: Array
    ids: Sequence[str] | pa.Array
    id_code: Array
    type_index: Array
    time_ms: Array
    received_ms: Array
    late: Array
    labels: Array
    money: Array
    rows: Array
    block: Array
    hit_words: int
    path_words: int
    kept: Array
    kept_values: Array
    kept_nulls: Array

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.positions)

    @property
    def outcome(self) -> Array:
        """int64[n]: what was decided, 0..5 (pass … decline)."""
        return self.block[O_OUTCOME]

    @property
    def enforced(self) -> Array:
        """int64[n]: what is done, 0..5; differs from `outcome` where `mark` says why."""
        return self.block[O_ENFORCED]

    @property
    def mark(self) -> Array:
        """int64[n]: why the enforced outcome is what it is (`layout.AS_DECIDED` …)."""
        return self.block[O_MARK] & MARK_MASK

    @property
    def limit(self) -> Array:
        """int64[n]: number of the limit of the policy that was reached (the last, if several were), plus one; 0 for none."""
        return self.block[O_MARK] >> LIMIT_SHIFT

    @property
    def score(self) -> Array:
        """int64[n]: points of rule sets and tables."""
        return self.block[O_SCORE]

    @property
    def prints(self) -> Array:
        """int64[n]: changes when any kept value does."""
        return self.block[O_PRINT]

    @property
    def approximate(self) -> Array:
        """int64[n]: 1 when a feature counted a key whose oldest entries were pushed out by the limit per key."""
        return self.block[O_APPROXIMATE]

    @property
    def path(self) -> Array:
        """int64[n, P]: bits of the flow's nodes and arms that were visited."""
        return self._words(0, self.path_words)

    @property
    def hits(self) -> Array:
        """int64[n, W]: bits of the rules that hit and counted."""
        return self._words(self.path_words, self.hit_words)

    @property
    def quiet(self) -> Array:
        """int64[n, W]: bits of the rules that hit and did not count: shadow rules, snoozed ones."""
        return self._words(self.path_words + self.hit_words, self.hit_words)

    @property
    def errors(self) -> Array:
        """int64[n, W]: bits of the rules that ended in an error."""
        return self._words(self.path_words + 2 * self.hit_words, self.hit_words)

    @property
    def recorded(self) -> Array:
        """int64[R, n]: scores of all models (bits of float64, NO_SCORE for none), then who spoke in each cell of the matrix."""
        return self.block[self.first_recorded :]

    @property
    def first_recorded(self) -> int:
        """Where in the block the recorded scores begin."""
        return OUT_LINES + self.path_words + 3 * self.hit_words

    def _words(self, first: int, count: int) -> Array:
        return self.block[OUT_LINES + first : OUT_LINES + first + count].T

    def keeping(self, chosen: Array) -> DecisionBatch:
        """The same decisions, with the values of some of the kept ones (bool[k] or indices)."""
        return replace(
            self, kept=self.kept[chosen], kept_values=self.kept_values[chosen], kept_nulls=self.kept_nulls[chosen]
        )

    def at(self, chosen: Array) -> DecisionBatch:
        """Some of the decisions (indices, ascending), with the values that they kept."""
        lines = np.flatnonzero(np.isin(self.kept, chosen))
        ids = self.ids.take(pa.array(chosen)) if isinstance(self.ids, pa.Array) else [self.ids[i] for i in chosen]
        return DecisionBatch(
            self.tenant, self.positions[chosen], ids, self.id_code[chosen], self.type_index[chosen], self.time_ms[chosen],
            self.received_ms[chosen], self.late[chosen], self.labels[chosen], self.money[chosen], self.rows[chosen],
            self.block[:, chosen], self.hit_words, self.path_words, np.searchsorted(chosen, self.kept[lines]), self.kept_values[lines],
            self.kept_nulls[lines],
        )  # fmt: skip

    def hit_matrix(self, rules: int) -> Array:
        """bool[n, rules]: which rules hit."""
        return bits_to_matrix(self.hits, rules)


def bits_to_matrix(words: Array, count: int) -> Array:
    """bool[n, count] from int64[n, W] bit words."""
    if not len(words) or not count:
        return np.zeros((len(words), count), bool)
    octets = np.ascontiguousarray(words.astype("<i8")).view(np.uint8)
    return np.unpackbits(octets.reshape(len(words), -1), axis=1, bitorder="little", count=count).astype(bool)
