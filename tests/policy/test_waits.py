"""Nodes that wait: words, what they are written out to, limits. Findings stand in the golden folders `waits…`."""

from __future__ import annotations

import pytest

from tests.policy.test_golden import GOLDEN, compare
from zhiyu.base.hashing import Codes
from zhiyu.engine.opened import open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.check_waits import MAX_TYPES
from zhiyu.policy.declare import Policy
from zhiyu.policy.diff import diff_policies
from zhiyu.policy.load import load_texts
from zhiyu.policy.say_policy import say_policy

WORDS = (GOLDEN / "waits_words" / "policy.yaml").read_text(encoding="utf-8")


def policy_of(text: str) -> Policy:
    return load_texts({"policy.yaml": text.encode()}).policy


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_flow_that_waits_in_words(language: str) -> None:
    checked = check_policy(policy_of(WORDS)).require()
    compare(GOLDEN / "waits_words" / f"words.{language}.txt", "\n".join(say_policy(checked, language)) + "\n")


def test_the_hash_is_of_what_was_declared() -> None:
    artifact = artifact_of(policy_of(WORDS))
    assert Artifact.from_json(artifact.to_json()).policy == artifact.policy
    assert "@" not in artifact.canonical.decode()
    assert artifact_of(policy_of(WORDS.replace("within: 30m", "within: 1800s"))).hash == artifact.hash
    assert artifact_of(policy_of(WORDS.replace("within: 30m", "within: 31m"))).hash != artifact.hash


def test_changes_of_waits_are_told() -> None:
    changed = WORDS.replace("within: 30m", "within: 1h").replace("expired: hold", "expired: stop")
    found = diff_policies(policy_of(WORDS), policy_of(changed)).changes
    assert [change.en for change in found] == [
        "Flow 'drawdown_flow', node 'call_back': longest wait changed from `30m` to `1h`.",
        "Flow 'drawdown_flow', node 'call_back': where it goes on when time is over changed from `hold` to `stop`.",
    ]


def test_rules_of_an_event_run_on_it_after_a_wait_and_features_never_count_it_twice() -> None:
    compiled = open_policy(policy_of(WORDS)).compiled
    known = compiled.checked.known
    assert {"drawdown", "drawdown@call_back", "drawdown@hold"} <= known.deciding
    assert known.facts == {"drawdown", "call_result", "review_result"}
    assert all(rule.on >= {"drawdown@call_back", "drawdown@hold"} for rule in compiled.rule_order)
    assert compiled.plan.lanes.shape[0] == 1
    again = known.types["drawdown@hold"]
    assert set(again.fields) == {"customer", "amount", "about", "coached", "verdict", "wait_end", "wait_change"}
    assert again.fields["customer"].required
    assert not again.fields["about"].required
    assert again.money == "amount"


@pytest.mark.parametrize("name", ["drawdown@call_back", "drawdown@hold"])
def test_nobody_sends_an_event_that_goes_on(name: str) -> None:
    schema = open_policy(policy_of(WORDS)).compiled.schema
    record = {"type": name, "id": "1", "time": 0, "customer": "c", "wait_end": "answered"}
    codes = Codes(bytes(16))
    few = decode_one(schema, None, record, codes, "t")
    many = decode(schema, None, RawBatch(records=[record] * 3), codes, "t")
    assert [r.code for r in few.refusals + many.refusals] == ["unknown_type"] * 4
    assert "@" not in few.refusals[0].en.split(";")[1]


def test_records_without_a_type_are_of_the_only_decided_one() -> None:
    schema = open_policy(policy_of(WORDS)).compiled.schema
    found = decode_one(schema, None, {"id": "1", "time": 0, "customer": "c"}, Codes(bytes(16)), "t")
    assert found.batch.type_index.tolist() == [schema.type_index["drawdown"]]


def many_waits(types: int) -> Policy:
    """One wait on each of so many event types, and one type of answers."""
    names = [f"e{number}" for number in range(types)]
    events = "".join(f"- {{name: {name}, fields: {{who: {{type: string}}}}}}\n" for name in names)
    return policy_of(
        f"name: many\nevents:\n{events}- {{name: answer, decide: false, fields: {{about: {{type: string}}}}}}\n"
        f"flows:\n- name: f\n  on: [{', '.join(names)}]\n  nodes:\n"
        "  - {name: w, wait: delay, within: 1h, answers: {answer: about}, next: end}\n  - {name: end, outcome: pass}\n"
    )


def test_as_many_types_as_a_word_has_bits() -> None:
    fits, past = (MAX_TYPES - 1) // 2, (MAX_TYPES - 1) // 2 + 1
    assert not check_policy(many_waits(fits)).errors
    assert open_policy(many_waits(fits)).compiled.waits.plans[-1].resumed < 62
    assert [p.code for p in check_policy(many_waits(past)).errors] == ["limit.waits"]
