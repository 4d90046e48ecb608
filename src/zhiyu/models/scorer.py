"""A model over plain columns: for training, comparison and tests. The same kernels as in a decision.

In: a package, inputs float64[n, F] (NaN for null; a text is the number of its category). Out: raw scores and scores, float64[n].
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import floats_at
from zhiyu.models.layout import P_INPUT_COUNT, P_RAW, P_XS, ROWS, ZERO
from zhiyu.models.package import Package
from zhiyu.models.prepare import Prepared
from zhiyu.models.score import calibrated, raw_scores

TILE = 8
"""Values of a row copied at a time: one cache line. Whole rows would write to lines that push each other out of the cache."""


@kernel
def score_columns(plan: Array, columns: Array, block: int, raw: Array, scores: Array) -> None:
    """Rows of `columns` (float64[n, F]) in blocks of 1 or 64."""
    xs, own = floats_at(plan[P_XS]), floats_at(plan[P_RAW])
    total, count = columns.shape[0], 0
    for start in range(0, total, block):
        count = min(block, total - start)
        for tile in range(0, plan[P_INPUT_COUNT], TILE):
            for place in range(block):
                for number in range(tile, min(tile + TILE, plan[P_INPUT_COUNT])):
                    value = columns[start + place, number] if place < count else np.nan
                    xs[number * block + place] = 0.0 if -ZERO <= value <= ZERO else value
        raw_scores(plan, count, block)
        for place in range(count):
            raw[start + place] = own[place]
            scores[start + place] = calibrated(plan, own[place])


class Scorer:
    """Scores columns with one model.

    >>> from zhiyu.models.package import Additive, Input, Term
    >>> line = Term(kind="line", weight=2.0, centre=1.0)
    >>> package = Package(name="m", kind="logistic", inputs=(Input(name="x", kind="float"),), additive=Additive(base=0.0, terms=(line,)))
    >>> Scorer(package).raw(np.array([[1.0], [3.0]])).tolist()
    [0.0, 4.0]
    """

    def __init__(self, package: Package) -> None:
        self.prepared = Prepared(package, [0] * len(package.inputs), 0, lambda text: 0)

    def both(self, columns: Array, one_by_one: bool = False) -> tuple[Array, Array]:
        """(raw, score) float64[n] each."""
        columns = np.ascontiguousarray(columns, np.float64)
        raw, scores = np.empty(len(columns)), np.empty(len(columns))
        score_columns(self.prepared.plan, columns, 1 if one_by_one else ROWS, raw, scores)
        return raw, scores

    def raw(self, columns: Array, one_by_one: bool = False) -> Array:
        """Raw scores: log-odds before calibration."""
        return self.both(columns, one_by_one)[0]

    def scores(self, columns: Array, one_by_one: bool = False) -> Array:
        """Scores in [0, 1]."""
        return self.both(columns, one_by_one)[1]
