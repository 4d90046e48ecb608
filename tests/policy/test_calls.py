"""Nodes that ask services: words, what they are written out to, what a decision may cost. Findings stand in the golden folders `calls…`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.policy.test_golden import GOLDEN, compare
from zhiyu.base.hashing import Codes
from zhiyu.base.limits import MAX_FLOW_SERVICES, MAX_SERVICES
from zhiyu.engine.opened import open_policy
from zhiyu.events.decode_one import decode_one
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.check_services import fits
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_services import Told
from zhiyu.policy.diff import diff_policies
from zhiyu.policy.load import load_texts
from zhiyu.policy.say_policy import say_policy
from zhiyu.policy.say_services import say_spend
from zhiyu.policy.spend import most_spent

EXAMPLE = Path(__file__).parents[2] / "examples" / "consumer_credit"
WORDS = (GOLDEN / "calls_words" / "policy.yaml").read_text(encoding="utf-8")


def policy_of(text: str) -> Policy:
    return load_texts({"policy.yaml": text.encode()}).policy


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_flow_that_asks_in_words(language: str) -> None:
    checked = check_policy(policy_of(WORDS)).require()
    said = [*say_policy(checked, language), *say_spend(checked, language)]
    compare(GOLDEN / "calls_words" / f"words.{language}.txt", "\n".join(said) + "\n")


def test_the_hash_is_of_what_was_declared() -> None:
    artifact = artifact_of(policy_of(WORDS))
    assert Artifact.from_json(artifact.to_json()).policy == artifact.policy
    assert "@" not in artifact.canonical.decode()
    same = WORDS.replace("within: 2m", "within: 120s").replace('price: "0.50"', "price: 0.5")
    assert artifact_of(policy_of(same)).hash == artifact.hash
    assert artifact_of(policy_of(WORDS.replace("retries: 1", "retries: 2"))).hash != artifact.hash


def test_changes_are_told() -> None:
    changed = WORDS.replace("price: 2\n", "price: 3\n").replace("until: lenders >= 8", "until: lenders >= 9")
    found = diff_policies(policy_of(WORDS), policy_of(changed)).changes
    assert [change.en for change in found] == [
        "Flow 'application_flow', node 'outside': when no more is asked changed from `(lenders >= 8)` to `(lenders >= 9)`.",
        "Service 'bureau': price changed from `2` to `3`.",
    ]


def test_what_it_is_written_out_to() -> None:
    known = open_policy(policy_of(WORDS)).compiled.checked.known
    assert known.deciding == {
        "application", "application@calls", "application@by_hand", "application@by_hand@calls",
    }  # fmt: skip
    assert known.facts == {"application", "verdict", "bureau", "lenders_query"}
    told = {
        "lenders",
        "points",
        "debt_ratio",
        "bureau_limit",
        "grade",
        "bureau_call",
        "bureau_cost",
        "lenders_query_call",
    }
    assert set(known.types["application@calls"].fields) > told | {"customer", "wait_end"}
    assert set(known.types["application@by_hand"].fields) > told, "what was told before the wait is known after it"
    assert set(known.types["bureau"].fields) > {"about", "bureau_call", "bureau_ms", "points"}


def test_nobody_sends_an_event_that_goes_on_but_anybody_an_answer() -> None:
    schema = open_policy(policy_of(WORDS)).compiled.schema
    forged = {"type": "application@calls", "id": "1", "time": 0, "customer": "c", "bureau_call": "answered"}
    assert [each.code for each in decode_one(schema, None, forged, Codes(bytes(16)), "t").refusals] == ["unknown_type"]
    answer = {"type": "bureau", "id": "1", "time": 0, "about": "a", "bureau_call": "answered", "points": 700}
    assert decode_one(schema, None, answer, Codes(bytes(16)), "t").batch.n == 1
    for wrong in ({"points": 299}, {"points": "x"}, {"bureau_call": "perhaps"}, {"grade": "d"}):
        assert decode_one(schema, None, answer | wrong, Codes(bytes(16)), "t").refusals


def test_what_a_decision_may_cost() -> None:
    (most,) = most_spent(policy_of(WORDS))
    assert most.money == {"CNY": 50 + 2 * 200}, "an attempt of the bureau is charged even when it fails"
    assert most.services == ("lenders_query", "bureau")
    assert most.ms == 200 + 800
    forked = WORDS.replace(
        "next: outside}", "next: fork}\n  - {name: fork, branch: [{when: amount > 5, to: rich}], next: outside}\n"
        "  - {name: rich, call: lenders_query, next: judge, failed: by_hand}",
    )  # fmt: skip
    assert most_spent(policy_of(forked))[0].money == most.money, "the dearest way counts, not all ways together"


@pytest.mark.parametrize(
    ("told", "good", "bad"),
    [
        (Told(at="x", type="int", min=0, max=9), [0, 9, 9.0, "9"], [10, -1, 1.5, True, "x", None, [1], "1e999", float("nan")]),
        (Told(at="x", type="number", digits=2), [1, 1.239, "1.5"], [True, "1,5", 1e13]),
        (Told(at="x", type="money"), ["1.25", 1.25], ["1.255", False]),
        (Told(at="x", type="bool"), [True, False], [0, 1, "true"]),
        (Told(at="x", type="string"), ["", "x" * 4096], ["x" * 4097, 1]),
        (Told(at="x", type="enum", values=("a",)), ["a"], ["A", "", 1]),
    ],
)  # fmt: skip
def test_what_fits_a_field_of_an_answer(told: Told, good: list[object], bad: list[object]) -> None:
    assert [fits(told, each) for each in good] == [True] * len(good)
    assert [fits(told, each) for each in bad] == [False] * len(bad)


def services(count: int) -> str:
    """A policy with so many services, all asked in one flow."""
    head = WORDS[: WORDS.index("features:")]
    declared = "".join(f"- {{name: s{i}, answer: {{f{i}: {{at: x, type: int, fallback: 1}}}}}}\n" for i in range(count))
    names = ", ".join(f"s{i}" for i in range(count))
    nodes = f"[{{name: ask, call: [{names}], next: e}}, {{name: e, outcome: pass}}]"
    return f"{head}services:\n{declared}flows: [{{name: f, on: [application], nodes: {nodes}}}]\n"


def test_limits() -> None:
    def codes(count: int) -> set[str]:
        return {problem.code for problem in check_policy(policy_of(services(count))).errors}

    assert codes(MAX_FLOW_SERVICES) == set()
    assert codes(MAX_FLOW_SERVICES + 1) == {"limit.flow_services"}
    assert "limit.services" not in codes(MAX_SERVICES)
    assert "limit.services" in codes(MAX_SERVICES + 1)


def test_a_call_that_no_way_leads_to_any_more_is_left_out_of_what_decides() -> None:
    """Somebody draws a way past it, and has not removed it yet: that is a warning, and the rest decides."""
    policy = open_policy(EXAMPLE).policy
    flow = next(each for each in policy.flows if each.name == "draw_down_flow")
    first, *others = flow.nodes
    past = msgspec.structs.replace(flow, nodes=(msgspec.structs.replace(first, next="done"), *others))
    changed = msgspec.structs.replace(policy, flows=tuple(past if each is flow else each for each in policy.flows))
    opened = open_policy(changed)
    assert {plan.call.service for plan in opened.compiled.waits.plans if plan.call} == {
        "operator", "card_check", "lenders_query", "bureau",
    }  # fmt: skip
