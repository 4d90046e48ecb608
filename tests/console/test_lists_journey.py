"""An investigator finds who is on a list, puts values on it with a reason, takes one back in time, and takes one off, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank
from tests.console.conftest import WAIT_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"empty": "此名单还没有条目。", "reason": "请写明理由。", "add": "2 个新值放入", "off": "1 个条目移出"},
    "en": {"empty": "Nothing is on this list yet.", "reason": "Say why.", "add": "2 new values go on it", "off": "1 entries leave it"},
}  # fmt: skip
SHOPS = "/v1/lists/cash_out_shops/entries"


def entries(bank: Bank) -> dict[str, str]:
    """Value → reason of who is on the list now."""
    return {each["value"]: each["reason"] for each in bank.reader().get(SHOPS).json()["entries"]}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_values_come_onto_a_list_and_leave_it_by_keyboard(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words = WORDS[language]
    page = visit("/lists/cash_out_shops", language)
    page.wait_for_selector(".empty")
    assert words["empty"] in page.locator(".empty").inner_text()
    page.keyboard.press("a")
    page.locator(".decide textarea").first.wait_for()
    page.keyboard.type(f"shop-{language}-1 shop-{language}-2")
    page.locator(".effect", has_text=words["add"]).wait_for()
    page.keyboard.press("Control+Enter")
    assert page.locator(".decide [role=alert]").inner_text() == words["reason"]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("circular sales <b>bold</b>")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".outbox")
    page.keyboard.press("z")
    page.wait_for_selector(".outbox", state="detached")
    assert entries(bank) == {}, "what is taken back in time was never done"

    page.keyboard.press("a")
    page.locator(".decide textarea").first.fill(f"shop-{language}-1 shop-{language}-2")
    page.locator(".decide textarea").last.fill("circular sales <b>bold</b>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.locator("tbody tr.at").wait_for()
    assert page.locator("tbody tr").count() == 2
    assert "<b>bold</b>" in page.locator("tbody tr").first.inner_text(), "text stays text"
    assert set(entries(bank).values()) == {"circular sales <b>bold</b>"}

    page.keyboard.press("/")
    page.keyboard.type(f"shop-{language}-2 shop-none")
    page.keyboard.press("Enter")
    page.locator(".found").wait_for()
    assert page.locator("tbody tr").count() == 1
    assert "shop-" not in page.url, "values of people never stand in an address"
    page.keyboard.press("d")
    page.locator(".effect", has_text=words["off"]).wait_for()
    page.keyboard.type("checked")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.locator(".outbox").wait_for(state="detached")
    page.reload()
    page.locator("tbody tr.at").wait_for(timeout=WAIT_MS)
    assert len(entries(bank)) == 1
    page.locator("tbody input[type=checkbox]").first.check()
    page.keyboard.press("d")
    page.locator(".decide textarea").fill("the end of the test")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.wait_for_selector(".empty")
    assert entries(bank) == {}
