"""Labels and list changes that come while the server decides: they are facts of the log, in effect from the next event on."""

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
from tests.engine.test_live import digest_of, serve
from zhiyu.base.errors import LimitExceeded
from zhiyu.engine.answers import CONFLICT, DECIDED, REFUSED, REPEATED, TAKEN, Answer
from zhiyu.engine.list_frames import NotedLists, list_payload, noted_lists
from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.entities.lists import NEVER, ListChange, Snooze
from zhiyu.evaluation.replay import Replay
from zhiyu.events.declare import EventType, Field, LabelColumn, Source, TimeColumn
from zhiyu.features.declare import Feature
from zhiyu.log.list_file import Row
from zhiyu.policy.declare import Policy, Rule, RuleSet

KEY = b"0123456789abcdef"
DELAY_MS = 3_600_000


def payment(number: int, card: str = "c1", minute: int | None = None, amount: int = 10) -> bytes:
    when = START_MS + 60_000 * (number if minute is None else minute)
    return json.dumps({"type": "payment", "id": f"p{number}", "time": when, "card": card, "amount": amount}).encode()


def rules_of(answer: Answer) -> list[str]:
    return list(json.loads(answer.body)["rules"])


def opened_in(folder: Path, opened: Opened | None = None, **changes: Any) -> Live:
    return Live(folder, opened or live_opened(), clock="events", segment_bytes=20_000, **changes)


def restarted(live: Live, folder: Path, snapshots: bool) -> Live:
    """Killed and opened again, with its snapshots or without."""
    live.sync()
    os.close(live._lock)
    if not snapshots:
        shutil.rmtree(folder / "snapshots")
    return Live(folder, live.opened, clock=live.clock, now=live._now, segment_bytes=20_000)


def put_on_list(live: Live, *cards: str, until: int = NEVER) -> int:
    rows = [Row(number, card) for number, card in enumerate(cards, 1)]
    return live.change_lists(live.list_changes().bring("watched_cards", rows, live.moment(), until).changes)


def labelled_source() -> Policy:
    """The policy of the tests with two ways to read a record: with the truth in it, or without."""
    plain = Source(
        name="plain", type_column="type", id="id", time=TimeColumn(column="time"),
        fields={name: name for name in ("amount", "card", "phone", "city")},
    )  # fmt: skip
    told = msgspec.structs.replace(plain, name="told", label=LabelColumn(column="fraud", delay="1h"))
    return msgspec.structs.replace(live_policy(), sources=(plain, told))


def test_a_label_counts_from_the_next_event_on(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0)])
    [answer] = live.label([Label(event="p0", fraud=True)])
    assert answer.kind == TAKEN
    assert json.loads(answer.body) == {
        "event": "p0", "event_position": 0, "fraud": True, "position": 1, "status": "taken",
    }  # fmt: skip
    after = live.take([payment(1), payment(2, "c2")])
    assert ["burnt" in rules_of(a) for a in after] == [True, False]
    assert json.loads(after[0].body)["position"] == 2


