"""One digest over all decisions of a run: same input and policy, same digest, for any batching.

In: decision batches in log order. Out: SHA-256 over position, id, times, decided and enforced outcome, mark and limit, score, rule bits,
path and the fingerprint of every value of every decision. Latencies and wording are outside.
"""

from __future__ import annotations

import hashlib

import numpy as np

from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import O_MARK


class Digest:
    """Running digest; `update` with batches in order, `hexdigest` at any time."""

    def __init__(self, seed: bytes = b"") -> None:
        self._hash = hashlib.sha256(b"zhiyu-decisions/2" + seed)

    def update(self, batch: DecisionBatch) -> None:
        """Add a batch: n fixed-width lines of little-endian 64-bit words."""
        columns = [
            batch.positions, batch.id_code[:, 0].view(np.int64), batch.id_code[:, 1].view(np.int64), batch.type_index, batch.time_ms,
            batch.received_ms, batch.late, batch.outcome, batch.enforced, batch.block[O_MARK], batch.score, batch.prints,
        ]  # fmt: skip
        for words in (batch.path, batch.hits, batch.quiet, batch.errors):
            columns += list(words.T)
        lines = np.empty((batch.n, len(columns)), "<i8")
        for number, column in enumerate(columns):
            lines[:, number] = column
        self._hash.update(lines.reshape(-1).data)

    def hexdigest(self) -> str:
        """The digest so far, hex."""
        return self._hash.copy().hexdigest()
