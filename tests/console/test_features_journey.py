"""A strategist looks a feature up by its meaning, reads what it is made of and who uses it, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


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


@pytest.mark.parametrize(("language", "said"), [("zh", "中位数"), ("en", "The median is ")])
def test_how_a_feature_is_distributed_leads_to_the_decisions_of_a_bar(
    bank: Bank, visit: Callable[..., Page], language: str, said: str
) -> None:
    page = visit("/features/customer_events_60d", language, "planner")
    page.locator("svg.spread-drawn").wait_for()
    assert said in page.locator(".spread").inner_text()
    drawn = page.locator("svg.spread-drawn a")
    bars, words = drawn.count(), drawn.first.get_attribute("aria-label")
    page.keyboard.press("v")
    rows = page.locator(".spread tbody tr")
    rows.first.wait_for()
    assert rows.count() == bars > 3
    counts = [int(each.replace(",", "")) for each in rows.locator("td:nth-child(2)").all_inner_texts()]
    assert words is not None
    assert f"{counts[0]:,}" in words
    assert f"{sum(counts):,}" in page.locator(".spread p").first.inner_text()
    link = rows.nth(1).locator("a")
    link.click()
    page.wait_for_url(re.compile(r"/decisions\?where=customer_events_60d"))
    page.locator(".asked textarea", has_text="customer_events_60d == 1").wait_for()
    page.wait_for_selector("tr.at, .empty")


def test_a_distribution_can_be_stopped_and_asked_again(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/features", "zh", "planner")
    held: list[Route] = []
    page.route("**/v1/features/customer_events_60d/spread", lambda asked: held.append(asked))
    page.goto(f"{bank.address}/features/customer_events_60d")
    page.get_by_role("button", name="停止").click()
    page.get_by_text("已停止，没有分布可看。").wait_for()
    page.unroute("**/v1/features/customer_events_60d/spread")
    page.get_by_role("button", name="计算分布").click()
    page.locator("svg.spread-drawn").wait_for()
    assert len(held) == 1


def test_who_may_not_see_policies_is_not_led_there(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/queue")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="名单").count() == 1
    assert page.locator("nav.side a", has_text="特征").count() == 0
    assert bank.reader().get("/v1/features").status_code == 403
