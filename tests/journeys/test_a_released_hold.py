"""A released hold.

A customer of ten years draws down 30,000 yuan late at night to somebody new: it is her landlord. The call-back reaches nobody, the
money is held for two hours. A reviewer reads the file and releases it by hand at a quarter past midnight; the release is an answer
like any other, with its place in the log. The customer's phone rings again at one: that call comes too late and changes nothing.
Meanwhile the server was stopped and started. The next morning an auditor asks why the money went out: the record tells every step, what
let it go on, and every step can be decided again. A day later somebody turns down what has long been paid: it is told that it is late.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.verify import Verifier

KEY = b"0123456789abcdef"
FOLDER = Path(__file__).parents[2] / "examples" / "call_back"
OPENED = open_policy(FOLDER, key=KEY)
EVENING = 1_772_492_400_000
"""23:00 on 2 March 2026, UTC."""
MINUTE = 60_000


class Lender:
    """A server that night, and the hands of its clock."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, EVENING
        self.live = self.open()

    def open(self) -> Live:
        return Live(self.root / "default", OPENED, now=lambda: self.now)

    def at(self, minute: int, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        """Something happens so many minutes after eleven."""
        self.now = EVENING + minute * MINUTE
        self.live.work(0)
        (answer,) = self.live.take([json.dumps({"type": kind, "id": name, "time": self.now} | fields).encode()])
        told: dict[str, Any] = json.loads(answer.body)
        return told


def test_the_money_is_released_by_hand_and_paid_once(tmp_path: Path) -> None:
    lender = Lender(tmp_path)
    held = lender.at(5, "drawdown", "rent", customer="ann", amount="30000", payee="landlord")
    assert (held["outcome"], held["actions"][0]["action"]) == ("challenge", "call")
    lender.now = EVENING + 40 * MINUTE
    lender.live.work(0)
    assert [(each["id"], each["node"]) for each in lender.live.waiting()] == [("rent", "cooling_off")]
    lender.live.close()
    lender.live = lender.open()
    released = lender.at(75, "review_result", "v1", about="rent", verdict="release")
    assert (released["answer"], released["about"]) == ("taken", held["position"])
    assert lender.at(120, "call_result", "r1", about="rent", own_wish=False, coached=True)["answer"] == "ended"
    assert lender.at(24 * 60, "review_result", "v2", about="rent", verdict="refuse")["answer"] == "ended"
    final = json.loads(lender.live.decision("rent") or b"")["final"]
    assert (final["outcome"], final["at"][11:16], final["cause"]) == ("pass", "00:15", "answered")
    counts = lender.live.engine.facts()
    assert (counts["waits_opened"], counts["waits_expired"], counts["waits_answered"]) == (2, 1, 1)

    steps = lender.live.went_on("rent")
    assert [(each["node"], each["cause"], each["decision"]["outcome"]) for each in steps] == [
        ("call_back", "expired", "delay"), ("cooling_off", "answered", "pass"),
    ]  # fmt: skip
    assert steps[1]["answer"] == released["position"]
    first = json.loads(lender.live.decision("rent") or b"")["receipt"]
    lender.live.close()
    receipts = [Receipt.parse(each) for each in (first, *(step["receipt"] for step in steps))]
    found = Verifier(Kept(lender.root, "default", KEY)).receipts(receipts)
    assert [(each.status, each.outcome) for each in found.verdicts] == [
        ("holds", "challenge"), ("holds", "delay"), ("holds", "pass"),
    ]  # fmt: skip
