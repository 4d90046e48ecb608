"""Masks: one text and a column are masked alike, and no mask shows what it must not."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyu.base.errors import DeclarationError
from zhiyu.events.declare import EventType, Field
from zhiyu.events.masks import FORMS, mask, mask_column
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import Policy, Rule, RuleSet

TEXTS = st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=24)), max_size=12)
ALL = st.sampled_from(["", "email", *FORMS])


@given(TEXTS, ALL)
def test_a_column_is_masked_as_its_texts_are(texts: list[str | None], form: str) -> None:
    found = mask_column(pa.array(texts, pa.string()), form).to_pylist()
    assert found == [None if text is None else mask(text, form) for text in texts]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.sampled_from(["", *FORMS]))
def test_at_least_a_third_of_a_text_is_hidden_and_the_whole_of_a_short_one(text: str, form: str) -> None:
    shown = mask(text, form)
    left = len(shown) - len(FORMS[form].stars if form in FORMS and len(text) >= FORMS[form].shortest else "***")
    assert len(text) - left >= max(1, len(text) // 4 if form in ("phone", "card") else len(text) // 3), (text, shown)
    if len(text) < 2:
        assert left == 0


@pytest.mark.parametrize(
    ("text", "form", "shown"),
    [
        ("13800001234", "phone", "138****1234"),
        ("1380000", "phone", "***00"),
        ("11010519491231002X", "id_number", "110***********002X"),
        ("6222020000000000000", "card", "622202******0000"),
        ("一二", "name", "一**"),
        ("一", "name", "***"),
        ("北京市海淀区某街道某号", "address", "北京市海淀区****"),
        ("某街某号", "address", "***某号"),
        ("lihua@example.com", "email", "l***@example.com"),
        ("@example.com", "email", "***.com"),
        ("not an address", "email", "***ress"),
    ],
)
def test_masks_are_those_that_people_know(text: str, form: str, shown: str) -> None:
    assert mask(text, form) == shown


def test_a_mask_is_for_personal_fields() -> None:
    fields = {"amount": Field(type="money"), "who": Field(type="string", mask="name")}
    rules = (RuleSet(name="main", rules=(Rule(name="large", when="amount > 5", outcome="review"),)),)
    policy = Policy(name="masks", events=(EventType(name="payment", fields=fields, money="amount"),), rule_sets=rules)
    with pytest.raises(DeclarationError, match="only personal fields are shown masked → add personal: true"):
        check_policy(policy).require()
