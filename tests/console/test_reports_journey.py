"""Declared reports from the console: kept ones and one made now, with the figures of the cube, as a page that shows itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize(("language", "name"), [("zh", "每日资金与处置"), ("en", "The day in money")])
def test_a_report_of_the_day_opens_as_a_page_with_the_figures_of_the_cube(
    bank: Bank, visit: Callable[..., Page], language: str, name: str
) -> None:
    client = bank.reader("signer")
    page = visit("/reports", language, "signer")
    daily = page.locator("[data-report=daily]")
    daily.wait_for()
    assert name in daily.locator("h3").inner_text()
    kept = [each["id"] for each in client.get("/v1/metrics/reports?name=daily").json()["reports"]]
    assert daily.locator(".kept li").count() == len(kept)
    page.locator("input[type=date]").fill("2025-09-06")
    told = client.get("/v1/metrics/report", params={"name": "daily", "as_of": "2025-09-06"}).json()
    decisions = sum(line["decisions"] for line in told["tables"][0]["lines"])
    asked = {"from": told["from"], "until": told["until"], "measure": "decisions"}
    assert decisions == client.get("/v1/metrics/query", params=asked).json()["total"]["decisions"] > 0
    with page.context.expect_page() as opened:
        daily.locator("a.tag").first.click()
    report = opened.value
    report.wait_for_selector("table")
    text = report.locator("body").inner_text()
    assert name in text
    assert f"{told['tables'][0]['lines'][0]['decisions']:,}" in text
