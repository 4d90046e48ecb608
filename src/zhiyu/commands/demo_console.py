"""The demo's last part: the server goes on for people, and the console opens, signed in, on a case worth seeing.

In: the demo's data. Out: a demo person with the least that working on cases needs (an investigator) and one who looks after the policy (a
strategist), under passwords made now; for each a link that signs in once. The server listens on loopback only.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
import webbrowser
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

NAME, ROLE = "demo", "investigator"
SECOND, SECOND_ROLE = "strategist", "strategist"
SECOND_PAGE = "/studio"
_LOOK_S = 10.0


def open_house(data: Path, name: str = NAME, role: str = ROLE) -> tuple[str, str]:
    """Add a demo person to the records of a data folder; the password, and the token of a session to hand over."""
    from zhiyu.access.audit import Audit
    from zhiyu.access.people import People
    from zhiyu.access.sessions import Sessions
    from zhiyu.engine.opened import tenant_key
    from zhiyu.records.store import Records, url_of

    password, now = secrets.token_urlsafe(12), time.time_ns() // 1_000_000
    records = Records(url_of(data, None))
    try:
        audit = Audit("default", tenant_key("default"))
        people = People(records, audit)
        people.add(name, (role,), password, now, "system")
        return password, Sessions(records, audit).begin(people.proved(name, password, now), now)
    finally:
        records.close()


def stay(server: AbstractContextManager[str], data: Path, event: str, language: str) -> None:
    """Serve people until Ctrl-C; `event`: a decision to show where there is no case."""
    from zhiyu.server.console import built_files

    password, token = open_house(data)
    other_password, other_token = open_house(data, SECOND, SECOND_ROLE)
    with server as url:
        link = f"{url}/console{worth_seeing(url, token, event)}#session={token}"
        if built_files():
            _tell(link, NAME, language)
            _tell(f"{url}/console{SECOND_PAGE}#session={other_token}", SECOND, language)
            if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
                webbrowser.open(link)
        else:
            click.echo(
                f"\n控制台尚未构建（make console），其余功能照常：{url}（接口文档 {url}/docs）"
                if language == "zh"
                else f"\nthe console is not built (make console); all else works at {url} (API docs {url}/docs)"
            )
        click.echo(_again(url, {NAME: password, SECOND: other_password}, language))
        try:
            while True:
                time.sleep(3_600)
        except KeyboardInterrupt:
            click.echo()


def worth_seeing(url: str, token: str, event: str) -> str:
    """The page to open: the case with most money at risk as soon as the server has made its cases, else a decision, else the queue."""
    from zhiyu.client import Client, Unavailable

    client, until = Client(url, token, timeout_s=5.0, tries=1), time.monotonic() + _LOOK_S
    while time.monotonic() < until:
        try:
            told: Any = client.ask("GET", "/v1/cases?order=money&limit=1").json()
        except Unavailable:
            break
        found = told.get("cases") if isinstance(told, dict) else None
        if found:
            return f"/cases/{found[0]['number']}"
        time.sleep(0.5)
    return f"/decisions/{quote(event, safe='')}" if event else "/queue"


def _tell(link: str, name: str, language: str) -> None:
    said = (
        f"控制台（一次性链接，以 {name} 登录）："
        if language == "zh"
        else f"the console; this link signs in once, as {name}:"
    )
    click.echo(f"\n{said}\n  {link}")


def _again(url: str, passwords: dict[str, str], language: str) -> str:
    if language == "zh":
        who = "；".join(f"用户 {name}，密码 {password}" for name, password in passwords.items())
        return f"再次登录：{url}/console/ {who}（仅限本机；同一浏览器同时只有一人）。按 Ctrl-C 停止"
    who = ", or ".join(f"as {name}, password {password}" for name, password in passwords.items())
    return f"sign in again: {url}/console/ {who} (this machine only; one person at a time in a browser); Ctrl-C stops the server"
