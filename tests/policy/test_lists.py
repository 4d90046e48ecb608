"""Lists of a policy in its expressions: whose values they hold, where they may be asked."""

from __future__ import annotations

import msgspec

from zhiyu.base.hashing import Codes
from zhiyu.events.declare import EventType, Field
from zhiyu.expressions.types import Kind
from zhiyu.features.declare import Feature
from zhiyu.policy.check import check_policy
from zhiyu.policy.compile import compile_policy
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.known import known_of, listed
from zhiyu.policy.places import Places

EVENT = EventType(
    name="payment",
    money="amount",
    fields={
        "payer_card": Field(type="card", required=True, entity="card"),
        "payee_card": Field(type="card", entity="card"),
        "amount": Field(type="money"),
        "device": Field(type="string", entity="device"),
        "shop": Field(type="int", entity="merchant"),
    },
)
LISTS = tuple(
    EntityList(name=name, of=of)
    for name, of in {
        "stolen": "card",
        "shops": "shop",
        "devices": "device",
        "lost": "payee_card",
        "odd": "nothing",
    }.items()
)


def policy(*rules: str) -> Policy:
    made = tuple(Rule(name=f"r{at}", when=when, outcome="decline") for at, when in enumerate(rules))
    count = Feature(name="hot_1d", aggregate="count", by="device", over="1d", where="payer_card in stolen")
    return Policy(
        name="t", events=(EVENT,), lists=LISTS[:-1], features=(count,), rule_sets=(RuleSet(name="a", rules=made),)
    )


def test_a_list_is_of_an_entity_or_of_a_field() -> None:
    declared = policy("amount > 1")
    assert [listed(declared, each) for each in LISTS] == [
        ("payer_card", "payee_card"), ("shop",), ("device",), ("payee_card",), (),
    ]  # fmt: skip
    known, _ = known_of(declared, Places())
    assert known is not None
    kinds = {name: each.type.kind for name, each in known.lists.items()}
    assert kinds == {"stolen": Kind.STRING, "shops": Kind.INT, "devices": Kind.STRING, "lost": Kind.STRING}


def test_rules_and_filters_may_ask_lists() -> None:
    report = check_policy(policy("payee_card in stolen and shop not in shops", "hot_1d > 2"), Places())
    compiled = compile_policy(report.require(), Codes(bytes(16)).one)
    assert [name for name, _ in compiled.before.list_offsets] == ["stolen"]
    assert sorted(name for name, _ in compiled.after.list_offsets) == ["shops", "stolen"]


def test_a_value_of_another_kind_or_an_unknown_list_is_an_error() -> None:
    found = [each.code for each in check_policy(policy("shop in stolen", "device in device_list"), Places()).errors]
    assert found == ["type_mismatch", "unknown_list"]


def test_derive_and_drop_cannot_ask_lists_and_say_so() -> None:
    asking = "payer_card in stolen"
    for changed in ({"derive": {"known": asking}}, {"drop": (asking,)}):
        event = msgspec.structs.replace(EVENT, **changed)
        errors = check_policy(msgspec.structs.replace(policy("amount > 1"), events=(event,)), Places()).errors
        assert [each.code for each in errors] == ["unknown_list"]
        assert "`derive` and `drop` cannot ask lists" in errors[0].text("en")
        assert "derive 与 drop 不能查名单" in errors[0].text("zh")
