"""Random whole policies over one small event type: lists, rule sets, scorecards, tables, flows, brakes. Valid by construction."""

from __future__ import annotations

import random
from typing import Any

from zhiyu.events.declare import Clock, EventType, Field
from zhiyu.features.declare import Feature
from zhiyu.policy.declare import Policy, Rule, RuleSet, Threshold
from zhiyu.policy.declare_actions import ActionLimit, LetThrough
from zhiyu.policy.declare_flows import Arm, Case, Flow, Node
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.declare_scorecards import Band, Bin, Characteristic, Scorecard
from zhiyu.policy.declare_tables import DecisionTable, Input, Row

COUNTRIES = ("CN", "US", "FR")
CARDS = ("c1", "c2", "c3", "c4")
SEVERE = ("notify", "challenge", "delay", "review", "decline")
FIELDS = {
    "amount": Field(type="money", currency="CNY", required=True, min=0, max=10_000),
    "age": Field(type="int", min=0, max=130),
    "country": Field(type="enum", values=COUNTRIES),
    "known": Field(type="bool"),
    "card": Field(type="string", required=True, entity="card"),
}
CONDITIONS = (
    "amount > 500", "amount >= 20 and age < 30", 'country == "US"', "age is null", "not known", "known and amount < 100",
    'country in ("CN", "FR")', "card in stolen", "card not in stolen and amount > 50", "age > 60 or amount > 900",
    "amount / age > 20",
)  # fmt: skip
COUNTED = (
    "seen_1h > 1",
    "spent_1d > 700",
    "places_1d >= 2",
    "amount > 2 * mean_1d",
    "seen_1h > 2 and amount > 100",
    "since_1d < '5m'",
)
FEATURES = (
    Feature(name="seen_1h", aggregate="count", by="card", over="1h"),
    Feature(name="spent_1d", aggregate="sum", of="amount", by="card", over="1d"),
    Feature(name="mean_1d", aggregate="mean", of="amount", by="card", over="1d", current="exclude"),
    Feature(name="places_1d", aggregate="distinct", of="country", by="card", over="1d"),
    Feature(name="since_1d", aggregate="since_last", by="card", over="1d", current="exclude"),
)


def random_policy(rng: random.Random, counted: bool = False, flows: bool = True) -> Policy:
    """A policy; `counted`: rules read features as well."""
    texts = (*CONDITIONS, *COUNTED) if counted else CONDITIONS
    sets = tuple(_rule_set(rng, f"set{i}", texts) for i in range(rng.randint(1, 3)))
    cards = tuple(_scorecard(rng, f"card{i}") for i in range(rng.randint(0, 2)))
    tables = tuple(_table(rng, f"table{i}") for i in range(rng.randint(0, 2)))
    made: tuple[Flow, ...] = ()
    if flows and rng.random() < 0.8:
        names = _parts(sets, cards, tables)
        inner = _flow(rng, "inner", names, (), None)
        made = (_flow(rng, "main", names, ("application",), "inner"), inner)
        if not any(node.flow for node in made[0].nodes):
            made = made[:1]
    lottery = LetThrough(share="0.1", money_cap=rng.choice(["0", "300", "5000"])) if rng.random() < 0.4 else None
    return Policy(
        name="random", events=(EventType(name="application", fields=FIELDS, money="amount"),), let_through=lottery,
        lists=(EntityList(name="stolen", of="card"),), features=FEATURES if counted else (), rule_sets=sets, scorecards=cards,
        tables=tables, flows=made, clock=Clock(lateness="10m", max_ahead="30d", idempotency="1d"), enforce=rng.random() < 0.9,
        limits=tuple(_limit(rng, i, sets) for i in range(rng.choice([0, 0, 1, 3]))),
    )  # fmt: skip


Part = tuple[str, str, tuple[str, ...]]
"""What a node may run: its word, its name, the outcomes it can come to (a `then` for any other is an error)."""


