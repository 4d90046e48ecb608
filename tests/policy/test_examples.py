"""The policies we ship: the examples and the starter check without a finding and read as sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import zhiyu.policy
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.load import load_policy
from zhiyu.policy.say import labels_of, say_feature, say_rule_set

ROOT = Path(__file__).parents[2]
STARTER = Path(zhiyu.policy.__file__).parent / "starter"
FOLDERS = [*sorted(p.parent for p in (ROOT / "examples").glob("*/policy.yaml")), STARTER]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_policy_has_no_findings(folder: Path) -> None:
    loaded = load_policy(folder)
    report = check_policy(loaded.policy, loaded.places)
    assert not report.problems, "\n".join(map(str, report.problems))
    artifact = artifact_of(loaded.policy)
    assert Artifact.from_json(artifact.to_json()) == artifact
    assert not check_policy(artifact.policy).errors


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_policy_can_be_told_to_a_customer_and_a_colleague(folder: Path) -> None:
    loaded = load_policy(folder)
    checked = check_policy(loaded.policy, loaded.places).require()
    for reason in loaded.policy.reasons:
        assert reason.consumer_en
        assert reason.consumer_zh
    for name, feature in checked.features.items():
        assert feature.from_grid or (feature.feature.en and feature.feature.zh), name
        assert say_feature(checked, name, "en") != say_feature(checked, name, "zh")
    for rule_set in loaded.policy.rule_sets:
        for rule in rule_set.rules:
            assert rule.en
            assert rule.zh
            assert rule.reason
        assert len(say_rule_set(checked, rule_set.name, "zh").splitlines()) == len(rule_set.rules) + 1
    assert all(en and zh for en, zh in labels_of(checked).values())


def test_the_examples_are_there() -> None:
    assert {folder.name for folder in FOLDERS} >= {
        "card_payments",
        "card_payments_us",
        "registrations",
        "consumer_credit",
        "starter",
    }


def test_the_sample_events_fit_the_starter_policy() -> None:
    policy = load_policy(STARTER).policy
    events = {event.name: event for event in policy.events}
    lines = [json.loads(line) for line in (STARTER / "events.ndjson").read_text("utf-8").splitlines()]
    assert len({line["id"] for line in lines}) == len(lines) >= 15
    for line in lines:
        event = events[line["type"]]
        fields = set(line) - {"type", "id", "time"}
        assert fields <= set(event.fields)
        assert {name for name, field in event.fields.items() if field.required} <= fields
