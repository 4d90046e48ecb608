"""What the journeys through the console share: one bank, one browser, a page that is signed in.

They end with this folder, not with the run: while Playwright plays, its thread has a running event loop, and other tests start their own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.access.conftest import cheap
from tests.console.bank import Bank
from zhiyu.server.console import built_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.console.modelled import Modelled
    from tests.console.split import Split

__all__ = ["cheap"]
QUIET = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
WAIT_MS = 30_000


@pytest.fixture(scope="package")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """The server with the lender's days."""
    made = Bank(tmp_path_factory.mktemp("bank"))
    with made.server:
        yield made


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; the test skips, and says how to get it, where there is none, or no console was built."""
    path = os.environ.get("ZHIYU_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip(
            "no chromium here (Debian: apt-get install chromium; or name one in ZHIYU_CHROMIUM): the journeys did not run"
        )
    if not built_files():
        pytest.skip("the console is not built (`make console`): the journeys did not run")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playing:
        found = playing.chromium.launch(executable_path=path, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture
def visit(bank: Bank, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of the console, signed in, in a language; whatever fails inside the page fails the test."""
    yield from opened_pages(bank, browser, "inspector")


def opened_pages(bank: Bank | Modelled | Split, browser: Browser, who: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of a server, as `who` unless another name is said ("" for nobody); whatever fails inside a page fails the test."""
    contexts, wrong = [], list[str]()

    def opened(path: str = "/", language: str = "zh", name: str = who, shade: str = "light", **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 860}, locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai", reduced_motion="reduce", **more,
        )  # fmt: skip
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(
            f"localStorage.setItem('zhiyu.language','{language}');localStorage.setItem('zhiyu.theme','{shade}')"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        if name:
            told = context.request.post(
                f"{bank.address.removesuffix('/console')}/v1/sessions", data={"name": name, "password": bank.password}
            )
            assert told.ok, told.text()
        page.goto(bank.address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
