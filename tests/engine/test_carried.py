"""What outlives segments that were let go of: a policy that counts afterwards counts as it would have over the whole log.

Two folders get the same: events by the minute, labels that come with them hours later or by themselves, cards put on a list and taken off,
snoozes. One of them promises to keep three hours. Then both release a policy that counts what the first did not.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.kept_folder import KEY
from tests.engine.live_stream import FIELDS, START_MS, live_policy
from zhiyu.engine.answers import DECIDED
from zhiyu.engine.kept import Kept
from zhiyu.engine.labelling import Label
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.promise import promise_of, write_promise
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.verify import Verifier
from zhiyu.events.declare import Clock, LabelColumn, Source, TimeColumn
from zhiyu.features.declare import Feature
from zhiyu.log.disk import RealDisk
from zhiyu.log.list_file import Row
from zhiyu.policy.declare import RuleSet

MINUTE_MS = 60_000
HOURS = 8
DELAY = "4h"
COUNTED = (
    Feature(name="watched_2h", aggregate="count", by="card", over="2h", on=("payment",), where="card in watched_cards"),
    Feature(name="watched_sum_2h", aggregate="sum", of="amount", by="city", over="2h", on=("payment",), where="card in watched_cards"),
    Feature(name="burnt_2h", aggregate="count", by="card", over="2h", on=("label",), where="fraud"),
    Feature(name="cleared_2h", aggregate="sum", of="amount", by="card", over="2h", on=("label",), where="not fraud"),
    Feature(name="stopped_2h", aggregate="count", by="card", over="2h", on=("decision",), where='outcome != "pass"'),
)  # fmt: skip
SEES = " or ".join(f"{each.name} >= 0" for each in COUNTED)
WITHIN = ("1h", "2h")
"""Windows that the promise of three hours covers."""


def opened(**changes: Any) -> Opened:
    """The policy of the stream; `changes` as `live_policy` takes them. What counts further back than was promised is left out."""
    policy = live_policy(**changes)
    features = tuple(each for each in policy.features if each.over in WITHIN or each in changes.get("extra", ()))
    rules = tuple(each for each in policy.rule_sets[0].rules if each.name not in ("stopped_before", "burnt"))
    policy = msgspec.structs.replace(policy, features=features, rule_sets=(RuleSet(name="main", rules=rules),))
    source = Source(
        name="told", event="payment", id="id", time=TimeColumn(column="time"),
        fields={name: name for name in FIELDS}, label=LabelColumn(column="bad", delay=DELAY),
    )  # fmt: skip
    clock = Clock(lateness="10m", idempotency="1h")
    return open_policy(msgspec.structs.replace(policy, sources=(source,), clock=clock), key=KEY)


class Lender:
    """One data folder, a minute per event, everything chosen by the seed."""

    def __init__(self, root: Path, seed: int, keep: str) -> None:
        self.root, self.rng, self.moment = root, random.Random(seed), START_MS
        self.folder = root / "default"
        self.folder.mkdir(parents=True)
        if keep:
            write_promise(self.folder, promise_of(keep), RealDisk())
        self.number, self.gone, self.told = 0, 0, list[str]()
        self.live = self.open(opened())

    def open(self, policy: Opened) -> Live:
        return Live(
            self.folder, policy, now=lambda: self.moment, segment_bytes=9_000, snapshot_events=10**9, release=False
        )

    def reopened(self) -> None:
        """Killed and opened again."""
        self.live.snapshots.poll(wait=True)
        self.live.packing.finish()
        self.live.retention.finish()
        os.close(self.live._lock)
        self.live = self.open(self.live.opened)

    def minute(self) -> dict[str, Any]:
        """One event, and by chance something else; the decision."""
        self.moment += MINUTE_MS
        rng, number = self.rng, self.number
        self.number += 1
        cards = [f"c{rng.randrange(5)}" for _ in range(2)]
        body = {
            "id": f"e{number}",
            "time": self.moment,
            "card": cards[0],
            "amount": rng.randrange(600),
            "city": rng.choice("甲乙丙"),
        }
        chance, until = rng.random(), self.moment + rng.choice([30, 120, 400, 10**6]) * MINUTE_MS
        body |= {"bad": rng.choice([0, 1])} if rng.random() < 0.3 else {}
        [answer] = self.live.take([json.dumps(body).encode()], "told")
        changes = self.live.list_changes()
        if chance < 0.06:
            self.live.change_lists(
                changes.bring("watched_cards", [Row(1, cards[1])], self.live.moment(), until).changes
            )
        elif chance < 0.09:
            self.live.change_lists(changes.removals("watched_cards", [cards[1]], self.live.moment())[0])
        elif chance < 0.11:
            self.live.change_lists([changes.snooze("large", "card", cards[1], self.live.moment(), until)])
        elif chance < 0.2:
            self.live.label(
                [
                    Label(
                        event=f"e{number - rng.randrange(min(number, 20) + 1)}",
                        fraud=rng.random() < 0.7,
                        id=str(number),
                    )
                ]
            )
        self.live.sync()
        assert answer.kind == DECIDED
        self.told.append(json.loads(answer.body)["receipt"])
        return self.seen(json.loads(answer.body))

    def seen(self, told: dict[str, Any]) -> dict[str, Any]:
        """The decision with all that it saw."""
        why = self.live.explanation(told["id"])
        assert why is not None
        told.pop("receipt")  # the chain tells of releases, too, and from where they counted
        return told | {"seen": why.seen}

    def receipts(self, count: int) -> list[Receipt]:
        """Of the last decisions."""
        return [Receipt.parse(each) for each in self.told[-count:]]

    def hours(self, rounds: int) -> None:
        """Let old segments go every half hour."""
        for minute in range(rounds * 60):
            self.minute()
            if minute % 30 == 29:
                self.live.snapshot(wait=True)
                self.gone += self.live.retention.work(self.live._needs, wait=True)

    def release(self, policy: Opened) -> None:
        """Publish, and count until it is in force."""
        assert self.live.release(policy) is None
        while self.live.work():
            pass
        assert self.live.opened is policy
        self.live.snapshots.poll(wait=True)


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 40))]


@pytest.mark.parametrize("seed", SEEDS)
def test_counting_after_segments_are_gone_is_counting_over_the_whole_log(seed: int, tmp_path: Path) -> None:
    kept, whole = Lender(tmp_path / "kept", seed, "3h"), Lender(tmp_path / "whole", seed, "")
    for each in (kept, whole):
        each.hours(HOURS)
    assert kept.gone > 3
    assert kept.live.log.first > 100 > whole.live.log.first == 0
    if seed % 2:
        kept.reopened()
    policy = opened(extra=COUNTED, when=SEES)
    for each in (kept, whole):
        each.release(policy)
    assert kept.live.warming is None
    assert kept.live.releases.current is not None
    assert kept.live.releases.current.carried
    assert kept.live.counted_since_ms == 0  # what is gone is in no window
    expected = [whole.minute() for _ in range(150)]
    assert sum(each["seen"][COUNTED[0].name] for each in expected) > 0
    assert sum(each["seen"]["burnt_2h"] for each in expected) > 0
    found = [kept.minute() for _ in range(75)]
    kept.reopened()
    found += [kept.minute() for _ in range(75)]
    assert found == expected
    verdicts = Verifier(Kept(tmp_path / "kept", "default", KEY)).receipts(kept.receipts(150)).verdicts
    assert {each.status for each in verdicts} == {"holds"}
    kept.hours(4)  # what was carried over is carried over again
    whole.hours(4)
    further = msgspec.structs.replace(COUNTED[0], name="watched_1h", over="1h")
    for each in (kept, whole):
        each.release(opened(extra=(*COUNTED, further), when=f"{SEES} or watched_1h >= 0"))
    assert [kept.minute() for _ in range(60)] == [whole.minute() for _ in range(60)]
    beyond = msgspec.structs.replace(COUNTED[0], name="watched_1d", over="1d")
    for each in (kept, whole):
        each.release(opened(extra=(*COUNTED, beyond), when=f"{SEES} or watched_1d >= 0"))
    assert kept.live.counted_since_ms > START_MS
    assert whole.live.counted_since_ms == 0
