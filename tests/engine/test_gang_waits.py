"""A gang is found while applications of its people wait: they are decided again in front of the event at which the gang takes effect,
seeing the gang; for any batches, and across a snapshot."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from tests.engine.test_gang_events import GANG
from tests.network.lender import NETWORK, lender_policy, random_applications
from zhiyu import Feature, Rule, RuleSet
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.resumed import CHANGED
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.declare_flows import Case, Flow, Node

SEEDS = range(12)


@cache
def lender() -> Opened:
    """Every application waits ten hours; a gang of its person stops it."""
    policy = lender_policy(msgspec.structs.replace(NETWORK, gang=GANG))
    alerts = Feature(name="alerts", aggregate="count", by="who", over="4h", on=("gang_alert",))
    flow = Flow(
        name="lend", on=("apply",),
        nodes=(
            Node(name="alerted", rule_set="alerted", then={"review": "stop"}, next="size"),
            Node(name="size", branch=(Case(when="amount > 0", to="hold"),), next="fine"),
            Node(name="hold", wait="delay", within="10h", next="fine", changed={"gangs": "stop"}),
            Node(name="fine", outcome="pass"),
            Node(name="stop", outcome="decline"),
        ),
    )  # fmt: skip
    rule = RuleSet(name="alerted", rules=(Rule(name="alerted_gang", when="alerts > 0", outcome="review"),))
    changed = msgspec.structs.replace(
        policy, features=(*policy.features, alerts), rule_sets=(*policy.rule_sets, rule), flows=(flow,)
    )
    return open_policy(changed, all_features=True)


class Run:
    """The stream in pieces, through a snapshot now and then."""

    def __init__(self, records: list[dict[str, Any]], cuts: list[int], reborn: bool = False) -> None:
        self.policy, self.digest = lender(), Digest()
        self.engine = Engine(self.policy.compiled, self.policy.codes, limit_bytes=1 << 24)
        self.changed: list[tuple[int, int, str, int]] = []
        for low, high in zip([0, *cuts], [*cuts, len(records)]):
            rows = RawBatch(records=records[low:high], first_position=low)
            batch = decode(
                self.policy.compiled.schema, self.policy.policy.sources[0], rows, self.policy.codes, "default"
            ).batch
            self.take(self.engine.process(batch, keep_all=True))
            if reborn:
                self.born_again()

    def take(self, outcome: Outcome) -> None:
        self.digest.update(outcome.decisions)
        alerts = [column.name for column in self.policy.compiled.features].index("alerts")
        for part in outcome.resumed:
            self.digest.resume(part)
            d = part.decisions
            self.changed += [
                (int(d.positions[at]), int(d.received_ms[at]), part.changes[at][0].name, int(d.kept_values[at, alerts]))
                for at in range(part.n)
                if part.cause[at] == CHANGED
            ]

    def born_again(self) -> None:
        with TemporaryDirectory() as folder:
            self.engine.snapshot(Path(folder) / "s", {})
            self.engine = Engine(self.policy.compiled, self.policy.codes, limit_bytes=1 << 24)
            self.engine.restore(Path(folder) / "s")


def stream(seed: int) -> list[dict[str, Any]]:
    return random_applications(random.Random(seed), 240)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_batches_stop_the_same_applications(seed: int) -> None:
    records, rng = stream(seed), random.Random(seed)
    whole = Run(records, [])
    pieces = Run(records, sorted(rng.sample(range(1, 240), 40)), reborn=seed % 4 == 0)
    assert pieces.changed == whole.changed
    assert pieces.digest.hexdigest() == whole.digest.hexdigest()
    assert Run(records, list(range(1, 240))).digest.hexdigest() == whole.digest.hexdigest()
    assert all(alerts > 0 for *_, alerts in whole.changed), "what is decided again sees the gang"


def test_gangs_do_stop_what_waits() -> None:
    found = [Run(stream(seed), []).changed for seed in SEEDS]
    assert sum(map(len, found)) >= 10, [len(each) for each in found]
