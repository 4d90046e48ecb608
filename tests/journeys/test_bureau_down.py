"""The bureau is down for an hour.

A lender asks two services about every applicant: a multi-lender query for half a yuan, and, where that does not settle it, a credit
bureau for two yuan a try. One customer a minute applies from half past nine on. At ten the bureau falls silent. The first three customers
wait for it in vain; then the breaker opens: for the rest of the hour it is tried once a minute, and everybody else is decided at once
without it, by the fallback, and the decision says so. Customers whom eight lenders have looked at are declined for half a yuan, bureau or
not. At eleven the bureau is back; within a minute its answers decide again. Nobody was lost, nobody was asked about twice; what it cost is
told to the fen, and a replay of the same events, which asks nobody, comes to the same digest.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.outside.wire import HERE, ok
from tests.policy.test_golden import GOLDEN
from tests.server.served import Served
from zhiyu.engine.asks import Ask
from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.served import ServedReport
from zhiyu.outside.asking import Asker, Ended
from zhiyu.outside.endpoints import Endpoint
from zhiyu.outside.http import Failed, Reply

MINUTE = 60_000
HALF_PAST_NINE = 1_772_443_800_000
DOWN = range(30, 90)
KEY = b"0123456789abcdef"


class Lender:
    """The lender's clock, what is sent in which order, and the services."""

    def __init__(self) -> None:
        self.minute = 0
        self.sent: list[dict[str, Any]] = []
        self.bureau_asked: list[int] = []

    @property
    def now(self) -> int:
        return HALF_PAST_NINE + self.minute * MINUTE

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.now / 1000, UTC).isoformat(timespec="milliseconds")

    async def send(self, endpoint: Endpoint, method: str, target: str, body: bytes) -> Reply:
        """What the services say: every tenth customer is known to eight lenders."""
        if target == "/lenders":
            return ok(count=8 if self.minute % 10 == 9 else 1)
        self.bureau_asked.append(self.minute)
        if self.minute in DOWN:
            raise Failed("down")
        return ok(points=450 if self.minute % 10 == 5 else 700)


class Noting(Asker):
    """Asks, and notes the answers as events."""

    def __init__(self, lender: Lender) -> None:
        super().__init__({"bureau": HERE, "lenders_query": HERE}, lender.send, lambda: lender.now / 1000)
        self._lender = lender

    async def ask(self, ask: Ask) -> Ended:
        """One call."""
        ended = await super().ask(ask)
        self._lender.sent.append(ended.record(self._lender.time))
        return ended


def test_the_hour(tmp_path: Path) -> None:
    opened, lender, told = open_policy(GOLDEN / "calls_words", key=KEY), Lender(), list[dict[str, Any]]()
    makes = lambda: Live(tmp_path / "default", opened, now=lambda: lender.now)  # noqa: E731
    with Served(tmp_path, makes=makes, asker=lambda: Noting(lender)) as server:
        for lender.minute in range(120):
            event = {
                "type": "application", "id": f"a{lender.minute}", "time": lender.time, "customer": f"c{lender.minute}",
                "id_number": "11010519491231002X", "amount": f"{1_000 + lender.minute}",
            }  # fmt: skip
            lender.sent.append(event)
            told.append(server.client.post("/v1/decisions", json=event).json())
    ends = [{call["service"]: call["outcome"] for call in each["calls"]} for each in told]
    settled = [minute for minute in range(120) if minute % 10 == 9]
    assert all(told[minute]["outcome"] == "decline" and list(ends[minute]) == ["lenders_query"] for minute in settled)
    asked = [minute for minute in range(120) if minute not in settled]
    up = [minute for minute in asked if minute not in DOWN]
    assert all(told[minute]["outcome"] == ("review" if minute % 10 == 5 else "pass") for minute in up if minute != 90)
    assert {ends[minute]["bureau"] for minute in up if minute > 91 or minute < 30} == {"answered"}
    down = [minute for minute in asked if minute in DOWN]
    assert {told[minute]["outcome"] for minute in down} == {"pass"}, "by the fallback: 600 points are enough"
    assert [ends[minute]["bureau"] for minute in down[:3]] == ["refused"] * 3
    in_vain = [minute for minute in lender.bureau_asked if minute in DOWN]
    tries = 2 * sum(ends[minute]["bureau"] == "refused" for minute in down)
    assert len(in_vain) == tries, "two attempts each, and none while the breaker is open"
    report = ServedReport(Kept(tmp_path, "default", KEY)).run()
    spend = report.spend["services"]
    assert spend["lenders_query"]["cost"] == 50 * 120
    assert spend["bureau"]["cost"] == 200 * len(lender.bureau_asked), "every attempt is charged"
    assert spend["bureau"]["ends"]["refused"] * 2 == tries
    assert report.spend["asked"] == 120
    assert report.spend["most"] == {"CNY": 450}
    assert (report.outcomes["decline"], sum(report.outcomes.values())) == (12, 120)
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(json.dumps(each) for each in lender.sent))
    replayed = Replay(opened, path).run()
    assert replayed.digest == report.digest, "nobody is asked, and all comes out the same"
    assert replayed.spend == report.spend
    assert replayed.outcomes == report.outcomes


def test_a_file_without_answers(tmp_path: Path) -> None:
    """The same applications, and no answers: every call is told as unanswered, and the fallback path is taken."""
    opened, lender = open_policy(GOLDEN / "calls_words", key=KEY), Lender()
    lines = []
    for lender.minute in range(0, 60, 10):
        lines.append(
            {
                "type": "application", "id": f"a{lender.minute}", "time": lender.time, "customer": f"c{lender.minute}",
                "id_number": "11010519491231002X", "amount": "1000",
            }
        )  # fmt: skip
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)))
    replayed = Replay(opened, path).run()
    assert replayed.outcomes["review"] == 5, "the last one still waits"
    assert {name: each["ends"] for name, each in replayed.spend["services"].items()} == {
        "bureau": {"unanswered": 5}, "lenders_query": {"unanswered": 5},
    }  # fmt: skip
    assert replayed.spend["cost"] == {"CNY": 0}
