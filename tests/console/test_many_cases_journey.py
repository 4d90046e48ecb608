"""A supervisor chooses cases of the queue by keyboard, sees how many would change and which not, takes it back, assigns and closes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"chosen": "已选 {} 件", "all": "已选中筛选结果的全部 {} 件", "would": "{} 件会被处理。", "held": "person:inspector 正在处理",
           "reason": "请写明理由。", "to": "请先选择分派给谁。", "done": "已处理 {} 件。"},
    "en": {"chosen": "{} chosen", "all": "All {} that the filter finds are chosen", "would": "Cases that change: {}.",
           "held": "person:inspector works on it", "reason": "Say why.", "to": "Choose to whom first.", "done": "Done: {}."},
}  # fmt: skip
FREE = {"assignee": "none", "order": "newest", "limit": 1000}


def free(reader: httpx.Client) -> list[dict[str, Any]]:
    """Cases that nobody works on, newest first."""
    return list(reader.get("/v1/cases", params=FREE).json()["cases"])


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_many_cases_are_chosen_counted_and_closed(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    from playwright.sync_api import expect

    words, chief, inspector = WORDS[language], bank.reader("chief"), bank.reader()
    first, second, third = (each["number"] for each in free(chief)[:3])
    page = visit("/queue?order=newest&assignee=none", language, "chief")
    page.wait_for_selector("tbody tr.at")
    assert page.locator("tbody tr.at td").nth(4).inner_text() == str(free(chief)[0]["alerts_count"])

    press(page, "x", "j", "x", "j", "x")
    chosen = page.locator(".many [role=status]")
    expect(chosen).to_have_text(words["chosen"].format(3))
    inspector.post(f"/v1/cases/{second}:claim", json={}).raise_for_status()
    press(page, "2")
    effect = page.locator(".decide .effect")
    expect(effect).to_contain_text(words["would"].format(2))
    expect(effect).to_contain_text(words["held"])
    expect(effect.locator("a")).to_have_text(f"#{second}")
    press(page, "Control+Enter")
    expect(page.locator(".decide [role=alert]")).to_have_text(words["reason"])
    page.keyboard.type("one campaign <b>bold</b>")
    press(page, "Control+Enter")
    page.wait_for_selector(".outbox")
    press(page, "z")
    page.wait_for_selector(".outbox", state="detached")
    assert {each["number"] for each in free(chief)} >= {first, third}, "what was taken back was never sent"
    expect(chosen).to_have_text(words["chosen"].format(3))

    press(page, "2")
    expect(effect).to_contain_text(words["would"].format(2))
    page.keyboard.type("one campaign <b>bold</b>")
    press(page, "Control+Enter")
    page.wait_for_selector(".outbox")
    inspector.post(f"/v1/cases/{third}:claim", json={}).raise_for_status()  # after it was counted, before it was sent
    page.locator(".outbox button").last.click()
    told = page.locator(".many-told")
    expect(told).to_contain_text(words["done"].format(1))
    expect(told).to_contain_text(words["held"])
    assert told.locator("a").all_inner_texts() == [f"#{second}", f"#{third}"]
    closed = chief.get(f"/v1/cases/{first}").json()
    assert (closed["state"], closed["disposition"]) == ("closed", "false_positive")
    assert closed["timeline"][0]["text"] == "one campaign <b>bold</b>"
    assert chief.get(f"/v1/cases/{third}").json()["state"] == "open"
    press(page, "Escape")
    expect(told).to_have_count(0)
    for number in (second, third):
        inspector.post(f"/v1/cases/{number}:release", json={}).raise_for_status()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_that_the_filter_finds_are_chosen_and_two_assigned(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    from playwright.sync_api import expect

    words, chief = WORDS[language], bank.reader("chief")
    there = free(chief)
    page = visit("/queue?order=newest&assignee=none", language, "chief")
    page.wait_for_selector("tbody tr.at")
    press(page, "*")
    chosen = page.locator(".many [role=status]")
    expect(chosen).to_have_text(words["all"].format(len(there)))
    press(page, "4")
    expect(page.locator(".decide .effect")).to_contain_text(words["would"].format(len(there)))
    press(page, "Escape", "Escape")
    expect(page.locator(".many")).to_have_count(0)

    page.locator("tbody tr").nth(1).click(modifiers=["Shift"], position={"x": 200, "y": 8})
    expect(chosen).to_have_text(words["chosen"].format(2))
    press(page, "d")
    page.wait_for_selector(".decide select:focus")
    expect(page.locator(".decide .effect")).to_contain_text(words["would"].format(2))
    press(page, "Control+Enter")
    expect(page.locator(".decide [role=alert]")).to_have_text(words["to"])
    page.locator(".decide option[value='to:inspector']").wait_for(state="attached")
    page.keyboard.type("inspector")
    press(page, "Tab")
    page.keyboard.type("late shift")
    press(page, "Control+Enter")
    page.locator(".outbox button").last.click()
    expect(page.locator(".many-told")).to_contain_text(words["done"].format(2))
    for each in there[:2]:
        case = chief.get(f"/v1/cases/{each['number']}").json()
        assert (case["assignee"], case["timeline"][0]["text"]) == ("person:inspector", "late shift")
        chief.post(f"/v1/cases/{each['number']}:assign", json={"to": ""}).raise_for_status()

    press(page, "Escape", "x", "a")  # a claim asks no reason
    expect(page.locator(".decide .effect")).to_contain_text(words["would"].format(1))
    press(page, "Control+Enter")
    page.locator(".outbox button").last.click()
    expect(page.locator(".many-told")).to_contain_text(words["done"].format(1))
    (mine,) = chief.get("/v1/cases", params={"assignee": "me"}).json()["cases"]
    chief.post(f"/v1/cases/{mine['number']}:release", json={}).raise_for_status()


def test_who_may_not_change_many_is_not_led_to_it(visit: Callable[..., Page]) -> None:
    page = visit("/queue", "en")
    page.wait_for_selector("tbody tr.at")
    press(page, "x", "*")
    assert page.locator(".many, tbody input[type=checkbox]").count() == 0
