"""Live decisions behind the log: what is told, what is found again after a restart, what a file replay of the same records says."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.engine.live_stream import START_MS, live_opened, live_policy, records
from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.decisions.digest import Digest
from zhiyu.engine.engine import Engine
from zhiyu.engine.live import CONFLICT, DECIDED, REFUSED, REPEATED, TAKEN, Answer, Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.recovery import Tail
from zhiyu.evaluation.replay import Replay
from zhiyu.policy.declare_flows import Flow, Node


def serve(live: Live, bodies: Sequence[bytes], seed: int = 1, most: int = 40) -> list[Answer]:
    """Take everything in batches of random sizes."""
    rng, at, found = random.Random(seed), 0, list[Answer]()
    while at < len(bodies):
        size = rng.choice([1, 1, 2, 5, most])
        found += live.take(bodies[at : at + size])
        live.sync()
        at += size
    return found


def digest_of(live: Live) -> str:
    """Digest over all decisions of the log, decided again from nothing."""
    digest = Digest(live.opened.artifact.hash.encode())
    tail = Tail(Engine(live.opened.compiled, live.opened.codes, live.tenant), digest)
    for frame in live.log.frames():
        tail.take(frame)
    tail.flush()
    return digest.hexdigest()


def test_live_equals_a_replay_of_the_file_bit_for_bit(tmp_path: Path) -> None:
    opened, bodies = live_opened(), records(3, 400)
    live = Live(tmp_path / "live", opened, clock="events")
    answers = serve(live, bodies)
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(bodies) + b"\n")
    replayed = Replay(opened, tmp_path / "events.ndjson").run()
    assert digest_of(live) == replayed.digest
    told = [json.loads(answer.body) for answer in answers if answer.kind == DECIDED]
    assert len(told) == replayed.decided
    assert {o: sum(t["outcome"] == o for t in told) for o in replayed.outcomes} == replayed.outcomes
    assert sum(answer.kind in (REFUSED, CONFLICT) for answer in answers) == replayed.refused > 0
    assert sum(answer.kind == REPEATED for answer in answers) == replayed.repeats > 0
    assert sum(answer.kind == TAKEN for answer in answers) == replayed.facts > 0


@pytest.mark.parametrize("clock", ["events", "wall"])
def test_a_restart_changes_nothing(tmp_path: Path, clock: Any) -> None:
    bodies = records(4, 300)
    moment = [START_MS]

    def now() -> int:
        moment[0] += 9_000
        return moment[0]

    whole = Live(tmp_path / "whole", live_opened(), clock=clock, now=now)
    expected = serve(whole, bodies[:150]) + serve(whole, bodies[150:], 2)
    moment[0] = START_MS
    first = Live(tmp_path / "parts", live_opened(), clock=clock, now=now)
    found = serve(first, bodies[:150])
    first.close()
    second = Live(tmp_path / "parts", live_opened(), clock=clock, now=now)
    assert second.recovered.events == second.engine.accepted
    found += serve(second, bodies[150:], 2)

    def plain(answer: Answer) -> Any:
        told = json.loads(answer.body or b"{}")
        for key in ("receipt", "position"):
            told.pop(key, None)
        return answer.kind, told

    assert [plain(a) for a in found] == [plain(a) for a in expected]


def test_a_repeat_gets_the_first_answer_also_after_a_restart(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    bodies = records(5, 60)
    first = {json.loads(a.body)["id"]: a.body for a in serve(live, bodies) if a.kind in (DECIDED, TAKEN)}
    assert {json.loads(body)["status"] for body in first.values()} == {"decided", "taken"}
    for again in (live, None):
        if again is None:
            live.close()
            again = Live(tmp_path, live_opened(), clock="events")
        for body in bodies[:30]:
            event_id = json.loads(body)["id"]
            if event_id in first:
                [answer] = again.take([body])
                assert answer.kind == REPEATED
                assert json.loads(answer.body) == json.loads(first[event_id]) | {"repeated": True}
                assert again.decision(event_id) == first[event_id]


def test_the_same_id_with_other_content_is_a_conflict(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    body = b'{"type":"payment","id":"a","time":"2027-01-01T00:00:00Z","card":"c1","amount":%d}'
    one, other = live.take([body % 10, body % 11])
    assert (one.kind, other.kind) == (DECIDED, CONFLICT)
    assert other.refusal is not None
    assert "same id came at position 0" in other.refusal.en


def test_a_bad_record_is_refused_alone_and_named(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    good = b'{"type":"payment","id":"%d","time":"2027-01-01T00:00:00Z","card":"c1","amount":10}'
    bad = [b"{", b"[1]", b'{"type":"payment","id":"x","time":"2027-01-01T00:00:00Z","card":"c","amount":"NaN"}', b"\xff{}",
           b'{"id":"a","id":"b"}', b'{"type":"nothing","id":"x"}', good % 3 + b" " * MAX_EVENT_BYTES]  # fmt: skip
    answers = live.take([good % 1, *bad, good % 2])
    assert [a.kind for a in answers] == [DECIDED, *[REFUSED] * 7, DECIDED]
    codes = [(a.refusal.field, a.refusal.code) for a in answers if a.refusal]
    assert codes == [
        ("", "bad_json"), ("", "not_object"), ("amount", "wrong_type"), ("", "bad_text"), ("", "duplicate_key"), ("type", "unknown_type"),
        ("", "too_long"),
    ]  # fmt: skip
    assert live.take([]) == []


def test_a_missed_deadline_gives_the_declared_fallback_and_stays_so(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    body = b'{"type":"payment","id":"%d","time":"2027-01-01T00:00:00Z","card":"c1","amount":500}'
    answers = live.take([body % 1, body % 2, body % 3], late={1})
    told = [json.loads(a.body) for a in answers]
    assert [(t["outcome"], t["fallback"], t["mark"]) for t in told] == [
        ("review", False, ""), ("challenge", True, "fallback"), ("review", False, ""),
    ]  # fmt: skip
    live.close()
    again = Live(tmp_path, live_opened(), clock="events")
    assert again.decision("2") == answers[1].body
    assert digest_of(again)


def test_each_flow_may_declare_its_own_fallback(tmp_path: Path) -> None:
    policy, end = live_policy(), Node(name="end", severest=True)
    login = replace(policy.events[1], decide=True)
    flows = (
        Flow(name="pay", on=("payment",), nodes=(Node(name="all", rule_set="main", next="end"), end), fallback="delay"),
        Flow(name="enter", on=("login",), nodes=(end,)),
    )
    opened = open_policy(replace(policy, events=(policy.events[0], login), flows=flows), key=b"0123456789abcdef")
    live = Live(tmp_path, opened, clock="events")
    pay = b'{"type":"payment","id":"%d","time":"2027-01-01T00:00:00Z","card":"c1","amount":500}'
    enter = b'{"type":"login","id":"l%d","time":"2027-01-01T00:00:00Z","card":"c1"}'
    answers = live.take([pay % 1, pay % 2, enter % 1, enter % 2], late={1, 3})
    told = [(t["outcome"], t["fallback"]) for t in (json.loads(a.body) for a in answers)]
    assert told == [("review", False), ("delay", True), ("pass", False), ("challenge", True)]
    live.close()
    again = Live(tmp_path, opened, clock="events")
    assert [again.decision(name) for name in ("2", "l2")] == [answers[1].body, answers[3].body]


def test_time_is_stamped_by_the_wall_clock(tmp_path: Path) -> None:
    moment = [START_MS]
    live = Live(tmp_path, live_opened(), now=lambda: moment[0])
    body = '{"type":"payment","id":"%s","time":%d,"card":"c1","amount":10}'

    def told(name: str, ahead: int) -> Any:
        [answer] = live.take([(body % (name, START_MS + ahead)).encode()])
        return json.loads(answer.body)["late"] if answer.kind == DECIDED else answer.refusal and answer.refusal.code

    assert told("now", 0) is False
    assert told("a_little_ahead", 299_000) is False
    assert told("too_far_ahead", 301_000) == "too_far_ahead"
    assert told("an_hour_ago", -3_600_000) is True
    moment[0] -= 3_600_000  # the wall clock goes back: what was received stays received
    assert told("still", 0) == "too_far_ahead"
    assert told("as_late_as_before", -7_200_000) is True


def test_explained_from_the_log(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    live.take(
        [b'{"type":"payment","id":"a","time":"2027-01-01T00:00:00Z","card":"c1","amount":500,"phone":"13800138000"}']
    )
    explained = live.explanation("a")
    assert explained is not None
    assert explained.sentence() == "payment a: review (score 30), because the amount (¥500.00) is more than ¥400.00."
    assert "13800138000" not in json.dumps(explained.to_dict(), default=str)
    assert live.explanation("nobody") is None
    assert live.decision("nobody") is None


def test_no_raw_personal_value_reaches_the_disk(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened(), clock="events")
    live.take(
        [b'{"type":"payment","id":"a","time":"2027-01-01T00:00:00Z","card":"c1","amount":500,"phone":"13800138000"}']
    )
    live.close()
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"13800138000" not in path.read_bytes()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    live = Live(tmp_path, live_opened())
    with pytest.raises(InputError, match="another process serves"):
        Live(tmp_path, live_opened())
    live.close()
    Live(tmp_path, live_opened()).close()


def test_policies_of_tests_are_what_they_say() -> None:
    assert live_policy(limit=5).rule_sets[0].rules[0].when == "amount > 5"
