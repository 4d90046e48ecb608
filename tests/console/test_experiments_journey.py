"""A strategist compares the arms of an experiment by keyboard, and draws one; where there is none, the page says how to add it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.access.conftest import cheap
from tests.console.bank import Bank
from tests.console.conftest import opened_pages
from tests.console.split import Split
from tests.console.test_accessible import violations
from tests.server.test_drafts import lines

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
__all__ = ["cheap"]
WORDS = {
    "zh": {
        "tab": "实验", "title": "“strict”对照“其余”", "better": "更好", "worse": "更差", "fits": "分流正常", "none": "没有实验",
        "gone": "现行策略中没有实验“limits/gone”",
    },
    "en": {
        "tab": "Experiments", "title": "strict held against the rest", "better": "better", "worse": "worse",
        "fits": "The split is as declared",
        "none": "has an experiment", "gone": "The policy in force has no experiment “limits/gone”",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    """The server whose flow splits."""
    made = Split(tmp_path_factory.mktemp("split"))
    with made.server:
        yield made


@pytest.fixture
def look(split: Split, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of that server, signed in."""
    yield from opened_pages(split, browser, "planner")


def told(split: Split) -> dict[str, Any]:
    """What the server says of the arms."""
    return list(lines(split.reader("planner"), "GET", "/v1/experiments/limits/limit_test/arms"))[-1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_arms_are_compared_by_keyboard(split: Split, look: Callable[..., Page], language: str) -> None:
    words, found = WORDS[language], told(split)
    page = look("/backtests", language)
    page.locator(".empty").wait_for()
    page.keyboard.press("]")
    page.wait_for_url(re.compile("experiment="))
    page.locator(".arms-of").wait_for(timeout=120_000)
    heads = page.locator(".arms-of th[data-arm]").all_inner_texts()
    assert heads[:2] == ["strict", "loose"]
    row = page.locator(".arms-of tbody tr", has=page.locator("th", has_text=re.compile("^(决策|Decisions)$"))).locator(
        "td"
    )
    assert [int(re.sub(r"\D", "", text)) for text in row.all_inner_texts()] == [
        arm["decisions"] for arm in found["arms"]
    ]
    panel = page.locator(".panel", has=page.get_by_role("heading", name=words["title"], exact=True))
    assert panel.locator("tr[data-figure=recall] .so").inner_text() == words["better"]
    assert panel.locator("tr[data-figure=good_stopped_rate] .so").inner_text() == words["worse"]
    assert panel.locator("tr[data-figure=recall] svg").count() == 1
    assert words["fits"] in page.locator(".said").inner_text()
    assert page.locator("[data-arm-said]").count() == 2
    page.locator(".rail a.at").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("experiment=limits%2Flimit_test"))
    page.reload()
    page.locator(".arms-of").wait_for()
    page.keyboard.press("[")
    page.locator(".empty").wait_for()


def test_what_is_gone_is_said_and_others_are_there_to_choose(look: Callable[..., Page]) -> None:
    for language, words in WORDS.items():
        page = look("/backtests?experiment=limits/gone", language)
        page.get_by_text(words["gone"]).wait_for()
        page.keyboard.press("j")
        page.locator(".arms-of").wait_for()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_experiments_the_page_says_how_to_add_one(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    page = visit("/backtests?experiment=", language, "planner")
    page.locator(".empty", has_text=WORDS[language]["none"]).wait_for()
    example = page.locator(".empty pre").inner_text()
    assert "experiment:" in example
    assert "salt: limits-1" in example
    page.locator(".empty a.button").press("Enter")
    page.wait_for_url(re.compile("/studio"))


@pytest.mark.parametrize(("language", "shade"), [("zh", "light"), ("en", "dark")])
def test_both_are_accessible(
    split: Split, look: Callable[..., Page], bank: Bank, visit: Callable[..., Page], language: str, shade: str
) -> None:
    one = {"/backtests?experiment=limits%2Flimit_test": ".arms-of", "/studio?at=/flows/0": ".to-arms"}
    assert violations(look("/backtests", language, "planner", shade), split, one) == {}
    assert (
        violations(visit("/backtests", language, "planner", shade), bank, {"/backtests?experiment=": ".empty pre"})
        == {}
    )


def test_an_experiment_is_drawn_changed_and_added_in_the_studio(look: Callable[..., Page]) -> None:
    """The flow leads to the arms of its experiment; its percents are fields; another one is added, and says what it lacks."""
    page = look("/studio?at=/flows/0", "en")
    page.locator(".to-arms a", has_text="how strict a limit").press("Enter")
    page.wait_for_url(re.compile("experiment=limits%2Flimit_test"))
    page.locator(".arms-of").wait_for()
    page.goto(page.url.split("/backtests")[0] + "/studio?at=/flows/0&edit=1")
    page.locator(".react-flow__node[data-id=limit_test]").click()
    form = page.locator(".step-form")
    assert form.get_by_label("Split by").input_value() == "card"
    form.get_by_label("Percent of arm 1").fill("45.5")
    form.get_by_text("the other 44.5 % take the next step").wait_for()
    page.locator(".in-words", has_text="arm 'strict' (45.5%)").wait_for()
    page.locator(".impact table").first.wait_for()
    form.get_by_role("button", name="Add an arm").click()
    form.get_by_label("Name of arm 3").fill("third")
    page.locator(".in-words", has_text="arm 'third' (10%)").wait_for()
    page.locator(".canvas-of .acts button", has_text="Experiment").click()
    page.locator(".drawn-step.wrong", has_text="step_1").wait_for()
    form.get_by_label("Split by").fill("card")
    page.locator(".drawn-step.wrong", has_text="step_1").wait_for(state="detached")
    page.locator(".drafting button", has_text="Discard").click()
    page.locator(".react-flow__node[data-id=step_1]").wait_for(state="detached")
