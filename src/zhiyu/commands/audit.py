"""`zhiyu audit list|verify`: what was changed and revealed, and the proof that nobody touched the account of it.

In: the records. Out: entries, newest first; or whether the chain holds. Exit code 1 when it does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.recorded import opened_records, records_options
from zhiyu.commands.terminal import language_of, language_option, told


@click.group()
def audit() -> None:
    """The audit: what was changed and revealed, in a chain that shows any tampering."""


@audit.command("list")
@click.option("--about", default="", help="Only what was done to this: a person's name, a list, a policy.")
@click.option("--before", type=click.IntRange(1), default=None, help="Entries before this number.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@records_options
@language_option
def show(
    about: str,
    before: int | None,
    limit: int,
    as_json: bool,
    data: Path | None,
    url: str | None,
    tenant: str,
    lang: str | None,
) -> None:
    """Print entries, newest first."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, kept):
        from zhiyu.access.audit import told_entry

        with records.reading() as connection:
            found = [told_entry(entry) for entry in kept.page(connection, before, limit, about)]
        for entry in found:
            click.echo(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))


@audit.command()
@click.option("--head", default="", help="NUMBER:CHAIN noted earlier: that entry must still be there, unchanged.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@records_options
@language_option
def verify(head: str, as_json: bool, data: Path | None, url: str | None, tenant: str, lang: str | None) -> None:
    """Check every entry against the chain; note the head it prints somewhere else, and give it next time."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, kept):
        noted = _noted(head)
        with records.reading() as connection:
            proof = kept.verify(connection, noted)
        if as_json:
            why = dict(zip(("why_en", "why_zh"), proof.why)) if proof.broken else {}
            content: dict[str, Any] = {
                "holds": not proof.broken,
                "entries": proof.number,
                "head": f"{proof.number}:{proof.chain.hex()}",
            }
            click.echo(
                json.dumps(content | ({"broken": proof.broken} | why if proof.broken else {}), ensure_ascii=False)
            )
        elif proof.broken:
            zh = language == "zh"
            click.echo(
                f"第 {proof.broken} 条不成立：{proof.why[1]}"
                if zh
                else f"entry {proof.broken} does not hold: {proof.why[0]}"
            )
        else:
            held = f"{proof.number:,} 条审计记录全部成立" if language == "zh" else f"all {proof.number:,} entries hold"
            click.echo(f"{held}\n{'链头' if language == 'zh' else 'head'} {proof.number}:{proof.chain.hex()}")
    if proof.broken:
        sys.exit(1)


def _noted(head: str) -> tuple[int, bytes] | None:
    if not head:
        return None
    number, _, chain = head.partition(":")
    try:
        return int(number), bytes.fromhex(chain)
    except ValueError:
        raise InputError(
            "--head is what `zhiyu audit verify` printed: a number, a colon, 64 hex digits",
            "--head 应为 `zhiyu audit verify` 打印的内容：数字、冒号、64 位十六进制",
        ) from None


def _line(entry: dict[str, Any]) -> str:
    detail = f"  {json.dumps(entry['detail'], ensure_ascii=False)}" if entry["detail"] else ""
    return f"{entry['number']:>6}  {entry['at']}  {entry['by']}  {entry['verb']}  {entry['about']}{detail}"
