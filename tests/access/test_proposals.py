"""Four eyes: the whole table of steps against a list of what is allowed, races, reviews; on both databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.access.test_people import NOW, House
from zhiyu.access.proposals import (
    MAX_PAYLOAD_BYTES,
    STAGES,
    STATES,
    NoSuchProposal,
    NotOpen,
    Proposal,
    Proposals,
    SameEyes,
)
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError

STEPS: dict[str, Callable[[Proposals, int, str], Proposal]] = {
    "submit": lambda kept, number, by: kept.submit(number, by, NOW),
    "withdraw": lambda kept, number, by: kept.withdraw(number, by, NOW),
    "approve": lambda kept, number, by: kept.approve(number, by, NOW),
    "refuse": lambda kept, number, by: kept.refuse(number, by, NOW, "too wide"),
    "go_ahead": lambda kept, number, by: kept.go_ahead(number, by, NOW, "attack under way"),
    "begin": lambda kept, number, by: kept.begin(number, NOW),
    "finish": lambda kept, number, by: kept.finish(number, NOW, True, {"release": 3}),
    "fail": lambda kept, number, by: kept.finish(number, NOW, False, {"why": "changed"}),
    "review": lambda kept, number, by: kept.review(number, by, NOW, "was right"),
    "to_shadow": lambda kept, number, by: kept.finish(number, NOW, True, {"status": "shadow"}, "shadow"),
    "to_share": lambda kept, number, by: kept.finish(number, NOW, True, {"status": "in_force"}, "percentage"),
    "advance": lambda kept, number, by: kept.take_on(number, by, NOW, "advance", {"to": "live"}, {}),
    "stop": lambda kept, number, by: kept.take_on(number, by, NOW, "stop", {"to": "stop"}, {}, own=True),
    "replaced": lambda kept, number, by: kept.stopped(number, NOW, {"status": "stopped"}),
}
ALLOWED = {
    ("draft", "submit", "author"): "submitted", ("draft", "withdraw", "author"): "withdrawn", ("draft", "go_ahead", "author"): "approved",
    ("submitted", "withdraw", "author"): "withdrawn", ("submitted", "go_ahead", "author"): "approved",
    ("submitted", "approve", "other"): "approved", ("submitted", "refuse", "other"): "refused", ("approved", "refuse", "other"): "refused",
    ("approved", "begin", "author"): "doing", ("approved", "begin", "other"): "doing", ("doing", "finish", "author"): "done",
    ("doing", "finish", "other"): "done", ("doing", "fail", "author"): "failed", ("doing", "fail", "other"): "failed",
    **{("doing", step, who): to for step, to in (("to_shadow", "shadow"), ("to_share", "percentage")) for who in ("author", "other")},
    **{(state, "advance", "other"): "doing" for state in STAGES},
    **{(state, "stop", who): "doing" for state in STAGES for who in ("author", "other")},
    **{(state, "replaced", who): "stopped" for state in STAGES for who in ("author", "other")},
}  # fmt: skip
"""Everything that may happen (finishing is the server's own, whoever is named); anything else is refused and changes nothing."""


def kept_in(house: House) -> Proposals:
    return Proposals(house.records, house.audit)


def made(kept: Proposals) -> int:
    return kept.make("policy", "cards", "stricter at night", {"policy": "b" * 64}, "a" * 64, "author", NOW).number


def in_state(kept: Proposals, state: str) -> int:
    number = made(kept)
    way = {
        "draft": [], "submitted": ["submit"], "approved": ["submit", "approve"], "refused": ["submit", "refuse"], "withdrawn": ["withdraw"],
        "doing": ["submit", "approve", "begin"], "done": ["submit", "approve", "begin", "finish"],
        "failed": ["submit", "approve", "begin", "fail"], "shadow": ["submit", "approve", "begin", "to_shadow"],
        "percentage": ["submit", "approve", "begin", "to_share"],
        "stopped": ["submit", "approve", "begin", "to_share", "replaced"],
    }  # fmt: skip
    for step in way[state]:
        STEPS[step](kept, number, "other" if step in ("approve", "refuse") else "author")
    assert kept.one(number).state == state
    return number


def test_exactly_what_is_allowed_may_happen(both: str) -> None:
    kept = kept_in(House(both))
    for state, step, who in itertools.product(STATES, STEPS, ("author", "other")):
        number = in_state(kept, state)
        before = kept.one(number)
        expected = ALLOWED.get((state, step, who))
        if expected is not None:
            assert STEPS[step](kept, number, who).state == expected
        else:
            with pytest.raises((NotOpen, SameEyes)):
                STEPS[step](kept, number, who)
            assert kept.one(number) == before


def test_in_an_emergency_the_author_goes_ahead_and_somebody_else_reviews(both: str) -> None:
    house = House(both)
    kept = kept_in(house)
    number = made(kept)
    with pytest.raises(InputError, match="say why"):
        kept.go_ahead(number, "author", NOW, " ")
    assert kept.go_ahead(number, "author", NOW, "attack under way").emergency
    with pytest.raises(NotOpen):
        kept.review(number, "other", NOW, "not done yet")
    assert [each.number for each in kept.due(NOW)] == [number]
    kept.begin(number, NOW)
    assert [each.number for each in kept.due(NOW)] == [number], "begun and not finished: to be taken up again"
    kept.finish(number, NOW, True, {"release": 2})
    with pytest.raises(SameEyes):
        kept.review(number, "author", NOW, "I was right")
    assert kept.review(number, "other", NOW, "was right").reviewed_by == "other"
    with pytest.raises(NotOpen):
        kept.review(number, "third", NOW, "me too")
    assert [verb for _, verb, about in house.verbs() if about == f"proposal/{number}"] == [
        "proposal.make", "proposal.emergency", "proposal.begin", "proposal.done", "proposal.review",
    ]  # fmt: skip
    with house.records.reading() as connection:
        assert house.audit.verify(connection).broken == 0


def test_what_is_approved_for_later_is_not_due_before_and_can_still_be_refused(both: str) -> None:
    kept = kept_in(House(both))
    number = in_state(kept, "submitted")
    kept.approve(number, "other", NOW, due_ms=NOW + 1_000)
    assert (kept.due(NOW + 999), [each.number for each in kept.due(NOW + 1_000)]) == ([], [number])
    with pytest.raises(NotOpen, match="not due"):
        kept.begin(number, NOW + 999)
    kept.refuse(number, "third", NOW, "found a mistake")
    assert kept.due(NOW + 1_000) == []
    with pytest.raises(NotOpen):
        kept.begin(number, NOW + 1_000)


def test_of_many_who_decide_at_once_one_does(both: str) -> None:
    kept = kept_in(House(both))
    number = in_state(kept, "submitted")

    def decide(name: str) -> str:
        try:
            step = kept.approve if name[-1] in "02468" else lambda *words: kept.refuse(*words, "no")
            return step(number, name, NOW).decided_by
        except NotOpen:
            return ""

    with ThreadPoolExecutor(8) as pool:
        decided = [name for name in pool.map(decide, [f"other{each}" for each in range(16)]) if name]
    # an approval may still be refused; whoever came last is who is told
    assert 1 <= len(decided) <= 2
    assert kept.one(number).decided_by in decided


def test_numbers_are_given_once_and_tenants_do_not_meet(both: str) -> None:
    house = House(both)
    kept, elsewhere = kept_in(house), kept_in(House(both, "elsewhere"))
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(lambda _: made(kept), range(24)))
    assert numbers == list(range(1, 25))
    assert (made(elsewhere), len(elsewhere.all())) == (1, 1)
    with pytest.raises(NoSuchProposal):
        elsewhere.submit(2, "author", NOW)
    assert [each.number for each in kept.all(before=3)] == [2, 1]
    assert kept.all(states=("done",)) == []


@pytest.mark.parametrize("number", [0, -1, 99, 1 << 40, 1 << 70])
def test_a_number_that_is_none_is_told(both: str, number: int) -> None:
    with pytest.raises(NoSuchProposal):
        kept_in(House(both)).one(number)


def test_limits(both: str) -> None:
    kept = kept_in(House(both))
    for title in ("", "x" * 201):
        with pytest.raises(InputError):
            kept.make("policy", "cards", title, {}, "", "author", NOW)
    kept.make("policy", "cards", "x" * 200, {"x": "y" * (MAX_PAYLOAD_BYTES - 8)}, "", "author", NOW)
    with pytest.raises(LimitExceeded):
        kept.make("policy", "cards", "x", {"x": "y" * (MAX_PAYLOAD_BYTES - 7)}, "", "author", NOW)
    assert issubclass(LimitExceeded, ZhiyuError)
