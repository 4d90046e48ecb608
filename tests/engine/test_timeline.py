"""Timelines of entities: exactly what the log holds about one card, newest first, whatever happened to the files of the index."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.live_stream import START_MS, live_opened, records
from tests.engine.test_feedback import mixed, opened_in, other_ground, payment, put_on_list, restarted
from zhiyu.engine.event_frames import noted
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.timeline import Asked
from zhiyu.log.frames import EVENTS, LABELS, LISTS

KEY = b"0123456789abcdef"
CARDS = [f"c{number}" for number in range(7)]


def asked(live: Live, card: str, **more: Any) -> Asked:
    return Asked("card", live.opened.entity_code("card", card), **more)


def walked(live: Live, card: str, most: int = 7, **more: Any) -> list[dict[str, Any]]:
    """All pages of a card, one after the other."""
    found: list[dict[str, Any]] = []
    before = None
    while True:
        page = live.timeline(asked(live, card, most=most, before=before, **more))
        assert len(page.entries) <= most
        found += page.entries
        before = page.next
        if before is None:
            return found


def by_hand(live: Live, card: str) -> list[tuple[str, int]]:
    """Every frame of the log, looked through for the card: (kind, position), newest first."""
    code = live.opened.entity_code("card", card)
    found: list[tuple[str, int]] = []
    for frame in live.log.frames():
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, live.tenant)
            register = live.releases.open(note.policy, live.opened).compiled.schema.index["card"]
            rows = np.flatnonzero((note.batch.values[register] == code) & (note.batch.nulls[register] == 0))
            found += [("event", int(position)) for position in note.batch.positions[rows]]
        elif frame.header.kind == LABELS:
            label = noted_labels(frame.payload)
            register = live.releases.open(label.policy, live.opened).compiled.schema.index["card"]
            found += [("label", int(label.positions[row])) for row in np.flatnonzero(label.values[register] == code)]
        elif frame.header.kind == LISTS:
            changes = enumerate(noted_lists(frame.payload).changes, frame.header.first)
            found += [("change", position) for position, change in changes if change.code == code]
    return found[::-1]


def kinds(entries: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [("change" if e["kind"] in ("list", "snooze") else e["kind"], e["position"]) for e in entries]


def agree(live: Live) -> None:
    for card in CARDS:
        assert kinds(walked(live, card)) == by_hand(live, card)


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_timeline_is_what_the_log_holds(tmp_path: Path, snapshots: bool) -> None:
    live = opened_in(tmp_path)
    bodies = records(41, 600)
    mixed(live, bodies[:300], random.Random(1))
    assert not live.archive.index.behind  # what is decided here is indexed here
    agree(live)
    live.snapshot(wait=True)
    live = restarted(live, tmp_path, snapshots)
    assert live.archive.index.behind
    agree(live)
    mixed(live, bodies[300:], random.Random(2))
    agree(live)
    assert len(live.log.segments) > 5
    assert [e for e in walked(live, "c1") if e["kind"] == "snooze"]


def test_files_of_the_index_may_be_lost_or_damaged(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    mixed(live, records(42, 400), random.Random(1))
    live.close()
    files = sorted((tmp_path / "index").iterdir())
    assert len(files) == len(list((tmp_path / "log").glob("*.log"))) - 1 > 3
    files[0].unlink()
    content = bytearray(files[1].read_bytes())
    content[len(content) // 2] ^= 4
    files[1].write_bytes(content)
    files[2].write_bytes(files[2].read_bytes()[:-8])
    (tmp_path / "index" / "99999999999999999999.entities").write_bytes(b"of a segment that is gone")
    (tmp_path / "index" / "half.part").write_bytes(b"x")
    again = Live(tmp_path, live_opened(), clock="events", segment_bytes=20_000)
    agree(again)
    again.close()
    assert sorted((tmp_path / "index").iterdir()) == files
    shutil.rmtree(tmp_path / "index")
    third = Live(tmp_path, live_opened(), clock="events", segment_bytes=20_000)
    while third.work(0.0005):
        pass
    assert not third.archive.index.behind
    agree(third)


def test_it_catches_up_while_more_comes(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    bodies = records(43, 500)
    mixed(live, bodies[:250], random.Random(1))
    os.close(live._lock)
    shutil.rmtree(tmp_path / "index")
    again = Live(tmp_path, live_opened(), clock="events", segment_bytes=20_000)
    for body in bodies[250:]:
        again.take([body])
        again.archive.index.work(0.0001)
    while again.archive.index.work(0.0001):
        pass
    again.take([payment(99_999, minute=60 * 24 * 30)])
    assert not again.archive.index.behind
    agree(again)


def test_entries_say_what_happened(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0, amount=500), payment(1, "c2")])
    live.label([Label(event="p0", fraud=True, reason="chargeback", author="ann")])
    put_on_list(live, "c1")
    live.take([b'{"type":"login","id":"l","time":%d,"card":"c1"}' % (START_MS + 120_000)])
    fact, change, label, event = walked(live, "c1")
    assert (fact["kind"], fact["status"], fact["type"]) == ("event", "taken", "login")
    assert (change["kind"], change["op"], change["list"], change["value"]) == ("list", "add", "watched_cards", "c1")
    assert (label["fraud"], label["event"], label["reason"], label["author"]) == (True, "p0", "chargeback", "ann")
    assert (event["outcome"], event["rules"], event["id"]) == ("review", ["large"], "p0")
    given = json.loads(live.decision("p0") or b"")
    assert event == {"kind": "event", "time": event["time"], "received_at": event["received_at"]} | given


def test_a_span_of_time_and_pages_at_their_limits(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(number) for number in range(100)])
    since, until = START_MS + 60_000 * 10, START_MS + 60_000 * 90
    ids = [e["id"] for e in walked(live, "c1", since=since, until=until)]
    assert ids == [f"p{number}" for number in range(89, 9, -1)]
    assert live.timeline(asked(live, "c1", most=100)).next is None
    page = live.timeline(asked(live, "c1", most=99))
    assert (len(page.entries), page.next) == (99, 1)
    short = live.timeline(asked(live, "c1", most=2, until=since))  # twenty places are looked at, none is old enough
    assert (short.entries, short.next) == ([], 80)
    assert live.timeline(asked(live, "nobody")).entries == []


def test_an_id_that_the_door_has_forgotten_is_found(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    live.take([payment(0)])
    later = 60 * 24 * 9
    live.take([payment(number, "c2", minute=later + number) for number in range(1, 40)])
    assert all(live.engine.door.find(code) < 0 for code in live.opened.id_codes("p0"))
    assert live.position_of("p0") == 0
    assert live.position_of("p") is None
    assert json.loads(live.decision("p0") or b"")["id"] == "p0"
    [answer] = live.label([Label(event="p0", fraud=True)])
    assert json.loads(answer.body)["event_position"] == 0


def test_a_policy_with_other_columns_reads_older_events(tmp_path: Path) -> None:
    live = opened_in(tmp_path)
    mixed(live, records(44, 200), random.Random(1))
    live.release(open_policy(other_ground(), key=KEY))
    while live.warming is not None:
        live.work()
    mixed_bodies = [b for b in records(45, 200) if b'"payment"' in b]
    live.take([b.replace(b'"id": "e', b'"id": "x') for b in mixed_bodies])
    agree(live)
