"""Policies that follow each other without a pause: what goes on, what is counted anew, what every decision says of its version."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.live_stream import START_MS, live_opened, live_policy, records
from tests.engine.test_live import serve
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import DECIDED, Answer, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.features.declare import Feature
from zhiyu.log.frames import EVENTS
from zhiyu.policy.declare import Feedback, Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit

FEW = ActionLimit(name="few", count=3, per="7d", outcomes=("review", "decline"), then="notify")
KEY = b"0123456789abcdef"
BODIES = records(21, 500)
NEW = Feature(name="largest_6h", aggregate="max", of="amount", by="card", over="6h", on=("payment",))
ASKING = {"extra": (NEW,), "when": "largest_6h > 550"}


def outcomes(answers: list[Answer]) -> list[tuple[str, str, int]]:
    told = [json.loads(answer.body) for answer in answers if answer.kind == DECIDED]
    return [(t["id"], t["outcome"], t["score"]) for t in told]


def by_hand(live: Live, opened: Opened, since: int) -> list[tuple[str, str, int]]:
    """What `opened` decides from position `since` on when it has seen every event of the log, one frame at a time."""
    engine, found = Engine(opened.compiled, opened.codes, opened.tenant), []
    for frame in live.log.frames():
        if frame.header.kind != EVENTS:
            continue
        note = noted(frame.payload, live.tenant)
        batch = note.batch
        batch.values = batch.values.copy()
        old = frame.header.first < since
        d = engine.process_accepted(
            batch, note.judged.received, note.judged.late, told=note.told if old else None
        ).decisions
        names = ("pass", "notify", "challenge", "delay", "review", "decline")
        if not old:
            found += [(str(i), names[o], s) for i, o, s in zip(d.ids, d.outcome.tolist(), d.score.tolist())]
    return found


def new_live(folder: Path, **changes: Any) -> Live:
    return Live(folder, live_opened(), clock="events", segment_bytes=15_000, **changes)


def decided_anew(live: Live, folder: Path) -> None:
    """Killed and opened without any snapshot: recovery decides everything again under each release, and compares."""
    live.snapshots.poll(wait=True)  # the child that writes one would write into what is removed
    os.close(live._lock)
    shutil.rmtree(folder / "snapshots")
    again = Live(folder, live.opened, clock="events", segment_bytes=15_000)
    assert again.opened.artifact.hash == live.opened.artifact.hash
    assert again.engine.accepted == live.engine.accepted
    more = [body.replace(b'"id": "e', b'"id": "f') for body in records(22, 60)]
    assert outcomes(serve(again, more))


def test_a_changed_threshold_is_in_force_at_once_and_keeps_the_counts(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    first = serve(live, BODIES[:300])
    other = live_opened(limit=100)
    release = live.release(other)
    assert release is not None
    assert (release.number, release.from_position) == (1, -1)
    since = live.position
    second = serve(live, BODIES[300:])
    assert outcomes(second) == by_hand(live, other, since)
    hashes = [{json.loads(a.body)["policy"] for a in part if a.kind == DECIDED} for part in (first, second)]
    assert hashes == [{live_opened().artifact.hash}, {other.artifact.hash}]
    decided_anew(live, tmp_path)


@pytest.mark.parametrize("batch", [1, 50])
def test_a_new_variable_counts_in_the_background_and_is_exact_when_it_is_in_force(tmp_path: Path, batch: int) -> None:
    live = new_live(tmp_path)
    serve(live, BODIES[:250])
    other = live_opened(**ASKING)
    assert live.release(other) is None
    assert live.warming is not None
    assert live.warming_why == "it counts largest_6h anew"
    between = serve(live, BODIES[250:300])
    assert {json.loads(a.body)["policy"] for a in between if a.kind == DECIDED} == {live_opened().artifact.hash}
    while live.work(0.0005):
        pass
    assert live.warming is None
    assert live.opened is other
    since = live.position
    after = serve(live, BODIES[300:], most=batch)
    assert outcomes(after) == by_hand(live, other, since)
    assert any("further" in json.loads(a.body)["rules"] for a in after if a.kind == DECIDED)
    decided_anew(live, tmp_path)


def test_rolled_back_in_one_call(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    serve(live, BODIES[:100])
    live.release(live_opened(limit=1))
    serve(live, BODIES[100:200])
    assert live.releases.previous is not None
    back = live.roll_back()
    assert back is not None
    assert back.hash == live_opened().artifact.hash
    since = live.position
    assert outcomes(serve(live, BODIES[200:])) == by_hand(live, live_opened(), since)
    decided_anew(live, tmp_path)


def test_an_answer_read_back_is_worded_by_the_policy_that_gave_it(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    answers = [a for a in serve(live, BODIES[:200]) if a.kind == DECIDED]
    live.release(live_opened(limit=7))
    serve(live, BODIES[200:])
    for answer in answers[:: len(answers) // 20]:
        assert live.decision(json.loads(answer.body)["id"]) == answer.body


def test_what_limits_have_used_up_stays_used(tmp_path: Path) -> None:
    base = live_policy()
    limited = msgspec.structs.replace(base, limits=(FEW,))
    moved = msgspec.structs.replace(limited, en="another version")
    live = Live(tmp_path, open_policy(limited, key=KEY), clock="events")
    serve(live, BODIES[:250])
    assert live.release(open_policy(moved, key=KEY)) is not None
    after = [json.loads(a.body) for a in serve(live, BODIES[250:]) if a.kind == DECIDED]
    stopped = [t for t in after if t["outcome"] in ("review", "decline")]
    assert stopped
    assert {t["enforced"] for t in stopped} == {"notify"}
    decided_anew(live, tmp_path)


def test_a_crash_while_it_counts_leaves_the_old_policy_in_force(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    serve(live, BODIES[:250])
    live.release(live_opened(**ASKING))
    live.work(0.0001)
    os.close(live._lock)
    again = new_live(tmp_path)
    assert again.opened.artifact.hash == live_opened().artifact.hash
    assert again.warming is None


def test_another_policy_at_the_start_is_a_release(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    serve(live, BODIES[:100])
    live.close()
    again = Live(tmp_path, live_opened(limit=3), clock="events")
    assert again.releases.number == 1
    again.close()
    third = Live(tmp_path, live_opened(), clock="events", release=False)
    assert third.opened.artifact.hash == live_opened(limit=3).artifact.hash


def test_many_releases_in_a_row(tmp_path: Path) -> None:
    rng = random.Random(5)
    live = new_live(tmp_path)
    at = 0
    while at < len(BODIES):
        size = rng.randrange(20, 60)
        serve(live, BODIES[at : at + size])
        at += size
        changes: dict[str, Any] = {"limit": rng.choice([50, 200, 400])}
        if rng.random() < 0.5:
            changes |= ASKING
        live.release(live_opened(**changes))
        while live.work() and rng.random() < 0.9:
            pass
    assert live.releases.number > 3
    while live.work():
        pass
    decided_anew(live, tmp_path)


def test_decisions_that_come_back_much_later_are_counted_from_far_enough_back(tmp_path: Path) -> None:
    """Fifty minutes later here, and the new feature looks back over half an hour: it begins to count before that half hour."""
    made = [
        json.dumps({"type": "payment", "id": f"m{n}", "time": START_MS + n * 60_000, "card": f"c{n % 2}", "amount": 100 + n * 37 % 500})
        for n in range(300)
    ]  # fmt: skip
    bodies, late = [each.encode() for each in made], Feedback(decisions=True, lag_events=50)
    stopped = Feature(
        name="stopped_30m", aggregate="count", by="card", over="30m", on=("decision",), where='outcome != "pass"'
    )
    plain = msgspec.structs.replace(live_policy(), features=(live_policy().features[0],), feedback=late)
    rules = tuple(each for each in plain.rule_sets[0].rules if each.name == "large")
    more = (*rules, Rule(name="often", when="stopped_30m > 6", outcome="delay"))
    old = msgspec.structs.replace(plain, rule_sets=(RuleSet(name="main", rules=rules),))
    new = msgspec.structs.replace(old, features=(*old.features, stopped), rule_sets=(RuleSet(name="main", rules=more),))
    live = Live(tmp_path, open_policy(old, key=KEY), clock="events", segment_bytes=6_000)
    serve(live, bodies[:240], most=1)
    other = open_policy(new, key=KEY)
    assert live.release(other) is None
    assert live.warming is not None
    assert 0 < live.warming.start < 240 - 80
    while live.work():
        pass
    since = live.position
    after = serve(live, bodies[240:], most=1)
    assert outcomes(after) == by_hand(live, other, since)
    assert 0 < sum("often" in json.loads(a.body)["rules"] for a in after) < 60
