"""Three stories from a lender's week, told to the example policy event by event.

A leaked card is tested with small payments from a phone its owner never had, then emptied. An intermediary files applications for
one person after the other from the same phone, in one afternoon. A caller shares a customer's screen and has her draw everything
at night. Each time an honest neighbour does nearly the same, and is let through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import zhiyu
from zhiyu.policy.outcomes import OUTCOMES

FOLDER = Path(__file__).parents[2] / "examples" / "consumer_credit"
SESSION = {
    "channel": "app", "ip": "240.1.2.3", "place_city": "310000", "emulator": False, "rooted": False, "proxy": False,
    "remote_control": False, "on_call": False, "duration_s": 60,
}  # fmt: skip
APPLICANT = {
    "address": "a1", "city": "310000", "employer": "e1", "income_month": 8000, "occupation": "office", "lenders_30d": 1, "debt_total": 5000,
    "bureau_score": 650, "pasted_fields": 0, "amount": 20000,
}  # fmt: skip


@pytest.fixture
def app() -> zhiyu.App:
    """The example policy with nothing counted yet."""
    return zhiyu.App(FOLDER)


class Week:
    """Events one after the other, each some minutes later; says what was decided."""

    def __init__(self, app: zhiyu.App) -> None:
        self.app, self.number = app, 0

    def at(self, when: str, kind: str, customer: str, device: str, **more: Any) -> str:
        """Send one event; returns the outcome."""
        self.number += 1
        record = {
            "type": kind,
            "id": f"e{self.number}",
            "time": f"2025-09-{when}+08:00",
            "customer": customer,
            "device": device,
        }
        decision = self.app.decide(SESSION | record | more)
        assert decision is not None
        self.last = decision
        return decision.outcome

    def habits(self, customer: str, device: str) -> None:
        """Ten days of a customer who logs in and pays for coffee."""
        for day in range(1, 11):
            self.at(f"{day:02}T12:00:00", "log_in", customer, device, succeeded=True, tries=1)
            self.at(
                f"{day:02}T12:05:00",
                "payment",
                customer,
                device,
                amount=25 + day,
                merchant="coffee",
                available_limit=9000,
            )


def severity(outcome: str) -> int:
    """How severe an outcome is, pass 0."""
    return OUTCOMES.index(outcome)


def test_a_leaked_card_is_tested_with_small_payments(app: zhiyu.App) -> None:
    week = Week(app)
    week.habits("ann", "ann's phone")
    week.habits("bo", "bo's phone")
    outcomes = [
        week.at(
            f"12T03:{10 + minute}:00",
            "payment",
            "ann",
            "thief's phone",
            amount=amount,
            merchant=f"shop{minute}",
            available_limit=9000,
        )
        for minute, amount in enumerate((1, 2, 1, 2500, 3000))
    ]
    assert severity(outcomes[-1]) >= severity("review"), outcomes
    assert {"TESTING", "NEW_DEVICE"} & set(week.last.reasons)
    assert (
        week.at("12T12:05:00", "payment", "bo", "bo's phone", amount=31, merchant="coffee", available_limit=9000)
        == "pass"
    )


def test_an_intermediary_files_one_application_after_the_other(app: zhiyu.App) -> None:
    week = Week(app)
    outcomes = []
    for number in range(6):
        who = APPLICANT | {
            "id_number": ID_NUMBERS[number], "phone": f"1610000000{number}", "card": "9900000000000002", "contact_phone": "16000000001",
            "second_contact_phone": f"1630000000{number}", "address": f"a{number}", "employer": f"e{number}",
        }  # fmt: skip
        outcomes.append(
            week.at(f"12T14:{10 + 5 * number}:00", "application", f"client{number}", "agent's phone", **who)
        )
    assert outcomes[0] in ("pass", "notify", "challenge")
    assert outcomes[-1] == "decline", outcomes
    assert {"SHARED_DEVICE", "SHARED_DETAILS"} <= set(week.last.reasons)
    alone = APPLICANT | {"id_number": ID_NUMBERS[6], "phone": "16100000009", "card": "9900000000000010", "contact_phone": "16000000009",
                         "second_contact_phone": "16300000009", "address": "a9", "employer": "e9"}  # fmt: skip
    assert week.at("12T15:00:00", "application", "client9", "own phone", **alone) in ("pass", "notify")


def test_a_victim_is_coached_at_night(app: zhiyu.App) -> None:
    week = Week(app)
    week.habits("ann", "ann's phone")
    week.habits("bo", "bo's phone")
    coached = {"remote_control": True, "on_call": True}
    assert severity(
        week.at("12T02:00:00", "log_in", "ann", "ann's phone", succeeded=True, tries=1, **coached)
    ) >= severity("challenge")
    drawn = week.at("12T02:10:00", "draw_down", "ann", "ann's phone", amount=20000, available_limit=20000, **coached)
    assert severity(drawn) >= severity("delay"), "the money is held"
    assert "COACHED" in week.last.reasons
    assert {action["action"] for action in week.last.actions} >= {"warn", "hold_money"}
    assert week.at("12T02:15:00", "draw_down", "bo", "bo's phone", amount=5000, available_limit=20000) in (
        "pass",
        "notify",
    )


def _identity(first17: str) -> str:
    from zhiyu.events.kinds.id_number import check_character

    return first17 + check_character(first17)


ID_NUMBERS = [_identity(f"9500001990010100{number}") for number in range(7)]
"""Regions that do not exist; adults."""
