"""Many cases at once, cases dealt out by skill and load, cases that are late; on both databases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.cases.made import HOUR_MS, NOW, card, cases_on, decision, fed
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.cases.bulk import Recount
from zhiyu.cases.dealing import Dealing, Worker, dealt
from zhiyu.cases.listing import Wanted
from zhiyu.cases.model import Case, Facts
from zhiyu.cases.queues import Declared, Queue
from zhiyu.cases.work import MAX_BULK, MAX_LEVEL, Cases, Finding
from zhiyu.records.outbox import outbox, webhooks

CHIEF, LIN = "person:chief", "person:lin"
SKILLED = Declared(
    queues=(
        Queue(name="voice", outcomes=("review",), skill="voice", within="2h", escalates_to="experts"),
        Queue(name="experts", outcomes=("decline",), within="1h"),
    )
)


def dealing_on(cases: Cases) -> Dealing:
    return Dealing(cases._records, cases._audit, cases)


def test_many_are_counted_first_and_done_in_one(both: str) -> None:
    cases = cases_on(both)
    fed(cases, *(decision(n, card(n), money=n * 100) for n in range(1, 6)))
    cases.claim(2, LIN, NOW)
    cases.close(3, CHIEF, Finding(disposition="unclear"), NOW)
    does = cases.closing(CHIEF, Finding(disposition="false_positive", reason="a test of ours"), NOW)
    counted = cases.many([1, 2, 3, 4, 99], CHIEF, NOW, does, True)
    assert (counted.numbers, counted.skipped, counted.money) == ((1, 4), (2, 3, 99), 500)
    assert [(each.code, each.number) for each in counted.because] == [("held", 2), ("case_state", 3), ("no_case", 99)]
    assert all(LIN in said for said in (counted.because[0].en, counted.because[0].zh)), "who holds it is told"
    assert len(cases.page(Wanted(limit=100))[0]) == 4, "counting changes nothing"
    with pytest.raises(Recount):
        cases.many([1, 2, 3, 4, 99], CHIEF, NOW, does, False, 3)
    assert cases.many([1, 2, 3, 4, 99], CHIEF, NOW, does, False) == counted
    assert [case.number for case in cases.page(Wanted(limit=100, order="newest"))[0]] == [5, 2]
    with pytest.raises(LimitExceeded):
        cases.many(range(MAX_BULK + 1), CHIEF, NOW, does, True)
    with pytest.raises(InputError):
        cases.closing(CHIEF, Finding(disposition="fraud"), NOW)


def test_many_are_claimed_and_escalated_as_far_as_it_goes(both: str) -> None:
    cases = cases_on(both, declared=SKILLED)
    fed(cases, *(decision(n, card(n), money=n * 100) for n in range(1, 4)))
    cases.assign(1, CHIEF, LIN, NOW)
    claimed = cases.many([1, 2, 3], LIN, NOW, cases.claiming(LIN, "one gang", NOW), False, 2)
    assert (claimed.numbers, claimed.because[0].en) == ((2, 3), "it is assigned to you already")
    assert {case.held_by(NOW) for case in cases.page(Wanted(limit=100))[0]} == {LIN}
    assert cases.steps(3, None, 1)[0].text == "one gang"
    for _ in range(MAX_LEVEL):
        cases.escalate(2, LIN, "too hard for me", NOW)
    does = cases.escalating(LIN, "too many for me", NOW)
    counted = cases.many([1, 2, 3], LIN, NOW, does, True)
    assert (counted.numbers, [each.code for each in counted.because]) == ((1, 3), ["case_state"])
    assert cases.many([1, 2, 3], LIN, NOW, does, False, 2) == counted
    assert {case.number: case.level for case in cases.page(Wanted(limit=100))[0]} == {1: 1, 2: MAX_LEVEL, 3: 1}
    with pytest.raises(InputError):
        cases.escalating(LIN, " ", NOW)


def test_cases_go_to_those_who_have_the_skill_and_the_fewest(both: str) -> None:
    cases = cases_on(both, declared=SKILLED)
    dealing = dealing_on(cases)
    fed(cases, *(decision(n, card(n), money=(9 - n) * 1_000_000) for n in range(1, 8)))
    for name, skills, most, away in (
        ("lin", ["voice", "chinese"], 3, False),
        ("wang", ["voice"], 2, False),
        ("zhao", ["voice"], 9, True),
    ):
        dealing.describe(name, skills, most, away, CHIEF, NOW)
    names = ["lin", "wang", "zhao", "nobody"]
    cases.claim(7, LIN, NOW)
    counted, counts = dealing.deal("voice", names, CHIEF, NOW, dry_run=True)
    assert (len(counted.numbers), counts) == (4, {LIN: 2, "person:wang": 2})
    done, _ = dealing.deal("voice", names, CHIEF, NOW, dry_run=False)
    order = [case.number for case in cases.page(Wanted(queue="voice"))[0]]
    assert {*done.numbers} == {*[number for number in order if number != 7][:4]}, "the first of the queue"
    assert [(each.name, each.load) for each in dealing.workers(names)] == [
        ("lin", 3),
        ("nobody", 0),
        ("wang", 2),
        ("zhao", 0),
    ]
    assert dealing.deal("voice", names, CHIEF, NOW, dry_run=False)[1] == {}, "nobody has room"
    assert (dealing.able("voice", "lin"), dealing.able("voice", "nobody"), dealing.able("experts", "nobody")) == (
        True,
        False,
        True,
    )
    for skills, most in ((["a,b"], 1), ([""], 1), (["x"] * 51, 1), (["x"], -1), (["x"], 1_001)):
        with pytest.raises(InputError):
            dealing.describe("lin", skills, most, False, CHIEF, NOW)
    with pytest.raises(InputError, match="no queue"):
        dealing.deal("none", names, CHIEF, NOW, dry_run=True)


@given(
    loads=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=6), count=st.integers(0, 30),
)  # fmt: skip
def test_dealing_is_fair_and_within_what_each_takes(loads: list[tuple[int, int]], count: int) -> None:
    able = [Worker(name=f"w{at}", load=load, most=most) for at, (load, most) in enumerate(loads)]
    free = [Case(number=n + 1, kind="entity", subject="", shown="", queue="q", facts=Facts()) for n in range(count)]
    given_to = dealt(free, able)
    assert [number for number, _ in given_to] == list(range(1, len(given_to) + 1))
    assert len(given_to) == min(count, sum(max(each.most - each.load, 0) for each in able))
    after = {each.who: each.load + sum(to == each.who for _, to in given_to) for each in able}
    for each in able:
        assert after[each.who] <= max(each.most, each.load)
        if after[each.who] > each.load:  # whoever was given one had no more than anybody who still has room
            assert all(after[each.who] - 1 <= after[other.who] for other in able if after[other.who] < other.most)


def test_a_case_that_is_late_goes_further_once_in_each_queue(both: str) -> None:
    cases = cases_on(both, declared=SKILLED)
    hook = {
        "name": "all",
        "url": "https://bank.example/hook",
        "kinds": "case.*",
        "salt": "0",
        "private": False,
        "active": True,
    }
    with cases._records.writing() as connection:
        connection.execute(webhooks.insert().values(tenant="bank", by=CHIEF, made_ms=NOW, **hook))
    fed(cases, decision(1, card(1)))
    cases.claim(1, LIN, NOW)
    deadline = cases.one(1)[0].deadline_ms
    assert (deadline, cases.late(deadline - 1)) == (NOW + 1 + 2 * HOUR_MS, 0)
    assert (cases.late(deadline), cases.late(deadline)) == (1, 0)
    case = cases.one(1)[0]
    assert (case.queue, case.level, case.assignee, case.deadline_ms) == ("experts", 1, "", deadline)
    assert (
        cases.late(deadline + HOUR_MS - 1),
        cases.late(deadline + HOUR_MS),
        cases.late(deadline + 99 * HOUR_MS),
    ) == (0, 1, 0)
    assert (cases.one(1)[0].queue, cases.one(1)[0].level) == ("experts", 2)
    with cases._records.reading() as connection:
        kinds = connection.execute(select(outbox.c.kind).order_by(outbox.c.id)).scalars().all()
    assert kinds == ["case.opened", "case.late", "case.late"]
