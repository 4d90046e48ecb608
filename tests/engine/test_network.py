"""The network inside the engine, against plain Python: every result of every decision, labels that come back included."""

from __future__ import annotations

import os
import random
import struct
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_batching import run
from tests.network.lender import NETWORK, TEXTS, lender_policy, random_applications
from tests.oracles.naive_gangs import NaiveGangs
from tests.oracles.naive_network import NaiveNetwork
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.expressions.types import Kind
from zhiyu.network import layout as at
from zhiyu.network.declare import PREFIX, results
from zhiyu.network.plan import LinkPlan, NetworkPlan

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
LAG = 64
LABEL_DELAY_MS, LATENESS_MS, MINUTE_MS = 3_600_000, 600_000, 60_000
REGISTERS = {name: number for number, name in enumerate((*TEXTS, "amount"))}
BAD = len(REGISTERS)
NUMBERS = {PREFIX + each.name: each.number for each in results(NETWORK)}


@cache
def lender() -> Opened:
    """The policy, every result in use."""
    return open_policy(lender_policy(), all_features=True)


def naive_plan() -> NetworkPlan:
    """The declared network in the numbers of the oracle."""
    types = {"device": 1, "card": 2, "phone": 3, "contact": 3, "ip": 4}
    weights = {"device": 1000, "card": 2500, "phone": 1000, "contact": 250, "ip": 200}
    links = tuple(
        LinkPlan(REGISTERS[x.field], types[x.field], x.joins, x.max_people, weights[x.field]) for x in NETWORK.links
    )
    return NetworkPlan(
        REGISTERS["who"], links, 360 * MINUTE_MS, (), (at.APPLIES, at.LABELS), (30 * MINUTE_MS, 120 * MINUTE_MS), REGISTERS["amount"], BAD,
        60 * MINUTE_MS, 2,
    )  # fmt: skip


def naive_results(records: list[dict[str, Any]]) -> list[dict[int, Any]]:
    """What the plain network says of every decided application: labels stand before the first event received at or after they are due, and
    a gate takes effect in front of the decided event LAG later."""
    naive, clock, found = NaiveNetwork(naive_plan()), None, list[dict[int, Any]]()
    gangs, waiting = NaiveGangs(9 * 60 * MINUTE_MS), list[tuple[list[Any], list[Any]]]()
    labels: list[tuple[int, int, dict[int, Any]]] = []
    for number, record in enumerate(records):
        now = record["at"] if clock is None else max(clock, record["at"])
        time = now if now - record["at"] > LATENESS_MS else record["at"]
        clock = now
        for due in sorted(x for x in labels if x[0] <= now):
            labels.remove(due)
            naive.take(due[0], 1, due[2])
        row: dict[int, Any] = {REGISTERS[name]: record.get(name) for name in TEXTS}
        row |= {REGISTERS["amount"]: round(float(record.get("amount", 0)) * 100), BAD: record.get("fraud") == 1}
        if record["type"] == "apply" and row[REGISTERS["amount"]]:
            result = naive.take(time, 0, row)
            found.append(result | {at.R_GANG: None, at.R_GANG_PERSONS: 0})
            if row[REGISTERS["who"]] is None:
                continue
            gangs.expire(naive.clock)
            if len(waiting) >= LAG:
                core, things = waiting[-LAG]
                gangs.join(core, naive.clock)
                gangs.join_over(core[0] if core else None, things, naive.clock, 120 * MINUTE_MS)
            person = (0, row[REGISTERS["who"]])
            if person in gangs.names:
                found[-1] |= {at.R_GANG: gangs.names[person], at.R_GANG_PERSONS: len(gangs.group(person))}
            is_open = (result[at.R_DENSITY] > 0.4 and result[at.R_CORE_PERSONS] >= 3) or row[
                REGISTERS["amount"]
            ] > 20_000
            core = [person, *(each for each in naive.core if each != person and result[at.R_IN_CORE])]
            waiting.append((core, over(naive)) if is_open else ([], []))
        if record.get("fraud") is not None:
            labels.append((record["at"] + LABEL_DELAY_MS, number, row))
    return found


def over(naive: NaiveNetwork) -> list[Any]:
    """The things of the newest event over which gangs join, within their caps."""
    event, links = naive.events[-1], naive.plan.links
    named = [
        (event.things[number], links[number].max_people)
        for number, link in enumerate(NETWORK.links)
        if link.field in ("device", "ip")
    ]
    return [thing for thing, cap in named if thing is not None and naive.degree(thing) <= cap]


def seen(policy: Opened, d: Any) -> list[dict[int, Any]]:
    """Results by number of every decision of a batch; None for null."""
    columns = [(i, NUMBERS[f.name], f.type.kind) for i, f in enumerate(policy.compiled.features) if f.name in NUMBERS]
    assert len(columns) == len(NUMBERS)
    found = []
    for values, nulls in zip(d.kept_values.tolist(), d.kept_nulls.tolist()):
        line = {}
        for column, number, kind in columns:
            bits = struct.unpack("<d", struct.pack("<q", values[column]))[0] if kind is Kind.FLOAT else values[column]
            line[number] = None if nulls[column] else bits
        found.append(line)
    return found


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_every_result_of_every_decision_is_the_naive_one(seed: int) -> None:
    rng, policy = random.Random(seed), lender()
    records = random_applications(rng, rng.choice([20, 80, 150, 300]))
    rows = RawBatch(records=records)
    decoded = decode(policy.compiled.schema, policy.policy.sources[0], rows, policy.codes, "default")
    assert not decoded.refusals
    engine = Engine(policy.compiled, policy.codes, limit_bytes=1 << 24)
    found = seen(policy, engine.process(decoded.batch, keep_all=True).decisions)
    wanted = naive_results(records)
    assert len(found) == len(wanted)
    for place, (one, other) in enumerate(zip(found, wanted)):
        assert one == {number: other[number] for number in one}, (seed, place)


@settings(max_examples=EXAMPLES // 4 + 1, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_any_batching_and_a_snapshot_give_the_same_decisions(seed: int) -> None:
    rng, policy = random.Random(seed), lender()
    records = random_applications(rng, rng.choice([20, 150, 300]))
    whole = run(policy, records, [])
    cuts = sorted(rng.sample(range(1, len(records)), 8))
    pieces = run(policy, records, cuts)
    assert (pieces["digest"], pieces["told"], pieces["kept"]) == (whole["digest"], whole["told"], whole["kept"])


def test_a_snapshot_carries_the_network(tmp_path: Any) -> None:
    policy = lender()
    records = random_applications(random.Random(3), 300)
    whole = run(policy, records, [])
    first = run(policy, records[:170], [60])
    first["engine"].snapshot(tmp_path / "state", {"position": 170})
    again = Engine(policy.compiled, policy.codes)
    assert again.restore(tmp_path / "state") == {"position": 170}
    rest = run(policy, records[170:], [], again, 170)
    assert first["kept"] + rest["kept"] == whole["kept"]
    counts = ("persons", "events", "linked", "evicted", "refreshed", "cuts", "late", "caps_hit", "peels")
    told, expected = again.facts(), whole["engine"].facts()
    assert {name: told[f"network_{name}"] for name in counts} == {name: expected[f"network_{name}"] for name in counts}
    assert told["network_persons"] > 5
