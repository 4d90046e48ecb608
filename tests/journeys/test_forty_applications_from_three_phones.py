"""An intermediary files forty applications from three phones.

An agency has found forty people who would not be lent to. Over three days its clerks file one application after the other, at an
unhurried half hour's distance, from the three telephones on their desk. The people are real: each has an identity, a telephone, a card
and an address of their own, and a passable history; only the emergency contact is often the agency. The first few cannot be told from
anybody. By the fourth on a phone the pattern is there, and from then on hardly one gets through: the network names the gang and
everybody in it.

In the same days forty students of one dormitory apply, each from an own phone, and a shop that sells telephones files twenty applications
of its buyers on the phone behind the counter. None of them is declined; of the shop's buyers one in four is looked at by a person.
"""

from __future__ import annotations

import pytest

import zhiyu
from tests.journeys.week import FOLDER, Week, applicant, severity
from zhiyu.policy.outcomes import OUTCOMES

STOPPED = OUTCOMES.index("challenge")


@pytest.fixture
def week() -> Week:
    """The example policy with nothing counted yet."""
    return Week(zhiyu.App(FOLDER))


def _clock(number: int) -> str:
    """Half an hour apart, nine to half past four, from the ninth of the month on."""
    day, slot = divmod(number, 15)
    return f"{9 + day:02}T{9 + slot // 2:02}:{30 * (slot % 2):02}:00"


def _agency(week: Week) -> list[str]:
    return [
        week.at(
            _clock(number),
            "application",
            f"client{number}",
            f"desk phone {number % 3}",
            **applicant(number, **({"contact_phone": "16099999999"} if number % 2 else {})),
        )
        for number in range(40)
    ]


def test_hardly_one_gets_through_once_the_pattern_is_there(week: Week) -> None:
    outcomes = [severity(each) for each in _agency(week)]
    first = next(at for at, each in enumerate(outcomes) if each >= STOPPED)
    assert first <= 9, "stopped by the fourth application of a phone at the latest"
    assert sum(each < STOPPED for each in outcomes[first:]) <= 2
    assert sum(each >= severity("review") for each in outcomes[first:]) >= 25
    assert {"SHARED_DEVICE", "GANG"} & set(week.last.reasons)


def test_the_network_names_the_gang(week: Week) -> None:
    _agency(week)
    for number in range(80):  # a gate takes effect a declared number of decided events later
        coffee = {"amount": 25, "merchant": f"coffee {number}", "available_limit": 9000}
        week.at(
            f"13T{10 + number // 60:02}:{number % 60:02}:00",
            "payment",
            f"ann{number}",
            f"phone of ann{number}",
            **coffee,
        )
    network = week.app.engine.network
    assert network is not None
    assert network.gangs is not None
    members = list(network.gangs.members().values())
    assert len(members) == 1, "one gang, not three"
    assert len(members[0]) >= 25
    week.at("14T09:00:00", "application", "client40", "desk phone 0", **applicant(40))
    assert severity(week.last.outcome) >= severity("review")


def test_neighbours_are_let_through(week: Week) -> None:
    _agency(week)
    dormitory = [
        week.at(
            f"{9 + number // 15:02}T{19 + number % 15 // 5:02}:{number % 5 * 10:02}:00",
            "application",
            f"student{number}",
            f"own phone {number}",
            **applicant(100 + number, address="dormitory", ip="240.9.9.9", occupation="student"),
        )
        for number in range(40)
    ]
    counter = [
        week.at(
            f"12T{9 + number // 4:02}:{number % 4 * 15:02}:00",
            "application",
            f"buyer{number}",
            "counter",
            **applicant(200 + number, partner="phone shop", channel="partner"),
        )
        for number in range(20)
    ]
    assert "decline" not in dormitory + counter
    assert sum(severity(each) < STOPPED for each in dormitory) >= 36
    assert sum(severity(each) < STOPPED for each in counter) >= 15
