"""`zhiyu lists …` and `zhiyu snooze`: who is denied, allowed or watched, and which rule is quiet for whom.

In: a policy folder, a journal, values. Out: lines appended to the journal; a report. The clock is read here and nowhere below: `--at`.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.commands.terminal import language_of, language_option, progress, told

SHOWN_INVALID = 10
_BAR_FROM_BYTES = 4 << 20


def _options(command: Any) -> Any:
    """What every command here takes."""
    for option in reversed((
        click.option("--policy", "-p", required=True, type=click.Path(path_type=Path), help="The policy folder."),
        click.option("--journal", "-j", required=True, type=click.Path(path_type=Path), help="The journal of the lists (NDJSON)."),
        click.option("--tenant", default="default", show_default=True, help="Whose lists these are."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        language_option,
    )):  # fmt: skip
        command = option(command)
    return command


def _said(command: Any) -> Any:
    """Why, who, and from when."""
    for option in reversed((
        click.option("--reason", default="", help="Why."),
        click.option("--author", default="", help="Who says so."),
        click.option("--at", default="", help="From when it holds: a time with its offset (default: now)."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.group()
def lists() -> None:
    """Who is on which list: bring values, take them off, look."""


@lists.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "name", required=True, help="The list.")
@click.option("--until", default="", help="Until when: a time, or a duration such as 90d (default: for good).")
@_said
@_options
def bring(
    file: Path, name: str, until: str, reason: str, author: str, at: str, policy: Path, journal: Path, tenant: str, as_json: bool,
    lang: str | None,
) -> None:  # fmt: skip
    """Put the values of FILE on a list: one value per line, or .csv / .ndjson with value, until, reason."""
    from zhiyu.log.list_file import ListFile

    language = language_of(lang)
    with told(language):
        desk = _desk(policy, journal, tenant, reason, author, language)
        begins, ends = _span(at, until)
        rows = ListFile(file)
        with progress() as bar:
            task = bar.add_task(file.name, total=1.0, visible=file.stat().st_size > _BAR_FROM_BYTES)
            brought = desk.bring(
                name, rows, begins, ends, reason, author, lambda: bar.update(task, completed=rows.progress())
            )
        desk.write(brought.changes)
        _report(brought, name, as_json, language)
        sys.exit(int(bool(brought.refusals) and not (brought.changes or brought.existing)))


@lists.command()
@click.argument("values", nargs=-1, required=True)
@click.option("--list", "name", required=True, help="The list.")
@click.option("--until", default="", help="Until when: a time, or a duration such as 90d (default: for good).")
@_said
@_options
def add(
    values: tuple[str, ...], name: str, until: str, reason: str, author: str, at: str, policy: Path, journal: Path, tenant: str,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Put VALUES on a list; `-` reads them from standard input. One that cannot be is refused, and nothing is written."""
    from zhiyu.log.list_file import Row

    language = language_of(lang)
    with told(language):
        desk = _desk(policy, journal, tenant, reason, author, language)
        begins, ends = _span(at, until)
        rows = [Row(number, value) for number, value in enumerate(_given(values), 1)]
        brought = desk.bring(name, rows, begins, ends, reason, author)
        if not brought.refusals:
            desk.write(brought.changes)
        else:
            brought.new = brought.renewed = 0
        _report(brought, name, as_json, language)
        sys.exit(int(bool(brought.refusals)))


@lists.command()
@click.argument("values", nargs=-1, required=True)
@click.option("--list", "name", required=True, help="The list.")
@_said
@_options
def remove(
    values: tuple[str, ...], name: str, reason: str, author: str, at: str, policy: Path, journal: Path, tenant: str, as_json: bool,
    lang: str | None,
) -> None:  # fmt: skip
    """Take VALUES off a list; `-` reads them from standard input. Exit code 1 when one of them is not on it."""
    language = language_of(lang)
    with told(language):
        desk = _desk(policy, journal, tenant, reason, author, language)
        changes, absent = desk.removals(name, _given(values), _span(at, "")[0], reason, author)
        desk.write(changes)
        if as_json:
            click.echo(json.dumps({"list": name, "removed": len(changes), "absent": absent}, ensure_ascii=False))
        elif language == "zh":
            click.echo(f"{name}：移除 {len(changes)} 条" + (f"，不在名单中：{'、'.join(absent)}" if absent else ""))
        else:
            click.echo(
                f"{name}: {len(changes)} removed" + (f", not on the list: {', '.join(absent)}" if absent else "")
            )
        sys.exit(int(bool(absent)))


@lists.command()
@click.option("--list", "name", default="", help="Only this list.")
@click.option("--as-of", default="", help="The moment to look at: a time with its offset (default: now).")
@click.option("--most", type=click.IntRange(0), default=20, show_default=True, help="Entries to print (the newest).")
@_options
def show(
    name: str, as_of: str, most: int, policy: Path, journal: Path, tenant: str, as_json: bool, lang: str | None
) -> None:
    """Count the entries of every list and print them, masked, with reason, author, since and until."""
    language = language_of(lang)
    with told(language):
        desk = _desk(policy, journal, tenant, "", "", language)
        if name:
            desk.reader_of(name)
        desk.book.apply_until(_span(as_of, "")[0])
        entries = [each for each in desk.book.entries() if not name or each.list == name]
        counts = {each: 0 for each in desk.known.lists if not name or each == name}
        for each in entries:
            counts[each.list] += 1
        newest = [_entry(each) for each in islice(reversed(entries), most)]
        snoozes = [] if name else [_entry(each) for each in desk.book.snoozes.held]
        if as_json:
            click.echo(json.dumps({"lists": counts, "entries": newest, "snoozes": snoozes}, ensure_ascii=False))
            return
        if not desk.known.lists:
            click.echo(
                "策略没有声明名单（lists）" if language == "zh" else "the policy declares no lists (`lists:`)", err=True
            )
        if not journal.exists():
            click.echo(
                f"没有名单日志“{journal}”" if language == "zh" else f"there is no journal '{journal}' yet", err=True
            )
        for each, count in counts.items():
            click.echo(f"{each}：{count:,} 条" if language == "zh" else f"{each}: {count:,} entries")
        for each in [*newest, *snoozes]:
            click.echo("  " + _line(each, language))


