"""Alerts as tests need them, and the cases of a tenant on a database."""

from __future__ import annotations

from typing import Any

from zhiyu.access.audit import Audit
from zhiyu.cases.model import Alert, Reason, Who
from zhiyu.cases.queues import DEFAULT, Declared
from zhiyu.cases.work import Cases
from zhiyu.records.store import Records

KEY = b"k" * 16
NOW = 1_800_000_000_000
HOUR_MS = 3_600_000


def cases_on(url: str, tenant: str = "bank", declared: Declared = DEFAULT) -> Cases:
    return Cases(Records(url), Audit(tenant, KEY), declared)


def card(number: int) -> Who:
    return Who("card", f"{number:016x}", f"c{number}")


def decision(position: int, *who: Who, outcome: str = "review", **more: Any) -> Alert:
    """A decision about some cards; the first is its subject."""
    given: dict[str, Any] = {
        "id": f"d:{position}", "kind": "decision", "at_ms": NOW + position, "position": position, "event_id": f"e{position}",
        "event_type": "payment", "outcome": outcome, "money": 100_00, "currency": "CNY", "who": who,
        "subjects": (who[0].subject,) if who else (f"event:{position}",), "shown": f"card {who[0].shown}" if who else f"e{position}",
        "reasons": (Reason("LARGE", "a large amount", "大额"),),
    }  # fmt: skip
    return Alert(**(given | more))


def gang(number: int, people: int, *who: Who) -> Alert:
    return Alert(
        id=f"g:{number}:{people}", kind="gang", at_ms=NOW, shown=f"gang {number}", money=5_000_00, currency="CNY",
        subjects=(f"gang:{number}", *(each.subject for each in who)), who=(Who("gang", str(number), f"gang {number}"), *who),
        detail={"gang": number, "people": people},
    )  # fmt: skip


def fed(cases: Cases, *alerts: Alert, now_ms: int = NOW) -> list[int]:
    """Let alerts in; numbers of the cases that were opened."""
    before = cases.intake.position("log")
    return cases.intake.take(alerts, "log", before, max(before, 0) + 1, now_ms)