def test_labels_over_the_wire_equal_labels_of_a_file(tmp_path: Path) -> None:
    opened, rng = open_policy(labelled_source(), key=KEY), random.Random(3)
    truth: dict[str, bool] = {}
    bodies, lines, live = [], [], opened_in(tmp_path / "live", opened)
    for body in records(31, 500):
        content = json.loads(body)
        if content["id"] not in truth:
            truth[content["id"]] = rng.random() < 0.4
        bodies.append(body)
        lines.append(json.dumps(content | {"fraud": int(truth[content["id"]])}, ensure_ascii=False).encode())
    found: list[Answer] = []
    for start in range(0, len(bodies), 5):
        part = bodies[start : start + 5]
        answers = live.take(part, "plain")
        found += answers
        labels = [
            Label(event=content["id"], fraud=truth[content["id"]], known_at=_ms(content["time"]) + DELAY_MS)
            for content, answer in zip(map(json.loads, part), answers) if answer.kind in (DECIDED, TAKEN)
        ]  # fmt: skip
        assert all(answer.kind == TAKEN for answer in live.label(labels))
    (tmp_path / "told.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    decided: list[tuple[str, int, int]] = []

    def note(outcome: Any, _: Any) -> None:
        d = outcome.decisions
        decided.extend(zip(map(str, d.ids), d.outcome.tolist(), d.score.tolist()))

    Replay(opened, tmp_path / "told.ndjson", source="told", on_batch=note).run()
    names = ("pass", "notify", "challenge", "delay", "review", "decline")
    told = [json.loads(a.body) for a in found if a.kind == DECIDED]
    assert [(t["id"], names.index(t["outcome"]), t["score"]) for t in told] == decided
    assert any("burnt" in t["rules"] for t in told)


def _ms(iso: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def test_labels_are_judged_one_by_one(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0), payment(1), b'{"type":"login","id":"p1","time":%d,"card":"c1"}' % START_MS])
    answers = live.label(
        [
            Label(event="p0", fraud=True),
            Label(event="nobody", fraud=True),
            Label(event="p1", fraud=True),
            Label(event="p1", type="payment", fraud=False),
            Label(event="p1", type="paymnt", fraud=False),
            Label(fraud=True),
            Label(event="p0", position=1, fraud=True),
            Label(position=-1, fraud=True),
            Label(position=10**30, fraud=True),
            Label(event="p0", fraud=True, known_at="2020-01-01T00:00:00Z"),
            Label(event="p0", fraud=True, known_at="yesterday"),
            Label(event="p0", fraud=True, reason="x" * 1_001),
            Label(event="p0", fraud=True),
            Label(event="p0", fraud=False),
            Label(event="p0", fraud=False, id="second look"),
            Label(position=0, fraud=True, id="second look"),
        ]
    )
    kinds = [a.kind for a in answers]
    assert kinds == [TAKEN, REFUSED, REFUSED, TAKEN, *[REFUSED] * 8, REPEATED, CONFLICT, TAKEN, CONFLICT]
    assert [(a.refusal.field, a.refusal.code) for a in answers if a.refusal] == [
        ("event", "no_event"), ("type", "ambiguous"), ("type", "unknown_type"), ("event", "missing"), ("event", "mismatch"),
        ("position", "no_event"), ("position", "no_event"), ("known_at", "before_event"), ("known_at", "not_a_time"),
        ("reason", "bad_text"), ("fraud", "label_conflict"), ("fraud", "label_conflict"),
    ]  # fmt: skip
    again = json.loads(answers[12].body)
    assert (again["position"], again["repeated"]) == (json.loads(answers[0].body)["position"], True)
    assert live.take([payment(9)])[0].kind == DECIDED
    assert live.label([]) == []


@pytest.mark.parametrize("snapshots", [True, False])
def test_repeats_stay_known_after_a_restart(tmp_path: Path, snapshots: bool) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0)])
    [first] = live.label([Label(event="p0", fraud=True)])
    live.snapshot(wait=True)
    live = restarted(live, tmp_path, snapshots)
    again, other = live.label([Label(event="p0", fraud=True), Label(event="p0", fraud=False)])
    assert (again.kind, other.kind) == (REPEATED, CONFLICT)
    assert json.loads(again.body)["position"] == json.loads(first.body)["position"]


def test_a_label_that_came_with_its_event_is_known(tmp_path: Path) -> None:
    live = opened_in(tmp_path, open_policy(labelled_source(), key=KEY))
    live.take([payment(0)[:-1] + b', "fraud": 1}'], "told")
    same, other, later = live.label(
        [Label(event="p0", fraud=True), Label(event="p0", fraud=False), Label(event="p0", fraud=False, id="x")]
    )
    assert (same.kind, other.kind, later.kind) == (REPEATED, CONFLICT, TAKEN)


def test_a_label_is_known_at_its_own_time_within_lateness(tmp_path: Path) -> None:
    moment = [START_MS]
    live = Live(tmp_path, live_opened(), now=lambda: moment[0])
    live.take([payment(0)])
    moment[0] += 30 * 86_400_000
    late, recent, ahead = live.label(
        [
            Label(event="p0", fraud=True, known_at=START_MS + 1_000),
            Label(event="p0", fraud=True, id="b", known_at=moment[0] - 500_000),
            Label(event="p0", fraud=True, id="c", known_at=moment[0] + 300_001),
        ]
    )
    assert (late.kind, recent.kind, ahead.kind) == (TAKEN, TAKEN, REFUSED)
    assert live.engine.labels is not None
    assert live.engine.labels.everything().due.tolist() == [moment[0] - 500_000, moment[0]]


