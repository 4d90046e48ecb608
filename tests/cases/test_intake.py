"""Alerts join cases: held against a naive version that goes through them one by one, however they are cut into pieces."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.made import HOUR_MS, NOW, card, cases_on, decision, fed, gang
from zhiyu.cases.intake import Overtaken
from zhiyu.cases.listing import Wanted
from zhiyu.cases.model import Alert, Case
from zhiyu.cases.queues import DEFAULT
from zhiyu.cases.why import why
from zhiyu.cases.work import Cases, Finding


def everything(cases: Cases) -> list[Case]:
    return sorted(cases.page(Wanted(state="", limit=1_000))[0], key=lambda case: case.number)


def test_an_alert_joins_the_open_case_of_the_same_person_instead_of_opening_another(both: str) -> None:
    cases = cases_on(both)
    assert fed(cases, decision(1, card(1)), decision(2, card(2)), decision(3, card(1), outcome="decline")) == [1, 2]
    assert fed(cases, decision(4, card(1))) == []
    first, second = everything(cases)
    assert (first.alerts, first.money, first.queue, second.alerts) == (3, 300_00, "review", 1)
    assert why(first) == (
        "Card c1: 3 decisions, 1 declined, 2 sent to a reviewer, because of: a large amount; ¥300.00 at risk.",
        "card c1：3 个决策，拒绝 1 次、转人工审核 2 次，原因：大额；涉险金额 ¥300.00。",
    )
    cases.close(1, "person:lin", Finding(disposition="unclear"), NOW)
    assert fed(cases, decision(5, card(1))) == [3], "a closed case is joined by nothing"


def test_whom_a_case_is_about_is_said_in_the_words_of_the_policy(both: str) -> None:
    cases = cases_on(both)
    fed(cases, msgspec.structs.replace(decision(1, card(1)), called=("bank card", "银行卡")))
    assert [text[:12] for text in why(everything(cases)[0])] == ["Bank card c1", "银行卡 c1：1 个决策"]


def test_a_gang_takes_in_what_comes_up_about_its_people(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1)))
    assert fed(cases, gang(7, 3, card(1), card(2), card(3))) == [], "its first subject that has a case is joined"
    assert fed(cases, gang(8, 2, card(4), card(5)), decision(2, card(5)), gang(8, 3, card(4), card(5), card(6))) == [2]
    first, second = everything(cases)
    assert (first.alerts, first.facts.gang, second.kind, second.alerts, second.facts.people) == (2, 7, "gang", 3, 3)
    assert fed(cases, decision(3, card(6)), decision(4, card(3))) == []
    assert (
        why(second)[0]
        == "Gang 8 has reached 3 people; 1 decision, 1 sent to a reviewer, because of: a large amount; ¥5,100.00 at risk."
    )
    assert [each.number for each in cases.page(Wanted(gang=8))[0]] == [2]


def test_what_is_read_again_changes_nothing_and_two_readers_do_not_double(both: str) -> None:
    cases, other = cases_on(both), cases_on(both)
    found = [decision(1, card(1)), decision(2, card(2))]
    cases.intake.take(found, "log", -1, 10, NOW)
    with pytest.raises(Overtaken):
        other.intake.take(found, "log", -1, 10, NOW)
    cases.intake.take(found, "log", 10, 20, NOW)
    assert [case.alerts for case in everything(cases)] == [1, 1]
    assert (cases.intake.position("log"), cases.intake.position("gangs")) == (20, -1)


def test_a_decision_that_waited_tells_what_it_came_to(both: str) -> None:
    cases = cases_on(both)
    fed(cases, decision(1, card(1), outcome="delay", waits=True, until_ms=NOW + HOUR_MS))
    [case] = everything(cases)
    assert (case.facts.waiting, case.deadline_ms) == (1, NOW + HOUR_MS), "it has to be answered before its wait is over"
    fed(cases, decision(1, card(1), outcome="pass", went_on=True), decision(2, card(2), outcome="pass", went_on=True))
    [case] = everything(cases)
    _, [alert], _, steps = cases.one(1)
    assert (case.facts.waiting, alert["waits"], alert["final"], alert["outcome"]) == (0, "ended", "pass", "delay")
    assert [step.verb for step in steps] == ["went_on", "alert", "open"]
    assert fed(cases, decision(3, card(3), outcome="decline", went_on=True)) == [2], (
        "what was let wait and is declined comes up then"
    )


class Naive:
    """Cases as lists, one alert at a time."""

    def __init__(self) -> None:
        self.cases: list[dict[str, Any]] = []
        self.seen: set[str] = set()

    def take(self, alert: Alert) -> None:
        queue = DEFAULT.route(
            alert.kind, alert.outcome, "payment", tuple(r.code for r in alert.reasons), alert.money // 100
        )
        if alert.id in self.seen or queue is None:
            return
        self.seen.add(alert.id)
        case = None
        for subject in alert.subjects:
            case = case or next((c for c in self.cases if c["open"] and subject in c["subjects"]), None)
        if case is None:
            case = {"open": True, "subjects": [], "alerts": [], "queue": queue.name}
            self.cases.append(case)
        taken = {s for c in self.cases if c["open"] for s in c["subjects"]}
        case["subjects"] += [s for s in alert.subjects if s not in taken]
        case["alerts"].append(alert.id)
        names = [q.name for q in DEFAULT.queues]
        case["queue"] = min(case["queue"], queue.name, key=names.index)

    def told(self) -> list[tuple[list[str], str]]:
        return [(sorted(case["alerts"]), case["queue"]) for case in self.cases]


CARDS = st.lists(st.integers(1, 6).map(card), max_size=3, unique=True)
ALERTS = st.lists(
    st.one_of(
        st.builds(
            lambda p, who, outcome: decision(p, *who, outcome=outcome), st.integers(1, 20), CARDS,
            st.sampled_from(["review", "decline", "challenge", "pass", "delay"]),
        ),
        st.builds(lambda number, people, who: gang(number, people, *who), st.integers(1, 2), st.integers(2, 4), CARDS),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(alerts=ALERTS, cuts=st.lists(st.integers(0, 30), max_size=4), closes=st.integers(0, 3))
def test_it_does_what_the_naive_version_does(
    tmp_path_factory: pytest.TempPathFactory, alerts: list[Alert], cuts: list[int], closes: int
) -> None:
    """Cut anywhere, each piece read twice, one case closed in between."""
    cases, naive = cases_on(f"sqlite:///{tmp_path_factory.mktemp('oracle') / 'records.db'}"), Naive()
    edges = sorted({0, len(alerts), *(min(cut, len(alerts)) for cut in cuts)})
    for first, last in itertools.pairwise(edges):
        for _ in range(2):
            fed(cases, *alerts[first:last])
        for alert in alerts[first:last]:
            naive.take(alert)
        if 0 < closes <= len(naive.cases) and naive.cases[closes - 1]["open"]:
            naive.cases[closes - 1]["open"] = False
            cases.close(closes, "person:lin", Finding(disposition="unclear"), NOW)
    found = everything(cases)
    assert [(sorted(a["id"] for a in cases.one(case.number)[1]), case.queue) for case in found] == naive.told()
    assert [case.alerts for case in found] == [len(ids) for ids, _ in naive.told()]
