"""What the limits on acting have used up: one state per line of limits, taken out and put back oldest first.

In: the brakes of a policy. Out: the arrays the kernel works on; what a line has used up, for snapshots and for the next release. A limit
on decisions keeps a ring of the times of its last `count` acts (the place of the oldest first), a limit on keys the keys of its window.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.people import HEAD_WORDS, fill_people, index_bits, state_words
from zhiyu.entities.slots import BITS, FREE_MARK, INDEX_LIMIT, KEY, ROW_WORDS, SEEN, SLOT_LIMIT, USED
from zhiyu.policy.compile_brakes import Brakes
from zhiyu.policy.layout import L_COUNT, L_KEY, L_STATE0

NEVER_MS = -(1 << 62)
Used = tuple[Array, Array]
"""Keys and times (ms) of acts, int64[k] each, oldest first; keys are 0 where decisions are counted."""


class Acts:
    """The states of all limits: `words` int64[w]; `limits` int64[k, LIMIT_COLUMNS] with the place of each state in L_STATE0."""

    def __init__(self, brakes: Brakes) -> None:
        self.limits = brakes.limits.copy()
        counts, keyed = self.limits[:, L_COUNT], self.limits[:, L_KEY] >= 0
        sizes = [state_words(int(count)) if key else int(count) + 1 for count, key in zip(counts, keyed)]
        self.limits[:, L_STATE0] = np.cumsum([0, *sizes])[:-1]
        self.words = np.zeros(max(sum(sizes), 1), np.int64)
        for line in range(len(self.limits)):
            self._clear(line)

    def _clear(self, line: int) -> None:
        count, start = int(self.limits[line, L_COUNT]), int(self.limits[line, L_STATE0])
        if self.limits[line, L_KEY] < 0:
            self.words[start] = 0
            self.words[start + 1 : start + 1 + count] = NEVER_MS
            return
        self.words[start : start + state_words(count)] = 0
        self.words[start + BITS], self.words[start + SLOT_LIMIT] = index_bits(count), count
        self.words[start + INDEX_LIMIT] = 4 << index_bits(count)

    def used(self, line: int) -> Used:
        """What this line has used up. Acts that have left the window may be among it."""
        count, start = int(self.limits[line, L_COUNT]), int(self.limits[line, L_STATE0])
        if self.limits[line, L_KEY] < 0:
            times = np.roll(self.words[start + 1 : start + 1 + count], -int(self.words[start]))
            times = times[times > NEVER_MS]
            return np.zeros(len(times), np.int64), times
        rows = self.words[start + HEAD_WORDS :][: int(self.words[start + USED]) * ROW_WORDS].reshape(-1, ROW_WORDS)
        rows = rows[rows[:, SEEN] != FREE_MARK]
        rows = rows[np.argsort(rows[:, SEEN], kind="stable")]
        return rows[:, KEY].copy(), rows[:, SEEN].copy()

    def use(self, line: int, used: Used) -> None:
        """Put this in place of what the line has used up; where it is more than the line counts up to, the newest."""
        self._clear(line)
        count, start = int(self.limits[line, L_COUNT]), int(self.limits[line, L_STATE0])
        keys, times = (np.ascontiguousarray(each[-count:]) for each in used)
        if self.limits[line, L_KEY] >= 0:
            fill_people(self.words, start, count, keys, times)
        else:
            self.words[start + 1 + count - len(times) : start + 1 + count] = times

    def facts(self) -> list[list[list[int]]]:
        """What every line has used up, for a snapshot."""
        return [[each.tolist() for each in self.used(line)] for line in range(len(self.limits))]

    def restore(self, facts: list[Any]) -> None:
        """Take up the facts of a snapshot of the same policy."""
        for line, (keys, times) in enumerate(facts):
            self.use(line, (np.array(keys, np.int64), np.array(times, np.int64)))
