"""What the stories of a lender share: events told one after the other, a customer's habits, an applicant, how severe an outcome is.

In: the example policy in an `App`. Out: outcomes. Every number is made up; identity numbers begin with regions that do not exist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zhiyu
from zhiyu.events.kinds.id_number import check_character
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
HONEST: dict[str, dict[str, Any]] = {
    "operator": {"phone_months": 40, "phone_is_holders": True}, "card_check": {"card_is_holders": True},
    "lenders_query": {"lenders_7d": 0, "lenders_30d_now": 1}, "bureau": {"credit_points": 655, "loans_opened_30d": 0},
    "face_service": {"face_likeness": 0.97},
}  # fmt: skip
"""What services say of people with nothing to hide."""


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
        while service := self.app.asking(record["id"]):
            decision = self._told(service, record)
        self.last = decision
        return decision.outcome

    def _told(self, service: str, record: dict[str, Any]) -> zhiyu.Decision:
        """The service answers what it says of honest people."""
        answer = {"type": service, "id": f"{service} {record['id']}", "time": record["time"], "about": record["id"]}
        self.app.decide(answer | {f"{service}_call": "answered"} | HONEST[service])
        return self.app.went_on[-1]

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


def applicant(number: int, **more: Any) -> dict[str, Any]:
    """Somebody who applies: an own identity, telephone, card, contact, address and employer, unless `more` says otherwise."""
    who = {
        "id_number": identity(number), "phone": f"161{number:08}", "card": luhn(f"99000000000{number:04}"),
        "contact_phone": f"160{number:08}",
        "second_contact_phone": f"163{number:08}", "address": f"a{number}", "employer": f"e{number}",
    }  # fmt: skip
    return APPLICANT | who | more


def identity(number: int) -> str:
    """The identity number of adult `number` (below 1,000), check character and all."""
    first17 = f"95000019900101{number:03}"
    return first17 + check_character(first17)


def luhn(first15: str) -> str:
    """A card number: fifteen digits and their check digit."""
    digits = [int(c) for c in first15]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[::2]]
    return first15 + str(-(sum(doubled) + sum(digits[1::2])) % 10)
