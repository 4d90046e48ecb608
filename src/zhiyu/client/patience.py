"""How long and how often to try: a total deadline, and pauses that grow and are spread by chance.

In: a deadline, a number of tries. Out: how long to pause before the next one, or that there is none. Pauses are drawn evenly from 0 to a
bound that doubles ("full jitter"), so that callers that were turned away together do not come back together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Patience:
    """For one call. `clock`, `sleep`, `chance` (0 to 1) can be given for tests."""

    total_s: float
    tries: int
    first_s: float = 0.05
    longest_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    tried: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.total_s - (self.clock() - self.began)

    def pause(self, asked_s: float | None = None) -> bool:
        """Wait before another try; False when there is to be none. `asked_s`: how long the server asked to wait, at least."""
        self.tried += 1
        bound = min(self.longest_s, self.first_s * 2 ** (self.tried - 1))
        pause = self.chance() * bound + (asked_s or 0.0)
        if self.tried >= self.tries or pause >= self.left_s:
            return False
        self.sleep(pause)
        return True
