"""Every screen keeps WCAG 2.1 A and AA as far as axe can tell, light and dark, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank
from tests.console.test_approvals_journey import changed_policy, many_entries
from tests.console.test_backtests_journey import looser

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.console.modelled import Modelled
    from tests.console.split import Split
AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.mark.parametrize(("language", "shade"), [("zh", "light"), ("en", "dark")])
def test_screens_are_accessible(bank: Bank, visit: Callable[..., Page], language: str, shade: str) -> None:
    case = bank.reader().get("/v1/cases", params={"kind": "entity", "limit": 1}).json()["cases"][0]
    number, whom = case["number"], case["subject"].replace(":", "/code:")
    declined = bank.one("decline")["id"]
    screens = {
        "/queue": "tbody tr.at", f"/cases/{number}": ".evidence-why", "/decisions": "tbody tr.at",
        "/decisions?where=amount%20%3E%201000": ".found-of svg", "/decisions?where=amont": ".asked mark", f"/decisions/{declined}": ".step",
        "/network": "h1", "/lists/blocked_cards": ".about",
        f"/entities/{whom}": ".happened tr.at", f"/entities/{whom}?at=2025-09-04T00:00:00Z": ".pairs td",
    }  # fmt: skip
    assert violations(visit("/queue", language, shade=shade), bank, screens) == {}


@pytest.mark.parametrize(("language", "shade"), [("zh", "dark"), ("en", "light")])
def test_screens_of_strategists_are_accessible(
    bank: Bank, visit: Callable[..., Page], language: str, shade: str
) -> None:
    version = looser(bank, f"axe {language}")["policy"]
    bank.reader("planner").post("/v1/backtests", json={"candidate": version}).raise_for_status()
    screens = {
        "/studio": ".rules li.at", "/studio?at=/scorecards/0": ".part-of tbody tr", "/studio?at=/flows/0": ".step",
        "/studio?at=/tables/0&edit=1": ".cell", "/studio?at=/flows/1&edit=1": ".drawn-step",
        "/studio?new=amount%20%3E%202": ".impact:not(.busy) table",
        "/backtests": ".figures-of", "/backtests?candidate=": "form.start",
        "/features": "tbody tr.at", "/features/customer_events_60d": "svg.spread-drawn",
        "/features/new_device?view=table": ".spread tbody tr",
    }  # fmt: skip
    assert violations(visit("/features", language, "planner", shade), bank, screens) == {}


@pytest.mark.parametrize(("language", "shade"), [("zh", "light"), ("en", "dark")])
def test_screens_of_supervisors_are_accessible(
    bank: Bank, visit: Callable[..., Page], language: str, shade: str
) -> None:
    many, policy = (
        many_entries(bank.reader("inspector"), f"axe-{language}"),
        changed_policy(bank.reader("planner"), "axe"),
    )
    screens = {
        f"/approvals/{many}": ".examples", f"/approvals/{policy}": ".diff li", "/approvals?tab=owed": ".empty",
        "/today": ".mix td", "/audit?view=proposals": "tbody tr.at", "/reports": ".report",
        "/monitoring?range=7d&by=outcome": ".chart canvas", "/monitoring?range=7d&measure=hits&by=rule&view=table": ".by-time tr",
    }  # fmt: skip
    page = visit("/approvals", language, "chief", shade)
    assert violations(page, bank, screens) == {}
    assert violations(page, bank, {"/queue": "tbody input[type=checkbox]"}) == {}
    held = bank.reader("chief").get("/v1/cases", params={"limit": 1}).json()["cases"][0]["number"]
    bank.reader().post(f"/v1/cases/{held}:claim").raise_for_status()
    page.keyboard.press("x")
    page.keyboard.press("1")
    page.wait_for_selector(".decide .effect li a")
    assert shown_wrong(page) == [], "cases are chosen, the form is open"
    bank.reader().post(f"/v1/cases/{held}:release").raise_for_status()
    signer = bank.reader("signer")
    for number in (many, policy):
        signer.post(f"/v1/proposals/{number}:refuse", json={"reason": "only to look at"})


@pytest.mark.parametrize(("language", "shade"), [("zh", "dark"), ("en", "light")])
def test_screens_of_administrators_are_accessible(
    bank: Bank, visit: Callable[..., Page], language: str, shade: str
) -> None:
    screens = {
        "/settings": ".own form", "/settings?part=people": ".stays .may", "/settings?part=roles": ".matrix td",
        "/settings?part=keys": ".stays .may", "/settings?part=webhooks": ".empty", "/settings?part=outbox": ".filters",
    }  # fmt: skip
    assert violations(visit("/settings", language, "root", shade), bank, screens) == {}


def violations(page: Page, bank: Bank | Modelled | Split, screens: dict[str, str]) -> dict[str, list[str]]:
    """What axe finds, by path; `screens`: path → what is there when it is ready."""
    if not AXE.is_file():
        pytest.skip("no axe-core here: `make console` brings it")
    wrong: dict[str, list[str]] = {}
    for path, ready in screens.items():
        page.goto(bank.address + path)
        page.wait_for_selector(ready)
        wrong[path] = shown_wrong(page)
    return {path: each for path, each in wrong.items() if each}


def shown_wrong(page: Page) -> list[str]:
    """What axe finds in a page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{each['id']}: {node['target']} {node['failureSummary'][:200]}"
        for each in found["violations"] for node in each["nodes"][:3]
    ]  # fmt: skip
