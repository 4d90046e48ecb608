"""After a wait the network is asked again: what goes on sees who has come since, and counts nowhere a second time."""

from __future__ import annotations

import msgspec
import pytest

from tests.network.lender import START_MS, lender_policy
from zhiyu import Rule, RuleSet
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.declare_flows import Flow, Node

MINUTE = 60_000


@pytest.fixture(scope="module")
def lender() -> Opened:
    """Every application waits two hours, and is then stopped when others use its device."""
    nodes = (
        Node(name="hold", wait="delay", within="2h", changed={}, next="look"),
        Node(name="look", rule_set="crowd", next="done"),
        Node(name="done", severest=True),
    )
    rules = RuleSet(name="crowd", rules=(Rule(name="shared", when="network_people_on_device > 1", outcome="decline"),))
    policy = msgspec.structs.replace(
        lender_policy(), rule_sets=(rules,), flows=(Flow(name="lend", on=("apply",), nodes=nodes),)
    )
    return open_policy(policy, all_features=True)


def applies(number: int, minute: int, who: str, device: str) -> dict[str, object]:
    at = START_MS + minute * MINUTE
    return {"id": f"e{number}", "at": at, "type": "apply", "who": who, "device": device, "amount": 10}


@pytest.mark.parametrize("size", [1, 3, 64])
def test_what_goes_on_sees_who_has_come_since(lender: Opened, size: int) -> None:
    records = [
        applies(0, 0, "ann", "d1"), applies(1, 1, "bob", "d2"), applies(2, 30, "cy", "d1"),
        applies(3, 500, "dan", "d9"),  # by now the first three went on, and their events have left the window
        applies(4, 1_000, "eve", "d9"), applies(5, 2_000, "fay", "d8"),
    ]  # fmt: skip
    engine = Engine(lender.compiled, lender.codes, limit_bytes=1 << 24)
    names = [column.name for column in lender.compiled.features]
    told = {}
    for start in range(0, len(records), size):
        rows = RawBatch(records=records[start : start + size], first_position=start)
        batch = decode(lender.compiled.schema, lender.policy.sources[0], rows, lender.codes, "default").batch
        outcome = engine.process(batch, keep_all=True)
        for part in outcome.resumed:
            d = part.decisions
            for at, line in zip(d.kept.tolist(), d.kept_values.tolist()):
                seen = dict(zip(names, line))
                values = tuple(seen[f"network_{name}"] for name in ("persons", "applications", "people_on_device"))
                told[d.ids[at]] = (int(d.outcome[at]), *values)
    assert told == {
        "e0": (5, 2, 2, 2), "e1": (0, 1, 1, 1), "e2": (5, 2, 2, 2), "e3": (0, 1, 1, 1), "e4": (0, 1, 1, 1),
    }  # fmt: skip
