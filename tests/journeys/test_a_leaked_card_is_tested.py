"""A leaked card is tested with small payments.

Ann's card number leaks. On a Friday night somebody tries whether it works: one yuan, two yuan, one yuan at three shops within minutes, on
a phone Ann never had. It works; a few minutes later come two and a half thousand yuan at a shop for telephones, then three thousand at
the next. The tests themselves are too small to be worth stopping a customer for. The first large payment is stopped, and so is every
one after it, and the reasons say why: testing, a strange phone.

The same evening Bo buys three bus tickets for one yuan each on her own phone and then a bicycle. Cy pays with a new phone for the first
time, a coffee and a lunch. Both go through.
"""

from __future__ import annotations

import pytest

import zhiyu
from tests.journeys.week import FOLDER, Week, severity


@pytest.fixture
def week() -> Week:
    """Ten days in which Ann, Bo and Cy buy coffee."""
    found = Week(zhiyu.App(FOLDER))
    for name in ("ann", "bo", "cy"):
        found.habits(name, f"{name}'s phone")
    return found


def _pay(week: Week, when: str, who: str, device: str, amount: float, shop: str) -> str:
    return week.at(f"12T{when}", "payment", who, device, amount=amount, merchant=shop, available_limit=9000)


def test_the_first_large_payment_is_stopped(week: Week) -> None:
    for minute, amount in enumerate((1, 2, 1)):
        _pay(week, f"23:{10 + 2 * minute}:00", "ann", "thief's phone", amount, f"shop{minute}")
    large = [
        _pay(week, f"23:{20 + 4 * number}:00", "ann", "thief's phone", amount, f"phones{number}")
        for number, amount in enumerate((2500, 3000, 900))
    ]
    assert all(severity(each) >= severity("review") for each in large), large
    assert {"TESTING", "NEW_DEVICE"} & set(week.last.reasons)
    assert any(rule.startswith("pay_burst") for rule in week.last.rules)


def test_small_tickets_on_the_own_phone_go_through(week: Week) -> None:
    for minute in range(3):
        assert _pay(week, f"18:0{minute}:00", "bo", "bo's phone", 1, "bus") in ("pass", "notify")
    assert _pay(week, "18:40:00", "bo", "bo's phone", 600, "bicycles") in ("pass", "notify", "challenge")


def test_a_new_phone_is_no_thief(week: Week) -> None:
    week.at("12T11:50:00", "log_in", "cy", "cy's new phone", succeeded=True, tries=1)
    assert _pay(week, "12:00:00", "cy", "cy's new phone", 28, "coffee") in ("pass", "notify")
    assert _pay(week, "18:30:00", "cy", "cy's new phone", 45, "noodles") in ("pass", "notify")
