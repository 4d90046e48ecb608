"""The first screen: its figures are those of the lists behind them, and lead there; to one's own case by keyboard."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": ("您手上没有案件。", "一周前没有决策"),
    "en": ("You have no case in hand.", "nothing was decided a week before"),
}


def digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def settled(client: httpx.Client) -> list[dict[str, Any]]:
    """The queues when the server has made the cases of its log: nothing new came between two looks."""
    until, before = time.monotonic() + 60, list[dict[str, Any]]()
    while time.monotonic() < until:
        now = [each | {"earliest_deadline": ""} for each in client.get("/v1/queues").json()["queues"]]
        if now == before and sum(each["open"] for each in now) > 0:
            return now
        before = now
        time.sleep(1.5)
    raise AssertionError("cases are still being made")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_opens_the_list_behind_it(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    client = bank.reader("inspector")
    queues = settled(client)
    newest = datetime.fromisoformat(client.get("/v1/metrics").json()["newest"])
    period = {"from": (newest - timedelta(days=1)).isoformat(), "until": newest.isoformat(), "by": "outcome"}
    mix = client.get("/v1/metrics/query", params=period).json()
    page = visit("/", language)
    page.wait_for_url(re.compile("/today$"))
    page.locator(".mix tbody tr").first.wait_for()
    assert WORDS[language][1] in page.locator(".panel", has=page.locator(".mix")).inner_text()
    seen = {
        link.get_attribute("data-outcome"): digits(link.inner_text())
        for link in page.locator(".mix [data-outcome]").all()
    }
    assert seen == {each["outcome"]: each["decisions"] for each in mix["lines"]}
    assert digits(page.locator("[data-figure=decisions]").inner_text()) == mix["total"]["decisions"]
    assert digits(page.locator("[data-figure=free]").inner_text()) == sum(each["free"] for each in queues)
    assert digits(page.locator("[data-figure=overdue]").inner_text()) == sum(each["overdue"] for each in queues)
    page.locator(".mix [data-outcome=decline]").click()
    page.wait_for_url(re.compile("/decisions.*outcome=decline"))
    page.locator("tbody tr.at").wait_for()
    listed = {"since": period["from"], "until": period["until"], "outcome": "decline", "limit": "50"}
    behind = client.get("/v1/decisions", params=listed).json()["decisions"]
    assert page.locator("tbody tr").count() == len(behind) > 0
    page.go_back()
    busiest = max(queues, key=lambda each: each["open"])
    page.get_by_role("link", name=re.compile(f"^{busiest[language]}$")).click()
    page.wait_for_url(re.compile(f"queue={busiest['name']}"))
    page.locator("tbody tr.at").wait_for()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ones_own_cases_come_first_and_open_by_keyboard(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    client = bank.reader("chief")
    page = visit("/today", language, "chief")
    page.locator(".empty").wait_for()
    assert WORDS[language][0] in page.locator(".empty").inner_text()
    free = client.get("/v1/cases", params={"assignee": "none", "order": "money", "limit": 2}).json()["cases"]
    for each in free:
        assert client.post(f"/v1/cases/{each['number']}:claim", json={}).status_code == 200
    page.reload()
    page.locator(".work li.at").wait_for()
    mine = client.get("/v1/cases", params={"assignee": "me", "order": "deadline"}).json()["cases"]
    shown = page.locator(".panel", has=page.locator(".work li.at")).locator(".work li > a").all_inner_texts()
    assert shown == [f"#{each['number']}" for each in mine]
    page.keyboard.press("j")
    page.locator(".work li:nth-child(2).at").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/cases/{mine[1]['number']}$"))
    for each in free:
        assert client.post(f"/v1/cases/{each['number']}:release", json={}).status_code == 200
