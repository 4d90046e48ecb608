"""A rule goes wrong at night: how many people does it reach before somebody looks?

The lender lets a policy decline at most three customers an hour. The fourth is sent to review, and the record names the limit; whoever was
declined before may be declined again. A rule has a limit of its own, a fresh release a radius of its own, and neither a restart nor a row
of releases makes room.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tests.engine.live_stream import live_policy, records
from tests.engine.test_live import serve
from tests.engine.test_releases import decided_anew
from zhiyu.app import App
from zhiyu.engine.engine import Engine
from zhiyu.engine.live import DECIDED, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.metrics import Metrics
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode import decode
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit, LetThrough

KEY = b"0123456789abcdef"
HOUR = 3_600_000
START = 1_800_000_000_000
FIELDS = {
    "customer": Field(type="string", entity="customer"),
    "amount": Field(type="money", currency="CNY", required=True),
}
RULES = (
    Rule(name="large", when="amount > 100", outcome="decline"),
    Rule(name="odd", when="amount > 50", outcome="decline"),
)
PEOPLE = ActionLimit(name="people", count=3, key="customer")


def opened_with(*limits: ActionLimit, **changes: Any) -> Opened:
    event = EventType(name="payment", fields=FIELDS, money="amount")
    policy = Policy(name="night", events=(event,), rule_sets=(RuleSet(name="main", rules=RULES),), limits=limits)
    return open_policy(msgspec.structs.replace(policy, **changes), key=KEY)


def payments(*given: tuple[int, str | None, int]) -> list[dict[str, Any]]:
    """(minutes, customer, amount) as records."""
    found = []
    for number, (minutes, customer, amount) in enumerate(given):
        own = {} if customer is None else {"customer": customer}
        found.append({"type": "payment", "id": f"p{number}", "time": START + minutes * 60_000, "amount": amount} | own)
    return found


def done(opened: Opened, events: list[dict[str, Any]]) -> list[str]:
    app = App(opened.policy, key=KEY)
    return [decision.enforced for event in events if (decision := app.decide(event))]


def test_the_fourth_person_of_an_hour_is_looked_at_and_the_first_may_be_declined_again() -> None:
    events = payments((0, "a", 200), (1, "b", 200), (2, "c", 200), (3, "d", 200), (4, "a", 200), (5, "e", 60))
    assert done(opened_with(PEOPLE), events) == ["decline"] * 3 + ["review", "decline", "review"]


def test_a_person_leaves_the_window_an_hour_after_the_last_act() -> None:
    events = payments((0, "a", 200), (0, "b", 200), (30, "c", 200), (59, "d", 200), (60, "d", 200), (60, "e", 200))
    assert done(opened_with(PEOPLE), events) == ["decline"] * 3 + ["review", "decline", "decline"]
    events = payments(
        (0, "a", 200), (0, "b", 200), (0, "c", 200), (30, "a", 200), (60, "d", 200), (61, "e", 200), (62, "f", 200)
    )
    assert done(opened_with(PEOPLE), events)[4:] == ["decline", "decline", "review"]  # `a` counts until minute 90


def test_who_has_no_name_counts_as_another_person_each_time() -> None:
    events = payments(*((minute, None, 200) for minute in range(5)))
    assert done(opened_with(PEOPLE), events) == ["decline"] * 3 + ["review"] * 2


def test_each_rule_has_a_limit_of_its_own() -> None:
    each = ActionLimit(name="each", count=1, key="customer", each_rule=True)
    events = payments((0, "a", 60), (1, "b", 60), (2, "a", 200), (3, "c", 200))
    assert done(opened_with(each), events) == ["decline", "review", "decline", "review"]
    one = ActionLimit(name="one", count=1, key="customer", rule="large")
    assert done(opened_with(one), events) == ["decline"] * 3 + ["review"]


def test_the_record_names_the_limit() -> None:
    app = App(opened_with(PEOPLE).policy, key=KEY)
    events = payments(*((minute, f"c{minute}", 200) for minute in range(4)))
    last = [app.decide(event) for event in events][-1]
    assert last is not None
    assert (last.outcome, last.enforced, last.mark, last.limit) == ("decline", "review", "limited", "people")
    told = app.explain(last.event_id)
    assert "enforced: review (limit 'people' was reached)" in told.sentence("en")
    assert "实际执行：人工审核（已达上限“people”）" in told.sentence("zh")


def test_a_lottery_and_a_limit_leave_every_weight_in_place() -> None:
    """Those that the lottery did not draw stand aside in the figures even where a limit changed what was done to them."""
    lottery = LetThrough(share="0.1", money_cap=10**6, outcomes=("decline",), salt="s")
    opened = opened_with(PEOPLE, let_through=lottery)
    events = payments(*((0, f"c{number}", 200) for number in range(400)))
    batch = decode(opened.compiled.schema, None, RawBatch(records=events), opened.codes, "default").batch
    batch.labels[:] = 1
    d = Engine(opened.compiled, opened.codes).process(batch).decisions
    drawn = int((d.mark == 1).sum())
    assert 20 < drawn < 70
    assert sorted(set(d.mark.tolist())) == [1, 4, 7]
    figures = Metrics(0, 0.1)
    figures.update(d)
    assert figures.scores().caught == 10 * drawn


def test_a_snapshot_remembers_who_was_acted_on(tmp_path: Path) -> None:
    opened = opened_with(PEOPLE, ActionLimit(name="acts", count=40, per="2h"))
    events = payments(*((minute, f"c{minute % 7}", 200) for minute in range(200)))
    parts = [
        decode(opened.compiled.schema, None, RawBatch(records=part, first_position=at), opened.codes, "default").batch
        for at, part in ((0, events[:90]), (90, events[90:]))
    ]
    whole = Engine(opened.compiled, opened.codes)
    whole.process(parts[0])
    whole.snapshot(tmp_path, {})
    second = whole.process(parts[1]).decisions
    again = Engine(opened.compiled, opened.codes)
    again.restore(tmp_path)
    assert np.array_equal(again.process(parts[1]).decisions.block, second.block)
    assert set(second.limit.tolist()) == {0, 1, 2}


def stopped(folder: Path, before: ActionLimit, after: ActionLimit) -> tuple[set[str], set[str]]:
    """The cards that were stopped under one version, and under the one released after it; recovery without a snapshot finds the same."""
    base = msgspec.structs.replace(live_policy(), limits=(before,))
    live = Live(folder, open_policy(base, key=KEY), clock="events")
    bodies = records(21, 500)
    cards = {json.loads(body)["id"]: json.loads(body).get("card") for body in bodies}

    def reached(part: list[bytes]) -> set[str]:
        told = [json.loads(answer.body) for answer in serve(live, part) if answer.kind == DECIDED]
        return {cards[t["id"]] for t in told if t["enforced"] in ("review", "decline")}

    first = reached(bodies[:250])
    moved = msgspec.structs.replace(base, limits=(after,), en="another version")
    assert live.release(open_policy(moved, key=KEY)) is not None
    second = reached(bodies[250:])
    decided_anew(live, folder)
    return first, second


def few(**changes: Any) -> ActionLimit:
    base = ActionLimit(name="few", count=2, per="7d", key="card", outcomes=("review", "decline"), then="notify")
    return msgspec.structs.replace(base, **changes)


def test_a_release_does_not_make_room_unless_the_limit_says_so(tmp_path: Path) -> None:
    first, second = stopped(tmp_path / "same", few(), few())
    assert len(first) == 2
    assert second == first
    first, second = stopped(tmp_path / "wider", few(), few(count=3))
    assert len(second) == 3
    assert first < second
    first, second = stopped(tmp_path / "fresh", few(since="release"), few(since="release"))
    assert len(first) == len(second) == 2
    assert first != second
