"""The decisions that changed: all of them as a Parquet file, and a matrix of what moved where.

In: `Compared` and the names of both policies' rules. Out: `changes.parquet`, one line per moved outcome, in log order; the 6 × 6 matrix.
`label` is what the file says, null where it says nothing; `label_arrived` says which labels count. Money in minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared, Hits
from zhiyu.policy.outcomes import OUTCOMES

SIX = len(OUTCOMES)
_WORDS = pa.dictionary(pa.int16(), pa.string())
CHANGES_SCHEMA = pa.schema(
    [
        ("position", pa.int64()), ("id", pa.string()), ("time", pa.timestamp("ms", "UTC")), ("live_outcome", _WORDS),
        ("candidate_outcome", _WORDS), ("live_score", pa.int64()), ("candidate_score", pa.int64()), ("label", pa.bool_()),
        ("label_arrived", pa.bool_()), ("money_minor", pa.int64()), ("weight", pa.float64()),
        ("live_rules", pa.list_(_WORDS)), ("candidate_rules", pa.list_(_WORDS)),
    ]
)  # fmt: skip


def matrix(c: Compared) -> tuple[Array, Array]:
    """(events int64[6, 6], money int64[6, 6]): live outcome by candidate outcome; each event once."""
    key = c.outcome[0].astype(np.int64) * SIX + c.outcome[1]
    money = np.zeros(SIX * SIX, np.int64)
    np.add.at(money, key, c.money)
    return np.bincount(key, minlength=SIX * SIX).reshape(SIX, SIX), money.reshape(SIX, SIX)


def changes(c: Compared, live_rules: Sequence[str], candidate_rules: Sequence[str]) -> pa.Table:
    """One line per event whose outcome moved."""
    at = c.moved
    columns = [
        pa.array(c.position[at]), pa.array(c.moved_ids, pa.string()), pa.array(c.time_ms[at]).cast(pa.timestamp("ms", "UTC")),
        _words(c.outcome[0][at], OUTCOMES), _words(c.outcome[1][at], OUTCOMES), pa.array(c.score[0][at]),
        pa.array(c.score[1][at]), pa.array(c.label[at] == 1, pa.bool_(), mask=c.label[at] < 0), pa.array(c.arrived[at]),
        pa.array(c.money[at]), pa.array(c.weight[at]), _rules(c.hits[0], at, live_rules), _rules(c.hits[1], at, candidate_rules),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=CHANGES_SCHEMA)


def write_changes(path: Path, c: Compared, live_rules: Sequence[str], candidate_rules: Sequence[str]) -> int:
    """Write the file; returns how many lines."""
    table = changes(c, live_rules, candidate_rules)
    pq.write_table(table, path, compression="zstd")
    return table.num_rows


def dearest(c: Compared, count: int) -> list[int]:
    """Rows of the moved decisions with the most money, then first in the log."""
    order = np.lexsort((c.position[c.moved], -c.money[c.moved]))
    return c.moved[order[:count]].tolist()


def _words(index: Array, words: Sequence[str]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int16)), pa.array(list(words) or [""], pa.string()))


def _rules(hits: Hits, rows: Array, names: Sequence[str]) -> Any:
    """Per row the names of the rules that hit."""
    low, high = np.searchsorted(hits.row, rows), np.searchsorted(hits.row, rows + 1)
    counts = high - low
    offsets = np.concatenate([[0], np.cumsum(counts)])
    index = np.repeat(low - offsets[:-1], counts) + np.arange(offsets[-1])
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), _words(hits.rule[index], names))
