"""A version in shadow, for a share of the keys, for all, and back: what is decided, by which, what the figures say, after a kill too."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.engine.live_stream import live_opened, records
from tests.engine.test_live import serve
from tests.engine.test_releases import ASKING, KEY, by_hand, outcomes
from tests.waiting_policy import policy as waiting
from zhiyu.base.errors import InputError
from zhiyu.engine.beside import Shadow
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import DECIDED, Answer, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.log.frames import EVENTS
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.two_versions import Unmixable

BODIES = records(31, 260)
STRICT = {"limit": 150}


def new_live(folder: Path) -> Live:
    return Live(folder, live_opened(), clock="events", segment_bytes=15_000, release=not folder.exists())


def killed(live: Live, snapshots: bool = True) -> Live:
    """What is found by the next process after this one ended without a word."""
    live.snapshots.poll(wait=True)
    os.close(live._lock)
    if not snapshots:
        shutil.rmtree(live.folder / "snapshots")
    return new_live(live.folder)


def caught_up(live: Live) -> dict[str, Any]:
    """The figures once everything is counted."""
    assert live.beside is not None
    while live.beside.behind and not live.beside.failed:
        live.work(0.05)
    found = live.beside.told()
    assert not found["failed"]
    return found


def decisions(live: Live) -> list[tuple[int, ...]]:
    """(position, outcome, score) of everything that was decided."""
    notes = [noted(f.payload, live.tenant).decisions for f in live.log.frames() if f.header.kind == EVENTS]
    return [row for d in notes if d.n for row in zip(d.positions.tolist(), d.outcome.tolist(), d.score.tolist())]


def versions(answers: list[Answer]) -> list[tuple[str, str, str]]:
    told = [json.loads(answer.body) for answer in answers if answer.kind == DECIDED]
    return [(t["id"], t["outcome"], t.get("version", "")) for t in told]


def shadowed_by_hand(live: Live, fresh: Opened, since: int) -> Counter[tuple[str, str]]:
    """(live, next) → how often, from a new engine for every single event, which has seen what was really decided before it."""
    notes = [noted(f.payload, live.tenant) for f in live.log.frames() if f.header.kind == EVENTS]
    found: Counter[tuple[str, str]] = Counter()
    for at, last in enumerate(notes):
        if last.batch.positions[0] < since or not last.decisions.n:
            continue
        engine = Engine(fresh.compiled, fresh.codes, fresh.tenant)
        for note in notes[: at + 1]:
            told = note.told if note is not last else None
            note.batch.values = note.batch.values.copy()
            d = engine.process_accepted(note.batch, note.judged.received, note.judged.late, told=told).decisions
        pairs = zip(last.decisions.outcome.tolist(), d.outcome.tolist())
        found.update((OUTCOMES[one], OUTCOMES[two]) for one, two in pairs)
    return found


@pytest.mark.parametrize("changes", [STRICT, {**ASKING, "when": "largest_6h > 100"}])
def test_a_shadow_decides_every_event_beside_the_live_one_and_changes_nothing(tmp_path: Path, changes: Any) -> None:
    live, alone, fresh = new_live(tmp_path / "live"), new_live(tmp_path / "alone"), live_opened(**changes)
    serve(live, BODIES[:12], most=1)
    live.shadow(fresh)
    since = live.position
    serve(live, BODIES[12:110], most=1)
    serve(live, BODIES[110:140])
    serve(alone, BODIES[:140], most=1)
    assert decisions(live) == decisions(alone)
    figures = caught_up(live)
    expected = shadowed_by_hand(live, fresh, since)
    assert {(m["live"], m["next"]): m["decisions"] for m in figures["moved"]} == {
        pair: count for pair, count in expected.items() if pair[0] != pair[1]
    }
    assert figures["moved"]
    for side, place in (("live", 0), ("next", 1)):
        counts = Counter[str]()
        for pair, count in expected.items():
            counts[pair[place]] += count
        assert {
            name: each["decisions"] for name, each in figures[side]["outcomes"].items() if each["decisions"]
        } == counts
    again = killed(live)
    assert isinstance(again.beside, Shadow)
    assert caught_up(again) == figures


def test_a_share_is_decided_by_the_next_version_and_every_decision_says_by_which(tmp_path: Path) -> None:
    live, fresh = new_live(tmp_path), live_opened(**STRICT)
    old = live.opened.artifact.hash
    serve(live, BODIES[:100])
    assert live.share(fresh, live.both(fresh, "50", "card"), "approver") is not None
    since = live.position
    told = versions(serve(live, BODIES[100:200]))
    cards = {json.loads(body)["id"]: json.loads(body).get("card") for body in BODIES}
    by = {cards[event]: version for event, _, version in told}
    assert {version for _, _, version in told} == {old, fresh.artifact.hash}
    assert all(by[cards[event]] == version for event, _, version in told)
    figures = caught_up(live)
    for side, version in (("live", old), ("next", fresh.artifact.hash)):
        counts = Counter(outcome for _, outcome, mine in told if mine == version)
        assert {n: each["decisions"] for n, each in figures[side]["outcomes"].items() if each["decisions"]} == counts
    assert figures["percent"] == "50"
    assert [each for each in by_hand(live, live.opened, since) if each[0] == told[0][0]]
    again = killed(live, snapshots=False)  # everything is decided anew and compared
    assert again.releases.current == live.releases.current
    assert caught_up(again) == figures
    more = versions(serve(again, BODIES[200:]))
    assert all(by.get(cards[event], version) == version for event, _, version in more)
    raised = again.both(fresh, "80", "card")
    again.share(fresh, raised)
    later = {cards[event]: version for event, _, version in versions(serve(again, records(33, 80)))}
    assert all(later.get(card) in (None, version) for card, version in by.items() if version == fresh.artifact.hash)


@pytest.mark.parametrize("stage", ["shadow", "share", "live"])
def test_one_call_leads_back_from_any_stage(tmp_path: Path, stage: str) -> None:
    live, fresh = new_live(tmp_path), live_opened(**STRICT)
    first = live.opened.artifact.hash
    live.release(live_opened(limit=300))
    before = live.opened.artifact.hash
    serve(live, BODIES[:50])
    live.shadow(fresh)
    serve(live, BODIES[50:60])
    if stage != "shadow":
        live.share(fresh, live.both(fresh, "30", "card"))
        with pytest.raises(InputError, match="stop it first"):
            live.shadow(fresh)
    if stage == "live":
        live.finish(fresh)
        assert live.beside is None
        assert live.opened.artifact.hash == fresh.artifact.hash
        with pytest.raises(InputError, match="no version is in shadow"):
            live.stop()
        live.roll_back("supervisor")
    else:
        live.stop("supervisor")
    assert (live.opened.artifact.hash, live.beside) == (before, None)
    again = killed(live)
    assert (again.opened.artifact.hash, again.beside) == (before, None)
    back = {"live": fresh.artifact.hash}.get(stage, first)
    again.roll_back()
    assert again.opened.artifact.hash == back


def test_a_shadow_that_has_counted_is_live_at_once_and_recovery_agrees(tmp_path: Path) -> None:
    live, fresh = new_live(tmp_path), live_opened(**ASKING)
    serve(live, BODIES[:80])
    live.shadow(fresh)
    serve(live, BODIES[80:120])
    assert live.why_not_at_once(fresh)
    release = live.release(fresh, "approver")
    assert release is not None
    since = live.position
    second = serve(live, BODIES[120:])
    assert outcomes(second) == by_hand(live, fresh, since)
    again = killed(live, snapshots=False)
    assert again.opened.artifact.hash == fresh.artifact.hash
    assert again.engine.accepted == live.engine.accepted


def test_versions_that_cannot_share_are_refused_with_the_reason(tmp_path: Path) -> None:
    live = new_live(tmp_path)
    other = live.opened.policy
    other = replace(other, feedback=replace(other.feedback, lag_events=9))
    with pytest.raises(Unmixable, match="feedback"):
        live.both(open_policy(other, key=KEY), "10", "card")


def waiting_live(folder: Path, node: str = "") -> tuple[Live, Opened]:
    """Two versions of the policy that waits; the second challenges from 100 on, at another node when one is named."""
    one = waiting(3)
    sets = tuple(
        replace(
            s, rules=tuple(replace(r, when=r.when.replace("200", "50")) if r.name == "much" else r for r in s.rules)
        )
        for s in one.rule_sets
    )
    flow = one.flows[0]
    if node:
        nodes = tuple(replace(n, name=node if n.name == "call" else n.name) for n in flow.nodes)
        text = {"call": node}
        nodes = tuple(
            replace(n, next=text.get(n.next, n.next), then={o: text.get(to, to) for o, to in n.then.items()})
            for n in nodes
        )
        flow = replace(flow, nodes=nodes)
    two = replace(one, rule_sets=sets, flows=(flow,))
    opened = [open_policy(each, key=KEY) for each in (one, two)]
    return Live(folder, opened[0], clock="events"), opened[1]


def drawdown(number: int, amount: int, minute: int) -> bytes:
    time = f"2026-03-02T10:{minute:02d}:00Z"
    content = {"type": "drawdown", "id": f"d{number}", "time": time, "customer": f"c{number}", "amount": amount}
    return json.dumps(content).encode()


@pytest.mark.parametrize("node", ["", "call_again"])
def test_what_waits_in_a_share_goes_on_when_the_share_ends(tmp_path: Path, node: str) -> None:
    live, fresh = waiting_live(tmp_path, node)
    first = live.opened.artifact.hash
    live.share(fresh, live.both(fresh, "60", "customer"))
    assert live.work() is False  # it has other waits, so it counts first
    told = versions(serve(live, [drawdown(n, 60, 0) for n in range(40)]))
    new = [event for event, _, version in told if version == fresh.artifact.hash]
    assert 10 < len(new) < 35
    assert {event for event, outcome, _ in told if outcome == "challenge"} == set(new)
    live.stop("supervisor")
    fresh_ones = versions(serve(live, [drawdown(n, 60, 1) for n in range(40, 60)]))
    assert {outcome for _, outcome, _ in fresh_ones} == {"pass"}
    assert len(live.waiting()) == len(new)
    live.work()
    live.work()
    assert bool(live.opened.policy.versions) is bool(node)
    serve(live, [drawdown(90, 10, 40)])  # a call nobody answers goes to a reviewer
    serve(live, [drawdown(91, 10, 59)])
    live.work()
    live.work()
    assert (live.waiting(), live.opened.artifact.hash) == ([], first)
    live.snapshots.poll(wait=True)
    os.close(live._lock)
    shutil.rmtree(tmp_path / "snapshots")
    assert Live(tmp_path, live.opened, clock="events").engine.accepted == live.engine.accepted
