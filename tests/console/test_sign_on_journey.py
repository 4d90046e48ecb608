"""Somebody of the lender's signs in with the account of the house: from the console to the identity provider, which is another site, and
back; works; and signs out at both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.access.test_people import KEY, House
from tests.console.conftest import WAIT_MS
from tests.server.identity_provider import SECRET, IdentityProvider
from tests.server.served import Served
from zhiyu.access.gate import SignInGate
from zhiyu.access.sign_on_file import Provider
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, IdentityProvider]]:
    monkeypatch.setenv("ZHIYU_TEST_SECRET", SECRET)
    provider, url = IdentityProvider("localhost"), f"sqlite:///{tmp_path / 'records.db'}"
    provider.people, provider.who = {"s-1": {"preferred_username": "lin.wei", "groups": ["fraud"]}}, "s-1"
    House(url, "default").records.close()
    server = Served(tmp_path / "data", gate=SignInGate(), staff=lambda: Staff(Records(url), {"default": KEY}))
    declared = Provider(
        name="company", issuer=provider.issuer, client_id="zhiyu", url=f"http://127.0.0.1:{server.port}", tenant="default",
        secret_env="ZHIYU_TEST_SECRET", roles={"fraud": ("investigator",)}, en="the company account", zh="公司账号",
    )  # fmt: skip
    server._plan = replace(server._plan, providers=(declared,))
    with server:
        yield server, provider
    provider.close()


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "使用公司账号登录"), ("en", "Sign in with the company account")]
)
def test_in_by_the_account_of_the_house_and_out_again(
    house: tuple[Served, IdentityProvider], browser: Browser, language: str, words: str
) -> None:
    server, provider = house
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="zh-CN" if language == "zh" else "en-GB"
    )
    context.set_default_timeout(WAIT_MS)
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/console/")
        page.get_by_text(words).click()
        page.get_by_text("lin.wei", exact=True).wait_for()
        assert page.url.startswith(f"http://127.0.0.1:{server.port}/console/")
        cookies = {each["name"]: each for each in context.cookies()}
        assert set(cookies) == {"zhiyu_session"}
        assert (cookies["zhiyu_session"]["httpOnly"], cookies["zhiyu_session"]["sameSite"]) == (True, "Strict")
        page.get_by_text("退出" if language == "zh" else "Sign out").first.click()
        page.wait_for_url(f"{provider.issuer}/leave?client_id=zhiyu")
        assert context.cookies() == []
        page.goto(f"http://127.0.0.1:{server.port}/console/")
        page.get_by_text(words).wait_for()
    finally:
        context.close()
