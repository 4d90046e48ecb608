"""Some consecutive events on their way to becoming columns.

In: what was made, and which of its events. Out: `Span`: core columns and traits of people at any rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.simulation.lender.chance import Chance, Ints
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.rows import COLUMNS


class Span:
    """Some consecutive events on their way to becoming columns: `n` rows, each core column under its name."""

    def __init__(self, made: Made, first: int, last: int) -> None:
        self.made, self.first, self.n = made, first, last - first
        self.seed, self.people = made.wanted.seed, made.people
        self.chance: Chance = made.chance
        self.core: dict[str, NDArray[Any]] = {name: made.events[name][first:last].astype(np.int64) for name in COLUMNS}

    def of(self, name: str, rows: Ints) -> Ints:
        """A core column at rows."""
        return self.core[name][rows]

    def trait(self, name: str, rows: Ints) -> Ints:
        """A trait of the person of each row."""
        return getattr(self.people, name)[self.core["person"][rows]]
