"""`zhiyu people add|list|change|link|roles`: who may sign in, and what they may do.

In: names, roles, passwords from a prompt or standard input, never from an argument. Out: the records hold it, the audit tells it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.recorded import at_the_keyboard, opened_records, records_options
from zhiyu.commands.terminal import language_of, language_option, told

_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")
_role = click.option(
    "--role", "roles", multiple=True, help="What they may do: see `zhiyu people roles`; may be repeated."
)


@click.group()
def people() -> None:
    """People who may sign in: add, list, change."""


@people.command()
@click.argument("name")
@_role
@_stdin
@records_options
@language_option
def add(
    name: str,
    roles: tuple[str, ...],
    password_stdin: bool,
    data: Path | None,
    url: str | None,
    tenant: str,
    lang: str | None,
) -> None:
    """Add somebody who may sign in."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, audit):
        from zhiyu.access.people import People

        person = People(records, audit).add(
            name, roles, _password(password_stdin, language), _now_ms(), at_the_keyboard()
        )
        shown = ", ".join(person.roles)
        click.echo(f"已添加 {name}（{shown}）" if language == "zh" else f"added {name} ({shown})")


@people.command()
@click.argument("name")
@_role
@click.option("--stop/--back", "stopped", default=None, help="May not sign in any more; or may again.")
@click.option("--password", "new_password", is_flag=True, help="Ask for another password.")
@_stdin
@records_options
@language_option
def change(
    name: str, roles: tuple[str, ...], stopped: bool | None, new_password: bool, password_stdin: bool, data: Path | None,
    url: str | None, tenant: str, lang: str | None,
) -> None:  # fmt: skip
    """Give somebody other roles or another password, stop them, or let them back; they are signed out."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, audit):
        from zhiyu.access.people import People

        if not roles and stopped is None and not (new_password or password_stdin):
            raise InputError(
                "say what changes: --role, --stop, --back, --password",
                "请说明变更内容：--role、--stop、--back 或 --password",
            )
        password = _password(password_stdin, language) if new_password or password_stdin else None
        active = None if stopped is None else not stopped
        person = People(records, audit).change(
            name, _now_ms(), at_the_keyboard(), roles=roles or None, active=active, password=password
        )
        click.echo(_line(person, language))


@people.command()
@click.argument("name")
@click.option("--provider", required=True, help="The provider's name, as in the file of `zhiyu serve --sign-on`.")
@click.option("--subject", required=True, help="What the provider calls them: the claim `sub` of their ID token.")
@records_options
@language_option
def link(
    name: str, provider: str, subject: str, data: Path | None, url: str | None, tenant: str, lang: str | None
) -> None:
    """Say that somebody at an identity provider is a person who is here already."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, audit):
        from zhiyu.access.people import People
        from zhiyu.access.sign_on import SignOns

        found = SignOns(records, audit, People(records, audit))
        click.echo(_line(found.link(provider, subject, name, _now_ms(), at_the_keyboard()), language))


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@records_options
@language_option
def show(as_json: bool, data: Path | None, url: str | None, tenant: str, lang: str | None) -> None:
    """Print everybody: name, roles, whether they may sign in."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, audit):
        from zhiyu.access.people import People

        found = People(records, audit).all()
        if as_json:
            rows = [{"name": each.name, "roles": list(each.roles), "active": each.active} for each in found]
            click.echo(json.dumps(rows, ensure_ascii=False))
            return
        for person in found:
            click.echo(_line(person, language))
        if not found:
            click.echo(
                "尚无人员"
                if language == "zh"
                else "nobody yet; add somebody with `zhiyu people add NAME --role administrator`"
            )


@people.command("roles")
@language_option
def roles_(lang: str | None) -> None:
    """Print every role and what it may do."""
    from zhiyu.access.roles import PERMISSIONS, ROLES

    zh = language_of(lang) == "zh"
    for role, (en_name, zh_name, may) in ROLES.items():
        click.echo(f"{role}  {zh_name if zh else en_name}")
        for permission, words in PERMISSIONS.items():
            if permission in may:
                click.echo(f"  {permission:<8} {words[zh]}")


def _password(from_stdin: bool, language: str) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    zh = language == "zh"
    return str(
        click.prompt(
            "密码" if zh else "password", hide_input=True, confirmation_prompt="再输一次" if zh else "once more"
        )
    )


def _line(person: Any, language: str) -> str:
    stopped = "" if person.active else ("  已停用" if language == "zh" else "  stopped")
    return f"{person.name}  {', '.join(person.roles)}{stopped}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
