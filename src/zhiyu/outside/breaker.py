"""A breaker per service: after too many failures in a row it is left alone for a while, then one call tries.

In: what calls came to, the time. Out: whether one may ask now. Knows no clock; whoever asks brings the time.
"""

from __future__ import annotations

from dataclasses import dataclass

CLOSED, OPEN, TRYING = "closed", "open", "trying"


@dataclass(slots=True)
class Breaker:
    """After `failures` in a row nothing is asked for `pause_s`; then one call at a time tries.

    >>> breaker = Breaker(failures=2, pause_s=10.0)
    >>> for now in (0.0, 1.0): breaker.failed(now)
    >>> breaker.lets_through(5.0), breaker.lets_through(11.0), breaker.lets_through(11.0)
    (False, True, False)
    >>> breaker.answered(); breaker.lets_through(11.5)
    True
    """

    failures: int
    pause_s: float
    in_a_row: int = 0
    opened_at: float = 0.0
    state: str = CLOSED
    opened: int = 0
    """How often it opened."""

    def lets_through(self, now: float) -> bool:
        """Whether to ask now; who is let through says what came of it."""
        if self.state == OPEN and now >= self.opened_at + self.pause_s:
            self.state = TRYING
            return True
        return self.state == CLOSED

    def answered(self) -> None:
        """A call got its answer."""
        self.state, self.in_a_row = CLOSED, 0

    def failed(self, now: float) -> None:
        """A call got none."""
        self.in_a_row += 1
        if self.state == TRYING or (self.state == CLOSED and self.in_a_row >= self.failures):
            self.state, self.opened_at = OPEN, now
            self.opened += 1

    def gave_up(self, now: float) -> None:
        """A call that was let through ended without knowing; the next one may try."""
        if self.state == TRYING:
            self.state, self.opened_at = OPEN, now - self.pause_s
