"""`zhiyu audit list|verify|export`: what was changed and revealed, and the proof that nobody touched the account of it.

In: the records. Out: entries, newest first; or whether the chain holds. Exit code 1 when it does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.recorded import opened_records, records_options
from zhiyu.commands.terminal import language_of, language_option, told

if TYPE_CHECKING:
    from zhiyu.access.audit import Proof


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
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    default=None,
    help="Check a file of `zhiyu audit export`, without the records.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@records_options
@language_option
def verify(
    head: str, file: Path | None, as_json: bool, data: Path | None, url: str | None, tenant: str, lang: str | None
) -> None:  # fmt: skip
    """Check every entry against the chain; note the head it prints somewhere else, and give it next time."""
    language = language_of(lang)
    with told(language):
        noted = _noted(head)
        proof = _proof_of_file(file, tenant, noted) if file is not None else _proof(data, url, tenant, noted)
        zh = language == "zh"
        if as_json:
            why = {"broken": proof.broken, "why_en": proof.why[0], "why_zh": proof.why[1]} if proof.broken else {}
            held: dict[str, Any] = {"holds": not proof.broken, "entries": proof.number}
            click.echo(json.dumps(held | {"head": f"{proof.number}:{proof.chain.hex()}"} | why, ensure_ascii=False))
        elif proof.broken:
            said = f"第 {proof.broken} 条不成立：{proof.why[1]}"
            click.echo(said if zh else f"entry {proof.broken} does not hold: {proof.why[0]}")
        else:
            click.echo(f"{_held(proof.number, zh)}\n{'链头' if zh else 'head'} {proof.number}:{proof.chain.hex()}")
    if proof.broken:
        sys.exit(1)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path))
@records_options
@language_option
def export(file: Path, data: Path | None, url: str | None, tenant: str, lang: str | None) -> None:
    """Write all entries to FILE, oldest first, one JSON object a line; `zhiyu audit verify --file FILE` checks them elsewhere."""
    language = language_of(lang)
    with told(language), opened_records(data, url, tenant) as (records, kept):
        from zhiyu.access.audit_file import write_audit

        with records.reading() as connection:
            proof = kept.verify(connection)
            count = write_audit(file, kept.entries(connection), (proof.number, proof.chain))
        broken = proof.broken
        if language == "zh":
            click.echo(f"{count:,} 条审计记录已写入 {file}" + (f"；第 {broken} 条不成立" if broken else ""))
        else:
            said = "1 entry is" if count == 1 else f"{count:,} entries are"
            click.echo(f"{said} in {file}" + (f"; entry {broken} does not hold" if broken else ""))
    if broken:
        sys.exit(1)


def _proof(data: Path | None, url: str | None, tenant: str, noted: tuple[int, bytes] | None) -> Proof:
    with opened_records(data, url, tenant) as (records, kept), records.reading() as connection:
        return kept.verify(connection, noted)


def _proof_of_file(file: Path, tenant: str, noted: tuple[int, bytes] | None) -> Proof:
    from zhiyu.access.audit import Audit
    from zhiyu.access.audit_file import read_audit
    from zhiyu.engine.opened import tenant_key

    entries, head = read_audit(file)
    return Audit(tenant, tenant_key(tenant)).check(entries, head, noted)


def _held(count: int, zh: bool) -> str:
    """How many entries hold, in a sentence.

    >>> _held(0, False), _held(1, False), _held(1_200, False)
    ('there are no entries yet', 'the only entry holds', 'all 1,200 entries hold')
    """
    if zh:
        return f"{count:,} 条审计记录全部成立" if count else "尚无审计记录"
    return (
        f"all {count:,} entries hold"
        if count > 1
        else ("the only entry holds" if count else "there are no entries yet")
    )


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
