"""From a declined draw-down to the people behind it: the network by keyboard, why they are linked, the way between two, the table twin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
CHOSEN = {
    "zh": {"two": "已选 2 个", "why": "为什么立案", "case": "案件", "list": "名单", "effect": "个", "reason": "原因"},
    "en": {"two": "2 chosen", "why": "Why", "case": "case", "list": "List", "effect": "new", "reason": "Reason"},
}  # fmt: skip
SHARES = {"zh": "共用", "en": "shares"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_network_of_a_decision(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    near, decision = joined(bank)
    page = visit(f"/decisions/{decision['id']}", language)
    page.wait_for_selector(".verdict")
    page.wait_for_selector("a[href*='/network/person/']")
    page.keyboard.press("g")
    page.wait_for_url(re.compile(r"/network/person/code:"))
    page.wait_for_selector(".canvas canvas")
    assert page.locator(".nodes li").count() == len(near["people"]) + len(
        {each["thing_code"] for each in near["links"]}
    )
    start = page.locator(".nodes button[aria-pressed=true] span").inner_text()
    assert f"customer:{start}" == near["people"][0]["name"]
    assert SHARES[language] in page.locator("aside .whys").first.inner_text()
    page.keyboard.press("x")
    page.keyboard.press("j")
    chosen = page.locator(".nodes button[aria-pressed=true] span").inner_text()
    assert chosen != start
    path = page.locator("aside ol.whys").first
    path.wait_for()
    assert start in path.inner_text()
    assert chosen in path.inner_text()
    page.keyboard.press("e")
    page.wait_for_selector(".ant-message-notice, .ant-message-notice-wrapper")
    page.keyboard.press("v")
    page.wait_for_selector(".net-table tbody tr")
    assert page.locator(".net-table tbody tr").count() >= len(near["links"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_who_were_chosen_become_a_case_and_stand_on_a_list(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    near, _ = joined(bank)
    client, words, codes = bank.reader(), CHOSEN[language], {"codes": [near["people"][0]["code"]]}
    client.post("/v1/lists/known_customers/entries:remove", json=codes)
    page = visit(f"/network/person/code:{near['people'][0]['code']}", language)
    page.wait_for_selector(".canvas canvas")
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.locator(".chosen-many h2", has_text=words["two"]).wait_for()
    page.keyboard.press("c")
    page.get_by_label(words["why"]).fill(f"one device, {language}")
    page.locator(".effect", has_text=words["case"]).wait_for()
    page.keyboard.press("Control+Enter")
    page.locator(".outbox").wait_for()
    page.keyboard.press("a")
    page.get_by_label(words["list"]).wait_for()
    names = page.get_by_label(words["list"]).locator("option").evaluate_all("all => all.map((each) => each.value)")
    assert "known_customers" in names
    page.get_by_label(words["list"]).select_option("known_customers")
    page.locator(".effect", has_text=words["effect"]).wait_for()
    page.get_by_label(words["reason"]).fill(f"seen together, {language}")
    page.keyboard.press("Control+Enter")  # the act before is sent at once
    told = page.locator(".ant-message .to-case")
    told.wait_for()
    number = "".join(filter(str.isdigit, told.inner_text()))
    case = client.get(f"/v1/cases/{number}").json()
    assert case["timeline"][0]["text"] == f"one device, {language}"
    assert client.post("/v1/lists/known_customers/entries:find", json=codes).json()["entries"] == []
    page.reload()  # leaving the page sends what waits
    page.wait_for_selector(".canvas canvas")
    found = client.post("/v1/lists/known_customers/entries:find", json=codes).json()
    assert [each["reason"] for each in found["entries"]] == [f"seen together, {language}"]
    assert found["entries"][0]["value"] in near["people"][0]["name"]


def test_what_is_in_no_event_says_so(visit: Callable[..., Page]) -> None:
    page = visit("/network/person/nobody-of-this-name")
    page.wait_for_selector(".trouble")
    assert "关系网络窗口内没有" in page.locator(".trouble").inner_text()


def joined(bank: Bank) -> tuple[dict[str, Any], dict[str, Any]]:
    """The network of somebody who shares a thing, and a decision about them."""
    client = bank.reader()
    for decision in reversed(bank.answers):
        if decision["outcome"] == "pass":
            continue
        asked = client.get("/v1/decisions", params={"before": decision["position"] + 1, "limit": 1})
        listed = asked.json()["decisions"][0]
        who = next((each for each in listed["subjects"] if each["field"] == "customer"), None)
        near = who and client.get(f"/v1/network/person/code:{who['code']}?hops=2")
        if near and near.status_code == 200 and len(near.json()["people"]) > 1:
            return near.json(), decision
    raise AssertionError("the lender has nobody who shares anything")
