"""`network:` in a policy: YAML and Python come down to one artifact, its features are said in words, and cost what they cost."""

from __future__ import annotations

import msgspec
import pytest

from tests.network.lender import NETWORK, lender_policy
from zhiyu import Link, Network, Policy
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.takeover import unlike
from zhiyu.evaluation.tape import feature_keys
from zhiyu.network.declare import network_features
from zhiyu.policy.artifact import artifact_of, feature_key
from zhiyu.policy.check import check_policy
from zhiyu.policy.diff import diff_policies
from zhiyu.policy.load import load_texts
from zhiyu.policy.say import say_feature

YAML = b"""
name: demo
events:
  - {name: apply, fields: {who: {type: string, required: true}, device: {type: string}, ip: {type: ip}, sum: {type: money}}}
network:
  links: [{weight: 1.0, field: device}, {field: ip, joins: false, weight: 0.20, max_people: 60}]
  window: 720h
  person: who
  amount: sum
rule_sets:
  - {name: main, rules: [{name: crowd, when: network_persons > 5, outcome: review}]}
"""


def from_yaml(text: bytes = YAML) -> Policy:
    return load_texts({"policy.yaml": text}).policy


def test_yaml_and_python_have_one_hash() -> None:
    network = Network(
        person="who", amount="sum", window="30d", links=(Link(field="device"), Link(field="ip", joins=False, max_people=60, weight=0.2))
    )  # fmt: skip
    policy = msgspec.structs.replace(from_yaml(), network=network)
    assert artifact_of(policy).hash == artifact_of(from_yaml()).hash
    assert artifact_of(from_yaml()).policy.network == msgspec.structs.replace(
        network, links=(network.links[0], msgspec.structs.replace(network.links[1], weight="0.2"))
    )
    other = msgspec.structs.replace(policy, network=msgspec.structs.replace(network, half_life="4d"))
    assert artifact_of(other).hash != artifact_of(policy).hash


@pytest.mark.parametrize("language", ["en", "zh"])
def test_features_of_the_network_are_said_in_words(language: str) -> None:
    checked = check_policy(lender_policy()).require()
    said = {name: say_feature(checked, name, language) for name in checked.features if name.startswith("network_")}
    assert len(said) == len(set(said.values())) > 25
    wanted = {
        "en": "Feature 'network_applications_30m' (events of the component in the last 30m): events of the component in the last 30m.",
        "zh": "特征“network_applications_30m”（关联网络近 30m 的事件数）：关联网络近 30m 的事件数。",
    }
    assert said["network_applications_30m"] == wanted[language]


def test_only_what_is_read_is_computed() -> None:
    opened = open_policy(from_yaml())
    assert opened.compiled.network is not None
    assert [number for number, _ in opened.compiled.network.outputs] == [1]
    without = from_yaml(YAML.replace(b"network_persons > 5", b"sum > 5"))
    assert open_policy(without).compiled.network is None
    assert check_policy(without).cost.us < check_policy(from_yaml()).cost.us  # type: ignore[union-attr]
    core = from_yaml(YAML.replace(b"network_persons > 5", b"network_density > 0.5"))
    assert check_policy(core).cost.us > check_policy(from_yaml()).cost.us + 1.5  # type: ignore[union-attr]


def opened(network: Network) -> Opened:
    return open_policy(lender_policy(network))


def test_another_network_counts_anew_and_new_rules_do_not() -> None:
    """A release goes on with the state only when the network declares the same."""
    same = opened(NETWORK)
    assert unlike(same.compiled, opened(NETWORK).compiled) == ""
    shorter = msgspec.structs.replace(NETWORK, window="5h")
    assert "network_persons" in unlike(same.compiled, opened(shorter).compiled)
    keys = [feature_key(next(network_features(network))) for network in (NETWORK, shorter)]
    assert keys[0] != keys[1]
    assert not any(name.startswith("network_") for name in feature_keys(same)), "gangs are asked for: it has to run"
    assert same.compiled.horizon_ms == 2 * 6 * 3_600_000 + 600_000


def test_a_difference_of_networks_is_told() -> None:
    other = msgspec.structs.replace(from_yaml(), network=msgspec.structs.replace(from_yaml().network, window="20d"))
    assert other != from_yaml()
    assert diff_policies(from_yaml(), other)
