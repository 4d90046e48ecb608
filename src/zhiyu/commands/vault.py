"""`zhiyu vault key|list|drop`: the master keys of the vault of personal values.

In: a file of master keys, which belongs on another disk than the data. Out: it holds one more key, or one less. A running server takes
changes up within a second and wraps its data keys anew: nothing has to stop.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from zhiyu.commands.terminal import language_of, language_option, require_server, told

_FILE = click.Path(path_type=Path)


@click.group()
def vault() -> None:
    """The vault of personal values: its master keys."""


@vault.command()
@click.argument("file", type=_FILE)
@click.option("--cipher", default="aes-256-gcm", show_default=True, help="What it seals with: aes-256-gcm or sm4-gcm.")
@language_option
def key(file: Path, cipher: str, lang: str | None) -> None:
    """Add a fresh master key to FILE, which is made when absent; servers with --vault-key FILE use it from now on."""
    language = language_of(lang)
    with told(language):
        require_server("cryptography")
        from zhiyu.access.vault_keys import add_master

        made = add_master(file, time.time_ns() // 1_000_000, cipher)
        click.echo(
            f"主密钥 {made.id} 已写入 {file}；请另行备份，丢失后保险库无法解开"
            if language == "zh"
            else f"master key {made.id} is in {file}; keep a copy elsewhere: without it the vault opens no more"
        )


@vault.command("list")
@click.argument("file", type=_FILE)
@language_option
def show(file: Path, lang: str | None) -> None:
    """Print the master keys of FILE: id, cipher, when they were made; the last one wraps."""
    with told(language_of(lang)):
        require_server("cryptography")
        from zhiyu.access.vault_keys import read_masters
        from zhiyu.log.list_journal import said_time

        for each in read_masters(file):
            click.echo(f"{each.id}  {each.cipher}  {said_time(each.created)}")


@vault.command()
@click.argument("file", type=_FILE)
@click.argument("id")
@language_option
def drop(file: Path, id: str, lang: str | None) -> None:
    """Take an older master key out of FILE, once every server has wrapped its data keys under a newer one."""
    language = language_of(lang)
    with told(language):
        require_server("cryptography")
        from zhiyu.access.vault_keys import drop_master

        drop_master(file, id)
        click.echo(f"主密钥 {id} 已删除" if language == "zh" else f"master key {id} is gone")