@click.command()
@click.argument("rule")
@click.option("--field", required=True, help="The field whose value is meant, e.g. card.")
@click.option("--value", required=True, help="The value for which the rule is quiet; `-` reads it from standard input.")
@click.option("--until", required=True, help="Until when: a time, or a duration such as 30d.")
@_said
@_options
def snooze(
    rule: str, field: str, value: str, until: str, reason: str, author: str, at: str, policy: Path, journal: Path, tenant: str,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Let RULE not count for one value of a field, until a time."""
    language = language_of(lang)
    with told(language):
        desk = _desk(policy, journal, tenant, reason, author, language)
        begins, ends = _span(at, until)
        made = desk.snooze(rule, field, _given((value,))[0], begins, ends, reason, author)
        desk.write([made])
        said = _entry(made)
        click.echo(json.dumps(said, ensure_ascii=False) if as_json else _line(said, language))


def _desk(policy: Path, journal: Path, tenant: str, reason: str, author: str, language: str) -> Any:
    from zhiyu.engine.list_desk import ListDesk

    for text in (reason, author):
        if len(text) > MAX_REASON_CHARS:
            raise InputError(
                f"--reason and --author take at most {MAX_REASON_CHARS} characters",
                f"--reason 与 --author 最多 {MAX_REASON_CHARS} 个字符",
            )
    desk = ListDesk(policy, journal, tenant)
    for line in desk.torn:
        click.echo(
            f"{journal}:{line}: 该行写入时中断，未采用；如当时的操作仍需要，请重做"
            if language == "zh"
            else f"{journal}:{line}: was cut off while it was written and is not taken; do that change again if it is still missing",
            err=True,
        )
    return desk


def _span(at: str, until: str) -> tuple[int, int]:
    """(from, until) in ms; `at` "" is now, `until` "" is never."""
    from zhiyu.engine.list_desk import read_moment
    from zhiyu.entities.lists import NEVER

    now = time.time_ns() // 1_000_000
    begins = read_moment(at, now, "--at") if at else now
    ends = read_moment(until, begins, "--until") if until else NEVER
    if ends < begins or (until and ends == begins):
        raise InputError("--until is not after --at; give a later time", "--until 不晚于 --at；请填写更晚的时间")
    return begins, ends


def _given(values: tuple[str, ...]) -> list[str]:
    if "-" not in values:
        return list(values)
    lines = [line.strip() for line in sys.stdin]
    found = [*(value for value in values if value != "-"), *(line for line in lines if line)]
    if not found:
        raise InputError("standard input holds no value", "标准输入中没有值")
    return found


def _report(brought: Any, name: str, as_json: bool, language: str) -> None:
    counts = {
        "new": brought.new,
        "renewed": brought.renewed,
        "existing": brought.existing,
        "invalid": len(brought.refusals),
    }
    if as_json:
        invalid = [{"line": r.line, "field": r.field, "code": r.code, "en": r.en, "zh": r.zh} for r in brought.refusals]
        click.echo(json.dumps({"list": name, **counts, "invalid_lines": invalid}, ensure_ascii=False))
        return
    words = {"new": "新增", "renewed": "更新到期", "existing": "已存在", "invalid": "无效"}
    if language == "zh":
        click.echo(f"{name}：" + "，".join(f"{words[each]} {count:,}" for each, count in counts.items()))
    else:
        click.echo(f"{name}: " + ", ".join(f"{count:,} {each}" for each, count in counts.items()))
    for refusal in brought.refusals[:SHOWN_INVALID]:
        why = refusal.zh if language == "zh" else refusal.en
        line = f"第 {refusal.line} 行" if language == "zh" else f"line {refusal.line}"
        click.echo(f"  {line}: {f'{refusal.field}: ' if refusal.field else ''}{why}", err=True)
    if len(brought.refusals) > SHOWN_INVALID:
        rest = len(brought.refusals) - SHOWN_INVALID
        click.echo(
            f"  另有 {rest} 行（--json 显示全部）" if language == "zh" else f"  {rest} more (all with --json)", err=True
        )


def _entry(each: Any) -> dict[str, Any]:
    from zhiyu.entities.lists import NEVER, Snooze
    from zhiyu.log.list_journal import said_time

    what = {"rule": each.rule, "field": each.field} if isinstance(each, Snooze) else {"list": each.list}
    until = None if each.until_ms == NEVER else said_time(each.until_ms)
    return {
        **what, "value": each.shown, "since": said_time(each.due_ms), "until": until, "reason": each.reason, "author": each.author,
    }  # fmt: skip


def _line(each: dict[str, Any], language: str) -> str:
    zh = language == "zh"
    what = each.get("list") or f"{'静默' if zh else 'snoozed'} {each['rule']} {each['field']}"
    until = each["until"] or ("长期" if zh else "for good")
    words = [each["value"], f"{each['since']} → {until}", each["reason"], each["author"]]
    return f"{what}  " + "  ".join(word for word in words if word)
