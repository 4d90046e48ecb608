"""An investigator asks for decisions by a condition: completed, corrected, shared, made a draft rule; what is new appears by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from tests.console.bank import SIZES, Bank
from zhiyu.simulation.lender import make_lender
from zhiyu.simulation.lender.render import table

if TYPE_CHECKING:
    from playwright.sync_api import Page
WORDS = {
    "zh": {"wrong": "amount", "draft": "转为规则草稿", "paused": "已暂停更新", "new": "1 条新决策", "table": "看表",
           "more": "展开前 50 项", "found": "找到 {n} 个决策"},
    "en": {"wrong": "did you mean 'amount'", "draft": "Turn into a draft rule", "paused": "Paused", "new": "1 new", "table": "as a table",
           "more": "show up to 50", "found": "{n} decisions found"},
}  # fmt: skip
TYPED = "amount > 1000 and hour(time) < 8"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_condition_is_typed_corrected_shared_and_made_a_draft(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words = WORDS[language]
    page = visit("/decisions", language, "planner")
    page.wait_for_selector("tr.at")
    page.keyboard.press("q")
    field = page.locator(".asked textarea")
    field.wait_for()
    page.locator(".asked textarea:focus").wait_for()
    page.keyboard.type("amont > 3")
    page.keyboard.press("Enter")
    page.locator(".asked .findings mark", has_text="amont").wait_for()
    assert words["wrong"] in page.locator(".asked .findings").inner_text()
    field.fill("")
    page.keyboard.type("amou")
    page.locator(".asked [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type(TYPED.removeprefix("amount"))
    assert field.input_value() == TYPED
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("where="))
    told = everything(bank, TYPED)
    page.locator(".found-of.counted").wait_for()
    page.reload()
    page.locator(".found-of.counted").wait_for()
    page.locator("table.rows tbody tr").nth(49).wait_for()
    assert len(told) > page.locator("table.rows tbody tr").count() == 50
    assert sum(top(page, 0)) == len(told), "the whole log is counted, not what is shown"
    assert f"{len(told):,}" in page.locator(".found-of h2").inner_text()
    page.get_by_role("button", name=words["table"]).click()
    bars = page.locator(".by-hour td.num").all_inner_texts()
    assert sum(map(number, bars)) == len(told), "the table beside the chart says the same"
    link = page.get_by_role("link", name=words["draft"])
    assert str(link.get_attribute("href")).endswith(f"/studio?{urlencode({'new': TYPED})}")
    page.locator(".tops button").first.click()
    page.wait_for_url(re.compile("outcome="))


def test_what_cannot_be_told_is_said(bank: Bank, visit: Callable[..., Page]) -> None:
    planner = bank.reader("planner")
    asked = planner.get("/v1/vocabulary").json()["asked"]
    fields = {each["name"] for each in planner.get("/v1/vocabulary").json()["fields"]}
    for name in sorted({each["name"] for each in asked} - fields):
        told = counted(bank, f"{name} > 1")
        if told["unknown"]:
            break
    page = visit(f"/decisions?where={quote(f'{name} > 1')}", "en")
    page.locator(".unknown", has_text=f"{told['unknown']:,}").wait_for()
    assert page.get_by_role("link", name=WORDS["en"]["draft"]).count() == 0, "an investigator drafts no rules"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_new_decisions_appear_by_themselves_and_can_be_held_back(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words = WORDS[language]
    page = visit("/decisions", language)
    page.wait_for_selector("tr.at")
    page.locator(".pulse.on").wait_for()
    first = decided(bank, f"new-{language}-1", 0 if language == "zh" else 2)
    page.locator("table.rows tbody tr").first.get_by_text(first, exact=True).wait_for()
    page.keyboard.press("j")
    second = decided(bank, f"new-{language}-2", 1 if language == "zh" else 3)
    page.locator(".fresh", has_text=words["new"]).wait_for()
    assert page.locator("table.rows tbody tr").first.inner_text().find(second) < 0, "who reads on is not pushed about"
    chosen = page.locator("tr.at td").last.inner_text()
    page.keyboard.press(".")
    page.locator("table.rows tbody tr").first.get_by_text(second, exact=True).wait_for()
    assert page.locator("tr.at td").last.inner_text() == chosen
    page.keyboard.press("p")
    page.get_by_text(words["paused"]).wait_for()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_most_frequent_narrows_the_query_and_is_counted_again(
    bank: Bank, visit: Callable[..., Page], language: str
) -> None:
    words = WORDS[language]
    told = counted(bank, TYPED)
    page = visit(f"/decisions?where={quote(TYPED)}", language)
    page.locator(".found-of.counted").wait_for()
    whom = page.locator(".tops > div").nth(2)
    largest = next(part for part in told["subjects"] if "customer" in part["fields"])
    assert whom.locator("tbody tr").count() == 5
    whom.get_by_role("button", name=words["more"]).click()
    assert whom.locator("tbody tr").count() == len(largest["lines"])
    assert whom.locator("tbody tr").first.inner_text().startswith(largest["lines"][0]["shown"])
    other = next(part for part in told["subjects"] if "customer" not in part["fields"])
    whom.get_by_role("combobox").select_option(other["entity"])
    page.locator(".tops > div").nth(2).get_by_text(other["lines"][0]["shown"], exact=True).click()
    page.wait_for_url(re.compile("of="))
    page.locator(".found-of.counted h2", has_text=words["found"].format(n=f"{other['lines'][0]['n']:,}")).wait_for()


def top(page: Page, number_: int) -> list[int]:
    return [
        number(text)
        for text in page.locator(".tops table").nth(number_).locator("td.num:not(.quiet)").all_inner_texts()
    ]


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def everything(bank: Bank, where: str) -> list[dict[str, Any]]:
    """What the list finds, page by page."""
    reader, found, before = bank.reader("planner"), list[dict[str, Any]](), {}
    while True:
        page = reader.get("/v1/decisions", params={"where": where, "limit": 200, **before}).json()
        found += page["decisions"]
        if page["next"] is None:
            return found
        before = {"before": page["next"]}


def counted(bank: Bank, where: str) -> dict[str, Any]:
    """What the server counts of a query."""
    answer = bank.reader("planner").get("/v1/decisions:count", params={"where": where, "offset": "+08:00"})
    told: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    assert told["kind"] == "counted", told
    return told


def decided(bank: Bank, name: str, like: int) -> str:
    """Decide one more event, as number `like` of the newest ones that passed."""
    made = make_lender(SIZES)
    passed = [each["id"] for each in reversed(bank.answers) if each["outcome"] == "pass"][like]
    rows = table(made, 0, len(made.events["time"])).to_pylist()
    again = next(row for row in reversed(rows) if row["id"] == passed)
    body = {key: value for key, value in again.items() if value is not None} | {"id": name}
    [answer] = bank.server.run(submitted(bank, json.dumps(body, default=str).encode()))
    assert json.loads(answer.body)["status"] == "decided", answer
    return name


async def submitted(bank: Bank, body: bytes) -> Any:
    """As the server takes it."""
    (desk,) = bank.server.site.desks.values()
    return await desk.submit([body])