def test_a_list_change_holds_from_the_next_event_on(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    put_on_list(live, "c1")  # before any event
    answers = live.take([payment(0), payment(1, "c2")])
    assert ["watched" in rules_of(a) for a in answers] == [True, False]
    put_on_list(live, "c2", until=START_MS + 60_000 * 5)
    changes, absent = live.list_changes().removals("watched_cards", ["c1", "c9"], live.moment())
    assert absent == ["c9"]
    live.change_lists(changes)
    answers = live.take([payment(2), payment(3, "c2"), payment(6, "c2")])
    assert ["watched" in rules_of(a) for a in answers] == [False, True, False]
    live.change_lists([live.list_changes().snooze("large", "card", "c1", live.moment(), START_MS + 60_000 * 8)])
    answers = live.take([payment(7, amount=500), payment(9, amount=500)])
    assert ["large" in rules_of(a) for a in answers] == [False, True]


def test_the_same_change_again_makes_none(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0)])
    put_on_list(live, "c1", "c2")
    position = live.position
    again = live.list_changes().bring("watched_cards", [Row(1, "c1"), Row(2, "c3")], live.moment())
    assert (again.new, again.existing, again.renewed) == (1, 1, 0)
    live.change_lists(again.changes)
    assert live.position == position + 1
    assert live.change_lists([]) == live.position


def test_a_wall_clock_that_goes_back_undoes_no_change(tmp_path: Path) -> None:
    moment = [START_MS + 600_000]
    live = Live(tmp_path, live_opened(), now=lambda: moment[0])
    put_on_list(live, "c1")
    moment[0] -= 500_000
    assert rules_of(live.take([payment(0)])[0]) == ["watched"]
    assert digest_of(live)


def test_changes_come_back_from_a_frame_as_they_were() -> None:
    changes: list[ListChange | Snooze] = [
        ListChange(5, "watched_cards", "add", -3, NEVER, "", "", "***1"),
        ListChange(5, "名单", "add", 2**63 - 1, 99, "理由\n第二行", "a"),
        ListChange(5, "x", "remove", -(2**63)),
        Snooze(5, "r", "card", 1, 99, "why", "who", "c\u2028d"),
    ]
    note = noted_lists(list_payload(NotedLists(7, changes)))
    assert note.changes == changes
    assert (note.floor, note.moment) == (7, 5)


def test_too_many_entries_are_refused_and_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = opened_in(tmp_path)
    monkeypatch.setattr("zhiyu.entities.lists.MAX_LIST_ENTRIES", 3)
    put_on_list(live, "a", "b", "c")
    position = live.position
    with pytest.raises(LimitExceeded, match="the limit is 3"):
        put_on_list(live, "d")
    assert (live.position, live.broken) == (position, "")
    assert live.engine.lists.facts()["lists"] == {"watched_cards": 3}


def mixed(live: Live, bodies: list[bytes], rng: random.Random, moment: list[int] | None = None) -> list[Answer]:
    """Events with labels of earlier ones and changes of lists between them, while the wall clock goes on."""
    found: list[Answer] = []
    at = 0
    while at < len(bodies):
        if moment is not None:
            moment[0] += rng.choice([-5_000, 40_000, 60_000])
        size = rng.choice([1, 1, 2, 5])
        answers = live.take(bodies[at : at + size])
        found += [answer for answer in answers if answer.kind == DECIDED]
        at += size
        if found and rng.random() < 0.3:
            chosen = rng.choices(found, k=rng.choice([1, 3]))
            live.label(
                [
                    Label(position=json.loads(a.body)["position"], fraud=rng.random() < 0.5, id=rng.choice(["", "x"]))
                    for a in chosen
                ]
            )
        if rng.random() < 0.2:
            cards = [f"c{rng.randrange(8)}" for _ in range(3)]
            if rng.random() < 0.3:
                live.change_lists(live.list_changes().removals("watched_cards", cards[:1], live.moment())[0])
            else:
                until = NEVER if rng.random() < 0.5 else live.moment() + rng.randrange(1, 600_000)
                put_on_list(live, *cards, until=until)
        if rng.random() < 0.1:
            snooze = live.list_changes().snooze("large", "card", "c1", live.moment(), live.moment() + 100_000)
            live.change_lists([snooze])
        live.sync()
    return found


