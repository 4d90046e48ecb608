"""A strategist looks a feature up by its meaning, reads what it is made of and who uses it, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize(("language", "words"), [("zh", ("申请", "来源 1")), ("en", ("applications", "Made of 1"))])
def test_from_a_word_to_the_rules_that_use_a_feature(
    bank: Bank, visit: Callable[..., Page], language: str, words: tuple[str, str]
) -> None:
    told = bank.reader("planner").get("/v1/features/applications_30d").json()
    page = visit("/features", language, "planner")
    page.wait_for_selector("tr.at")
    assert page.locator("tbody tr").count() == len(bank.opened.compiled.checked.features)
    page.keyboard.press("/")
    page.keyboard.type("applications_30d")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=applications_30d"))
    page.locator("tbody:not(:has(tr:nth-child(2)))").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/features/applications_30d"))
    page.wait_for_selector(".lineage .part")
    assert page.locator(".sentence").inner_text() == told[f"said_{language}"]
    assert words[0] in page.locator(".sentence").inner_text()
    rules = {each[language] for each in told["lineage"]["parts"] if each["section"] == "rule_sets"}
    assert len(rules) == page.locator(".lineage .part.s-rule_sets").count() == 2
    page.keyboard.press("v")
    rows = page.locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == len(told["lineage"]["parts"]) - 1
    assert words[1] in rows.first.inner_text()
    page.reload()
    page.locator("tbody tr").first.wait_for()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile("/features$"))


def test_who_may_not_see_policies_is_not_led_there(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/queue")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="名单").count() == 1
    assert page.locator("nav.side a", has_text="特征").count() == 0
    assert bank.reader().get("/v1/features").status_code == 403
