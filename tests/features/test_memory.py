"""Memory follows what is in the window: once windows have slid, bytes stay near what they were; a snapshot goes on where it was taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import MAX_BLOCK, FeatureState

KEY, AMOUNT, COUNT, TOTAL, KINDS = range(5)
WINDOW_MS = 100_000
KEYS, EVENTS_PER_WINDOW = 2_000, 16_000
AGGREGATES = (("count", COUNT), ("sum", TOTAL), ("distinct", KINDS))


class Stream:
    """A state fed with a steady stream over keys of very different liveliness."""

    def __init__(self) -> None:
        variables = [Variable(name, name, (KEY,), WINDOW_MS, output, value=AMOUNT) for name, output in AGGREGATES]
        self.state = FeatureState(build_plan(variables, 0), limit_bytes=1 << 26)
        self.values = np.zeros((5, MAX_BLOCK), np.int64)
        self.state.bind(self.values, np.zeros(self.values.shape, np.uint8))

    def window(self, number: int) -> int:
        """Feed the events of one window's length; returns the sum of all answers."""
        rng, total = np.random.default_rng(number), 0
        times = np.sort(rng.integers(0, WINDOW_MS, EVENTS_PER_WINDOW)) + 1_700_000_000_000 + number * WINDOW_MS
        keys = (KEYS * rng.random(EVENTS_PER_WINDOW) ** 1.7).astype(np.int64)
        amounts = rng.integers(0, 50, EVENTS_PER_WINDOW)
        for at in range(0, EVENTS_PER_WINDOW, MAX_BLOCK):
            rows = slice(at, at + MAX_BLOCK)
            self.values[KEY], self.values[AMOUNT] = keys[rows], amounts[rows]
            self.state.feed(times[rows], times[rows], np.ones(MAX_BLOCK, np.uint8), MAX_BLOCK)
            total += int(self.values[COUNT:].sum())
        return total


def test_bytes_stay_near_what_the_first_window_took(tmp_path: Path) -> None:
    stream = Stream()
    stream.window(0)
    first = stream.state.bytes_used()
    for number in range(1, 6):
        stream.window(number)
    assert stream.state.bytes_used() < 1.35 * first
    stream.state.snapshot(tmp_path / "state", {})
    again = Stream()
    again.state.restore(tmp_path / "state")
    assert again.window(6) == stream.window(6)
    assert again.state.bytes_used() == stream.state.bytes_used()
