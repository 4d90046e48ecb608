"""An investigator looks at a person from all sides, goes back in time, and has a telephone number shown in clear, for a purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.access.test_people import GOOD
from tests.console.bank import Bank
from tests.console.conftest import WAIT_MS
from tests.server.vaulted import Vaulted
from tests.vaulted_policy import application

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route
WORDS = {
    "zh": {"kind": "客户", "fraud": "欺诈", "listed": "列入", "label": "标签", "now": "现在", "then": "当时"},
    "en": {"kind": "customer", "fraud": "fraud", "listed": "Put on", "label": "Labels", "now": "now", "then": "Then"},
}  # fmt: skip


def person_of(bank: Bank) -> dict[str, str]:
    """Whom the newest declined draw-down is about."""
    listed = bank.reader().get("/v1/decisions", params={"outcome": "decline", "type": "draw_down", "limit": 1}).json()
    decision = listed["decisions"][0]
    who = next(each for each in decision["subjects"] if each["field"] == "customer")
    return {**who, "event": decision["id"], "path": f"/v1/entities/customer/code:{who['code']}"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_person_from_all_sides_by_keyboard(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    words, client, who = WORDS[language], bank.reader(), person_of(bank)
    client.post("/v1/labels", json={"event": who["event"], "fraud": True, "reason": "<b>told</b> by the bank"})
    client.post(f"/v1/lists/known_customers/entries?reason=known+{language}", json={"value": who["shown"]})
    page = visit(f"/decisions?of=customer:code:{who['code']}", language)
    page.wait_for_selector("tr.at")
    page.locator("tr.at td.mono a").first.click()
    page.wait_for_url(re.compile(f"/entities/customer/code:{who['code']}"))
    page.wait_for_selector(".happened tr.at")
    page.locator("h1 code", has_text=who["shown"]).wait_for()
    assert words["kind"] in page.locator("h1").inner_text()
    told = client.get(f"{who['path']}/timeline", params={"limit": 100}).json()["entries"]
    cases = [
        each
        for state in ("open", "closed")
        for each in client.get("/v1/cases", params={"entity": f"customer:code:{who['code']}", "state": state}).json()[
            "cases"
        ]
    ]
    rows = page.locator(".happened tbody tr")
    turns = sum(1 + bool(each["closed"]) for each in cases)  # a case opens, and may have been closed
    rows.nth(len(told) + turns - 1).wait_for()
    assert rows.count() == len(told) + turns
    for _ in range(3):  # to the labels
        page.keyboard.press("]")
    page.wait_for_url(re.compile("kind=label"))
    rows.first.wait_for()
    assert rows.count() == sum(each["kind"] == "label" for each in told)
    assert words["fraud"] in rows.first.inner_text()
    assert "<b>told</b> by the bank" in rows.first.inner_text()
    page.keyboard.press("]")
    page.wait_for_url(re.compile("kind=list"))
    page.locator(".happened tbody tr", has_text=words["listed"]).first.wait_for()
    standing = client.get(f"{who['path']}/lists").json()["lists"]
    assert [each["list"] for each in standing] == ["known_customers"]
    assert page.locator(".stands li", has_text=standing[0]["reason"]).count() == 1
    counted = {each["name"]: each for each in client.get(f"{who['path']}/features").json()["features"]}
    shown = page.locator(".counted tbody tr", has=page.locator("[title='customer_events_60d']"))
    assert shown.locator("td").inner_text() == counted["customer_events_60d"][f"said_{language}"]
    page.keyboard.press("[")
    page.keyboard.press("[")
    page.keyboard.press("[")
    page.keyboard.press("[")
    page.wait_for_url(re.compile(r"code:[0-9a-f]{16}\??$"))
    page.locator(".happened tbody .k-decision").first.wait_for()
    opened = rows.locator("a[href*='/decisions/']").first.get_attribute("href") or ""
    at = next(number for number in range(rows.count()) if rows.nth(number).locator(f"a[href='{opened}']").count())
    for _ in range(at):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(opened.removeprefix("/console")))
    page.wait_for_selector(".verdict .outcome")


def test_back_in_time_things_are_as_they_were(bank: Bank, visit: Callable[..., Page]) -> None:
    client, who = bank.reader(), person_of(bank)
    told = client.get(f"{who['path']}/timeline", params={"limit": 100}).json()["entries"]
    events = [each for each in told if each["kind"] == "event"]
    moment = events[len(events) // 2]["time"]
    page = visit(f"/entities/customer/code:{who['code']}?at={moment}")
    page.wait_for_selector(".happened tr.at")
    page.locator(".counted th", has_text="当时").wait_for()
    expected = sum(each["time"] <= moment for each in told)
    rows = page.locator(".happened tbody tr")
    rows.nth(expected - 1).wait_for()
    assert rows.count() == expected
    then = {
        each["name"]: each
        for each in client.get(f"{who['path']}/features", params={"as_of": moment}).json()["features"]
    }
    cells = page.locator(".counted tbody tr", has=page.locator("[title='customer_events_60d']")).locator("td")
    assert cells.count() == 2
    said = then["customer_events_60d"]
    assert cells.first.inner_text() == (said["said_zh"] if said["whole"] else "未保留")
    page.get_by_role("button", name="回到现在").click()
    page.wait_for_url(re.compile(r"code:[0-9a-f]{16}\??$"))
    page.locator(".counted thead th", has_text="当时").wait_for(state="detached")


def test_the_palette_opens_a_value_and_its_address_keeps_the_code_alone(bank: Bank, visit: Callable[..., Page]) -> None:
    who = person_of(bank)
    page = visit("/decisions")
    page.wait_for_selector("tr.at")
    page.keyboard.press("Control+k")
    page.locator(".palette input").wait_for()
    page.keyboard.type(f"customer:{who['shown']}")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/entities/customer/code:{who['code']}"))
    page.wait_for_selector(".happened tr.at")
    page.locator("h1", has_text=who["shown"]).wait_for()
    assert who["shown"] not in page.url
    page.locator(".meta a[href*='/network/']").wait_for()
    page.keyboard.press("g")
    page.wait_for_url(re.compile(f"/network/person/code:{who['code']}"))


def test_somebody_nobody_heard_of_is_told_so(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/entities/customer/nobody-at-all", "en")
    page.get_by_text("No event names it.").wait_for()
    assert page.locator(".happened tbody tr").count() == 0
    page.goto(f"{bank.address}/entities/boat/nobody-at-all")
    page.get_by_role("alert").first.wait_for()
    assert "the policy has no such entity; it has: " in page.get_by_role("alert").first.inner_text()


def test_a_number_in_clear_for_a_purpose_stands_in_the_audit(tmp_path: Path, browser: Browser, cheap: Any) -> None:
    with Vaulted(tmp_path) as vault:
        vault.take(application(1, "c1", person_name="某 甲", phone="13800138000"))
        base = f"http://127.0.0.1:{vault.server.port}"
        context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="zh-CN")
        context.set_default_timeout(WAIT_MS)
        try:
            told = context.request.post(f"{base}/v1/sessions", data={"name": "investigator", "password": GOOD})
            assert told.ok
            page = context.new_page()
            purposes: list[Route] = []
            page.route(
                "**/v1/vault:purposes", lambda asked: purposes.append(asked)
            )  # they come after the note is written
            page.goto(f"{base}/console/entities/phone/13800138000")
            page.locator("h1", has_text="138****8000").wait_for()
            assert "13800138000" not in page.url
            assert "13800138000" not in page.content()
            page.keyboard.press("r")
            page.get_by_label("说明（至少 5 个字符）").fill("case 4711")
            page.keyboard.press("Enter")
            page.locator(".ant-btn-loading").wait_for()
            for each in purposes:
                each.continue_()
            page.locator(".clear", has_text="13800138000").wait_for()
            [entry] = vault.audit("vault.reveal")
            assert (entry["about"], entry["detail"]["fields"]) == ("a1", ["phone"])
            page.get_by_role("button", name="收起").click()
            assert "13800138000" not in page.content()
        finally:
            context.close()
