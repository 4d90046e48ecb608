"""The estimate of the wait: a batch costs a fixed price and a price per record, and one pause of the machine is not overload."""

from __future__ import annotations

import random

import pytest

from zhiyu.server.waiting import Waiting


def fed(fixed_s: float, each_s: float, batches: int = 400) -> Waiting:
    """An estimate that saw batches of many sizes at a price, with a fifth of noise."""
    rng, waiting = random.Random(7), Waiting(1_024)
    for _ in range(batches):
        records = rng.choice([1, 2, 4, 8, 30, 100])
        waiting.decided(records, (fixed_s + each_s * records) * rng.uniform(0.9, 1.1))
        waiting.synced(0.001)
    return waiting


@pytest.mark.parametrize(("fixed_s", "each_s"), [(0.0, 0.0001), (0.002, 0.00002), (0.0005, 0.001), (0.02, 0.0)])
@pytest.mark.parametrize("records", [50, 500])
def test_the_estimate_is_right_within_a_third_whatever_the_price_is_made_of(
    fixed_s: float, each_s: float, records: int
) -> None:
    wanted = fixed_s + each_s * records + 0.001
    assert fed(fixed_s, each_s).expected_s(records) == pytest.approx(wanted, rel=0.34 if each_s else 5.0)


def test_equal_batches_are_priced_by_the_record() -> None:
    waiting = Waiting(1_024)
    for _ in range(200):
        waiting.decided(1, 0.0003)
        waiting.synced(0.001)
    assert waiting.expected_s(100) == pytest.approx(0.031, rel=0.05)


def test_one_long_pause_is_no_overload_and_many_are() -> None:
    waiting = fed(0.0005, 0.0001)
    before = waiting.expected_s(100)
    waiting.decided(30, 5.0)
    waiting.synced(3.0)
    assert waiting.expected_s(100) < 2 * before
    for _ in range(100):
        waiting.decided(30, 0.5)
    assert waiting.expected_s(100) > 1.0


def test_a_queue_longer_than_a_batch_pays_the_fixed_price_again() -> None:
    waiting = Waiting(10)
    waiting.fixed_s, waiting.each_s, waiting.sync_s = 1.0, 0.1, 0.5
    assert [waiting.expected_s(n) for n in (0, 10, 11, 30)] == pytest.approx([0.5, 2.5, 3.6, 6.5])
