"""The last part of `zhiyu demo`: a person with little may sign in, a link that works once, and what it opens."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.access.conftest import cheap
from tests.server.served import Served, payment
from zhiyu.access.gate import SignInGate
from zhiyu.commands.demo_console import NAME, SECOND, SECOND_PAGE, SECOND_ROLE, open_house, stay, worth_seeing
from zhiyu.engine.opened import tenant_key
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

__all__ = ["cheap"]


def test_the_link_opens_a_case_and_signs_in_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Served(data) as server:
        server.decide(payment(1, amount=999))
    password, token = open_house(data)
    url = f"sqlite:///{data / 'records.db'}"
    staff = lambda: Staff(Records(url), {"default": tenant_key("default")})  # noqa: E731
    with Served(data, gate=SignInGate(), staff=staff) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert worth_seeing(base, token, "p1") == "/cases/1"
        me = server.client.post("/v1/sessions:take", json={"token": token}).json()
        assert (me["name"], me["roles"]) == (NAME, ["investigator"])
        assert not {"admin", "people", "propose", "approve", "policy", "decide"} & set(me["permissions"])
        server.client.cookies.clear()
        assert server.client.post("/v1/sessions:take", json={"token": token}).status_code == 401
        assert server.client.post("/v1/sessions", json={"name": NAME, "password": password}).status_code == 200


def test_without_cases_it_opens_a_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhiyu.commands.demo_console._LOOK_S", 0.0)
    assert worth_seeing("http://127.0.0.1:9", "zs_x", "a/1") == "/decisions/a%2F1"
    assert worth_seeing("http://127.0.0.1:9", "zs_x", "") == "/queue"


def test_a_second_person_looks_after_the_policy_and_both_links_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, url = tmp_path / "data", "http://127.0.0.1:9"
    with Served(data) as server:
        server.decide(payment(1, amount=999))

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("zhiyu.commands.demo_console.worth_seeing", lambda *_: "/queue")
        patched.setattr("zhiyu.server.console.built_files", lambda: {"index.html": b""})
        patched.setattr("webbrowser.open", lambda _: True)
        patched.setattr(time, "sleep", interrupt)
        stay(nullcontext(url), data, "", "en")
    told = capsys.readouterr().out
    tokens = dict(re.findall(r"once, as (\w+):\n  \S+#session=(\S+)", told))
    assert list(tokens) == [NAME, SECOND]
    assert f"{url}/console{SECOND_PAGE}#session={tokens[SECOND]}" in told
    passwords = dict(re.findall(r"as (\w+), password ([\w-]+)", told))
    assert list(passwords) == [NAME, SECOND]
    records = f"sqlite:///{data / 'records.db'}"
    staff = lambda: Staff(Records(records), {"default": tenant_key("default")})  # noqa: E731
    with Served(data, gate=SignInGate(), staff=staff) as server:
        me = server.client.post("/v1/sessions:take", json={"token": tokens[SECOND]}).json()
        assert (me["name"], me["roles"]) == (SECOND, [SECOND_ROLE])
        assert "policies" in me["permissions"]
        assert not {"admin", "people", "approve"} & set(me["permissions"])
        for name, password in passwords.items():
            server.client.cookies.clear()
            assert server.client.post("/v1/sessions", json={"name": name, "password": password}).status_code == 200