def _parts(sets: tuple[RuleSet, ...], cards: tuple[Scorecard, ...], tables: tuple[DecisionTable, ...]) -> list[Part]:
    found: list[tuple[str, str, set[str | None]]] = [
        ("rule_set", s.name, {*(r.outcome for r in s.rules if not r.shadow), *(t.outcome for t in s.thresholds)})
        for s in sets
    ]
    found += [("scorecard", c.name, {band.outcome for band in c.bands}) for c in cards]
    found += [("table", t.name, {row.outcome for row in t.rows}) for t in tables]
    return [(word, name, tuple(o for o in ("pass", *SEVERE) if o == "pass" or o in able)) for word, name, able in found]


def _limit(rng: random.Random, number: int, sets: tuple[RuleSet, ...]) -> ActionLimit:
    rule = rng.choice([rule.name for s in sets for rule in s.rules] + [""])
    outcomes = tuple(rng.sample(SEVERE[1:], rng.randint(1, 3)))
    each_rule = rng.random() < 0.3 and any(not rule.shadow for s in sets for rule in s.rules)
    mildest = min(SEVERE.index(outcome) for outcome in outcomes)
    return ActionLimit(
        name=f"limit{number}", count=rng.randint(1, 3), per=rng.choice(["10m", "1h", "1d"]), rule="" if each_rule else rule,
        outcomes=outcomes, then=rng.choice(["pass", *SEVERE[:mildest]]), each_rule=each_rule,
        key=rng.choice(["", "card", "age", "amount", "country"]), since=rng.choice(["", "release"]),
    )  # fmt: skip


def _rule_set(rng: random.Random, name: str, texts: tuple[str, ...]) -> RuleSet:
    first_hit = rng.random() < 0.4
    rules = tuple(
        Rule(
            name=f"{name}_{i}", when=rng.choice(texts), score=rng.choice([0, 10, 20, 35, -5]),
            outcome=rng.choice(SEVERE) if first_hit or rng.random() < 0.3 else None, shadow=rng.random() < 0.2,
        )
        for i in range(rng.randint(1, 4))
    )  # fmt: skip
    thresholds = () if first_hit else (Threshold(score=20, outcome="challenge"), Threshold(score=40, outcome="review"))
    return RuleSet(name=name, rules=rules, mode="first_hit" if first_hit else "score", thresholds=thresholds)


def _scorecard(rng: random.Random, name: str) -> Scorecard:
    cuts = sorted(rng.sample(range(10, 90), 2))
    age = [Bin(high=cuts[0], points=rng.randint(-20, 20)), Bin(low=cuts[0], high=cuts[1], points=rng.randint(-20, 20))]
    age += [Bin(otherwise=True, points=5)] if rng.random() < 0.5 else [Bin(low=cuts[1], points=7)]
    age += [Bin(missing=True, points=-9)] if rng.random() < 0.5 else []
    country = [
        Bin(values=(rng.choice(COUNTRIES),), points=rng.randint(-20, 20)),
        Bin(otherwise=True, missing=True, points=1),
    ]
    characteristics = (
        Characteristic(name="age", bins=tuple(age)), Characteristic(name="country", bins=tuple(country)),
        Characteristic(name="size", of="amount / 2", bins=(Bin(high=100, points=3), Bin(low=100, points=-30))),
    )  # fmt: skip
    bands = (Band(below=rng.randint(60, 85), outcome="decline"), Band(below=rng.randint(86, 110), outcome="review"))
    return Scorecard(name=name, base=100, characteristics=characteristics, bands=bands)


def random_condition(rng: random.Random, column: str) -> Any:
    """A condition of a table, as text."""
    if rng.random() < 0.25:
        return rng.choice(["-", "", "null"])
    if column == "country":
        return rng.choice(['"CN"', "CN, US", "not(FR)", "not(CN, US)", "US"])
    low, high = sorted(rng.sample(range(0, 130 if column == "age" else 1000, 5), 2))
    return rng.choice(
        [
            f"< {low}",
            f"<= {low}",
            f"> {high}",
            f">= {high}",
            f"[{low}..{high})",
            f"({low}..{high}]",
            f"{low}, {high}",
            f"not({low})",
            low,
        ]
    )


