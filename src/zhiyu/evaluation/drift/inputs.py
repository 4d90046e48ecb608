"""What a model saw in decided events: its inputs as numbers, straight from the registers.

In: decisions that kept all their values, the batch they came from, the policy that decided. Out: float64[n, F] in the order and the numbers
of the package: NaN for null, the number of a text in its list, one past the last for a text it does not know.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.training.gather import ValueColumn, numbers_of
from zhiyu.events.batch import EventBatch
from zhiyu.models.layout import ZERO
from zhiyu.models.package import Input, Package


class ModelInputs:
    """Reads one package's inputs under one policy. `missing`: inputs that the policy does not compute, then nothing can be read."""

    def __init__(self, opened: Opened, package: Package) -> None:
        self.package = package
        self._columns = [ValueColumn.of(opened, each.name) for each in package.inputs]
        self._codes = [_codes(opened, each) for each in package.inputs]
        self.missing = tuple(c.name for c in self._columns if c.row < 0 and c.line < 0)
        known = {event.name for event in opened.compiled.schema.types}
        on = set(package.trained.events) or known
        self._types = np.array([event.name in on for event in opened.compiled.schema.types])

    def lines(self, d: Any) -> Array:
        """Numbers of the decisions that the model scores."""
        return np.flatnonzero(self._types[d.type_index]) if d.n else np.zeros(0, np.int64)

    def read(self, batch: EventBatch, d: Any, lines: Array) -> Array:
        """The inputs of these decisions."""
        rows = d.rows[lines]
        found = np.empty((len(lines), len(self._columns)))
        for number, (given, column) in enumerate(zip(self.package.inputs, self._columns)):
            values, nulls = column.read(batch, d, rows, lines)
            found[:, number] = (
                _ordinals(self._codes[number], len(given.categories), values, nulls)
                if given.kind == "string"
                else numbers_of(given, values, nulls)
            )
        return np.where(np.abs(found) <= ZERO, 0.0, found)


def _codes(opened: Opened, given: Input) -> tuple[Array, Array]:
    """Codes of the known texts, sorted, with their numbers."""
    pairs = sorted((opened.codes.one(text), number) for number, text in enumerate(given.categories))
    return np.array([code for code, _ in pairs], np.int64), np.array([number for _, number in pairs], np.float64)


def _ordinals(known: tuple[Array, Array], unknown: int, values: Array, nulls: Array) -> Array:
    codes, numbers = known
    found = np.full(len(values), float(unknown))
    if len(codes):
        place = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
        same = codes[place] == values
        found[same] = numbers[place[same]]
    found[nulls != 0] = np.nan
    return found
