"""Work on cases: who may do what when, nothing doubled among many who claim, what reaches the log; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from sqlalchemy import select

from tests.cases.made import HOUR_MS, NOW, card, cases_on, decision, fed, gang
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.cases.listing import Wanted
from zhiyu.cases.queues import Declared, Queue
from zhiyu.cases.rank import rank_ms
from zhiyu.cases.work import MAX_LEVEL, Cases, Changed, Finding, NotYours, WrongState
from zhiyu.records.outbox import outbox

LIN, WANG, CHIEF = "person:lin", "person:wang", "person:chief"
FRAUD = Finding(disposition="fraud", kind="takeover", reason="the phone was lost the day before")


def labels_of(cases: Cases) -> list[tuple[int, bool, str, str, str]]:
    """What the log is told."""
    with cases._records.reading() as connection:
        bodies = connection.execute(
            select(outbox.c.body).where(outbox.c.kind == "label").order_by(outbox.c.id)
        ).scalars()
        found = [msgspec.json.decode(body) for body in bodies]
    return [(each["position"], each["fraud"], each["reason"], each["author"], each["id"]) for each in found]


def test_a_claim_holds_until_it_lapses_or_is_given_back(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)))
    claimed = cases.claim(1, LIN, NOW)
    assert (claimed.assignee, claimed.claimed_until_ms) == (LIN, NOW + cases.declared.claim_ms)
    for step in (
        lambda: cases.claim(1, WANG, NOW), lambda: cases.close(1, WANG, FRAUD, NOW), lambda: cases.release(1, WANG, NOW),
        lambda: cases.escalate(1, WANG, "look", NOW),
    ):  # fmt: skip
        with pytest.raises(NotYours, match="person:lin"):
            step()
    later = claimed.claimed_until_ms
    cases.note(1, LIN, "called, nobody answered", later - 1)
    assert cases.lapse(later) == 0, "who does something holds it for longer"
    assert cases.claim(1, WANG, later + cases.declared.claim_ms).assignee == WANG, "a claim that lapsed holds nothing"
    cases.release(1, WANG, later + cases.declared.claim_ms)
    with pytest.raises(WrongState):
        cases.release(1, WANG, later)
    assert cases.claim(1, LIN, later).assignee == LIN
    assert cases.lapse(later + cases.declared.claim_ms) == 1
    assert [step.verb for step in cases.steps(1, None, 9)] == [
        "lapse", "claim", "release", "claim", "note", "claim", "alert", "open",
    ]  # fmt: skip


def test_what_was_assigned_does_not_lapse(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)))
    cases.claim(1, LIN, NOW)
    cases.assign(1, CHIEF, WANG, NOW)
    assert (cases.lapse(NOW + 99 * HOUR_MS), cases.next("review", LIN, NOW + 99 * HOUR_MS)) == (0, None)
    with pytest.raises(NotYours):
        cases.claim(1, LIN, NOW)
    version = cases.one(1)[0].version
    assert cases.claim(1, WANG, NOW).version == version
    cases.assign(1, CHIEF, "", NOW)
    assert cases.next("review", LIN, NOW) is not None


def test_nobody_changes_what_they_have_not_seen(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)))
    seen = cases.one(1)[0].version
    fed(cases, decision(2, card(1)))
    with pytest.raises(Changed, match=f"version {seen + 1}, not {seen}"):
        cases.close(1, LIN, FRAUD, NOW, version=seen)
    assert cases.close(1, LIN, FRAUD, NOW, version=seen + 1).state == "closed"


def test_a_finding_becomes_labels_with_ids_that_follow_from_the_case(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)), decision(2, card(1)), gang(3, 2, card(1)))
    closed = cases.close(1, LIN, FRAUD, NOW)
    assert (closed.disposition, closed.fraud_kind, closed.assignee) == ("fraud", "takeover", LIN)
    steps = closed.steps - 1
    assert labels_of(cases) == [(p, True, "takeover", LIN, f"case/1/{steps}/{p}") for p in (1, 2)]
    with pytest.raises(WrongState):
        cases.close(1, LIN, FRAUD, NOW)
    cases.reopen(1, WANG, "the customer called back", NOW)
    some = Finding(disposition="false_positive", alerts=("d:2",))
    cases.close(1, WANG, some, NOW)
    assert labels_of(cases)[2:] == [(2, False, "false_positive", WANG, f"case/1/{steps + 2}/2")]
    cases.reopen(1, WANG, "not sure", NOW)
    cases.close(1, WANG, Finding(disposition="unclear"), NOW)
    assert len(labels_of(cases)) == 3, "what is unclear says nothing"
    assert fed(cases, decision(9, card(1))) == [2]
    cases.reopen(1, WANG, "again", NOW)
    assert fed(cases, decision(10, card(1))) == [], "its subject belongs to the case that is open since"
    assert cases.one(2)[0].alerts == 2


@pytest.mark.parametrize("finding", [
    Finding(disposition="guilty"), Finding(disposition="fraud"), Finding(disposition="fraud", kind="witchcraft"),
    Finding(disposition="unclear", kind="takeover"), Finding(disposition="unclear", reason="x" * 4_001),
    Finding(disposition="false_positive", alerts=("d:77",)),
])  # fmt: skip
def test_a_finding_that_cannot_be_changes_nothing(both: str, finding: Finding) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)))
    before = cases.one(1)
    with pytest.raises(InputError):
        cases.close(1, LIN, finding, NOW)
    assert (cases.one(1), labels_of(cases)) == (before, [])


def test_an_escalated_case_goes_ahead_to_the_queue_declared_for_that(both: str) -> None:
    queues = (
        Queue(name="first", outcomes=("review",), escalates_to="second"),
        Queue(name="second", outcomes=("decline",)),
    )
    cases = cases_on(both, declared=Declared(queues=queues))
    fed(cases, decision(1, card(1)), decision(2, card(2), outcome="decline"))
    cases.claim(1, LIN, NOW)
    case = cases.escalate(1, LIN, "too large for me", NOW)
    assert (case.queue, case.level, case.assignee) == ("second", 1, "")
    assert [each.number for each in cases.page(Wanted(queue="second"))[0]] == [1, 2]
    for _ in range(MAX_LEVEL - 1):
        cases.escalate(1, LIN, "still", NOW)
    with pytest.raises(WrongState):
        cases.escalate(1, LIN, "once more", NOW)


def test_more_money_and_an_earlier_deadline_go_first(both: str) -> None:
    cases = cases_on(both)
    for number, money in enumerate((100, 3_200_000, 900_000, 0), 1):
        fed(cases, decision(number, card(number), money=money))
    order = [each.number for each in cases.page(Wanted())[0]]
    assert order == [2, 3, 1, 4]
    assert [each.number for each in cases.page(Wanted(order="money"))[0]] == [2, 3, 1, 4]
    assert [each.number for each in cases.page(Wanted(order="newest", min_money=100))[0]] == [3, 2, 1]
    assert rank_ms(0, 0, "", 0) == 0 == rank_ms(0, 199_99, "CNY", 0) > rank_ms(0, 200_00, "CNY", 0)


@pytest.mark.parametrize("order", ["priority", "deadline", "money", "newest"])
def test_pages_hold_every_case_once(both: str, order: str) -> None:
    cases = cases_on(both)
    fed(cases, *(decision(n, card(n), money=(n * 7 % 5) * 100_00) for n in range(1, 24)))
    found: list[int] = []
    after = ""
    while True:
        page, after = cases.page(Wanted(order=order, after=after, limit=5))  # type: ignore[arg-type]
        found += [case.number for case in page]
        if not after:
            break
        fed(cases, decision(1_000 + len(found), card(1_000 + len(found)), money=9_000_000_00))
    whole = [case.number for case in cases.page(Wanted(order=order, limit=1_000))[0]]  # type: ignore[arg-type]
    assert len(found) == len(set(found))
    assert {*range(1, 24)} <= {*found}
    assert [number for number in whole if number in found] == found
    with pytest.raises(InputError):
        cases.page(Wanted(after="nonsense"))


def test_fifty_who_claim_from_one_queue_get_every_case_once(both: str) -> None:
    cases = cases_on(both)
    fed(cases, *(decision(n, card(n)) for n in range(1, 121)))

    def work(who: int) -> list[int]:
        mine = []
        while (case := cases.next("review", f"person:w{who}", NOW)) is not None:
            mine.append(case.number)
        return mine

    with ThreadPoolExecutor(50) as pool:
        taken = list(pool.map(work, range(50)))
    assert sorted(number for mine in taken for number in mine) == list(range(1, 121))
    with cases._records.reading() as connection:
        assert cases._audit.verify(connection).broken == 0


def test_of_two_who_close_one_case_one_does(both: str) -> None:
    cases = cases_on(both)
    fed(cases, *(decision(n, card(1)) for n in range(1, 4)))
    steps: list[Callable[[], object]] = [
        lambda: cases.close(1, LIN, FRAUD, NOW), lambda: cases.close(1, WANG, Finding(disposition="false_positive"), NOW),
    ] * 4  # fmt: skip

    def attempt(step: Callable[[], object]) -> bool:
        try:
            step()
        except ZhiyuError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, steps)) == 1
    assert len(labels_of(cases)) == 3
    assert len({fraud for _, fraud, *_ in labels_of(cases)}) == 1


def test_tenants_do_not_meet(both: str) -> None:
    ours, theirs = cases_on(both), cases_on(both, "elsewhere")
    fed(ours, decision(1, card(1)), decision(2, card(2)))
    assert fed(theirs, decision(1, card(1))) == [1]
    assert (len(ours.page(Wanted())[0]), len(theirs.page(Wanted())[0])) == (2, 1)
    with pytest.raises(ZhiyuError, match="no case 2"):
        theirs.claim(2, LIN, NOW)
    assert theirs.next("review", LIN, NOW) is not None
    assert theirs.next("review", LIN, NOW) is None
