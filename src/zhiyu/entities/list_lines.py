"""Changes of lists as columns: fifty bytes a change instead of an object each, so that millions fit.

In: `ListChange`s with their keys. Out: `ListLines`, which can be taken, joined and given back as `ListChange`s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.events.list_changes import NEVER, ListChange
from zhiyu.expressions.tables import GONE

DUE, KEY, LIST, CODE, UNTIL = range(5)
NUMBERS = 5
WORDS = 3


@dataclass(slots=True)
class ListLines:
    """n changes: `numbers` int64[5, n] (due ms, key, number of the list, code, until ms or GONE).

    `words` str[n, 3] are reason, author and the masked value.
    """

    numbers: Array
    words: Array

    @classmethod
    def none(cls) -> ListLines:
        """No changes."""
        return cls(np.zeros((NUMBERS, 0), np.int64), np.empty((0, WORDS), object))

    @classmethod
    def of(cls, changes: Sequence[ListChange], lists: Array) -> ListLines:
        """Columns of the changes; `lists` int64[n] are the numbers of their lists. Keys are left 0."""
        n = len(changes)
        numbers = np.zeros((NUMBERS, n), np.int64)
        numbers[LIST] = lists
        numbers[DUE] = np.fromiter((c.due_ms for c in changes), np.int64, n)
        numbers[CODE] = np.fromiter((c.code for c in changes), np.int64, n)
        numbers[UNTIL] = np.fromiter((c.until_ms if c.op == "add" else GONE for c in changes), np.int64, n)
        words = np.empty((n, WORDS), object)
        for part, name in enumerate(("reason", "author", "shown")):
            words[:, part] = [getattr(c, name) for c in changes]
        return cls(numbers, words)

    def __len__(self) -> int:
        return self.numbers.shape[1]

    def take(self, chosen: Array | slice) -> ListLines:
        """The chosen changes, in that order."""
        return ListLines(self.numbers[:, chosen], self.words[chosen])

    def joined(self, other: ListLines) -> ListLines:
        """These, then the others."""
        if not len(self) or not len(other):
            return self if len(self) else other
        return ListLines(
            np.concatenate([self.numbers, other.numbers], axis=1), np.concatenate([self.words, other.words])
        )

    def in_time_order(self) -> ListLines:
        """By due; equal ones keep their order."""
        due = self.numbers[DUE]
        return self if (due[1:] >= due[:-1]).all() else self.take(np.argsort(due, kind="stable"))

    def latest(self, now: int) -> ListLines:
        """Of changes in the order they took effect: the last of each key, if its value is on the list at `now`."""
        _, first = np.unique(self.numbers[KEY][::-1], return_index=True)
        last = np.sort(len(self) - 1 - first)
        return self.take(last[self.numbers[UNTIL][last] > now])

    def changes(self, names: Sequence[str]) -> Iterator[ListChange]:
        """The changes themselves; `names` are those of the lists."""
        for at in range(len(self)):
            due, _, number, code, until = self.numbers[:, at].tolist()
            gone = until == GONE
            yield ListChange(
                due,
                names[number],
                "remove" if gone else "add",
                code,
                NEVER if gone else until,
                *self.words[at].tolist(),
            )
