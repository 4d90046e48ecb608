"""A strategist changes the policy in force: a rule, a table's cell, a card's points; sees what the last 30 days would have come to while
typing, what is wrong and where, what it changes in sentences; takes back; proposes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.console.bank import Bank
from zhiyu.server.drafts import written_out

if TYPE_CHECKING:
    from playwright.sync_api import Page


def place_of(bank: Bank, name: str) -> int:
    """Where the rule set of this name stands."""
    return [each["name"] for each in written_out(bank.opened)["document"]["rule_sets"]].index(name)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_rule_is_changed_tried_told_and_proposed(bank: Bank, visit: Callable[..., Page], language: str) -> None:
    number = place_of(bank, "payment_risk")
    rule = written_out(bank.opened)["document"]["rule_sets"][number]["rules"][0]
    page = visit(f"/studio?at=/rule_sets/{number}", language, "planner")
    page.wait_for_selector(".rules li.at")
    assert page.locator(".editor").count() == 0
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    field = page.locator(".editor textarea")
    field.wait_for()
    assert field.input_value() == rule["when"]

    field.fill("amuont > 1")  # what is wrong is told at its place, with what was meant
    page.locator(".editor .pointed mark", has_text="amuont").wait_for()
    page.locator(".editor .findings b", has_text="amount").wait_for()
    page.locator(".impact .findings button").wait_for()
    assert page.locator(".impact table").count() == 0

    field.fill("")
    page.keyboard.type("amou")  # names are completed
    page.locator(".completions li[aria-selected=true]", has_text="amount").first.wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type(" > 1")
    assert field.input_value().endswith(" > 1")
    field.fill("amount > 1")
    hit = page.locator(".impact tr", has_text=rule[language])
    hit.wait_for()
    cells = [each.replace(",", "") for each in hit.locator("td").all_inner_texts()]
    assert int(cells[1]) > int(cells[0]), "it hits more payments than before"
    assert page.locator(".impact tbody tr").count() > 5
    assert page.locator(".rules li.at .said").inner_text() != ""

    page.reload()  # a draft outlives that
    page.locator(".impact table").first.wait_for()
    page.locator(".rules li").first.wait_for()
    page.keyboard.press("s")
    page.locator(".propose .diff li", has_text="amount > 1").wait_for()
    page.locator(".propose textarea").press("Control+Enter")
    page.locator(".propose [role=alert]").wait_for()
    page.locator(".propose textarea").fill("stricter on payments")
    page.locator(".propose textarea").press("Control+Enter")
    page.wait_for_url(re.compile(r"/approvals/\d+"))
    page.get_by_text("stricter on payments").first.wait_for()
    page.locator(".diff li", has_text="amount > 1").wait_for()
    page.goto(f"{bank.address}/studio")
    page.wait_for_selector(".rules li.at")
    assert page.locator(".impact").count() == 0, "it is a proposal now"


def test_rules_come_and_go_and_edits_are_taken_back(bank: Bank, visit: Callable[..., Page]) -> None:
    document = written_out(bank.opened)["document"]
    number = place_of(bank, "payment_risk")
    size = len(document["rule_sets"][number]["rules"])
    page = visit(f"/studio?at=/rule_sets/{number}&edit=1", "en", "planner")
    page.wait_for_selector(".rules li.at")
    page.keyboard.press("a")
    page.locator(".editor textarea").fill("amount > 2000")
    page.locator(".rules li", has_text="more than ¥2,000.00").wait_for()
    assert page.locator(".rules li").count() == size + 1
    assert page.locator(".editor .check input").is_checked(), "a new rule begins in shadow"
    page.locator(".editor .risky").click()
    page.wait_for_function("n => document.querySelectorAll('.rules li').length === n", arg=size)
    page.locator("h1").click()
    page.keyboard.press("z")
    page.wait_for_function("n => document.querySelectorAll('.rules li').length === n", arg=size + 1)
    for _ in range(2):
        page.keyboard.press("z")
    page.wait_for_function("n => document.querySelectorAll('.rules li').length === n", arg=size)
    page.locator(".impact").wait_for(state="detached")


def test_cells_of_tables_and_points_of_cards_are_fields(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/studio?at=/tables/0&edit=1", "en", "planner")
    cell = page.locator(".part-of tbody tr").first.locator("input.cell").first
    cell.fill(">= ")
    page.locator(".impact .findings button").first.wait_for()
    cell.fill(">= 0.5")
    page.locator(".impact table").first.wait_for()
    page.locator(".choice", has_text="applicant score").click()
    points = page.locator(".part-of tbody input[type=number]").first
    points.fill("55")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("s")
    page.locator(".propose .diff li", has_text="55").wait_for()
    assert page.locator(".propose .diff li").count() == 2
    page.locator(".drafting button", has_text="Discard").click()
    page.locator(".propose").wait_for(state="detached")


def test_another_screen_may_hand_over_an_expression(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/studio?new=amount%20%3E%20777", "en", "planner")
    page.locator(".editor textarea").wait_for()
    assert page.locator(".editor textarea").input_value() == "amount > 777"
    page.wait_for_url(re.compile(r"/studio$"))
    page.locator("h1").click()
    page.keyboard.press("z")
    page.locator(".impact").wait_for(state="detached")


def test_who_may_only_read_sees_no_fields(bank: Bank, visit: Callable[..., Page]) -> None:
    page = visit("/studio?edit=1", "en", "signer")
    page.wait_for_selector(".rules li.at")
    page.keyboard.press("Enter")
    page.locator(".rules .expression").first.wait_for()
    assert page.locator(".editor, .drafting").count() == 0


def test_a_flow_is_changed_where_it_is_drawn(bank: Bank, visit: Callable[..., Page]) -> None:
    """A branch is added, named, connected by dragging, given a condition; what is wrong stands at the step; the table says the same."""
    flows = written_out(bank.opened)["document"]["flows"]
    number = [each["name"] for each in flows].index("draw_down_flow")
    page = visit(f"/studio?at=/flows/{number}&edit=1", "en", "planner")
    page.set_viewport_size({"width": 1920, "height": 1080})  # both ends of the line are in sight
    page.locator(".drawn-step").first.wait_for()
    assert page.locator(".drawn-step").count() == len(flows[number]["nodes"])
    page.locator(".canvas-of .acts button", has_text="Branch").click()
    form = page.locator(".step-form")
    form.locator("input").first.fill("large_one")
    form.locator("input").first.press("Enter")
    page.locator(".drawn-step.wrong", has_text="large_one").wait_for()
    form.locator("textarea").fill("amount >= 3000")
    form.locator("textarea").press("Escape")
    start = page.locator(".react-flow__node[data-id=lists_first] .react-flow__handle.source").last
    end = page.locator(".react-flow__node[data-id=risk] .react-flow__handle.target")
    start.drag_to(end)
    page.keyboard.press("Tab")
    page.locator("h1").click()
    page.keyboard.press("v")
    page.locator(".canvas-of tbody tr", has_text="lists first").locator(".way", has_text="risk").wait_for()
    page.locator(".canvas-of tbody tr", has_text="large_one").locator(".way", has_text="amount >= 3000").wait_for()
    page.locator(".canvas-of tbody button", has_text="lists first").click()
    page.locator(".way-row", has_text="then").last.locator("select").select_option("large_one")
    page.locator(".impact table").first.wait_for()
    page.locator("h1").click()
    page.keyboard.press("s")
    page.locator(".propose .diff li", has_text="large_one").first.wait_for()
    page.locator(".propose button", has_text="Cancel").click()
    page.keyboard.press("v")
    page.locator(".react-flow__node[data-id=large_one]").wait_for()
    page.locator(".drafting button", has_text="Discard").click()
    page.locator(".react-flow__node[data-id=large_one]").wait_for(state="detached")
