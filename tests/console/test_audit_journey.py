"""A supervisor reads who did what, narrows it, follows an entry, and has the chain proved; an entry that was altered shows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank
from tests.console.test_approvals_journey import changed_policy

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"holds": "链条完整", "broken": "不符", "why": "该条目被改动", "refused": "拒绝", "empty": "没有符合条件的记录。"},
    "en": {
        "holds": "The chain holds", "broken": "does not hold", "why": "the entry was changed", "refused": "refused",
        "empty": "No entry is like that.",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_an_entry_to_what_it_is_about_and_the_proof(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    words, chief = WORDS[language], bank.reader("chief")
    number = changed_policy(bank.reader("planner"), f"audited {language}")
    chief.post(f"/v1/proposals/{number}:refuse", json={"reason": "no <u>need</u>"})
    page = visit("/audit", language, "chief")
    page.locator("tbody tr.at").wait_for()
    page.keyboard.press("/")
    page.keyboard.type(f"proposal/{number}")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"about=proposal%2F{number}"))
    page.locator("tbody:not(:has(tr:nth-child(4)))").wait_for()
    told = chief.get("/v1/audit", params={"about": f"proposal/{number}"}).json()["entries"]
    assert [text.split()[-1] for text in page.locator("tbody td:nth-child(4)").all_inner_texts()] == [
        each["verb"] for each in told
    ]
    assert words["refused"] in page.locator("tbody tr").first.inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator(".facts").wait_for()
    assert "no <u>need</u>" in page.locator(".facts").inner_text(), "text stays text"
    assert told[0]["chain"] in page.locator(".facts").inner_text()
    page.locator("tbody tr a").first.click()
    page.wait_for_url(re.compile(f"/approvals/{number}"))
    page.locator(".about h2").wait_for()

    page.goto(f"{bank.address}/audit?view=reveals")
    page.locator(".empty").wait_for()
    assert words["empty"] in page.locator(".empty").inner_text(), "nobody saw a value"
    page.goto(f"{bank.address}/audit?view=proposals&by=planner")
    page.locator("tbody tr.at").wait_for()
    assert set(page.locator("tbody td:nth-child(3)").all_inner_texts()) == {"planner"}
    page.keyboard.press("p")
    page.locator(".same").wait_for()
    proof = chief.get("/v1/audit/proof").json()
    assert proof["holds"] is True
    assert words["holds"] in page.locator(".same").inner_text()
    with_entry(bank, "somebody")
    try:
        page.keyboard.press("p")
        page.locator(".differs").wait_for()
        text = page.locator(".differs").inner_text()
        assert words["broken"] in text
        assert words["why"] in text
        assert re.search(r"\b2\b", text), "the number of the entry"
    finally:
        with_entry(bank, "planner")
    page.keyboard.press("p")
    page.locator(".same").wait_for()


def with_entry(bank: Bank, about: str) -> None:
    """The second entry with another name in it: `planner` is what was written."""
    with sqlite3.connect(bank.url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE audit SET about = ? WHERE number = 2", (about,))


def test_who_may_not_read_the_audit_is_not_led_there(visit: Callable[..., Page]) -> None:
    page = visit("/today", "en", "signer")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="Audit").count() == 0
    assert page.locator("nav.side a", has_text="Approvals").count() == 1
