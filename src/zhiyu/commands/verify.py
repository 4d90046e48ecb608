"""`zhiyu verify`: does a decision hold? Decides it again, offline, from what a data folder keeps.

In: receipts (or answers that carry them, or a span of positions), a data folder. Out: a verdict per receipt, a word about the log; exit
code 0 when all hold, 3 when one does not, 4 when none fails but one cannot be decided again any more, 1 when the question is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.engine.receipts import Receipt
    from zhiyu.engine.verdicts import Findings
    from zhiyu.engine.verify import Say, Verifier

_FILE = click.Path(path_type=Path)
_PHASES = {"chain": ("checking the chain", "校验链"), "decide": ("deciding again", "重新决策")}
_SHOWN = 50


@click.command()
@click.argument("receipts", nargs=-1)
@click.option("--data", "-d", required=True, type=_FILE, help="The data folder of `zhiyu serve`, or a copy of it.")
@click.option(
    "--answers",
    type=click.File("rb"),
    help="Answers as they were given, one JSON object a line (- for standard input): what they say is compared too.",
)
@click.option("--all", "everything", is_flag=True, help="Every decision that is kept.")
@click.option("--from", "first", type=click.IntRange(0), help="Every decision from this position on.")
@click.option("--until", "end", type=click.IntRange(0), help="… up to before this position.")
@click.option(
    "--oldest",
    is_flag=True,
    help="Begin at the oldest snapshot that is kept, or at the begin of the log: slower, trusts less.",
)
@click.option("--tenant", default="default", show_default=True, help="Whose decisions, for --all, --from, --until.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per tenant.")
@language_option
def verify(
    receipts: tuple[str, ...], data: Path, answers: Any, everything: bool, first: int | None, end: int | None, oldest: bool, tenant: str,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Decide again what RECEIPT stands for, and say whether it holds. Reads only; a running server is not disturbed."""
    language = language_of(lang)
    with told(language):
        span = everything or first is not None or end is not None
        given = _answers(answers) if answers else {}
        asked = _by_tenant([*receipts, *given])
        if span == bool(asked):
            raise InputError(
                "give receipts (or --answers), or a span with --all, --from, --until",
                "请给出回执（或 --answers），或用 --all、--from、--until 指定范围",
            )
        warm_kernels(language)
        found = []
        with progress() as bar:
            task = bar.add_task("…", total=1.0)

            def say(what: str, done: float) -> None:
                bar.update(task, description=_PHASES[what][language == "zh"], completed=done)

            if span:
                found.append(
                    _verifier(data, tenant, say, oldest, language).span(first or 0, end if end is not None else 1 << 62)
                )
            for name, own in asked.items():
                found.append(_verifier(data, name, say, oldest, language).receipts(own, given))
        for findings in found:
            _print(findings, language, as_json)
        sys.exit(_exit_code(found))


def _verifier(data: Path, tenant: str, say: Say, oldest: bool, language: str) -> Verifier:
    from zhiyu.engine.kept import Kept
    from zhiyu.engine.verdicts import FAILS
    from zhiyu.engine.verify import Verifier
    from zhiyu.log.segments import LogDamaged

    try:
        return Verifier(Kept(data, tenant), say, oldest)
    except LogDamaged as damaged:  # the end of the log is read at once: nothing after it can hold
        click.echo(f"error[{damaged.code}]: {damaged.text(language)}", err=True)
        sys.exit(FAILS)


def _answers(lines: Iterable[bytes]) -> dict[str, dict[str, Any]]:
    """Answers by their receipt."""
    import msgspec

    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            content = msgspec.json.decode(line)
            found[str(content["receipt"])] = content
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
            raise InputError(
                f"line {number} of the answers is no JSON object with a receipt",
                f"应答第 {number} 行不是带回执的 JSON 对象",
            ) from None
    return found


def _by_tenant(texts: Iterable[str]) -> dict[str, list[Receipt]]:
    from zhiyu.engine.receipts import Receipt

    found: dict[str, list[Receipt]] = {}
    for receipt in map(Receipt.parse, dict.fromkeys(texts)):
        found.setdefault(receipt.tenant, []).append(receipt)
    return found


def _exit_code(found: list[Findings]) -> int:
    from zhiyu.engine.verdicts import FAILS, GONE, HOLDS

    codes = {findings.exit_code for findings in found}
    return FAILS if FAILS in codes else GONE if GONE in codes else HOLDS


def _print(findings: Findings, language: str, as_json: bool) -> None:
    from zhiyu.engine.verdicts import STATUS_EN, STATUS_ZH

    if as_json:
        click.echo(json.dumps(findings.to_dict(), ensure_ascii=False))
        return
    zh = language == "zh"
    for verdict in findings.verdicts[:_SHOWN]:
        click.echo(verdict.text(language))
    if len(findings.verdicts) > _SHOWN:
        left = len(findings.verdicts) - _SHOWN
        click.echo(f"…… 另有 {left:,} 条（--json 全部列出）" if zh else f"… and {left:,} more (--json lists all)")
    counts = {(STATUS_ZH if zh else STATUS_EN)[status]: n for status, n in findings.counts.items() if n}
    if sum(counts.values()) > 1:
        click.echo(("；" if zh else "; ").join(f"{name}: {n:,}" for name, n in counts.items()))
    for note in findings.notes:
        click.echo(f"{'注意' if zh else 'note'}: {note}")
    click.echo(_log_line(findings, zh))
    keep, verify_for = findings.promise["keep"], findings.promise["verify"]
    click.echo(
        f"承诺：记录保存 {keep}，可重新决策 {verify_for}"
        if zh
        else f"promised: records for {keep}, deciding again for {verify_for}"
    )


def _log_line(findings: Findings, zh: bool) -> str:
    """What was seen of the log."""
    if findings.damage:
        return f"日志不完整：{findings.damage_zh}" if zh else f"the log is not whole: {findings.damage}"
    if not findings.frames:
        kept = f"{findings.first:,}–{findings.position:,}"
        return (
            f"日志留存位置 {kept}；未需读取" if zh else f"the log keeps positions {kept}; nothing of it had to be read"
        )
    head = findings.chain[:32]
    if zh:
        return f"日志自位置 {findings.checked_from:,} 至 {findings.position:,} 的链完整（{findings.frames:,} 帧，末端 {head}）"
    return f"the chain is whole from position {findings.checked_from:,} to {findings.position:,} ({findings.frames:,} frames, head {head})"
