"""An approver sees what a proposal would do, refuses one with a reason and approves another; nobody approves their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
MANY = 101
WORDS = {
    "zh": {
        "many": f"{MANY} 个值将加入名单", "reason": "请写明理由。", "own": "提案人不能自行审批", "refused": "已拒绝",
        "changed": "将对全部事件生效", "none": "没有等待审批的提案。",
    },
    "en": {
        "many": f"{MANY} values go on the list", "reason": "Say why.", "own": "who proposed it does not decide", "refused": "refused",
        "changed": "decides all events", "none": "Nothing waits for approval.",
    },
}  # fmt: skip


def many_entries(client: httpx.Client, mark: str) -> int:
    """A proposal to put many values on a list at once."""
    body = [{"value": f"bulk-{mark}-{number}"} for number in range(MANY)]
    told = client.post(
        "/v1/lists/watched_employers/entries", json=body, params={"reason": "ring <i>of</i> shops"}
    ).json()
    return int(told["proposal"])


def changed_policy(client: httpx.Client, title: str) -> int:
    """A proposal about a policy with another score of one rule."""
    base = client.get("/v1/policy").json()["in_force"]["policy"]
    rules = client.get(f"/v1/policies/{base}/written").json()["document"]["rule_sets"][0]["rules"]
    at, rule = next((at, each) for at, each in enumerate(rules) if each.get("score"))
    patch = [{"op": "replace", "path": f"/rule_sets/0/rules/{at}/score", "value": rule["score"] + 1}]
    told = client.post("/v1/policy", json={"base": base, "patch": patch}, params={"title": title})
    assert told.status_code == 200, told.text
    number = int(told.json()["proposal"])
    assert client.post(f"/v1/proposals/{number}:submit", json={}).json()["state"] == "submitted"
    return number


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_is_refused_with_a_reason_and_another_approved_by_keyboard(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words, inspector, planner = WORDS[language], bank.reader("inspector"), bank.reader("planner")
    before = inspector.get("/v1/lists/watched_employers/entries", params={"limit": 1000}).json()["entries"]
    policy = changed_policy(planner, f"one point more {language}")
    entries = many_entries(inspector, language)
    page = visit("/approvals", language, "signer")
    page.locator(".rail a.at").wait_for()
    assert f"#{entries}" in page.locator(".about h2").inner_text(), "the newest is open"
    assert words["many"] in page.locator(".proposal .preview-why").inner_text()
    assert page.locator(".because").inner_text().strip('“”"') == "ring <i>of</i> shops", "why, as text"
    assert page.locator(".examples").inner_text().count("bulk-") <= 20
    page.keyboard.press("a")
    page.locator(".decide textarea").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.locator(".outbox").wait_for(state="detached")
    page.locator(f".rail a:has-text('{MANY}')").wait_for(state="detached")
    assert inspector.get(f"/v1/proposals/{entries}").status_code == 403
    now = inspector.get("/v1/lists/watched_employers/entries", params={"limit": 1000}).json()["entries"]
    assert len(now) == len(before) + MANY

    page.goto(f"{bank.address}/approvals/{policy}")
    page.locator(".diff li").first.wait_for()
    assert words["changed"] in page.locator(".preview-why").inner_text()
    told = planner.get(f"/v1/proposals/{policy}").json()
    assert told["changes"][0][language] in page.locator(".diff li").first.inner_text()
    page.keyboard.press("d")
    page.locator(".decide textarea").wait_for()
    page.keyboard.press("Control+Enter")
    assert page.locator(".decide [role=alert]").inner_text() == words["reason"]
    page.keyboard.type("too wide <b>now</b>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox").wait_for()
    page.keyboard.press("z")
    page.locator(".outbox").wait_for(state="detached")
    assert planner.get(f"/v1/proposals/{policy}").json()["state"] == "submitted", "taken back in time"
    page.keyboard.press("d")
    page.locator(".decide textarea").fill("too wide <b>now</b>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.locator(".because").wait_for()
    assert page.locator(".because").inner_text().strip('“”"') == "too wide <b>now</b>", "text stays text"
    assert page.locator(".about .state").inner_text() == words["refused"]
    told = planner.get(f"/v1/proposals/{policy}").json()
    assert (told["state"], told["reason"], told["decided_by"]) == ("refused", "too wide <b>now</b>", "person:signer")
    page.goto(f"{bank.address}/approvals")
    page.locator(".empty").wait_for()
    assert words["none"] in page.locator(".empty").inner_text()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ones_own_proposal_is_for_others(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    chief = bank.reader("chief")
    number = many_entries(chief, f"own-{language}")
    page = visit(f"/approvals/{number}", language, "chief")
    page.locator(".eyes").wait_for()
    assert WORDS[language]["own"] in page.locator(".eyes").inner_text()
    page.keyboard.press("a")
    assert page.locator(".proposal .decide").count() == 0
    assert chief.post(f"/v1/proposals/{number}:approve", json={}).json()["code"] == "four_eyes"
    assert bank.reader("signer").post(f"/v1/proposals/{number}:refuse", json={"reason": "test"}).status_code == 200


def test_who_may_not_see_proposals_is_not_led_there(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/queue")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="审批").count() == 0