def _table(rng: random.Random, name: str) -> DecisionTable:
    columns = ("amount", "age", "country")
    rows = tuple(
        Row(
            when={c: random_condition(rng, c) for c in columns if rng.random() < 0.8}, outcome=rng.choice([None, *SEVERE]),
            score=rng.choice([0, 5, 30]),
        )
        for _ in range(rng.randint(1, rng.choice([4, 70])))
    )  # fmt: skip
    return DecisionTable(name=name, inputs=tuple(Input(name=c) for c in columns), rows=rows)


def _flow(rng: random.Random, name: str, names: list[Part], on: tuple[str, ...], inner: str | None) -> Flow:
    count = rng.randint(2, 6)
    ends = [
        Node(name="stop", outcome=rng.choice(("pass", *SEVERE))),
        Node(name="done", severest=True),
    ]
    steps = [f"n{i}" for i in range(count)]
    nodes: list[Node] = []
    ran: dict[str, set[str]] = {step: set() for step in (*steps, "stop", "done")}
    for number, step in enumerate(steps):
        later = [*steps[number + 1 :], "stop", "done"]
        following = later[0] if rng.random() < 0.7 else rng.choice(later)
        node = _node(rng, step, names, later, following, inner, sorted(ran[step]), f"{name}_{step}")
        nodes.append(node)
        own = {node.rule_set or node.scorecard or node.table} - {""}
        for to in {
            node.next,
            node.hit,
            *node.then.values(),
            *(c.to for c in node.branch),
            *(a.to for a in node.experiment),
        } - {""}:
            ran[to] |= ran[step] | own
    return Flow(name=name, nodes=(*nodes, *ends), on=on)


def _node(
    rng: random.Random,
    step: str,
    names: list[Part],
    later: list[str],
    following: str,
    inner: str | None,
    ran: list[str],
    salt: str,
) -> Node:
    kind = rng.choice(["part", "part", "part", "branch", "list", "experiment", "flow"])
    then = {o: rng.choice(later) for o in rng.sample(SEVERE, rng.choice([0, 0, 1, 2]))}
    if kind == "flow" and inner:
        return Node(name=step, flow=inner, next=following, then=then)
    if kind == "branch":
        texts = [*CONDITIONS, *(f"{total} > {rng.choice([0, 20, 90])}" for total in ran)]
        cases = tuple(Case(when=rng.choice(texts), to=rng.choice(later)) for _ in range(rng.randint(1, 3)))
        return Node(name=step, branch=cases, next=following)
    if kind == "list":
        return Node(name=step, list="stolen", of="card", hit=rng.choice(later), next=following)
    if kind == "experiment":
        arms = (Arm(name="a", percent="30.5", to=rng.choice(later)), Arm(name="b", percent=20, to=rng.choice(later)))
        return Node(name=step, experiment=arms, by="card", salt=salt, next=following)
    what, name, able = rng.choice(names)
    then = {o: rng.choice(later) for o in rng.sample(able, min(len(able), rng.choice([0, 0, 1, 2])))}
    return Node(name=step, **{what: name}, next=following, then=then)


def random_events(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Events in time order, a minute or so apart, some fields missing."""
    at, found = 1_700_000_000_000, []
    for number in range(count):
        at += rng.choice([0, 1_000, 60_000, 400_000, 5_000_000])
        event: dict[str, Any] = {"type": "application", "id": f"e{number}", "time": at, "card": rng.choice(CARDS)}
        event["amount"] = rng.choice(["0", "20", "99.99", "100", "500", "500.01", "905", str(rng.randint(0, 1000))])
        for name, values in (
            ("age", [0, 25, 30, 61, rng.randint(0, 130)]),
            ("country", COUNTRIES),
            ("known", [True, False]),
        ):
            if rng.random() < 0.8:
                event[name] = rng.choice(values)
        found.append(event)
    return found
