"""The journal of lists: every change and every snooze as one NDJSON line, in the order in which they were written.

In: lines {"time", "list", "op": add|remove, "value" | "code" + "shown", "until", "reason", "author"} and {"time", "op": "snooze", "rule",
"field", "value" | "code" + "shown", "until", …}. Out: `ListChange`s and `Snooze`s with their lines; every bad line refused with its
number, the field and what to do. The value of a personal field is never written, only its code (16 hex digits) and its masked form.
A line that a crash cut off is reported and not taken; the next append marks it (CAN, 0x18) and begins on a new line.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.events.list_changes import NEVER, ListChange, Snooze
from zhiyu.events.list_values import Vocabulary
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.log.blocks import Blocks
from zhiyu.log.list_line import Line, Wrong, understood
from zhiyu.log.ndjson import read_line

CHUNK = 65_536
CUT_OFF = b"\x18"
"""Ends a line that was cut off while it was written."""


@dataclass(slots=True)
class Journal:
    """What a journal says: `changes`, the 1-based line of each, refused lines.

    `torn`: numbers of lines that a crash cut off.
    """

    changes: list[ListChange | Snooze] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    torn: list[int] = field(default_factory=list)


def read_journal(path: Path, known: Vocabulary) -> Journal:
    """Read a journal; one that is not there is empty."""
    journal = Journal()
    if not path.exists():
        return journal
    open_end = _open_end(path)
    waiting: list[Line] = []
    last = 0
    for last, line in Blocks(path).lines(MAX_EVENT_BYTES):
        if line is not None and line.endswith(CUT_OFF):
            journal.torn.append(last)
        elif line is None or line.strip():
            _take(journal, waiting, last, line, known)
        if len(waiting) >= CHUNK:
            _finish(journal, waiting)
            waiting = []
    _finish(journal, waiting)
    if open_end:
        journal.refusals = [refusal for refusal in journal.refusals if refusal.line != last]
        journal.torn.append(last)
    return journal


def append_journal(path: Path, changes: Iterable[ListChange | Snooze], known: Vocabulary) -> int:
    """Write changes at the end, all or (when the disk refuses) none, and make sure they are on the disk. Returns bytes written."""
    lines = b"".join(_written(change, known) for change in changes)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        lines = _seal(descriptor, size) + lines
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    return len(lines)


def said_time(ms: int) -> str:
    """A moment as the journal writes it: ISO-8601 in UTC.

    >>> said_time(1_714_550_400_123)
    '2024-05-01T08:00:00.123Z'
    """
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return when.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def _take(journal: Journal, waiting: list[Line], number: int, line: bytes | None, known: Vocabulary) -> None:
    try:
        waiting.append(understood(number, read_line(line), known))
    except Bad as bad:
        journal.refusals.append(_refusal(number, "", bad))
    except Wrong as wrong:
        journal.refusals.append(_refusal(number, wrong.name, wrong.bad))


def _open_end(path: Path) -> bool:
    """Whether the file ends in a piece of a line."""
    with path.open("rb") as file:
        return _seal(file.fileno(), file.seek(0, os.SEEK_END)).startswith(CUT_OFF)


def _seal(descriptor: int, size: int) -> bytes:
    """What must be written before the next line: nothing, the end of a whole line, or the mark of a cut-off one."""
    tail = os.pread(descriptor, min(size, MAX_EVENT_BYTES), max(size - MAX_EVENT_BYTES, 0))
    if not tail or tail.endswith(b"\n"):
        return b""
    return b"\n" if _is_json(tail[tail.rfind(b"\n") + 1 :]) else CUT_OFF + b"\n"


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _refusal(number: int, name: str, bad: Bad) -> Refusal:
    return Refusal(number - 1, "", name, bad.code, bad.en, bad.zh, {}, number)


def _finish(journal: Journal, waiting: list[Line]) -> None:
    """Read the values that wait, reader by reader, then take the lines in their order."""
    of_reader: dict[int, list[Line]] = {}
    for line in waiting:
        if line.code is None:
            of_reader.setdefault(id(line.reader), []).append(line)
    refused: dict[int, Bad] = {}
    for lines in of_reader.values():
        found = lines[0].reader.read([line.record["value"] for line in lines])
        refused |= {lines[at].number: bad for at, bad in found.bad.items()}
        for line, code, shown in zip(lines, found.codes.tolist(), found.shown):
            line.code, line.shown = code, shown
    for line in waiting:
        if line.number in refused:
            journal.refusals.append(_refusal(line.number, "value", refused[line.number]))
        else:
            journal.changes.append(line.change())
            journal.lines.append(line.number)
    journal.refusals.sort(key=lambda refusal: refusal.line)


_ENCODER = msgspec.json.Encoder()


def _written(change: ListChange | Snooze, known: Vocabulary) -> bytes:
    named = known.fields[change.field] if isinstance(change, Snooze) else known.lists[change.list]
    if named.personal or not change.shown:
        return coded_line(change)
    return _line(change, {"value": change.shown})


def coded_line(change: ListChange | Snooze) -> bytes:
    """The line of a change that gives its code, which means the same whatever the policy knows."""
    return _line(change, {"code": f"{change.code & 0xFFFFFFFFFFFFFFFF:016x}", "shown": change.shown})


def _line(change: ListChange | Snooze, value: dict[str, str]) -> bytes:
    line: dict[str, Any] = {"time": said_time(change.due_ms)}
    if isinstance(change, Snooze):
        line |= {"op": "snooze", "rule": change.rule, "field": change.field}
    else:
        line |= {"list": change.list, "op": change.op}
    line |= value
    if change.until_ms != NEVER and not (isinstance(change, ListChange) and change.op == "remove"):
        line["until"] = said_time(change.until_ms)
    line |= {word: text for word in ("reason", "author") if (text := getattr(change, word))}
    return _ENCODER.encode(line) + b"\n"


def require_whole(journal: Journal, path: Path) -> Journal:
    """The journal, or InputError with the first refused lines: decisions must not rest on half of it."""
    if journal.refusals:
        few = journal.refusals[:10]
        en = "\n".join(f"{path}:{each.line}: {f'{each.field}: ' if each.field else ''}{each.en}" for each in few)
        zh = "\n".join(f"{path}:{each.line}: {f'{each.field}：' if each.field else ''}{each.zh}" for each in few)
        raise InputError(
            f"{len(journal.refusals)} lines of the journal cannot be taken; correct or delete them\n{en}",
            f"名单日志有 {len(journal.refusals)} 行无法读取；请更正或删除\n{zh}",
        )
    return journal
