"""Single cases told in words: late links, evictions, caps, limits, what a snapshot refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.network.streams import AMOUNT, BAD, FIRST_LINK, PERSON, Fed, Item
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.network import layout as at
from zhiyu.network.local import B_ROUND, ROUNDS
from zhiyu.network.plan import LinkPlan, NetworkPlan
from zhiyu.network.state import NetworkState

RESULTS = (
    at.R_PERSONS,
    at.R_APPLICATIONS,
    at.R_CAPS_HIT,
    at.R_PEOPLE_ON,
    at.R_BAD,
    at.R_BAD_1,
    at.R_BAD_2,
    at.R_CORE_PERSONS,
    at.R_AMOUNT,
)
DEVICE, CARD = FIRST_LINK, FIRST_LINK + 1


def plan(window: int = 100, max_people: int = 30, **given: Any) -> NetworkPlan:
    """Devices and cards link."""
    links = LinkPlan(DEVICE, 1, max_people=max_people), LinkPlan(CARD, 2, max_people=max_people)
    outputs = tuple((result, FIRST_LINK + 2 + place) for place, result in enumerate(RESULTS))
    return NetworkPlan(PERSON, links, window, outputs, (at.APPLIES, at.LABELS), (10,), AMOUNT, BAD, **given)


def applies(time: int, person: int, device: int | None = None, card: int | None = None, amount: int = 1) -> Item:
    """An application."""
    return time, 0, {PERSON: person, AMOUNT: amount, BAD: None, DEVICE: device, CARD: card}


def is_bad(time: int, person: int) -> Item:
    """A label."""
    return time, 1, {PERSON: person, AMOUNT: None, BAD: 1, DEVICE: None, CARD: None}


def persons(found: list[dict[int, Any]]) -> list[int]:
    """Size of the component after each event."""
    return [each[at.R_PERSONS] for each in found]


def test_an_edge_expires_at_its_time_and_not_a_millisecond_before() -> None:
    found = Fed(plan()).take(
        [applies(0, 1, 7), applies(1, 2, 7), applies(99, 3, 8), applies(100, 2, 9), applies(101, 2, 9)]
    )
    assert persons(found) == [1, 2, 1, 1, 1]
    found = Fed(plan()).take([applies(0, 1, 7), applies(1, 2, 7), applies(99, 2, 9)])
    assert persons(found) == [1, 2, 2]


def test_a_late_link_joins_at_its_own_time() -> None:
    """The late event of time 5 joins persons 1 and 2 until time 105."""
    found = Fed(plan()).take(
        [
            applies(5, 1, 7),
            applies(90, 1, 8),
            applies(91, 2, 9),
            applies(5, 2, 8),
            applies(104, 1, 8),
            applies(105, 1, 8),
        ]
    )
    assert persons(found) == [1, 1, 1, 2, 2, 1]


def test_a_circle_keeps_its_newest_edges() -> None:
    """Persons 1 and 2 share a device (old) and a card (new): when the device has expired, the card still joins them."""
    fed = Fed(plan())
    found = fed.take(
        [applies(0, 1, 7), applies(1, 2, 7), applies(50, 1, None, 5), applies(51, 2, None, 5), applies(120, 1, 3)]
    )
    assert persons(found) == [1, 2, 2, 2, 2]
    assert fed.state.facts()["evicted"] == 1


def test_a_device_at_its_cap_links_and_one_past_it_does_not() -> None:
    found = Fed(plan(max_people=3)).take([applies(number, number, 7) for number in range(4)])
    assert persons(found) == [1, 2, 3, 1]
    assert [each[at.R_CAPS_HIT] for each in found] == [0, 0, 0, 1]
    assert [each[at.R_PEOPLE_ON] for each in found] == [1, 2, 3, 4]


def test_one_person_who_comes_often_is_one_person_for_the_cap() -> None:
    found = Fed(plan(max_people=2)).take([applies(number, number % 2, 7) for number in range(40)])
    assert found[-1][at.R_PEOPLE_ON] == 2
    assert found[-1][at.R_CAPS_HIT] == 0


def test_a_label_makes_bad_for_one_window_from_when_it_is_known() -> None:
    found = Fed(plan()).take(
        [applies(0, 1, 7), applies(1, 2, 7, 5), applies(2, 3, None, 5), is_bad(60, 3), applies(61, 1, 7), applies(62, 2, 7, 5),
         applies(90, 3, 6, 5), applies(159, 2, 6, 5), applies(160, 2, 6, 5)]
    )  # fmt: skip
    assert [each[at.R_BAD] for each in found] == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert [(each[at.R_BAD_1], each[at.R_BAD_2]) for each in found[4:6]] == [(0, 1), (1, 1)]
    assert found[6][at.R_BAD_1] == 0, "oneself does not count"


def test_degrees_are_searched_sixty_four_steps_and_then_doubted() -> None:
    """Two busy chains that have met 64 events ago are one pair; 65 events ago it is counted again, and said so."""
    for apart, doubts in ((63, 0), (64, 1)):
        fed = Fed(plan(window=10_000))
        fed.take([applies(0, 1, 7)])
        for number in range(apart):
            fed.take([applies(1 + number, 1, 100), applies(1 + number, 50, 7)])
        found = fed.take([applies(900, 1, 7)])
        assert fed.state.facts()["doubtful_degrees"] == doubts
        assert found[0][at.R_PEOPLE_ON] == 2 + doubts
        found = fed.take([applies(12_000, 1, 7)])
        assert found[0][at.R_PEOPLE_ON] == 1, "what was counted twice leaves twice"


def fill(state: NetworkState, same: bool, block: int) -> Iterator[int]:
    """Feed blocks, of one person or of ever new ones, until something is full; how many events were taken so far."""
    fed = Fed(state.plan, state)
    for start in range(0, 100_000, block):
        fed.take([applies(number, *((1, 1) if same else (number, number))) for number in range(start, start + block)])
        yield start + block


@pytest.mark.parametrize(
    ("same", "what", "zh"), [(False, "nodes", "节点数"), (True, "events in the window", "窗口内事件数")]
)
def test_a_full_table_says_which_and_how_to_raise_it(same: bool, what: str, zh: str) -> None:
    state, taken = NetworkState(plan(window=10**9), 1 << 14), list[int]()
    with pytest.raises(LimitExceeded, match=f"{what} is at its limit.*ZHIYU_STATE_BYTES") as refused:
        taken.extend(fill(state, same, 8))
    assert zh in refused.value.zh
    most = len(state.events) if same else len(state.nodes) // 2
    assert most - 8 < len(taken) * 8 <= most, "everything up to the limit was taken"


def test_memory_in_use_is_looked_at_now_and_then() -> None:
    state = NetworkState(plan(window=10**9), 1 << 18)
    with pytest.raises(LimitExceeded, match="memory is at its limit"):
        list(fill(state, False, 1))
    assert state.limit_bytes <= state.bytes_used() < 2 * state.limit_bytes


def test_rows_and_nodes_are_used_again() -> None:
    """100,000 events pass through a window of about fifty."""
    fed = Fed(plan(window=50))
    for start in range(0, 100_000, 64):
        fed.take([applies(start + each, start + each, (start + each) // 3) for each in range(64)])
    assert fed.state.head[at.TOP] < 200
    assert fed.state.slot_head[0] < 500
    assert fed.state.facts()["persons"] == 50


def test_the_table_of_small_numbers_is_wiped_before_its_rounds_begin_anew() -> None:
    items = [applies(number, number, number % 3, number % 5) for number in range(60)]
    expected = Fed(plan()).take_all(items)
    fed = Fed(plan())
    fed.take_all(items[:20])
    scratch: Any = fed.state._held[at.N_BALL]
    scratch[B_ROUND] = ROUNDS - 7
    found = fed.take_all(items[20:])
    assert found == expected[20:]
    assert 0 < scratch[B_ROUND] < ROUNDS - 7


def test_a_snapshot_of_another_policy_is_refused(tmp_path: Path) -> None:
    fed = Fed(plan())
    fed.take([applies(0, 1, 7)])
    fed.state.snapshot(tmp_path / "s", {})
    with pytest.raises(InputError, match="another policy"):
        NetworkState(plan(max_people=31), 1 << 24).restore(tmp_path / "s")
    with pytest.raises(InputError, match="fresh"):
        fed.state.restore(tmp_path / "s")


def test_plans_out_of_bounds_are_refused() -> None:
    link = LinkPlan(1, 1)
    assert len(NetworkPlan(0, (link,) * at.MAX_LINKS, 10, ()).link_lines()) == at.MAX_LINKS
    for wrong in (
        {"links": (link,) * (at.MAX_LINKS + 1)},
        {"links": ()},
        {"counted_ms": (10,)},
        {"counted_ms": (1, 2, 3, 4)},
    ):
        with pytest.raises(ValueError, match=r"links|counted"):
            NetworkPlan(**({"person": 0, "links": (link,), "window_ms": 10, "outputs": ()} | wrong))
    with pytest.raises(ValueError, match="range"):
        NetworkPlan(0, (LinkPlan(1, 1, weight=0),), 10, ())


def test_people_far_in_time_before_the_first_event_are_taken() -> None:
    found = Fed(plan()).take([applies(50, 1, 7), applies(-10, 2, 7), applies(90, 1, 7)])
    assert persons(found) == [1, 2, 1]
    assert np.iinfo(np.int64).min < at.BEFORE_ALL
