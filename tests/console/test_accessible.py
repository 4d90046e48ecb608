"""Every screen keeps WCAG 2.1 A and AA as far as axe can tell, light and dark, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.mark.parametrize(("language", "shade"), [("zh", "light"), ("en", "dark")])
def test_screens_are_accessible(bank: Bank, visit: Callable[..., Page], language: str, shade: str) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core here: `make console` brings it")
    number = bank.reader().get("/v1/cases", params={"kind": "entity", "limit": 1}).json()["cases"][0]["number"]
    declined = bank.one("decline")["id"]
    screens = {
        "/queue": "tbody tr.at", f"/cases/{number}": ".evidence-why", "/decisions": "tbody tr.at", f"/decisions/{declined}": ".step",
        "/network": "h1", "/lists/blocked_cards": ".about",
    }  # fmt: skip
    page = visit("/queue", language, shade=shade)
    wrong: dict[str, list[str]] = {}
    for path, ready in screens.items():
        page.goto(bank.address + path)
        page.wait_for_selector(ready)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
        wrong[path] = [
            f"{each['id']}: {node['target']} {node['failureSummary'][:200]}"
            for each in found["violations"] for node in each["nodes"][:3]
        ]  # fmt: skip
    assert {path: each for path, each in wrong.items() if each} == {}
