"""The audit as a file that goes to an auditor: one JSON object a line, the head of the chain last; and read back, to be verified offline.

In: entries, or a path. Out: a file, or entries and the head that it tells. The digests travel along: whoever has the tenant's key can tell
whether a line was changed, taken out or added, without the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.access.audit import Entry
from zhiyu.base.errors import InputError

_encode = msgspec.json.Encoder().encode


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    tenant: str
    number: int
    at_ms: int
    by: str
    verb: str
    about: str
    detail: str
    chain: str


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    head: int
    chain: str


def write_audit(path: Path, entries: Iterable[Entry], head: tuple[int, bytes]) -> int:
    """Write entries, oldest first, and the head; returns how many. InputError when the file is there: nothing is overwritten."""
    count = 0
    try:
        with path.open("xb") as file:
            for entry in entries:
                file.write(_encode(asdict(entry) | {"chain": entry.chain.hex()}) + b"\n")
                count += 1
            file.write(_encode({"head": head[0], "chain": head[1].hex()}) + b"\n")
    except FileExistsError:
        raise InputError(f"'{path}' is there already; name another file", f"“{path}”已存在；请换一个文件名") from None
    return count


def read_audit(path: Path) -> tuple[list[Entry], tuple[int, bytes]]:
    """The entries and the head that the file tells. InputError for a line that is none, with its number."""
    entries: list[Entry] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as wrong:
        raise InputError(f"'{path}' cannot be read: {wrong.strerror}", f"无法读取“{path}”：{wrong.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            if number == len(lines):
                told = msgspec.json.decode(line, type=_Head)
                return entries, (told.head, bytes.fromhex(told.chain))
            content: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(line, type=_Line))
            entries.append(Entry(**content | {"chain": bytes.fromhex(content["chain"])}))
        except (msgspec.DecodeError, ValueError) as wrong:
            what = "the last line is no head" if number == len(lines) else "this is no entry"
            zh = "末行不是链头" if number == len(lines) else "该行不是审计条目"
            raise InputError(f"{path}:{number}: {what}: {wrong}", f"{path}:{number}：{zh}：{wrong}") from None
    raise InputError(f"'{path}' is empty", f"“{path}”是空文件")
