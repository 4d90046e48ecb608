"""A strategist holds a version against the one in force: begins, sees what changed, cancels another; others read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"needs": "请选择待测版本。", "differs": "两个版本有 1 处不同", "done": "已完成", "none": "没有版本在影子"},
    "en": {
        "needs": "Choose the version to try.", "differs": "Differences between the two: 1",
        "done": "done", "none": "No version is in shadow",
    },
}  # fmt: skip


def looser(bank: Bank, title: str, **more: str) -> dict[str, Any]:
    """A proposal under which the rule that hits most often is shadowed; the rule's name and the version."""
    planner = bank.reader("planner")
    base = planner.get("/v1/policy").json()["in_force"]["policy"]
    counts = dict[str, int]()
    for each in bank.answers:
        for rule in each["rules"] if each["outcome"] in ("review", "decline") else ():
            counts[rule] = counts.get(rule, 0) + 1
    sets = planner.get(f"/v1/policies/{base}/written").json()["document"]["rule_sets"]
    for name in sorted(counts, key=lambda each: -counts[each]):
        for at, one in enumerate(sets):
            for number, rule in enumerate(one["rules"]):
                if rule["name"] == name:
                    path = f"/rule_sets/{at}/rules/{number}/shadow"
                    patch = [{"op": "add", "path": path, "value": True}]
                    told = planner.post(
                        "/v1/policy", json={"base": base, "patch": patch}, params={"title": title, **more}
                    )
                    assert told.status_code == 200, told.text
                    return {"rule": name, "base": base, **told.json()}
    raise AssertionError("no rule hits")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_version_is_tried_by_keyboard_and_its_changes_are_looked_at(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words, made = WORDS[language], looser(bank, f"shadow <b>first</b> {language}")
    page = visit("/backtests", language, "planner")
    page.get_by_text(words["none"]).wait_for()
    page.keyboard.press("n")
    page.locator("form.start").wait_for()
    page.locator("form.start button[type=submit]").press("Enter")
    page.get_by_text(words["needs"]).wait_for()
    page.locator("form.start select").first.select_option(made["policy"])
    page.get_by_text(words["differs"]).wait_for()
    page.locator("form.start button[type=submit]").press("Enter")
    page.wait_for_url(re.compile(r"/backtests/\d+"))
    page.locator(".figures-of").wait_for(timeout=120_000)
    number = page.url.split("/backtests/")[1].split("?")[0]
    told = bank.reader("planner").get(f"/v1/studies/{number}").json()
    result = told["result"]
    assert told["by"] == "person:planner"
    assert words["done"] in page.locator(".rail a.at").inner_text()
    assert page.locator(".backtest .said li").count() == len(result["summary"])

    row = page.locator("tr[data-figure=reviews] td.num")
    shown = [int(re.sub(r"\D", "", text)) for text in row.all_inner_texts()[:2]]
    assert shown == [result["figures"]["reviews"]["live"], result["figures"]["reviews"]["candidate"]]
    assert page.locator(f"tr[data-rule={made['rule']}]").count() == 1
    page.locator(".chart canvas").wait_for()
    page.keyboard.press("v")
    page.locator(".by-time tbody tr").first.wait_for()
    assert page.locator(".by-time tbody tr").count() == len(result["days"])

    cell = page.locator(".matrix button").first
    cell.click()
    page.wait_for_url(re.compile("cell="))
    page.locator(".matrix button[aria-pressed=true]").wait_for()
    page.reload()
    page.locator(".matrix button[aria-pressed=true]").wait_for()
    first = page.locator(".examples-of tbody a").first
    event = first.inner_text()
    first.click()
    page.wait_for_url(re.compile("/decisions/"))
    page.locator(".verdict", has_text=event).wait_for()


def test_one_is_cancelled_and_who_may_not_propose_only_reads(bank: Bank, visit: Callable[..., Page]) -> None:
    made = looser(bank, "to be cancelled")
    planner = bank.reader("planner")
    numbers = [planner.post("/v1/backtests", json={"candidate": made["policy"]}).json()["study"] for _ in range(2)]
    page = visit(f"/backtests/{numbers[1]}", "en", "planner")
    page.locator(".running button").click()
    page.get_by_text("It was cancelled").wait_for()
    planner.post(f"/v1/studies/{numbers[0]}:cancel")
    page.keyboard.press("j")
    page.wait_for_url(re.compile(f"/backtests/{numbers[0]}"))
    page.get_by_text("It was cancelled").wait_for()
    link = page.get_by_role("link", name="Run again")
    assert made["policy"] in str(link.get_attribute("href"))
    reading = visit(f"/backtests/{numbers[0]}", "en", "signer")
    reading.get_by_text("It was cancelled").wait_for()
    assert reading.locator("main button, main .button").count() == 0, "who may not propose finds nothing to begin"


def test_a_version_in_shadow_stands_beside_the_live_one(bank: Bank, visit: Callable[..., Page]) -> None:
    made, planner, signer = looser(bank, "seen beside", stage="shadow"), bank.reader("planner"), bank.reader("signer")
    address = f"/v1/proposals/{made['proposal']}"
    assert planner.post(f"{address}:submit", json={}).status_code == 200
    assert signer.post(f"{address}:approve", json={}).json()["state"] == "shadow"
    try:
        page = visit("/backtests", "en", "signer")
        page.locator(".beside-now", has_text="seen beside").wait_for()
        assert page.locator(".beside-now tbody tr").count() >= 3
    finally:
        assert planner.post(f"{address}:stop", json={}).status_code == 200
    page.get_by_text(WORDS["en"]["none"]).wait_for()
