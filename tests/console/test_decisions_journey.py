"""An investigator signs in, finds a declined draw-down by keyboard, reads why, replays it, and comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank
from tests.console.conftest import WAIT_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"decline": "拒绝", "list": "决策", "same": "重放一致", "none": "没有符合条件的决策。"},
    "en": {"decline": "decline", "list": "Decisions", "same": "The same again", "none": "No decision is like that."},
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_by_keyboard_from_the_list_to_why_and_back(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    words = WORDS[language]
    page = visit("/decisions?outcome=decline", language)
    page.wait_for_selector("tr.at")
    assert page.locator("h1").inner_text() == words["list"]
    declined = [each for each in bank.answers if each["outcome"] == "decline"]
    rows = page.locator("tbody tr")
    assert rows.count() == min(len(declined), 50)
    assert set(page.locator("tbody .outcome").all_inner_texts()) == {words["decline"]}
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/decisions/e\w+"))
    wanted = newest_first(declined)[1]
    assert wanted["id"] in page.url
    page.wait_for_selector(".verdict")
    assert page.locator(".verdict .outcome").first.inner_text() == words["decline"]
    total = page.locator(".waterfall tfoot .num").first
    assert int(total.inner_text().replace(",", "")) == wanted["score"]
    assert page.locator(".rules li.s-hit").count() == len(wanted["rules"])
    page.wait_for_selector(".step.visited")
    page.keyboard.press("r")
    page.wait_for_selector(".same")
    assert words["same"] in page.locator(".same").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/decisions\?outcome=decline"))


def test_the_filters_stand_in_the_address_and_the_language_can_be_changed(
    bank: Bank, visit: Callable[..., Page]
) -> None:
    page = visit("/decisions")
    page.wait_for_selector("tr.at")
    page.get_by_role("button", name="加强验证").click()
    page.wait_for_url(re.compile(r"outcome=challenge"))
    all_say(page, "tbody .outcome", "加强验证")
    page.keyboard.press("l")
    page.wait_for_selector("h1:text-is('Decisions')")
    all_say(page, "tbody .outcome", "challenge")
    assert page.locator("html").get_attribute("lang") == "en"
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    who = page.locator("tbody tr td:nth-child(7) a").first
    shown = who.inner_text()
    who.click()
    page.wait_for_url(re.compile(r"/entities/customer/code:[0-9a-f]{16}"))
    page.locator("a[href*='/decisions?of=customer']").first.click()
    page.wait_for_url(re.compile(r"of=customer"))
    all_say(page, "tbody td:nth-child(7)", shown)
    page.goto(f"{bank.address}/decisions?rule=no_such_rule")
    page.wait_for_selector(".empty")
    assert WORDS["zh"]["none"] in page.locator(".empty").inner_text()


def test_signing_in_with_a_wrong_and_a_right_password(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/decisions", name="")
    page.get_by_label("用户名").fill("inspector")
    page.get_by_label("密码").fill("not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector(".trouble")
    page.get_by_label("密码").fill(bank.password)
    page.keyboard.press("Enter")
    page.wait_for_selector("tr.at")
    assert "inspector" in page.locator(".who").inner_text()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_selector(".signin")


def all_say(page: Page, selector: str, text: str) -> None:
    """Wait until there are such elements, and all say this."""
    from playwright.sync_api import expect

    expect(page.locator(selector).filter(has_text=text).first).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(selector).filter(has_not_text=text)).to_have_count(0, timeout=WAIT_MS)


def newest_first(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the list shows them."""
    return sorted(decisions, key=lambda each: -each["position"])
