"""The last part of `zhiyu demo`: a person with little may sign in, a link that works once, and what it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.access.conftest import cheap
from tests.server.served import Served, payment
from zhiyu.access.gate import SignInGate
from zhiyu.commands.demo_console import NAME, open_house, worth_seeing
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
