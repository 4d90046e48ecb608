"""A small policy that uses everything, and random streams for it: the material of engine tests.

Log-ins are facts, payments are decided; labels and our own decisions come back as facts; events are late, repeated, in conflict, noise.
"""

from __future__ import annotations

import random
from typing import Any

from zhiyu import (
    Clock,
    EventType,
    Feature,
    Feedback,
    Field,
    Grid,
    LabelColumn,
    Policy,
    Reason,
    Rule,
    RuleSet,
    Source,
    Threshold,
    TimeColumn,
)  # fmt: skip

START_MS = 1_700_000_000_000


def busy_policy(lag: int = 7) -> Policy:
    """Two event types, every kind of feedback, score and first-hit sets."""
    shared = {"who": Field(type="string", required=True), "device": Field(type="string")}
    payment = EventType(
        name="payment", money="amount", derive={"hour_now": "hour(time)"}, drop=("amount == 0",),
        fields=shared | {"amount": Field(type="money", required=True, min=0, max=100000), "place": Field(type="geo")},
    )  # fmt: skip
    login = EventType(name="login", decide=False, fields=shared | {"ok": Field(type="bool", required=True)})
    features = (
        Feature(name="failed_logins", aggregate="count", by="who", over="1h", where="not ok", on=("login",)),
        Feature(name="frauds", aggregate="count", by="device", over="7d", where="fraud", on=("label",)),
        Feature(
            name="refused_before",
            aggregate="count",
            by="who",
            over="1d",
            where="outcome == 'decline'",
            on=("decision",),
        ),
        Feature(
            name="last_device", aggregate="last", of="device", by="who", over="1d", current="exclude", on=("payment",)
        ),
        Feature(
            name="speed", aggregate="speed_kmh", of="place", by="who", over="1d", current="exclude", on=("payment",)
        ),
        Feature(name="usual_hour", aggregate="count", by=("who", "hour_now"), over="7d", on=("payment",)),
        Feature(name="z", expr="zscore(amount, mean_amount_1d, std_amount_1d)"),
    )
    grid = Grid(
        name="{aggregate}_{of}_{over}", by=("who",), of=("amount",), aggregates=("count", "sum", "mean", "std", "min", "max"),
        over=("1h", "1d"), on=("payment",),
    )  # fmt: skip
    devices = Grid(
        name="distinct_{of}_{over}", by=("device",), of=("who",), aggregates=("distinct",), over=("1h", "1d")
    )
    score = RuleSet(
        name="score", thresholds=(Threshold(score=30, outcome="notify"), Threshold(score=60, outcome="review")),
        rules=(
            Rule(name="guessing", when="failed_logins >= 2", score=30, reason="LOGIN"),
            Rule(name="unusual", when="z > 1.5", score=30, reason="AMOUNT"),
            Rule(name="shared", when="distinct_who_1d > 2", score=40, reason="DEVICE"),
            Rule(name="fast", when="speed > 900", score=30, reason="PLACE"),
            Rule(name="new_device", when="device != last_device", score=10, reason="DEVICE"),
        ),
    )  # fmt: skip
    hard = RuleSet(
        name="hard", mode="first_hit",
        rules=(
            Rule(name="fraud_device", when="frauds > 0", outcome="decline", reason="FRAUD"),
            Rule(name="again", when="refused_before > 0", outcome="review", reason="AGAIN"),
            Rule(name="big", when="sum_amount_1h > 5000 or amount > 3000", outcome="decline", reason="AMOUNT"),
            Rule(
                name="spread", outcome="challenge",
                when="max_amount_1d - min_amount_1d > 900 and count_amount_1d > 3 and usual_hour == 1",
            ),
        ),
    )  # fmt: skip
    codes = ("LOGIN", "AMOUNT", "DEVICE", "PLACE", "FRAUD", "AGAIN")
    return Policy(
        name="busy", events=(payment, login), features=features, grids=(grid, devices), rule_sets=(score, hard),
        reasons=tuple(Reason(code=code, en=code.lower(), zh=code) for code in codes),
        clock=Clock(lateness="10m", max_ahead="30d", idempotency="1d"), feedback=Feedback(decisions=True, lag_events=lag),
        sources=(
            Source(
                name="stream", type_column="type", id="id", time=TimeColumn(column="at", epoch="ms"),
                fields={"who": "who", "device": "device", "amount": "amount", "place": ("lat", "lon"), "ok": "ok"},
                label=LabelColumn(column="fraud", delay="1h"),
            ),
        ),
    )  # fmt: skip


def random_records(rng: random.Random, length: int) -> list[dict[str, Any]]:
    """Records in order of arrival: bursts, ties, late ones (some too late), repeats, conflicts, zero amounts, bad values, gaps."""
    steps = rng.choice(
        [[0, 600_000, 1_200_000, 3_600_000], [0, 0, 1000, 60_000, 600_000, 5_000, 7_200_000], [0, 1_800_000]]
    )
    now, records = START_MS, []
    for number in range(length):
        now += rng.choice(steps)
        at = now - (rng.choice([1_000, 300_000, 600_000, 600_001, 5_000_000]) if rng.random() < 0.15 else 0)
        record: dict[str, Any] = {
            "id": f"e{number}",
            "at": at,
            "who": f"w{rng.randint(0, 6)}",
            "device": f"d{rng.randint(0, 4)}",
        }
        if rng.random() < 0.1:
            record["device"] = None
        if rng.random() < 0.3:
            record |= {"type": "login", "ok": rng.random() < 0.5}
        else:
            amount = rng.choice(["0", "1.00", "19.99", "250.5", "999.99", "3000.01", "-5", "many"])
            record |= {"type": "payment", "amount": amount, "fraud": rng.choice([0, 0, 1, None])}
            record |= {"lat": rng.uniform(20, 50), "lon": rng.uniform(80, 120)} if rng.random() < 0.7 else {}
        records.append(record)
        if rng.random() < 0.08:
            again = dict(rng.choice(records))
            records.append(again | {"who": "w9"} if rng.random() < 0.4 else again)
    return records
