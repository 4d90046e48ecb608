"""Whole policies against a walk by hand: outcome, score, rules, path, totals, brakes; for one event, blocks, and any batching."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.oracles.naive_expressions import Number, Time
from tests.oracles.naive_flow import NaivePolicy
from tests.policies import CARDS, random_events, random_policy
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.entities.lists import NEVER, ListChange, Snooze
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.decode import decode

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
pytestmark = pytest.mark.property


def changes(rng: random.Random, opened: Opened, events: list[dict[str, Any]]) -> list[ListChange | Snooze]:
    """Some cards come onto the list, leave it, expire; some rules are snoozed."""
    rules = [rule.name for s in opened.policy.rule_sets for rule in s.rules]
    first, last = events[0]["time"], events[-1]["time"]
    found: list[ListChange | Snooze] = []
    for _ in range(rng.randint(0, 6)):
        due, card = rng.randint(first - 1000, last), rng.choice(CARDS)
        until = rng.choice([NEVER, due + 600_000, due + 1])
        code = opened.codes.one(card)
        if rng.random() < 0.3:
            found.append(Snooze(due, rng.choice(rules), "card", code, due + 3_600_000, shown=card))
        else:
            found.append(ListChange(due, "stolen", rng.choice(["add", "add", "remove"]), code, until, shown=card))
    return sorted(found, key=lambda change: change.due_ms)


def on_list(found: list[ListChange | Snooze], now: int) -> set[str]:
    """Who is on the list, read off the changes from the start."""
    last = {c.shown: c for c in found if isinstance(c, ListChange) and c.due_ms <= now}
    return {card for card, change in last.items() if change.op == "add" and change.until_ms > now}


def snoozed(found: list[ListChange | Snooze], now: int) -> set[tuple[str, str]]:
    """(rule, card) of the snoozes that hold."""
    last = {(c.rule, c.shown): c for c in found if isinstance(c, Snooze) and c.due_ms <= now}
    return {key for key, snooze in last.items() if snooze.until_ms > now}


def plain(event: dict[str, Any], listed: set[str]) -> dict[str, Any]:
    """The event as the slow expressions take it."""
    row: dict[str, Any] = {
        "country": event.get("country"),
        "known": event.get("known"),
        "card": event["card"],
        "stolen": listed,
    }
    row["amount"] = Number(round(float(event["amount"]) * 100), 2)
    row["age"] = Number(event["age"]) if "age" in event else None
    row["time"] = row["received_at"] = Time(event["time"])
    return row


def decided(opened: Opened, found: list[ListChange | Snooze], batch: EventBatch) -> DecisionBatch:
    """The engine's decisions, all values kept."""
    engine = Engine(opened.compiled, opened.codes)
    engine.lists.put(found)
    return engine.process(batch, keep_all=True).decisions


def test_random_flows_draw_every_kind_of_then() -> None:
    """A property over flows says little about `then` unless nodes of every kind carry it."""
    policies = [random_policy(random.Random(seed)) for seed in range(60)]
    nodes = [node for policy in policies for flow in policy.flows for node in flow.nodes if node.then]
    for word in ("rule_set", "scorecard", "table", "flow"):
        assert sum(bool(getattr(node, word)) for node in nodes) >= 5, word


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
@example(162)
def test_a_policy_decides_as_walked_by_hand(seed: int) -> None:
    rng = random.Random(seed)
    opened = open_policy(random_policy(rng))
    events = random_events(rng, rng.choice([1, 7, 90]))
    found = changes(rng, opened, events)
    batch = decode(opened.compiled.schema, None, RawBatch(records=events), opened.codes, "default").batch
    d = decided(opened, found, batch)
    assert d.n == len(events)
    naive = NaivePolicy(opened.artifact.policy, opened.codes.one)
    rules = [rule.rule.name for rule in opened.compiled.rule_order]
    nodes = [visited.name for visited in opened.compiled.flow.visited]
    columns = [(i, c.name) for i, c in enumerate(opened.compiled.features) if c.role == "result"]
    hits, quiet, errors = (bits_to_matrix(words, len(rules)) for words in (d.hits, d.quiet, d.errors))
    path = bits_to_matrix(d.path, len(nodes))
    for at, event in enumerate(events):
        now = event["time"]
        want = naive.decide(
            plain(event, on_list(found, now)),
            snoozed(found, now),
            now,
            int(d.id_code[at, 0].view(np.int64)),
            int(d.money[at]),
        )
        said = (seed, at, want)
        met = opened.compiled.policy.limits[d.limit[at] - 1].name if d.limit[at] else ""
        assert (d.outcome[at], d.score[at], d.enforced[at], d.mark[at], met) == (
            want.outcome, want.score, want.enforced, want.mark, want.limit,
        ), said  # fmt: skip
        for bits, names in ((hits, want.hits), (quiet, want.quiet), (errors, want.errors)):
            assert sorted(np.array(rules)[bits[at]]) == sorted(set(names)), said
        assert sorted(np.array(nodes)[path[at]]) == sorted(set(want.path)), said
        for number, name in columns:
            have = None if d.kept_nulls[at, number] else int(d.kept_values[at, number])
            assert have == want.totals.get(name), (name, said)


@settings(max_examples=max(EXAMPLES // 4, 10), deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_one_by_one_and_any_batching_decide_alike(seed: int) -> None:
    rng = random.Random(seed)
    opened = open_policy(random_policy(rng, counted=True))
    events = random_events(rng, 80)
    found = changes(rng, opened, events)

    def blocks(size: int) -> Any:
        engine = Engine(opened.compiled, opened.codes)
        engine.lists.put(found)
        parts = []
        for start in range(0, len(events), size):
            raw = RawBatch(records=events[start : start + size], first_position=start)
            batch = decode(opened.compiled.schema, None, raw, opened.codes, "default").batch
            parts.append(engine.process(batch, keep_all=True).decisions)
        return np.concatenate([p.block[[0, 1, 2, 3, 4]] for p in parts], axis=1), np.concatenate(
            [p.kept_values for p in parts]
        )

    whole, values = blocks(len(events))
    for size in (1, rng.randint(2, 20)):
        block, own = blocks(size)
        assert np.array_equal(whole, block), seed
        assert np.array_equal(values, own), seed
