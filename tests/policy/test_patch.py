"""Policies changed by patches: the operations of RFC 6902, and findings that point at the value and the character."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest

from tests.engine.live_stream import live_opened
from zhiyu.base.errors import DeclarationError, InputError
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.patch import Operation, Pointers, patched, policy_of

BASE = json.loads(live_opened().artifact.canonical)["policy"]
RULE = "/rule_sets/0/rules/0"


def ops(*plain: dict[str, Any]) -> list[Operation]:
    return msgspec.convert(list(plain), list[Operation])


def test_operations_do_what_the_standard_says_and_leave_the_base_alone() -> None:
    before = copy.deepcopy(BASE)
    rules = BASE["rule_sets"][0]["rules"]
    replaced = patched(BASE, ops({"op": "replace", "path": f"{RULE}/score", "value": 35}))
    assert replaced["rule_sets"][0]["rules"][0] == rules[0] | {"score": 35}
    fresh = {"name": "fresh", "when": "amount > 10", "score": 1}
    first, last = (
        patched(BASE, ops({"op": "add", "path": f"/rule_sets/0/rules/{at}", "value": fresh})) for at in ("0", "-")
    )
    assert first["rule_sets"][0]["rules"] == [fresh, *rules]
    assert last["rule_sets"][0]["rules"] == [*rules, fresh]
    gone = patched(BASE, ops({"op": "remove", "path": RULE}))
    assert gone["rule_sets"][0]["rules"] == rules[1:]
    moved = patched(BASE, ops({"op": "move", "from": RULE, "path": "/rule_sets/0/rules/1"}))
    assert moved["rule_sets"][0]["rules"][:2] == [rules[1], rules[0]]
    assert before == BASE


def test_an_empty_patch_is_the_same_version() -> None:
    assert artifact_of(policy_of(patched(BASE, []))).hash == live_opened().artifact.hash


@pytest.mark.parametrize(
    ("op", "path"),
    [
        ("replace", "rule_sets"), ("replace", "/nothing/0"), ("replace", "/rule_sets/9"), ("remove", f"{RULE}/none"),
        ("add", "/rule_sets/99"),
        ("add", "/rule_sets/-1"), ("add", "/name/x"), ("replace", "/rule~2sets"), ("remove", "/rule_sets/01"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused_by_its_number(op: str, path: str) -> None:
    with pytest.raises(InputError, match="operation 1"):
        patched(BASE, ops({"op": op, "path": path, "value": 1}))


def test_a_value_is_needed() -> None:
    with pytest.raises(InputError, match="needs a value"):
        patched(BASE, ops({"op": "replace", "path": f"{RULE}/score"}))


def test_a_wrong_type_is_told_at_its_pointer() -> None:
    for path, value in ((f"{RULE}/score", "many"), (f"{RULE}/outcome", "maybe"), (f"{RULE}/wenn", "amount > 1")):
        with pytest.raises(DeclarationError) as wrong:
            policy_of(patched(BASE, ops({"op": "add", "path": path, "value": value})))
        found = wrong.value.problems[0].place.file
        assert path.startswith(found)
        assert found.startswith(RULE)


def test_a_finding_points_at_the_value_and_the_character() -> None:
    policy = policy_of(
        patched(BASE, ops({"op": "replace", "path": f"{RULE}/when", "value": "amount > 10 and amuont < 5"}))
    )
    found = check_policy(policy, Pointers()).errors[0]
    assert (found.place.file, found.place.line, found.place.column) == (f"{RULE}/when", 1, 17)
    assert found.suggestion == "did you mean 'amount'?"
