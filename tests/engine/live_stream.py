"""A small policy and a stream of records for tests of live serving: several keys, money, late ones, repeats, facts, bad ones."""

from __future__ import annotations

import json
import random

import zhiyu
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.declare import Clock, EventType, Field
from zhiyu.features.declare import Feature
from zhiyu.policy.declare import Feedback, Policy, Rule, RuleSet
from zhiyu.policy.declare_lists import EntityList

START_MS = 1_800_000_000_000
FIELDS = {
    "amount": Field(type="money", currency="CNY", required=True, min=0, max=100_000),
    "card": Field(type="string", required=True, entity="card"),
    "phone": Field(type="phone", entity="phone"),
    "city": Field(type="string"),
}


def live_policy(limit: int = 400, extra: tuple[Feature, ...] = (), when: str = "") -> Policy:
    """Rules over counts and sums, a fact type, feedback of our own decisions, a deadline."""
    rules = [
        Rule(name="large", when=f"amount > {limit}", score=30, outcome="review"),
        Rule(name="many", when="seen_1h > 3", score=50, outcome="decline"),
        Rule(name="wrong_before", when="logins_1h > 2", score=20, outcome="challenge"),
        Rule(name="stopped_before", when="stopped_1d > 1", outcome="decline"),
        Rule(name="burnt", when="frauds_30d > 0", score=15),
        Rule(name="watched", when="card in watched_cards", score=40, outcome="review"),
    ]
    if when:
        rules.append(Rule(name="further", when=when, outcome="delay"))
    return Policy(
        name="live",
        events=(
            EventType(name="payment", fields=FIELDS, money="amount"),
            EventType(name="login", fields={"card": FIELDS["card"]}, decide=False),
        ),
        features=(
            Feature(name="seen_1h", aggregate="count", by="card", over="1h", on=("payment",)),
            Feature(name="spent_1d", aggregate="sum", of="amount", by="card", over="1d", on=("payment",)),
            Feature(name="cities_1d", aggregate="distinct", of="city", by="card", over="1d", on=("payment",)),
            Feature(name="logins_1h", aggregate="count", by="card", over="1h", on=("login",)),
            Feature(
                name="stopped_1d",
                aggregate="count",
                by="card",
                over="1d",
                on=("decision",),
                where='outcome == "decline"',
            ),
            Feature(name="frauds_30d", aggregate="count", by="card", over="30d", on=("label",), where="fraud"),
            *extra,
        ),
        lists=(EntityList(name="watched_cards", of="card"),),
        rule_sets=(RuleSet(name="main", rules=tuple(rules)),),
        clock=Clock(lateness="10m"),
        feedback=Feedback(decisions=True, lag_events=7),
        deadline=zhiyu.policy.declare_actions.Deadline(then="challenge"),
    )


def live_opened(**changes: object) -> Opened:
    """The policy, opened for tenant `default`."""
    return open_policy(live_policy(**changes), key=b"0123456789abcdef")  # type: ignore[arg-type]


def record(rng: random.Random, number: int) -> bytes:
    """One record; now and then late, a fact, a repeat of an earlier id, or bad."""
    when = START_MS + number * 20_000 - (rng.randrange(1_500_000) if rng.random() < 0.1 else 0)
    kind = "login" if rng.random() < 0.2 else "payment"
    content: dict[str, object] = {"type": kind, "id": f"e{number}", "time": when, "card": f"c{rng.randrange(6)}"}
    content["time"] = _iso(when)
    if kind == "payment":
        content |= {"amount": rng.randrange(0, 600), "city": rng.choice(["北京", "上海", None])}
        content["phone"] = f"138{rng.randrange(10**8):08d}"
    if rng.random() < 0.03:
        content.pop("card")
    return json.dumps(content, ensure_ascii=False).encode()


def records(seed: int, count: int) -> list[bytes]:
    """A stream; about one in twenty comes again later, byte for byte."""
    rng = random.Random(seed)
    made = [record(rng, number) for number in range(count)]
    for _ in range(count // 20):
        at = rng.randrange(count)
        made.insert(min(at + rng.randrange(1, 40), len(made)), made[at])
    return made


def _iso(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
