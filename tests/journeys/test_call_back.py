"""A scammer coaches a victim to draw down at night.

It is 23:05. A caller who says he is from the police tells a customer to draw down 30,000 yuan and to send it to a "safe account".
The lender has never seen that payee beside this customer: the money is not paid out, somebody calls the customer, and the call takes
half an hour at most. The customer, asked whether anybody tells them what to do, says yes: the draw-down is declined, and the money is
still there.
Another customer does not pick up. The money is held for two hours more, with a warning on the screen. In that time a victim reports the
payee: when the two hours are over, the draw-down is declined though nobody answered. A third one is reached and means it: paid.
And one picks up too late: the call comes in after the deadline. It changes nothing by itself, it is told that it is late; a reviewer
who has read the file releases the money by hand. Nothing is paid out twice, nothing is forgotten.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zhiyu.app import App
from zhiyu.engine.opened import open_policy
from zhiyu.engine.run_reader import RunReader
from zhiyu.evaluation.replay import Replay

FOLDER = Path(__file__).parents[2] / "examples" / "call_back"
LINES = [json.loads(line) for line in (FOLDER / "events.ndjson").read_text(encoding="utf-8").splitlines()]
ENDS = {
    "d-001": [("23:17", "decline", "answered")],
    "d-003": [("23:40", "delay", "expired"), ("01:40", "decline", "expired")],
    "d-004": [("23:20", "pass", "answered")],
    "d-005": [("23:45", "delay", "expired"), ("00:30", "pass", "answered")],
}


def test_the_night_as_a_replay(tmp_path: Path) -> None:
    run = Replay(open_policy(FOLDER), FOLDER / "events.ndjson", out=tmp_path, batch=5)
    result = run.run()
    reader = RunReader(tmp_path)
    for event_id, ends in ENDS.items():
        told = [(facts["at"][11:16], why.outcome, facts["cause"]) for facts, why in reader.went_on(event_id)]
        assert told == ends, event_id
    assert result.waits["opened"] == 7
    assert (result.waits["answered"], result.waits["expired"], result.waits["open"]) == (3, 3, 1)
    assert result.waits["answers_other"] == 1
    assert {name: count for name, count in result.came_to.items() if count} == {"pass": 2, "decline": 2}
    coached = reader.went_on("d-001")[0][1]
    assert [reason.code for reason in coached.reasons] == ["COACHED"]
    assert coached.seen["wait_end"] == "answered"
    held = reader.went_on("d-003")
    assert [action.action for action in held[0][1].actions] == ["warn"]
    assert held[1][1].seen["reports_7d"] == 1
    assert held[1][1].rules[0].rule == "reported_meanwhile"
    small = reader.explain("d-002")
    assert (small.outcome, reader.went_on("d-002")) == ("pass", [])


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_the_night_has_one_digest(batch: int) -> None:
    whole = Replay(open_policy(FOLDER), FOLDER / "events.ndjson").run()
    assert Replay(open_policy(FOLDER), FOLDER / "events.ndjson", batch=batch).run().digest == whole.digest


def test_the_customer_answers_the_call_back_after_the_deadline() -> None:
    app = App(FOLDER)
    asked = app.decide(event("drawdown", "d", "23:00", customer="c", amount="30000", payee="p"))
    assert asked is not None
    assert (asked.outcome, asked.actions[0]["action"]) == ("challenge", "call")
    app.decide(event("call_result", "late", "23:30", about="d", own_wish=True, coached=False))
    assert [(each.event_id, each.outcome) for each in app.went_on] == [("d", "delay")]
    app.decide(event("call_result", "later", "23:40", about="d", own_wish=True, coached=False))
    assert app.went_on == ()
    app.decide(event("review_result", "by hand", "23:50", about="d", verdict="release"))
    assert [(each.event_id, each.outcome) for each in app.went_on] == [("d", "pass")]
    app.decide(event("review_result", "again", "23:55", about="d", verdict="release"))
    assert app.went_on == ()
    assert app.pass_time(1_800_000_000_000) == ()
    assert app.engine.resuming is not None
    counts = app.engine.resuming.holds.facts()
    assert counts["open"] == 0
    assert (counts["answers_other"], counts["answers_ended"], counts["answers_taken"]) == (2, 1, 1)


def test_time_alone_ends_a_wait() -> None:
    app = App(FOLDER)
    app.decide(event("drawdown", "d", "23:00", customer="c", amount="30000", payee="p"))
    start = 1_772_492_400_000
    assert app.pass_time(start + 30 * 60_000 - 1) == ()
    assert [each.outcome for each in app.pass_time(start + 30 * 60_000)] == ["delay"]
    assert app.pass_time(start + 150 * 60_000 - 1) == ()
    assert [each.outcome for each in app.pass_time(start + 150 * 60_000)] == ["pass"]
    assert app.pass_time(start + 10**9) == ()


def event(kind: str, name: str, clock: str, **fields: Any) -> dict[str, Any]:
    """A record of that night."""
    return {"type": kind, "id": name, "time": f"2026-03-02T{clock}:00Z", **fields}
