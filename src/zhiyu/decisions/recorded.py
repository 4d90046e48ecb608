"""What every decision records of the models: the score of each, and which one spoke in each cell of the matrix, with its package.

In: a compiled policy, decisions. Out: columns for files, a JSON part for answers, names for explanations. Passes record them as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import NO_SCORE
from zhiyu.models.package import hash_of
from zhiyu.policy.compile import Compiled

_WORDS = pa.dictionary(pa.int16(), pa.string())
PACKAGE_CHARS = 12
"""Of a package's hash, in answers and explanations; the policy of the decision holds the whole package."""
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Recorded:
    """The scores of one policy's decisions."""

    compiled: Compiled

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order in which they are recorded."""
        return self.compiled.matrix.models

    @cached_property
    def packages(self) -> dict[str, str]:
        """Model → hash of its package."""
        return {model.name: hash_of(model.package) for model in self.compiled.models}

    @cached_property
    def fields(self) -> list[tuple[str, pa.DataType]]:
        """Columns of `decisions.parquet`: `score.MODEL` float64 and `spoke.CELL`, the name of a model; null where there is none."""
        matrix = self.compiled.matrix
        return [
            *((f"score.{name}", pa.float64()) for name in matrix.models),
            *((f"spoke.{name}", _WORDS) for name in matrix.cells),
        ]

    def scores(self, d: DecisionBatch) -> Array:
        """float64[models, n]; NaN for none."""
        return d.recorded[: len(self.models)].view(np.float64)

    def speakers(self, d: DecisionBatch) -> Array:
        """int64[cells, n]: who spoke (0 champion, 1 first challenger …), NO_SCORE for none."""
        return d.recorded[len(self.models) :]

    def columns(self, d: DecisionBatch) -> list[pa.Array]:
        """In the order of `fields`."""
        if not d.n:
            return [pa.array([], type_) for _, type_ in self.fields]
        found = [pa.array(np.ascontiguousarray(line), mask=np.isnan(line)) for line in self.scores(d)]
        for line, names in zip(self.speakers(d), self.compiled.matrix.speakers):
            number = pa.array(line.astype(np.int16), mask=line == NO_SCORE)
            found.append(pa.DictionaryArray.from_arrays(number, pa.array(names, pa.string())))
        return found

    def spoke(self, d: DecisionBatch, at: int) -> dict[str, str]:
        """Cell → the model that spoke in decision number `at`."""
        lines = zip(self.compiled.matrix.cells, self.compiled.matrix.speakers, self.speakers(d)[:, at].tolist())
        return {cell: names[number] for cell, names, number in lines if number != NO_SCORE}

    def told(self, d: DecisionBatch) -> Sequence[bytes]:
        """Per decision `,"scores":{…},"cells":{…}` for its answer; nothing for a policy without models."""
        if not self.models:
            return [b""] * d.n
        matrix, scores, spoke = self.compiled.matrix, self.scores(d).T.tolist(), self.speakers(d).T.tolist()
        place = {name: number for number, name in enumerate(self.models)}
        found = []
        for own, who in zip(scores, spoke):
            known = [None if score != score else score for score in own]
            cells = {}
            for cell, names, number in zip(matrix.cells, matrix.speakers, who):
                if number != NO_SCORE:
                    model = names[number]
                    package = self.packages[model][:PACKAGE_CHARS]
                    cells[cell] = {"score": known[place[model]], "model": model, "package": package}
            part = {"scores": dict(zip(self.models, known))} | ({"cells": cells} if matrix.cells else {})
            found.append(b"," + _json(part)[1:-1])
        return found
