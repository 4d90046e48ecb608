"""A version as people read it: the same policy in another spelling, every part with its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.patch import policy_of
from zhiyu.policy.say import say_rule
from zhiyu.policy.written import document_of, sentences_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def opened() -> Opened:
    return open_policy(EXAMPLES / "consumer_credit")


def test_what_is_read_is_the_same_version(opened: Opened) -> None:
    document = document_of(opened.artifact)
    assert artifact_of(policy_of(document)).hash == opened.artifact.hash
    assert any(rule["when"].startswith("(") is False for each in document["rule_sets"] for rule in each["rules"])
    assert not any("((" in rule["when"] for each in document["rule_sets"] for rule in each["rules"])


def test_pointers_lead_to_what_the_sentences_say(opened: Opened) -> None:
    document, checked = document_of(opened.artifact), opened.compiled.checked
    rules = {(each.rule_set.name, each.rule.name): each for each in checked.rules}
    found = 0
    for where, en, zh in sentences_of(checked):
        part = document
        for key in where.split("/")[1:]:
            part = part[int(key)] if isinstance(part, list) else part[key]  # type: ignore[index]
        assert en
        assert zh
        if "/rules/" in where:
            rule_set = document["rule_sets"][int(where.split("/")[2])]["name"]
            assert en == say_rule(checked, rules[rule_set, part["name"]], "en")
            found += 1
        elif not where.startswith("/rule_sets"):
            assert part["name"] in en or part.get("en", "") in en
    assert found == len(rules)
