"""A strategist reads the policy in force: from part to part, a rule by its words, its expression, a flow drawn; by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank
from zhiyu.server.drafts import written_out

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_rules_are_read_as_sentences_with_their_expressions(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    written = written_out(bank.opened)
    said = {each["path"]: each[language] for each in written["said"]}
    sets = written["document"]["rule_sets"]
    page = visit("/studio", language, "planner")
    page.wait_for_selector(".rules li.at")
    assert page.locator(".sentence-of").inner_text() == said["/rule_sets/0"]
    assert page.locator(".rules li").count() == len(sets[0]["rules"])
    shown = page.locator(".rules .said").all_inner_texts()
    assert all(said[f"/rule_sets/0/rules/{at}"].endswith(text) for at, text in enumerate(shown))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".rules li.at .expression:visible").wait_for()
    assert page.locator(".rules li.at .expression").inner_text() == sets[0]["rules"][1]["when"]
    page.keyboard.press("Enter")
    page.locator(".rules li.at .expression").wait_for(state="hidden")
    page.keyboard.press("]")
    page.wait_for_url(re.compile("at=%2Frule_sets%2F1"))
    page.locator(".part-of header code", has_text=sets[1]["name"]).wait_for()
    assert page.locator(".rules li").count() == len(sets[1]["rules"])
    page.keyboard.press("[")
    page.wait_for_url(re.compile("at=%2Frule_sets%2F0"))

    page.keyboard.press("/")
    page.keyboard.type("login_fails_24h")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=login_fails_24h"))
    page.locator(".rules .expression", has_text="login_fails_24h").first.wait_for(state="attached")
    page.locator(".part-of").wait_for(state="detached")
    expected = [each for one in sets for each in one["rules"] if "login_fails_24h" in each["when"]]
    assert len(expected) > 1
    page.locator(".rules .expression").nth(len(expected)).wait_for(state="detached")
    assert page.locator(".rules .expression").all_text_contents() == [each["when"] for each in expected]
    page.reload()
    page.wait_for_selector(".rules li.at")
    assert page.locator(".rules li").count() == len(expected)
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    page.wait_for_selector(".sentence-of")


def test_cards_tables_and_flows_are_shown(bank: Bank, visit: Callable[..., Page]) -> None:
    document = written_out(bank.opened)["document"]
    page = visit("/studio?at=/scorecards/0", "en", "planner")
    page.wait_for_selector(".part-of tbody tr")
    assert page.locator(".part-of tbody tr").count() == sum(
        len(each["bins"]) for each in document["scorecards"][0]["characteristics"]
    )
    page.locator(".choice", has_text=document["tables"][0]["en"]).click()
    page.locator(".part-of h2", has_text=document["tables"][0]["en"]).wait_for()
    assert page.locator(".part-of tbody tr").count() == len(document["tables"][0]["rows"])
    page.goto(f"{bank.address}/studio?at=/flows/0")
    page.wait_for_selector(".step")
    assert page.locator(".step").count() == len(document["flows"][0]["nodes"])
    assert page.locator(".step.visited").count() == 0
    assert "ask rule set 'lists'" in page.locator(".in-words").inner_text()


def test_who_may_not_see_policies_is_not_led_to_the_studio(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/queue")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="策略").count() == 0
    page = visit("/features", name="planner")
    page.wait_for_selector("h1")
    assert page.locator("nav.side a", has_text="策略").count() == 1
