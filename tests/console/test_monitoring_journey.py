"""A supervisor asks the cube: totals, a dimension, one value of it, the decisions behind; all in the address, chart and table alike."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": ("结果", "最新的决策在", "一周前没有数据"),
    "en": ("outcome", "The newest decision is of", "nothing a week before"),
}


def asked(bank: Bank, **words: str) -> dict[str, Any]:
    """What the API says of the last week up to the newest decision, in whole hours, as the page asks."""
    client = bank.reader("chief")
    newest = datetime.fromisoformat(client.get("/v1/metrics").json()["newest"])
    until = (newest + timedelta(minutes=59, seconds=59)).replace(minute=0, second=0, microsecond=0)
    begin = (newest - timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    period = {"from": begin.isoformat(), "until": until.isoformat()}
    found: dict[str, Any] = client.get("/v1/metrics/query", params=period | words).json()
    return found


def digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_a_total_to_the_decisions_behind_it(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    words = WORDS[language]
    told = asked(bank, measure="decisions", by="outcome")
    page = visit("/monitoring?range=7d", language, "chief")
    tile = page.locator(".tiles button[data-measure=decisions]")
    tile.wait_for()
    assert digits(tile.locator("b").inner_text()) == told["total"]["decisions"]
    assert words[2] in tile.inner_text(), "it says beside what it stands"
    assert words[1] in page.locator(".stale").inner_text(), "an old log is not shown as quiet"
    page.locator(".chart canvas").wait_for()
    page.locator("select.field").first.select_option("outcome")
    page.wait_for_url(re.compile("by=outcome"))
    rows = page.locator(".split tbody tr")
    rows.first.wait_for()
    assert words[0] in page.locator(".split th").first.inner_text()
    seen = [digits(rows.nth(at).locator("td").first.inner_text()) for at in range(rows.count())]
    assert seen == [each["decisions"] for each in told["lines"]]

    page.keyboard.press("v")
    twin = page.locator(".by-time tbody tr")
    twin.first.wait_for()
    cells = [text for text in twin.locator("td:not(.time)").all_inner_texts() if text]
    assert sum(map(digits, cells)) == told["total"]["decisions"], "the table holds what the chart holds"
    page.reload()
    twin.first.wait_for()
    page.keyboard.press("]")
    page.locator(".tiles button[data-measure=money][aria-pressed=true]").wait_for()
    assert "measure=money" in page.url
    page.keyboard.press("[")
    page.locator(".tiles button[data-measure=decisions][aria-pressed=true]").wait_for()

    declined = next(each["decisions"] for each in told["lines"] if each["outcome"] == "decline")
    page.locator(".split .o-decline").click()
    page.wait_for_url(re.compile("where=outcome%3Adecline"))
    page.wait_for_function(
        f"() => document.querySelector('[data-measure=decisions] b').innerText.replace(/\\D/g, '') === '{declined}'"
    )
    page.locator(".more-of a").click()
    page.wait_for_url(re.compile("/decisions.*outcome=decline"))
    page.locator("tbody tr.at").wait_for()
    first = page.locator("tbody tr").first.inner_text()
    assert bank.one("decline")["id"] in first or bank.one("decline")["id"][:8] in first


@pytest.mark.parametrize(("language", "name"), [("zh", "渠道繁忙"), ("en", "a busy channel")])
def test_an_alert_is_told_in_a_sentence_and_leads_to_its_figures(
    bank: Bank, visit: Callable[..., Page], language: str, name: str
) -> None:
    client, until = bank.reader("chief"), time.monotonic() + 60
    while not (told := client.get("/v1/metrics/alerts", params={"state": "open"}).json()["alerts"]):
        assert time.monotonic() < until, "the server looks every few seconds"
        time.sleep(0.2)
    [alert] = [each for each in told if each["rule"] == "busy_channel" and each["of"] == "app"]
    for path in ("/today", "/monitoring"):
        page = visit(path, language, "chief")
        line = page.locator(".alarms li", has_text=name).filter(has_text="app").first
        line.wait_for()
        assert alert[language] in line.inner_text()
    line.locator("a").first.click()
    page.wait_for_url(re.compile("measure=decisions&from=2025.*where=channel%3Aapp"))
    tile = page.locator(".tiles button[data-measure=decisions] b")
    page.locator(".chips.chosen").wait_for()
    tile.wait_for()
    seen = str(round(alert["figures"]["decisions"]))
    page.wait_for_function(
        f"() => document.querySelector('[data-measure=decisions] b').innerText.replace(/\\D/g, '') === '{seen}'"
    )
    assert digits(tile.inner_text()) == alert["figures"]["decisions"]


@pytest.mark.parametrize(("language", "said"), [("zh", "期间发布：发布 "), ("en", "Released in this period: release ")])
def test_a_release_stands_below_the_days_in_which_it_was(
    bank: Bank, visit: Callable[..., Page], language: str, said: str
) -> None:
    first = bank.reader("planner").get("/v1/policies").json()["policies"][-1]
    said += str(first["number"])
    page = visit(
        f"/monitoring?from=2025-09-01T00:00:00Z&until={int(first['at'][:4]) + 1}-01-01T00:00:00Z", language, "planner"
    )
    page.locator(".releases", has_text=said).wait_for()
    page.keyboard.press("v")
    page.locator(".by-time tbody tr").first.wait_for()
    page.locator(".releases", has_text=said).wait_for()


def test_how_long_deciding_takes_is_for_those_who_may_see_it(bank: Bank, visit: Callable[..., Page]) -> None:
    inspector, chief = bank.reader("inspector"), bank.reader("chief")
    entries = "/v1/lists/mule_accounts/entries"
    for address, body in ((entries, [{"value": "payee-1"}]), (f"{entries}:remove", {"values": ["payee-1"]})):
        assert inspector.post(address, json=body).status_code == 200
    line = re.compile(r'zhiyu_stage_seconds_count\{stage="(\w+)",tenant="default"\} (\d+)')
    told = [int(count) for _, count in line.findall(chief.get("/metrics").text) if int(count)]
    page = visit("/monitoring?range=7d", "en", "chief")
    rows = page.locator(".speed tbody tr")
    rows.first.wait_for()
    seen = [digits(rows.nth(at).locator("td").nth(1).inner_text()) for at in range(rows.count())]
    assert len(seen) == len(told) > 0
    assert all(now >= before for now, before in zip(seen, told))
    assert "≤" in rows.first.inner_text(), "a bound that holds, not a guess"
    page = visit("/monitoring?range=7d", "en", "inspector")
    page.locator(".tiles").wait_for()
    assert page.locator(".speed").count() == 0


def test_what_a_measure_cannot_be_split_by_is_not_offered(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/monitoring?range=7d&measure=hits&by=rule", "en", "chief")
    page.locator(".split tbody tr").first.wait_for()
    told = asked(bank, measure="hits", by="rule", top="100")
    assert page.locator(".split tbody tr").count() == len(told["lines"])
    options = page.locator("select.field").first.locator("option").all_inner_texts()
    assert "rule" in options
    assert "model" not in options
