"""One hash for one meaning, YAML or Python, however typed and split; another for what decides or reads differently."""

from __future__ import annotations

import msgspec
import pytest

from zhiyu.base.errors import DeclarationError, InputError
from zhiyu.events.declare import Clock, EventType, Field
from zhiyu.features.declare import Feature, Grid
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.declare import Policy, Reason, Rule, RuleSet
from zhiyu.policy.load import load_texts

YAML = """
name: demo
clock: {lateness: 60m}
events:
  - name: payment
    fields:
      card: {type: card, required: true}
      amount: {type: money, min: 0.00, max: 1e5}
    derive: {b: a + 1, a: amount / 2}
features:
  - {name: n, aggregate: count, by: card, over: 24h, where: "amount > 5.0"}
grids:
  - {name: "g_{over}", by: [card], aggregates: [count], over: [24h]}
rule_sets:
  - {name: s, on: payment, rules: [{name: r, when: "n>3 and (amount   >  1)", score: 5, reason: R}]}
reasons: [{code: R, en: why, zh: 原因}]
"""


def declared(**changes: object) -> Policy:
    fields: dict[str, object] = {
        "name": "demo",
        "clock": Clock(lateness="1h"),
        "events": (
            EventType(
                name="payment",
                fields={
                    "amount": Field(type="money", min=0, max="100000.0"),
                    "card": Field(type="card", required=True),
                },
                derive={"a": "amount/2", "b": "a+1"},
            ),
        ),
        "features": (Feature(name="n", aggregate="count", by=("card",), over="1d", where="amount>5"),),
        "grids": (Grid(name="g_{over}", by=("card",), aggregates=("count",), over=("24h",)),),
        "rule_sets": (
            RuleSet(
                name="s", on=("payment",), rules=(Rule(name="r", when="n > 3 and amount > 1", score=5, reason="R"),)
            ),
        ),
        "reasons": (Reason(code="R", en="why", zh="原因"),),
    }
    return Policy(**(fields | changes))  # type: ignore[arg-type]


def from_yaml(*texts: str) -> Artifact:
    return artifact_of(load_texts({f"{i}.yaml": text.encode() for i, text in enumerate(texts)}).policy)


def test_yaml_and_python_are_the_same_artifact() -> None:
    assert from_yaml(YAML) == artifact_of(declared())


def test_the_hash_is_stable() -> None:
    assert artifact_of(declared()).hash == "5f6221076471116cb76e8f0adcec15284e5e0090f817c7c60e0567c3040d0eb4"


def test_files_comments_and_order_do_not_matter() -> None:
    sections = YAML.split("\nfeatures:")
    split = from_yaml("# a remark\nfeatures:" + sections[1], sections[0] + "\n")
    assert split == from_yaml(YAML)
    policy = declared()
    extra = Feature(name="a_first", aggregate="count", by="card", over="1h")
    one = msgspec.structs.replace(policy, features=(*policy.features, extra))
    other = msgspec.structs.replace(policy, features=(extra, *policy.features))
    assert artifact_of(one) == artifact_of(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"en": "a label"},
        {"name": "other"},
        {"reasons": (Reason(code="R", en="why", zh="缘由"),)},
        {"features": (Feature(name="n", aggregate="count", by="card", over="25h", where="amount > 5"),)},
        {"features": (Feature(name="n", aggregate="count", by="card", over="24h", where="amount > 5.01"),)},
        {
            "features": (
                Feature(name="n", aggregate="count", by="card", over="24h", where="amount > 5", current="exclude"),
            )
        },
        {"clock": Clock(lateness="2h")},
    ],
)
def test_every_change_of_meaning_or_wording_changes_the_hash(changes: dict[str, object]) -> None:
    assert artifact_of(declared(**changes)).hash != artifact_of(declared()).hash


def test_rule_order_matters() -> None:
    rules = (Rule(name="a", when="n > 1", outcome="review"), Rule(name="b", when="n > 2", outcome="decline"))
    one = declared(rule_sets=(RuleSet(name="s", mode="first_hit", rules=rules),))
    other = declared(rule_sets=(RuleSet(name="s", mode="first_hit", rules=rules[::-1]),))
    assert artifact_of(one).hash != artifact_of(other).hash


def test_a_derived_value_stays_behind_what_it_reads() -> None:
    events = (EventType(name="payment", fields={"x": Field(type="int")}, derive={"z": "x + 1", "a": "z + 1"}),)
    assert list(artifact_of(declared(events=events)).policy.events[0].derive) == ["z", "a"]


def test_the_policy_comes_back_from_its_artifact() -> None:
    artifact = artifact_of(declared())
    again = Artifact.from_json(artifact.to_json())
    assert again == artifact
    assert artifact_of(again.policy) == artifact


def test_a_changed_artifact_is_refused() -> None:
    content = artifact_of(declared()).to_json()
    with pytest.raises(InputError, match="does not match its hash"):
        Artifact.from_json(content.replace(b'"score":5', b'"score":6'))
    with pytest.raises(InputError, match="is not 'zhiyu-policy/1'"):
        Artifact.from_json(content.replace(b"zhiyu-policy/1", b"zhiyu-policy/9"))
    for broken in (b"", b"[]", b"{}", b'{"hash":1}', content[:-20], b"\xff"):
        with pytest.raises(InputError):
            Artifact.from_json(broken)


def test_wrong_types_in_python_are_found() -> None:
    with pytest.raises(DeclarationError, match=r"policy\.rule_sets\[0\]\.rules\[0\]\.score"):
        artifact_of(declared(rule_sets=(RuleSet(name="s", rules=(Rule(name="r", when="true", score="5"),)),)))  # type: ignore[arg-type]


def test_an_expression_that_does_not_parse_is_refused() -> None:
    with pytest.raises(DeclarationError):
        artifact_of(declared(rule_sets=(RuleSet(name="s", rules=(Rule(name="r", when="n >"),)),)))