@pytest.mark.parametrize("snapshots", [True, False])
@pytest.mark.parametrize("clock", ["events", "wall"])
def test_a_restart_changes_nothing(tmp_path: Path, clock: Any, snapshots: bool) -> None:
    moment = [START_MS]

    bodies = records(8, 300)

    def live_in(name: str) -> Live:
        moment[0] = START_MS
        return Live(tmp_path / name, live_opened(), clock=clock, now=lambda: moment[0], segment_bytes=20_000)

    def told(answers: list[Answer]) -> list[Any]:
        """All but where they stand: refused records at the very end leave no gap behind a restart."""
        return [{**json.loads(a.body), "position": 0, "receipt": ""} for a in answers]

    whole = live_in("whole")
    expected = mixed(whole, bodies[:150], random.Random(1), moment)
    expected += mixed(whole, bodies[150:], random.Random(2), moment)
    first = live_in("parts")
    found = mixed(first, bodies[:150], random.Random(1), moment)
    first.snapshot(wait=True)
    second = restarted(first, tmp_path / "parts", snapshots)
    found += mixed(second, bodies[150:], random.Random(2), moment)
    assert told(found) == told(expected)
    assert any("burnt" in rules_of(a) for a in found)
    assert any("watched" in rules_of(a) for a in found)
    assert digest_of(second)


NEW = (
    Feature(name="good_30d", aggregate="count", by="card", over="30d", on=("label",), where="not fraud"),
    Feature(name="on_list_1d", aggregate="count", by="card", over="1d", on=("payment",), where="card in watched_cards"),
)


def test_a_new_policy_counts_labels_and_lists_from_the_log(tmp_path: Path) -> None:
    """What the policy counts after it has caught up is what it would have counted had it been there from the start."""
    later = live_opened(extra=NEW, when="good_30d > 0 and on_list_1d > 2")
    there, new = opened_in(tmp_path / "there", later), opened_in(tmp_path / "new")
    bodies = records(9, 400)
    for live in (there, new):
        mixed(live, bodies[:250], random.Random(4))
    assert new.release(later) is None
    for live in (there, new):
        mixed(live, bodies[250:300], random.Random(5))
    while new.work(0.0005):
        pass
    assert new.warming is None
    ends = [[rules_of(a) for a in mixed(live, bodies[300:], random.Random(6))] for live in (there, new)]
    assert ends[0] == ends[1]
    assert any("further" in rules for rules in ends[1])
    again = restarted(new, tmp_path / "new", snapshots=False)
    assert again.engine.accepted == new.engine.accepted


def other_ground() -> Policy:
    """The policy of the tests with more and other fields, and one event type less."""
    policy = live_policy(extra=NEW[:1])
    payment_type = policy.events[0]
    fields = {"channel": Field(type="string"), **payment_type.fields, "city": Field(type="string", required=False)}
    rules = [
        Rule(name="north", when='north_1d > 1 and good_30d > 0 and starts_with(city, "北")', outcome="delay"),
        Rule(name="many", when="seen_1h > 3", score=50, outcome="decline"),
        Rule(name="burnt", when="frauds_30d > 0", score=15),
    ]
    north = Feature(
        name="north_1d", aggregate="count", by="card", over="1d", on=("payment",), where='starts_with(city, "北")'
    )
    kept = tuple(each for each in policy.features if each.name != "logins_1h")
    return msgspec.structs.replace(
        policy, events=(EventType(name="payment", fields=fields, money="amount"),), features=(*kept, north),
        rule_sets=(RuleSet(name="main", rules=tuple(rules)),),
    )  # fmt: skip


def test_a_policy_with_other_fields_counts_what_the_log_holds(tmp_path: Path) -> None:
    """The log was written with other columns; the new policy counts as if it had read the events itself."""
    later, bodies = open_policy(other_ground(), key=KEY), records(12, 400)
    payments = [b for b in bodies if b'"payment"' in b]
    there, new = opened_in(tmp_path / "there", later), opened_in(tmp_path / "new")
    serve(there, payments[:250])
    at = bodies.index(payments[250])
    serve(new, bodies[:at])
    for live in (there, new):
        live.label([Label(event=json.loads(b)["id"], fraud=bool(n % 2)) for n, b in enumerate(payments[100:200])])
    assert new.release(later) is None
    while new.work(0.0005):
        pass
    assert new.opened is later
    ends = [[(rules_of(a), json.loads(a.body)["score"]) for a in serve(live, payments[250:]) if a.kind == DECIDED]
            for live in (there, new)]  # fmt: skip
    assert ends[0] == ends[1]
    assert {"north", "many", "burnt"} <= {rule for rules, _ in ends[1] for rule in rules}
    again = restarted(new, tmp_path / "new", snapshots=False)
    assert again.engine.accepted == new.engine.accepted
    [answer] = again.label([Label(event=json.loads(payments[5])["id"], fraud=True)])
    assert answer.kind == TAKEN
