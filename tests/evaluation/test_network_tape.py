"""A tape with a network: decided again by other rules, and by another gate, it gives every bit of a full replay."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.network.lender import NETWORK, lender_policy, random_applications
from zhiyu import Feature, Gang, Policy, Rule, RuleSet
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.events.batch import EventBatch


class Seen:
    """All decisions of a run, with their values."""

    def __init__(self) -> None:
        self.parts: list[DecisionBatch] = []

    def __call__(self, outcome: Outcome, batch: EventBatch) -> None:
        self.parts.append(outcome.decisions)

    def values(self) -> Any:
        """Kept values and null marks of all decisions."""
        return np.concatenate([p.kept_values for p in self.parts]), np.concatenate([p.kept_nulls for p in self.parts])


def gated(when: str, risk: str, **more: Any) -> Policy:
    """The lender with this gate, a derived feature `risk`, and a rule that reads gangs."""
    gang = Gang(when=when, window="9h", alert_people=3)
    policy = lender_policy(msgspec.structs.replace(NETWORK, gang=gang, **more))
    own = (
        Feature(name="risk", expr=risk),
        Feature(name="alerts", aggregate="count", by="who", over="4h", on=("gang_alert",)),
    )
    rule = Rule(name="in_gang", when="network_gang_persons > 2 or alerts > 0", score=35)
    return msgspec.structs.replace(
        policy, features=policy.features + own, rule_sets=(*policy.rule_sets, RuleSet(name="own", rules=(rule,)))
    )


LIVE = gated("risk > 1", "network_near_persons + 0")
MANY = Rule(name="many", when="network_persons > 2 and network_gang > 0", outcome="decline")
CANDIDATES = {
    "other rules": msgspec.structs.replace(LIVE, rule_sets=(RuleSet(name="main", rules=(MANY,)),)),
    "what the gate reads is another": gated("risk > 1", "network_near_persons - 2"),
    "another gate": gated("network_density > 0.2", "network_near_persons + 0"),
    "another window": gated("risk > 1", "network_near_persons + 0", window="2h", counts=("30m",)),
}  # fmt: skip


def opened(policy: Policy) -> Opened:
    return open_policy(policy, all_features=True)


@pytest.mark.parametrize("name", CANDIDATES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_network_decided_again_over_a_tape_equals_a_full_replay(tmp_path: Path, name: str, seed: int) -> None:
    events = tmp_path / "events.ndjson"
    records = random_applications(random.Random(seed), 300)
    events.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    Replay(opened(LIVE), events, tape=tmp_path / "tape", batch=50).run()
    candidate = opened(CANDIDATES[name]) if name != "another window" else open_policy(CANDIDATES[name])
    full, again = Seen(), Seen()
    whole = Replay(candidate, events, keep_all=True, on_batch=full).run()
    for _ in range(2):  # the second time nothing is left to count
        again.parts.clear()
        found = Replay(candidate, tmp_path / "tape", keep_all=True, on_batch=again).run()
        assert found.digest == whole.digest
        for one, other in zip(full.values(), again.values()):
            np.testing.assert_array_equal(one, other)


def test_the_gangs_of_the_two_gates_do_differ(tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    records = random_applications(random.Random(1), 300)
    events.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    one, other = (
        Replay(opened(each), events).run().digest for each in (LIVE, CANDIDATES["what the gate reads is another"])
    )
    assert one != other
