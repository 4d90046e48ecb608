"""A model engineer looks at the matrix and a model, has it compared and watched, and proposes a promotion; an approver lets it be done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.access.conftest import cheap
from tests.console.conftest import opened_pages
from tests.console.modelled import Modelled
from tests.console.test_accessible import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
__all__ = ["cheap"]
WORDS = {
    "zh": {"champion": "冠军", "better": "超出偶然", "reason": "请写明理由。", "shadow": "转为影子", "takeover": "账户盗用"},
    "en": {"champion": "champion", "better": "beyond chance", "reason": "Say why.", "shadow": "in shadow", "takeover": "account takeover"},
}  # fmt: skip
STUDY_MS = 120_000


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Modelled]:
    """The server with three models in a cell."""
    made = Modelled(tmp_path_factory.mktemp("modelled"))
    with made.server:
        yield made


@pytest.fixture
def look(modelled: Modelled, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of that server, signed in."""
    yield from opened_pages(modelled, browser, "engineer")


def studied(page: Page) -> None:
    """Begin what was not begun yet, and wait until it is done."""
    for kind in ("drift", "compare"):
        acts = page.locator(f"[data-study={kind}]")
        acts.locator("button").first.wait_for()
        if acts.locator(".ant-btn-primary").count():
            acts.locator(".ant-btn-primary").click()
    page.locator("[data-drift]").first.wait_for(timeout=STUDY_MS)
    page.locator("[data-compared]").first.wait_for(timeout=STUDY_MS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_matrix_leads_to_a_model_with_its_card_drift_and_comparison(
    modelled: Modelled, look: Callable[..., Page], language: str
) -> None:
    words, engineer = WORDS[language], modelled.reader("engineer")
    card = engineer.get("/v1/models/risk").json()
    page = look("/models", language)
    cell = page.locator("[data-cell=payments]")
    cell.wait_for()
    assert [re.sub(r"\s+", " ", each).split()[1] for each in cell.locator("li").all_inner_texts()] == [
        "risk",
        "other",
        "third",
    ]
    assert words["takeover"] in page.locator(".grid thead").inner_text()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="risk").wait_for()
    assert words["champion"] in page.locator(".verdict .role").inner_text()
    test = card["package"]["metrics"]["test"]
    assert page.locator("[data-figure=auc] td").nth(1).inner_text() == f"{test['auc']:.4f}"
    assert [each.get_attribute("data-input") for each in page.locator("[data-input]").all()] == [
        each["name"] for each in card["importance"]
    ]
    assert page.locator(".calibration circle").count() == len(test["calibration"])
    studied(page)
    page.locator(".chart canvas").wait_for()
    done = [each for each in engineer.get("/v1/studies").json()["studies"] if each["kind"] == "compare"]
    told = engineer.get(f"/v1/studies/{done[0]['study']}").json()["result"]["figures"]["auc"]
    shown = page.locator("[data-compared=auc] td")
    assert {shown.nth(0).inner_text(), shown.nth(1).inner_text()} == {f"{told['one']:.4f}", f"{told['two']:.4f}"}
    assert words["better"] in page.locator(".panel", has=page.locator("[data-compared]")).inner_text()
    page.keyboard.press("v")
    page.locator(".by-time tbody tr").first.wait_for()
    assert "view=table" in page.url
    assert page.locator(".calibration").count() == page.locator(".chart").count() == 0
    page.keyboard.press("Escape")
    page.locator("[data-cell=payments]").wait_for()


def test_a_promotion_is_proposed_by_keyboard_and_done_when_approved(
    modelled: Modelled, look: Callable[..., Page]
) -> None:
    engineer, signer = modelled.reader("engineer"), modelled.reader("signer")
    page = look("/models/other", "en")
    page.locator(".worth").wait_for()
    page.keyboard.press("a")
    effect = page.locator(".effect").inner_text()
    assert "risk, goes on in shadow" in effect
    assert "somebody else" in effect
    page.keyboard.press("Control+Enter")
    assert page.locator(".decide [role=alert]").inner_text() == "Say why."
    page.locator(".decide textarea").fill("it <i>holds</i>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox").wait_for()
    page.keyboard.press("z")
    page.locator(".outbox").wait_for(state="detached")
    assert engineer.get("/v1/proposals").json()["proposals"] == [], "taken back in time"
    page.keyboard.press("a")
    page.locator(".decide textarea").fill("it <i>holds</i>")
    page.keyboard.press("Control+Enter")
    page.locator(".outbox button").last.click()
    page.locator(".verdict .same a").wait_for()
    [proposal] = engineer.get("/v1/proposals").json()["proposals"]
    assert (proposal["state"], proposal["title"]) == ("submitted", "other becomes champion of payments")
    assert engineer.get("/v1/models").json()["matrix"][0]["champion"] == "risk", "nothing changes before it is approved"
    page.locator(".verdict .same a").click()
    page.locator(".eyes, .diff li").first.wait_for()
    assert signer.post(f"/v1/proposals/{proposal['number']}:approve", json={}).status_code == 200
    cell = until_champion(modelled, "other")
    assert (cell["champion"], cell["shadow"]) == ("other", ["risk", "third"])
    page.goto(f"{modelled.address}/models/other")
    page.locator(".worth").wait_for()
    assert page.locator(".verdict .acts").count() == 0, "a champion cannot be retired"


def until_champion(modelled: Modelled, name: str) -> dict[str, Any]:
    """The cell, once this model speaks in it."""
    client, until = modelled.reader("engineer"), time.monotonic() + 60
    while True:
        cell: dict[str, Any] = client.get("/v1/models").json()["matrix"][0]
        if cell["champion"] == name:
            return cell
        assert time.monotonic() < until
        time.sleep(0.2)


def test_who_only_looks_sees_no_steps(modelled: Modelled, look: Callable[..., Page]) -> None:
    page = look("/models/third", "en", "looker")
    page.locator(".worth").wait_for()
    assert page.locator(".verdict .acts").count() == 0
    page.keyboard.press("d")
    assert page.locator(".decide").count() == 0


@pytest.mark.parametrize(("language", "shade"), [("zh", "dark"), ("en", "light")])
def test_the_screens_are_accessible(modelled: Modelled, look: Callable[..., Page], language: str, shade: str) -> None:
    page = look("/models/risk", language, shade=shade)
    studied(page)
    screens = {"/models": "tr.at", "/models/risk": ".chart canvas", "/models/risk?view=table": ".by-time tr"}
    assert violations(page, modelled, screens) == {}
