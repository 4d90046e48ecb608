"""One digest over all decisions of a run: same input and policy, same digest, for any batching.

In: decision batches in log order. Out: SHA-256 over position, id, times, decided and enforced outcome, mark and limit, score, rule bits,
path and the fingerprint of every value of every decision. Latencies and wording are outside. Decisions that went on after a wait are
hashed apart, in their order, and joined at the end: how both kinds fall into batches makes no difference.
"""

from __future__ import annotations

import hashlib

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import O_MARK
from zhiyu.decisions.resumed import Resumed


class Digest:
    """Running digest; `update` with batches in order, `hexdigest` at any time."""

    def __init__(self, seed: bytes = b"") -> None:
        self._hash = hashlib.sha256(b"zhiyu-decisions/2" + seed)
        self._resumed = hashlib.sha256(b"zhiyu-resumed/1" + seed)
        self._any_resumed = False

    def update(self, batch: DecisionBatch) -> None:
        """Add a batch: n fixed-width lines of little-endian 64-bit words."""
        self._hash.update(_lines(batch, []))

    def resume(self, resumed: Resumed) -> None:
        """Add decisions that went on."""
        if resumed.n:
            self._any_resumed = True
            self._resumed.update(_lines(resumed.decisions, [resumed.revision, resumed.cause, resumed.answer]))

    def hexdigest(self) -> str:
        """The digest so far, hex. Without decisions that went on it is that of the first decisions alone."""
        if not self._any_resumed:
            return self._hash.copy().hexdigest()
        return hashlib.sha256(self._hash.copy().digest() + self._resumed.copy().digest()).hexdigest()


def _lines(batch: DecisionBatch, more: list[Array]) -> memoryview:
    columns = [
        batch.positions, batch.id_code[:, 0].view(np.int64), batch.id_code[:, 1].view(np.int64), batch.type_index, batch.time_ms,
        batch.received_ms, batch.late, batch.outcome, batch.enforced, batch.block[O_MARK], batch.score, batch.prints,
    ]  # fmt: skip
    for words in (batch.path, batch.hits, batch.quiet, batch.errors):
        columns += list(words.T)
    columns += more
    lines = np.empty((batch.n, len(columns)), "<i8")
    for number, column in enumerate(columns):
        lines[:, number] = column
    return lines.reshape(-1).data
