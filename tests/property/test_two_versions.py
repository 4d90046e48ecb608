"""Two versions in one policy: every event is decided as the version of its share decides it alone, whatever stands in both."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.policies import random_events, random_policy
from tests.property.test_flows import changes, decided
from zhiyu.base.errors import DeclarationError
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.declare import Policy, RuleSet
from zhiyu.policy.declare_versions import NEXT, Versions
from zhiyu.policy.two_versions import side_by_side, version_of

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 8, 10)
pytestmark = pytest.mark.property


def unbraked(policy: Policy) -> Policy:
    """Brakes of the whole policy are shared, so they are tested apart; a sub-flow draws by where it stands."""
    flows = tuple(
        replace(flow, nodes=tuple(replace(n, salt=f"{flow.name} {n.name}" if n.experiment else "") for n in flow.nodes))
        for flow in policy.flows
    )
    return replace(policy, let_through=None, limits=(), enforce=True, flows=flows)


def mixed(rng: random.Random, one: Policy, two: Policy) -> Policy:
    """The second policy, with some parts as they are in the first."""
    sets: list[RuleSet] = list(two.rule_sets)
    for own in one.rule_sets:
        at = next((number for number, each in enumerate(sets) if each.name == own.name), None)
        if at is not None and rng.random() < 0.4:
            sets[at] = own
    return replace(two, rule_sets=tuple(sets))


def both(one: Opened, two: Opened, percent: Any, by: str = "card") -> Opened:
    versions = Versions(live=one.artifact.hash, next=two.artifact.hash, percent=percent, by=by)
    return open_policy(side_by_side(one.report.require(), two.report.require(), versions))


@dataclass(frozen=True)
class Said:
    """What is told of one decision."""

    outcome: str
    score: int
    hits: frozenset[str]
    quiet: frozenset[str]
    reasons: tuple[str, ...]
    actions: int


def said(opened: Opened, d: DecisionBatch) -> tuple[list[Said], list[str]]:
    """What each decision came to, and which version decided it."""
    found, which = [], []
    for line in range(len(d.kept)):
        told, brief = opened.brief(d, line)
        hits, quiet = (frozenset(name.removesuffix(NEXT) for name in names) for names in (told.hits, told.quiet))
        found.append(Said(told.outcome, told.score, hits, quiet, brief.reasons, len(brief.actions)))
        versions = opened.policy.versions
        which.append(version_of(told.path, versions) if versions else opened.artifact.hash)
    return found, which


def drawn(rng: random.Random) -> tuple[Opened, Opened]:
    while True:
        one, two = (unbraked(random_policy(rng, counted=rng.random() < 0.5)) for _ in range(2))
        opened = open_policy(one)
        try:
            other = open_policy(mixed(rng, one, two))
        except DeclarationError:  # a `then` for what the set of the first never comes to
            other = open_policy(two)
        if opened.artifact.hash != other.artifact.hash:
            return opened, other


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_every_event_is_decided_by_the_version_of_its_share(seed: int) -> None:
    rng = random.Random(seed)
    one, two = drawn(rng)
    events = random_events(rng, 120)
    found = changes(rng, one, events)
    found = [each for each in found if not hasattr(each, "rule")]
    by = rng.choice(["card", "age"])
    told = {}
    for name, opened in (
        ("one", one),
        ("two", two),
        *((share, both(one, two, share, by)) for share in ("0", "40", "100")),
    ):
        batch = decode(opened.compiled.schema, None, RawBatch(records=events), opened.codes, "default").batch
        told[name] = said(opened, decided(opened, found, batch))
    alone = {one.artifact.hash: told["one"][0], two.artifact.hash: told["two"][0]}
    for share in ("0", "40", "100"):
        outcomes, which = told[share]
        assert outcomes == [alone[version][at] for at, version in enumerate(which)], (seed, share)
        sides = {event.get(by): version for event, version in zip(events, which)}
        assert [sides[event.get(by)] for event in events] == which
        assert share != "0" or set(which) == {one.artifact.hash}
        missing = {version for event, version in zip(events, which) if event.get(by) is None}
        assert missing <= {one.artifact.hash}
        assert share != "100" or set(which) - missing <= {two.artifact.hash}
