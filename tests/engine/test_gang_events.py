"""A gang that reaches three people, as a fact: in front of the same event for any batches, live, after a snapshot, and as a plain list of
events tells it.
"""

from __future__ import annotations

import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_batching import run
from tests.engine.test_network import BAD, LAG, LATENESS_MS, MINUTE_MS, REGISTERS, naive_plan
from tests.network.lender import NETWORK, TEXTS, lender_policy, random_applications
from tests.oracles.naive_gangs import NaiveGangs
from tests.oracles.naive_network import NaiveNetwork
from zhiyu import Feature, Gang, Rule, RuleSet
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.network import layout as at

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
ALERT, HOUR_MS = 3, 3_600_000
GANG = Gang(when="network_near_persons >= 2", window="9h", lag_events=LAG, alert_people=ALERT)


@cache
def lender() -> Opened:
    """The lender counts alerts per person, and the largest gang they told of."""
    policy = lender_policy(msgspec.structs.replace(NETWORK, gang=GANG))
    own = (
        Feature(name="alerts", aggregate="count", by="who", over="4h", on=("gang_alert",)),
        Feature(name="people", aggregate="max", of="alerted_people", by="who", over="4h", on=("gang_alert",)),
    )
    rule = RuleSet(
        name="alerted", rules=(Rule(name="gang_of_three", when="alerts > 0 and people > 2", outcome="review"),)
    )
    return open_policy(
        msgspec.structs.replace(policy, features=policy.features + own, rule_sets=(*policy.rule_sets, rule)),
        all_features=True,
    )


def naive_alerts(records: list[dict[str, Any]]) -> list[tuple[int, int | None]]:
    """(alerts, people of the largest gang) that each decided application with a person sees."""
    naive, gangs, clock = NaiveNetwork(naive_plan()), NaiveGangs(9 * 60 * MINUTE_MS, ALERT), records[0]["at"]
    pending, due, told, found = list[list[Any]](), list[tuple[int, int]](), list[tuple[Any, int, int]](), []
    for number, record in enumerate(records):
        now = max(clock, record["at"])
        time = now if now - record["at"] > LATENESS_MS else record["at"]
        clock = now
        for _, gang in (each for each in due if each[0] == number):
            people = [person for person, name in gangs.names.items() if name == gang]
            told += [(person, now, len(people)) for person in people]
        row: dict[int, Any] = {REGISTERS[name]: record.get(name) for name in TEXTS}
        row |= {REGISTERS["amount"]: round(float(record.get("amount", 0)) * 100), BAD: None}
        if record["type"] != "apply" or not row[REGISTERS["amount"]] or row[REGISTERS["who"]] is None:
            continue
        result, person, before = naive.take(time, 0, row), (0, row[REGISTERS["who"]]), len(gangs.told)
        gangs.expire(naive.clock)
        if len(pending) >= LAG:
            gangs.join(pending[-LAG], naive.clock)
        due += [(number + LAG, gang) for what, gang, _, _ in gangs.told[before:] if what == "ALERT"]
        is_open = result[at.R_BALL_PERSONS] >= 2 and result[at.R_IN_CORE]
        pending.append([person, *(each for each in naive.core if each != person)] if is_open else [])
        mine = [people for who, moment, people in told if who == person and time - 4 * HOUR_MS < moment <= time]
        found.append((len(mine), max(mine, default=None)))
    return found


def seen(policy: Opened, found: dict[str, Any], records: list[dict[str, Any]]) -> list[tuple[int, int | None]]:
    """The same from the kept values of a run."""
    names = [feature.name for feature in policy.compiled.features]
    people, alerts = names.index("people"), names.index("alerts")
    who = {record["id"]: record.get("who") for record in records}
    return [
        (values[alerts], None if nulls[people] else values[people])
        for name, values, nulls in found
        if who[name] is not None
    ]


def decided(policy: Opened, records: list[dict[str, Any]]) -> list[tuple[str, list[int], list[int]]]:
    """(id, values, nulls) of every decision, in one batch."""
    from zhiyu.events.batch import RawBatch
    from zhiyu.events.decode import decode

    batch = decode(
        policy.compiled.schema, policy.policy.sources[0], RawBatch(records=records), policy.codes, "default"
    ).batch
    d = Engine(policy.compiled, policy.codes, limit_bytes=1 << 24).process(batch, keep_all=True).decisions
    return list(zip([str(name) for name in d.ids], d.kept_values.tolist(), d.kept_nulls.tolist()))


@settings(max_examples=EXAMPLES // 2 + 1, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_every_decision_sees_the_alerts_that_the_plain_story_tells(seed: int) -> None:
    rng, policy = random.Random(seed), lender()
    records = random_applications(rng, rng.choice([150, 300]))
    assert seen(policy, decided(policy, records), records) == naive_alerts(records), seed


def test_the_streams_do_raise_alerts() -> None:
    counts = [
        sum(alerts for alerts, _ in naive_alerts(random_applications(random.Random(seed), 300))) for seed in range(5)
    ]
    assert sum(count > 0 for count in counts) >= 3, counts


@settings(max_examples=EXAMPLES // 8 + 1, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_any_batching_gives_the_same_alerts(seed: int) -> None:
    rng, policy = random.Random(seed), lender()
    records = random_applications(rng, 300)
    whole = run(policy, records, [])
    pieces = run(policy, records, sorted(rng.sample(range(1, len(records)), 8)))
    assert (pieces["digest"], pieces["told"], pieces["kept"]) == (whole["digest"], whole["told"], whole["kept"])


def test_an_alert_that_is_not_due_yet_is_in_the_snapshot(tmp_path: Path) -> None:
    policy, records = lender(), random_applications(random.Random(0), 300)
    whole = run(policy, records, [])
    for cut in range(100, 280, 15):
        first = run(policy, records[:cut], [])
        first["engine"].snapshot(tmp_path / str(cut), {})
        again = Engine(policy.compiled, policy.codes)
        again.restore(tmp_path / str(cut))
        assert again.gang_watch is not None
        assert again.gang_watch.waiting == first["engine"].gang_watch.waiting
        rest = run(policy, records[cut:], [], again, cut)
        assert first["kept"] + rest["kept"] == whole["kept"]
