"""`zhiyu keys new|list|revoke`: who may reach a server.

In: a file of keys. Out: a key on standard output, once; the file holds its hash only. A running server takes up changes within a second.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from zhiyu.commands.terminal import language_of, language_option, told

_FILE = click.Path(path_type=Path)


@click.group()
def keys() -> None:
    """Keys for `zhiyu serve`: make, list, revoke."""


@keys.command()
@click.option(
    "--keys", "path", required=True, type=_FILE, help="The file of keys; made when absent, readable by you only."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("decide",),
    show_default=True,
    help="What it is for (see docs/serving.md); may be repeated.",
)
@click.option("--tenant", default="default", show_default=True, help="Whose events the key is for.")
@click.option("--expires", default="", help="Until when: a time, or a duration such as 90d (default: for good).")
@click.option("--note", default="", help="What it is for.")
@language_option
def new(path: Path, scopes: tuple[str, ...], tenant: str, expires: str, note: str, lang: str | None) -> None:
    """Make a key, print it once, keep its hash."""
    from zhiyu.access.key_file import add_key
    from zhiyu.access.keys import new_key
    from zhiyu.engine.list_desk import read_moment

    language = language_of(lang)
    with told(language):
        now = time.time_ns() // 1_000_000
        key, stored = new_key(tenant, scopes, now, read_moment(expires, now, "--expires") if expires else 0, note)
        add_key(path, stored)
        click.echo(key)
        click.echo(
            f"密钥 {stored.id} 已写入 {path}（只存散列）；请立即保存，之后不再显示"
            if language == "zh"
            else f"key {stored.id} is in {path} as a hash; keep the key itself now, it is not shown again",
            err=True,
        )


@keys.command("list")
@click.option("--keys", "path", required=True, type=_FILE, help="The file of keys.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@language_option
def show(path: Path, as_json: bool, lang: str | None) -> None:
    """Print the keys of a file: id, tenant, scopes, times, note."""
    from zhiyu.access.key_file import read_keys
    from zhiyu.log.list_journal import said_time

    language = language_of(lang)
    with told(language):
        rows: list[dict[str, Any]] = [
            {
                "id": key.id, "tenant": key.tenant, "scopes": list(key.scopes), "created": said_time(key.created),
                "expires": said_time(key.expires) if key.expires else None, "note": key.note,
            }
            for key in read_keys(path)
        ]  # fmt: skip
        if as_json:
            click.echo(json.dumps(rows, ensure_ascii=False))
            return
        for row in rows:
            until = row["expires"] or ("长期" if language == "zh" else "for good")
            click.echo(
                f"{row['id']}  {row['tenant']}  {','.join(row['scopes'])}  {row['created']} → {until}  {row['note']}".rstrip()
            )


@keys.command()
@click.argument("key_id")
@click.option("--keys", "path", required=True, type=_FILE, help="The file of keys.")
@language_option
def revoke(key_id: str, path: Path, lang: str | None) -> None:
    """Take the key with this id out of the file; a running server refuses it within a second."""
    from zhiyu.access.key_file import drop_key

    language = language_of(lang)
    with told(language):
        gone = drop_key(path, key_id)
        click.echo(f"已吊销 {gone.id}（{gone.tenant}）" if language == "zh" else f"revoked {gone.id} ({gone.tenant})")
