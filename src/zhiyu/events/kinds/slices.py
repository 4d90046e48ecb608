"""Parts of many texts, cut out in one pass, and signals whose doubtful rows go to the scalar definition.

In: a `pa.string()` array and byte ranges. Out: a `pa.string()` array; or signals of a `Checked` kind as Arrow arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.base.jit import kernel
from zhiyu.events.kinds.reader import Bools
from zhiyu.events.kinds.text import string_array
from zhiyu.expressions.types import Kind

if TYPE_CHECKING:
    from zhiyu.events.kinds.checked import Checked

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
ARROW = {Kind.BOOL: pa.bool_(), Kind.STRING: pa.string(), Kind.INT: pa.int64()}


@kernel
def _copy(data: Bytes, begin: Int32s, size: Int32s, offsets: Int32s, out: Bytes) -> None:
    for i in range(begin.shape[0]):
        for j in range(size[i]):
            out[offsets[i] + j] = data[begin[i] + j]


def cut(data: Bytes, begin: Int32s, size: Int32s, null: Bools) -> pa.Array:
    """The texts `data[begin : begin + size]`, null where marked."""
    size = np.where(null, 0, size).astype(np.int32)
    offsets = np.zeros(len(size) + 1, np.int32)
    np.cumsum(size, out=offsets[1:])
    out = np.empty(max(1, int(offsets[-1])), np.uint8)
    _copy(data, begin, size, offsets, out)
    return string_array(offsets, out, null)


def settled(reader: Checked, texts: pa.Array, unsure: Bools, signals: Sequence[pa.Array]) -> Sequence[pa.Array]:
    """`signals` with the rows in `unsure` taken from the scalar, and all null where the text is null."""
    if not unsure.any():
        return signals
    rows = [reader.signals_one(text) for text in texts.filter(pa.array(unsure)).to_pylist()]
    mask = pa.array(unsure)
    return [
        pc.replace_with_mask(signal, mask, pa.array([row[i] for row in rows], ARROW[declared.type.kind]))
        for i, (signal, declared) in enumerate(zip(signals, reader.signals))
    ]


def bools(values: Bools, null: Bools) -> pa.Array:
    """A boolean Arrow array."""
    return pa.array(values, pa.bool_(), mask=null)
