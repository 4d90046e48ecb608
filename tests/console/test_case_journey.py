"""An investigator takes the next case by keyboard, writes a note that stays text, decides, takes it back, decides again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank
from tests.console.conftest import WAIT_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page
MARKUP = "<img src=x onerror=\"document.title='run'\"><b>bold</b> & 'quoted'"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_case_from_the_queue_to_its_end(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    from playwright.sync_api import expect

    reader = bank.reader()
    page = visit("/queue", language)
    page.wait_for_selector("tbody tr.at")
    page.keyboard.press("c")
    page.wait_for_url(re.compile(r"/cases/\d+"))
    page.wait_for_selector(".alerts li.at")
    number = int(page.url.rsplit("/", 1)[1])
    case = reader.get(f"/v1/cases/{number}").json()
    assert case["assignee"] == "person:inspector"
    assert page.locator(".sentence").inner_text() == case["why"][language]
    assert page.locator(".alerts > li").count() == len(case["alerts"])
    if any(alert["event"] for alert in case["alerts"]):  # a gang may stand in the queue by itself
        page.wait_for_selector(".evidence-why")

    page.keyboard.press("n")
    expect(page.locator(".note textarea")).to_be_focused()
    page.keyboard.type(MARKUP)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".step-text").first).to_have_text(MARKUP, timeout=WAIT_MS)
    assert page.locator(".steps img, .steps b b").count() == 0
    assert page.title() != "run"

    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".decide [role=alert]")).to_be_visible()
    page.keyboard.press("Escape")
    decide(page)
    page.keyboard.press("z")
    expect(page.locator(".outbox")).to_have_count(0)
    assert reader.get(f"/v1/cases/{number}").json()["state"] == "open", "what was taken back was never sent"

    page.goto(f"{bank.address}/cases/{number}")
    page.wait_for_selector(".alerts li.at")
    decide(page)
    page.locator(".outbox button").nth(1).click()
    expect(page.locator(".ant-message")).to_contain_text(re.compile("已发送|Sent"), timeout=WAIT_MS)
    closed = reader.get(f"/v1/cases/{number}").json()
    assert (closed["state"], closed["disposition"]) == ("closed", "false_positive")
    assert any(step["text"] == "looked into" for step in closed["timeline"])


def decide(page: Page) -> None:
    """False alarm, with a reason."""
    page.keyboard.press("2")
    page.wait_for_selector(".decide textarea:focus")
    page.keyboard.type("looked into")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".outbox")


def test_who_may_not_see_cases_is_told_so(visit: Callable[..., Page]) -> None:
    page = visit("/queue", name="root")
    page.wait_for_selector(".trouble")
    assert "cases" in page.locator(".trouble").first.inner_text()
