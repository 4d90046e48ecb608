"""A key at its limit and past it: exact up to the last allowed event, then the oldest leave and are counted."""

from __future__ import annotations

import numpy as np

from zhiyu.base.limits import MAX_ENTRIES_PER_KEY
from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import MAX_BLOCK, FeatureState

KEY, AMOUNT, COUNT, TOTAL, SPREAD = range(5)
WINDOW_MS = 30 * 86_400_000
LARGEST = 1 << 43


def test_a_key_at_its_limit_and_past_it() -> None:
    variables = [
        Variable(name, name, (KEY,), WINDOW_MS, output, value=AMOUNT)
        for name, output in (("count", COUNT), ("sum", TOTAL), ("std", SPREAD))
    ]
    state = FeatureState(build_plan(variables, 0), limit_bytes=1 << 28)
    values = np.zeros((5, MAX_BLOCK), np.int64)
    state.bind(values, np.zeros(values.shape, np.uint8))
    values[KEY], values[AMOUNT] = 7, LARGEST
    fed = 0

    def feed(count: int) -> None:
        nonlocal fed
        times = 1_700_000_000_000 + np.arange(fed, fed + count)
        state.feed(times, times, np.ones(count, np.uint8), count)
        fed += count

    while fed < MAX_ENTRIES_PER_KEY:
        feed(min(MAX_BLOCK, MAX_ENTRIES_PER_KEY - fed))
    last = (fed - 1) % MAX_BLOCK
    assert values[COUNT, last] == MAX_ENTRIES_PER_KEY
    assert values[TOTAL, last] == MAX_ENTRIES_PER_KEY * LARGEST  # just below 2**63: no overflow at the limits together
    assert values[SPREAD, last].view(np.float64) == 0.0
    assert state.facts()["lost_entries"] == 0
    feed(1)
    assert values[COUNT, 0] == MAX_ENTRIES_PER_KEY + 1 - state.facts()["lost_entries"]
    assert state.facts()["lost_entries"] > 0
