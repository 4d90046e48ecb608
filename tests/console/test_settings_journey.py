"""An administrator adds somebody, who signs in with the password that was shown once; roles, sessions, keys of machines, webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.console.bank import Bank
from zhiyu.access.roles import PERMISSIONS, ROLES

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"reason": "请写明理由。", "more": "将可以", "stop": "停用", "roles": "更改角色"},
    "en": {"reason": "Say why.", "more": "May from then on", "stop": "Stop", "roles": "Other roles"},
}  # fmt: skip


def send_now(page: Page) -> None:
    """Whoever does not want to wait six seconds."""
    with page.expect_response(lambda answer: answer.request.method != "GET" and answer.ok):
        page.locator(".outbox button").last.click()
    page.locator(".outbox").wait_for(state="detached")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_somebody_is_added_gets_other_roles_and_is_stopped_by_keyboard(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words, name, root = WORDS[language], f"new-{language}", bank.reader("root")
    page = visit("/", language, "root")
    page.locator(".own form").wait_for()
    assert page.locator("nav.side a", has_text="决策" if language == "zh" else "Decisions").count() == 0, "no `read`"
    page.keyboard.press("]")
    page.locator("tr[data-person]").first.wait_for()
    page.keyboard.press("a")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert words["more"] in page.locator(".effect").inner_text()
    page.keyboard.press("Control+Enter")
    assert page.locator(".decide [role=alert]").inner_text() == words["reason"]
    page.locator(".decide textarea").fill("joins <b>us</b>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox").wait_for()
    page.keyboard.press("z")
    assert name not in [each["name"] for each in root.get("/v1/people").json()["people"]], "taken back in time"

    page.keyboard.press("a")
    page.locator(".decide input").first.fill(name)
    page.locator(".boxes input").nth(list(ROLES).index("auditor")).check()
    page.locator(".decide textarea").fill("joins <b>us</b>")
    page.keyboard.press("Control+Enter")
    send_now(page)
    password = page.locator(".handed code").inner_text()
    base = bank.address.removesuffix("/console")
    told = httpx.post(f"{base}/v1/sessions", json={"name": name, "password": password}, timeout=60).json()
    assert told["roles"] == ["auditor"], "the password that was shown is the one"
    page.locator(".handed button").last.click()
    page.locator(".handed").wait_for(state="detached")

    page.locator(f"tr[data-person='{name}']").click()
    page.get_by_role("button", name=words["roles"]).click()
    page.locator(".boxes input").nth(list(ROLES).index("approver")).check()
    page.locator(".decide textarea").fill("approves too")
    page.keyboard.press("Control+Enter")
    send_now(page)
    found = {each["name"]: each for each in root.get("/v1/people").json()["people"]}[name]
    assert (sorted(found["roles"]), found["sessions"]) == (["approver", "auditor"], 0)
    page.get_by_role("button", name=words["stop"], exact=True).click()
    page.locator(".decide textarea").fill("left")
    page.keyboard.press("Control+Enter")
    send_now(page)
    assert not {each["name"]: each for each in root.get("/v1/people").json()["people"]}[name]["active"]
    entries = bank.reader("chief").get("/v1/audit", params={"about": name, "verb": "person."}).json()["entries"]
    assert [each["detail"]["reason"] for each in entries] == ["left", "approves too", "joins <b>us</b>"]


def test_the_matrix_of_roles_is_that_of_the_server_and_keys_show_nothing_secret(
    bank: Bank, visit: Callable[..., Page]
) -> None:
    page = visit("/settings?part=roles", "en", "root")
    page.locator(".matrix tbody tr").first.wait_for()
    for permission in PERMISSIONS:
        cells = page.locator(f"tr[data-permission={permission}] td")
        may = [
            role
            for at, role in enumerate(ROLES)
            if cells.count() > 1 and "may" in (cells.nth(at).get_attribute("class") or "")
        ]
        assert may == [role for role, (_, _, allowed) in ROLES.items() if permission in allowed], permission
    page.keyboard.press("]")
    page.locator(".tag.mighty").wait_for()
    assert page.locator("tbody tr").count() == 2
    assert "zk_" not in page.content()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_webhook_is_declared_tried_and_removed(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    root, name = bank.reader("root"), f"crm-{language}"
    page = visit("/settings?part=webhooks", language, "root")
    page.locator(".empty").wait_for()
    page.keyboard.press("a")
    page.keyboard.type(name)
    page.locator(".decide input").nth(1).fill("https://crm.invalid/zhiyu")
    page.locator(".decide input").nth(2).fill("Wrong, case.closed")
    page.locator(".decide textarea").fill("the team asked")
    page.keyboard.press("Control+Enter")
    assert "Wrong" in page.locator(".decide [role=alert]").inner_text()
    page.locator(".decide input").nth(2).fill("case.closed，action.*")
    page.locator(".decide textarea").focus()
    page.keyboard.press("Control+Enter")
    send_now(page)
    secret = page.locator(".handed code").inner_text()
    assert secret.startswith("whsec_")
    page.locator(".handed button").last.click()
    page.locator(f"tr[data-hook={name}]").wait_for()
    page.locator(".handed").wait_for(state="detached")
    assert secret not in page.content()
    page.locator(".stays .ant-btn-primary").click()
    page.locator(".ant-message").wait_for()
    page.goto(f"{bank.address}/settings?part=outbox&state=all")
    page.locator("tr[data-delivery]", has_text=name).wait_for()
    assert "test.ping" in page.locator("tr[data-delivery]", has_text=name).inner_text()
    page.goto(f"{bank.address}/settings?part=webhooks")
    page.locator(".stays .risky").click()
    page.locator(".decide textarea").fill("not needed")
    page.keyboard.press("Control+Enter")
    send_now(page)
    page.locator(".empty").wait_for()
    assert root.get("/v1/webhooks").json()["webhooks"] == []


def test_ones_own_password_and_what_one_may_not_see(bank: Bank, visit: Callable[..., Page]) -> None:
    root = bank.reader("root")
    body = {"name": "own-password", "roles": ["investigator"], "password": bank.password}
    assert root.post("/v1/people", json=body).status_code == 201
    page = visit("/settings?part=people", "en", "own-password")
    page.locator(".own form").wait_for()
    assert page.locator(".ant-segmented").count() == 2, "language and looks; no other part"
    fields = page.locator(".own form input")
    for at, text in enumerate((bank.password, "four yellow pears", "four yellow plums")):
        fields.nth(at).fill(text)
    page.keyboard.press("Enter")
    assert "two ways" in page.locator(".own [role=alert]").inner_text()
    fields.nth(2).fill("four yellow pears")
    page.keyboard.press("Enter")
    page.locator(".signin").wait_for()
    base = bank.address.removesuffix("/console")
    for password, status in ((bank.password, 401), ("four yellow pears", 200)):
        asked = httpx.post(f"{base}/v1/sessions", json={"name": "own-password", "password": password}, timeout=60)
        assert asked.status_code == status
