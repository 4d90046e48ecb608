"""A lender whose policy asks the network for everything, and random applications for it."""

from __future__ import annotations

import random
from typing import Any

from zhiyu import (
    Clock,
    EventType,
    Feature,
    Field,
    Gang,
    LabelColumn,
    Link,
    Network,
    Policy,
    Rule,
    RuleSet,
    Source,
    Threshold,
    TimeColumn,
)  # fmt: skip

START_MS = 1_700_000_000_000
TEXTS = ("who", "device", "card", "phone", "contact", "ip")
NETWORK = Network(
    person="who", amount="amount", window="6h", counts=("30m", "2h"), half_life="1h", min_persons=2,
    gang=Gang(
        when="network_density > 0.4 and network_core_persons >= 3 or amount > 200", window="9h", lag_events=64,
        over=("device", "ip"), over_window="2h",
    ),
    links=(
        Link(field="device", max_people=3), Link(field="card", weight="2.5"), Link(field="phone"), Link(field="contact", weight="0.25"),
        Link(field="ip", joins=False, max_people=6, weight="0.2"),
    ),
)  # fmt: skip


def lender_policy(network: Network = NETWORK) -> Policy:
    """Applications are decided, log-ins are facts; labels come back after an hour; phone and contact number are of one entity."""
    shared = {name: Field(type="string") for name in ("who", "device", "card", "ip")}
    phones = {name: Field(type="string", entity="number") for name in ("phone", "contact")}
    apply = EventType(
        name="apply", money="amount", fields=shared | phones | {"amount": Field(type="money", required=True)}, drop=("amount == 0",)
    )  # fmt: skip
    login = EventType(name="login", decide=False, fields=shared)
    rules = RuleSet(
        name="gangs", thresholds=(Threshold(score=30, outcome="notify"), Threshold(score=60, outcome="review")),
        rules=(
            Rule(name="crowd", when="network_persons > 3 and network_applications_30m >= 2", score=30),
            Rule(name="dense", when="network_density > 1.2 and network_in_core", score=30),
            Rule(name="near_bad", when="network_bad_1_link > 0 or network_bad_2_links > 1", outcome="decline"),
            Rule(name="farm", when="network_caps_hit > 0 and network_people_on_device > 3", outcome="challenge"),
            Rule(name="fresh", when="network_newest_link_age < '1m' and shared_cards > 0.5", score=20),
            Rule(name="gang", when="network_gang_persons > 3 or network_gang == 2", score=5),
            Rule(name="busy", when="own > 2 and network_burst > 2 and network_amount > 100", score=10),
        ),
    )  # fmt: skip
    features = (
        Feature(name="shared_cards", expr="network_shared_card + network_bad_share"),
        Feature(name="own", aggregate="count", by="who", over="1h"),
    )
    return Policy(
        name="lender", events=(apply, login), features=features, network=network, rule_sets=(rules,),
        clock=Clock(lateness="10m", max_ahead="30d", idempotency="1d"),
        sources=(
            Source(
                name="stream", type_column="type", id="id", time=TimeColumn(column="at", epoch="ms"),
                fields={name: name for name in (*TEXTS, "amount")}, label=LabelColumn(column="fraud", delay="1h"),
            ),
        ),
    )  # fmt: skip


def random_applications(rng: random.Random, length: int) -> list[dict[str, Any]]:
    """Records in order of arrival: ties, late and too late ones, gaps longer than the window, missing fields, noise, facts between."""
    steps = rng.choice([[0, 600_000, 1_200_000], [0, 0, 1_000, 60_000, 600_000], [0, 1_800_000, 30_000_000]])
    people = rng.choice([4, 12, 30])
    now, records = START_MS, []
    for number in range(length):
        now += rng.choice(steps)
        late = rng.choice([1_000, 300_000, 600_000, 600_001, 5_000_000]) if rng.random() < 0.15 else 0
        record: dict[str, Any] = {
            "id": f"e{number}",
            "at": now - late,
            "type": "login" if rng.random() < 0.15 else "apply",
        }
        record |= {
            name: f"{rng.randrange(people if name == 'who' else max(people // 2, 2))}"
            for name in TEXTS
            if rng.random() < 0.85
        }
        if record["type"] == "apply":
            record |= {"amount": rng.choice(["0", "1.00", "19.99", "250.5"]), "fraud": rng.choice([0, 1, None])}
        records.append(record)
    return records
