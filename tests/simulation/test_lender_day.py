"""A day of the lender: sums against counting by hand, and the gang of the day."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyu.simulation.lender import Made, Wanted, make_lender
from zhiyu.simulation.lender.parameters import DAY_MS
from zhiyu.simulation.lender.rows import KINDS, NUMBER
from zhiyu.simulation.lender.write import DECIDED
from zhiyu.simulation.lender_day import GANG_KINDS, Heard, choose_day, places_of, planted_gang, tell_day


@pytest.fixture(scope="module")
def made() -> Made:
    """Twelve days of 800 customers."""
    return make_lender(Wanted(days=12, customers=800, seed=3, difficulty=1))


def _heard(made: Made, last: int, outcome: str) -> dict[int, Heard]:
    """Everything that a lender decides, decided alike."""
    decided = np.flatnonzero(np.isin(made.events["type"][:last], DECIDED)).tolist()
    return {
        at: Heard(outcome, ("WHY",) if outcome != "pass" else (), ("rule",) if outcome != "pass" else ())
        for at in decided
    }


def test_the_day_is_one_on_which_a_gang_is_about(made: Made) -> None:
    day = choose_day(made)
    first, last = places_of(made, day)
    times = made.events["time"][first:last]
    assert 8 <= day < 11
    assert times.min() >= day * DAY_MS
    assert times.max() < (day + 1) * DAY_MS
    assert np.isin(made.events["kind"][first:last], GANG_KINDS).any()


def test_everything_let_through(made: Made) -> None:
    day = choose_day(made)
    first, last = places_of(made, day)
    found = tell_day(made, day, _heard(made, last, "pass"))
    moves = np.isin(made.events["type"][first:last], [NUMBER[name] for name in ("draw_down", "payment", "transfer")])
    kind, amount = made.events["kind"][first:last][moves], made.events["amount"][first:last][moves]
    assert (
        found.done[0].events
        == int(moves.sum())
        == sum(counts[0] for name, counts in found.stages.items() if name in ("draw_down", "payment", "transfer"))
    )
    assert found.done[0].fraud_fen == int(amount[kind > 0].sum())
    assert found.done[0].honest_fen == int(amount[kind == 0].sum())
    assert all(sums.events == 0 for sums in found.done[1:])
    assert found.reasons == {}
    assert {name: sums.tried_fen for name, sums in found.kinds.items()} == {
        KINDS[each]: int(amount[kind == each].sum()) for each in np.unique(kind[kind > 0]).tolist()
    }
    assert all(sums.stopped_fen == 0 for sums in found.kinds.values())
    assert found.gang is not None
    assert found.gang.first_stop is None
    assert found.gang.asked_fen == found.gang.through_fen


def test_everything_declined(made: Made) -> None:
    day = choose_day(made)
    found = tell_day(made, day, _heard(made, places_of(made, day)[1], "decline"))
    assert found.done[0].events == found.done[1].events == found.done[2].events == 0
    assert found.reasons["WHY"].events == found.decided
    assert all(sums.stopped_fen == sums.tried_fen for sums in found.kinds.values())
    assert found.gang is not None
    assert (found.gang.first_stop, found.gang.through_fen, found.gang.stopped) == (0, 0, found.gang.events)
    assert all(thing.people >= 2 for thing in found.gang.things)


def test_a_fraud_stopped_earlier_counts_as_stopped(made: Made) -> None:
    """Its first event is declined, everything after it passes: no money of that person is lost."""
    day = choose_day(made)
    last = places_of(made, day)[1]
    heard = _heard(made, last, "pass")
    frauds = [at for at in range(last) if made.events["kind"][at] > 0 and at in heard]
    seen: set[tuple[int, int]] = set()
    for at in frauds:
        scheme = (int(made.events["person"][at]), int(made.events["kind"][at]))
        if scheme not in seen:
            heard[at] = Heard("review", ("FIRST",))
        seen.add(scheme)
    assert all(sums.stopped_fen == sums.tried_fen for sums in tell_day(made, day, heard).kinds.values())


def test_the_gang_of_the_truth_is_found_by_its_people_and_told_with_the_networks_part(made: Made) -> None:
    day = choose_day(made)
    last = places_of(made, day)[1]
    heard = _heard(made, last, "decline")
    busiest = tell_day(made, day, heard).gang
    assert busiest is not None
    assert planted_gang(made, last, busiest.people) == busiest.number
    assert planted_gang(made, last, ["nobody"]) is None
    again = tell_day(made, day, heard, busiest.number, {"rule"}).gang
    assert again is not None
    assert (again.by_network, again.first_by_network) == (again.stopped, again.first_stop)
    assert (busiest.by_network, busiest.first_by_network) == (0, None)
    assert list(again.times) == sorted(again.times)
    assert len(again.times) == again.events
