"""How long a record that comes now would wait.

In: what each batch cost, how long syncs take. Out: an estimate in seconds. A batch costs a fixed price and a price per record; both are
fitted to what was measured lately, so that a queue of many cheap records and one of few dear ones are judged alike.
"""

from __future__ import annotations

_FADE = 0.05
_FIRST_COST_S = 0.00002
"""About what a record costs in a large batch: nothing is shed by a guess."""
_PAUSE = 4.0


class Waiting:
    """Exponentially fading least squares of seconds = fixed + each * records."""

    def __init__(self, max_drain: int) -> None:
        self.fixed_s, self.each_s, self.sync_s = 0.0, _FIRST_COST_S, 0.002
        self._max_drain = max_drain
        self._n, self._s, self._nn, self._ns = 1.0, _FIRST_COST_S, 1.0, _FIRST_COST_S

    def decided(self, records: int, seconds: float) -> None:
        """One batch was decided. What took far longer than expected counts as far longer, not as what it took: one pause of the machine is
        no reason to shed, many are."""
        seconds = min(seconds, _PAUSE * (self.fixed_s + self.each_s * records))
        self._n += _FADE * (records - self._n)
        self._s += _FADE * (seconds - self._s)
        self._nn += _FADE * (records * records - self._nn)
        self._ns += _FADE * (records * seconds - self._ns)
        spread = self._nn - self._n * self._n
        through_zero = self._s / self._n
        if spread <= 0.05 * self._nn:
            self.fixed_s, self.each_s = 0.0, through_zero
            return
        self.each_s = min(max((self._ns - self._n * self._s) / spread, 0.05 * through_zero), through_zero)
        self.fixed_s = max(self._s - self.each_s * self._n, 0.0)

    def synced(self, seconds: float) -> None:
        """One sync is done."""
        seconds = min(seconds, _PAUSE * self.sync_s)
        self.sync_s += _FADE * (seconds - self.sync_s)

    def expected_s(self, records: int) -> float:
        """Seconds until `records` in the queue are decided, plus one sync."""
        batches = -(-records // self._max_drain)
        return batches * self.fixed_s + records * self.each_s + self.sync_s
