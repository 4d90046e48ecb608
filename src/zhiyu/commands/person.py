"""`zhiyu person export|erase`: tell a person what is held about them, and erase it, on a running server.

In: the address of a server, a key with the permission `persons`, whom. Out: JSON or a page; or what was erased. Without --yes an erasure is
only counted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, told

_url = click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where the server listens.")
_key = click.option(
    "--key", default="", envvar="ZHIYU_API_KEY", help="The key (permission persons); better in ZHIYU_API_KEY."
)


@click.group()
def person() -> None:
    """What is held about one person: export it, erase it."""


@person.command()
@click.argument("who", metavar="TYPE:ID")
@click.option(
    "--purpose",
    required=True,
    help="What for: customer_request, complaint, police, regulator, … (see docs/personal-data.md).",
)
@click.option("--note", required=True, help="In words, such as the number of the request; it stands in the audit.")
@click.option("--reveal", is_flag=True, help="Values in clear (permission reveal); without, they are masked.")
@click.option("--html", type=click.Path(path_type=Path), default=None, help="Write a page to this file.")
@_url
@_key
@language_option
def export(
    who: str, purpose: str, note: str, reveal: bool, html: Path | None, url: str, key: str, lang: str | None
) -> None:  # fmt: skip
    """Print everything held about a person, e.g. customer:c1, as JSON, or write it as a page."""
    language = language_of(lang)
    with told(language):
        asked = {**_who(who), "purpose": purpose, "note": note, "reveal": reveal, "format": "html" if html else "json"}
        body = _asked("/v1/persons:export", asked, url, key, language)
        if html is None:
            click.echo(json.dumps(json.loads(body), ensure_ascii=False, indent=1))
            return
        html.write_bytes(body)
        click.echo(f"已写入 {html}" if language == "zh" else f"written to {html}")


@person.command()
@click.argument("who", metavar="TYPE:ID")
@click.option("--reason", default="", help="Why; it stands in the log and the audit.")
@click.option("--yes", is_flag=True, help="Do it; without, it is only counted.")
@_url
@_key
@language_option
def erase(who: str, reason: str, yes: bool, url: str, key: str, lang: str | None) -> None:
    """Destroy the texts that the vault holds about a person, and take them out of the network; decisions that were made stay."""
    language = language_of(lang)
    with told(language):
        if yes and not reason:
            raise InputError("--yes needs --reason", "--yes 需要同时给出 --reason")
        asked = {**_who(who), "reason": reason, "dry_run": not yes}
        found: dict[str, Any] = json.loads(_asked("/v1/persons:erase", asked, url, key, language))
        texts, events, zh = found["texts"], found["events"], language == "zh"
        if not yes:
            en = f"the vault holds {texts:,} texts, {events:,} events of the network's window mention them; add --yes to erase"
            click.echo(
                f"保险库中有 {texts:,} 条明文，关系网络窗口内有 {events:,} 个事件提及；加 --yes 执行" if zh else en
            )
            return
        en = f"erased: {texts:,} texts, from position {found['position']:,} on; {found['stays']['en']} stay"
        click.echo(
            f"已删除 {texts:,} 条明文，自位置 {found['position']:,} 起生效；保留：{found['stays']['zh']}" if zh else en
        )


def _who(who: str) -> dict[str, str]:
    entity, colon, value = who.partition(":")
    if not colon or not entity or not value:
        raise InputError(
            f"'{who}' names nobody; write the entity, a colon and the id, such as customer:c1",
            f"“{who}”未指明对象；请写 实体:编号，例如 customer:c1",
        )
    return {"type": entity, "id": value}


def _asked(path: str, asked: dict[str, Any], url: str, key: str, language: str) -> bytes:
    from zhiyu.client import Client
    from zhiyu.commands.send import require_server

    require_server(url, key)
    body = json.dumps(asked, ensure_ascii=False).encode()
    reply = Client(url, key, timeout_s=30.0).ask("POST", path, body, {"accept-language": language})
    if reply.status != 200:
        found = reply.json()
        raise InputError(found["detail_en"], found["detail_zh"])
    return reply.body
