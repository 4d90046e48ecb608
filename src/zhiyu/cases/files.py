"""Files of a case: pictures, documents, recordings that speak for what was found.

In: bytes and a name. Out: a file that is known by its SHA-256 and kept outside the database, once however often it is given. What a file
is, is read off its first bytes; a name that says otherwise is refused, and so is what is none of the known kinds. Nothing that was given
is ever changed or opened by us.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, insert, select

from zhiyu.access.audit import Audit
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError
from zhiyu.cases.rows import case_at, step_row, write_case, write_steps
from zhiyu.cases.tables import case_files
from zhiyu.records.store import Records

MAX_FILE_BYTES = 16 << 20
MAX_FILES = 200
"""Of one case."""
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:]{1,180}")
_STARTS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", ("pdf",)), (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    (b"ID3", "audio/mpeg", ("mp3",)), (b"\xff\xfb", "audio/mpeg", ("mp3",)), (b"OggS", "audio/ogg", ("ogg", "oga", "opus")),
)  # fmt: skip
KINDS = "pdf, png, jpg, webp, wav, mp3, ogg, txt, csv, json"


class NoSuchFile(ZhiyuError):
    """No file of this number in the case."""

    code = "no_file"
    status = 404


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a case. `kind`: its media type, read off its content; `digest`: SHA-256, hex."""

    case_number: int
    number: int
    name: str
    kind: str
    size: int
    digest: str
    by: str
    at_ms: int


def sniffed(content: bytes) -> tuple[str, tuple[str, ...]]:
    """(media type, endings a name may have) of a file by its content; ("", ()) for what is none of the known kinds.

    >>> sniffed(b"%PDF-1.7 ...")[0], sniffed(b"MZ\\x90\\x00")[0]
    ('application/pdf', '')
    """
    for start, kind, endings in _STARTS:
        if content.startswith(start):
            return kind, endings
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav", ("wav",)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", ("webp",)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "", ()
    odd = any(ord(char) < 32 and char not in "\t\r\n\f" for char in text)
    return ("", ()) if odd or not text.strip() else ("text/plain; charset=utf-8", ("txt", "csv", "json", "md", "log"))


class Files:
    """The files of one tenant's cases, in `folder`."""

    def __init__(self, records: Records, audit: Audit, folder: Path) -> None:
        self._records, self._audit, self._folder, self.tenant = records, audit, folder, audit.tenant

    def add(self, number: int, name: str, content: bytes, by: str, now_ms: int) -> CaseFile:
        """Keep a file. InputError, LimitExceeded, NoSuchCase."""
        kind = _checked(name, content)
        digest = hashlib.sha256(content).hexdigest()
        self._write(digest, content)  # before the records name it: a crash in between leaves no name without a file
        with self._records.writing() as connection:
            self._audit.lock(connection)
            case = case_at(connection, self.tenant, number, lock=True)
            mine = (case_files.c.tenant == self.tenant) & (case_files.c.case_number == number)
            known = connection.execute(select(case_files).where(mine, case_files.c.digest == digest)).first()
            if known is not None:
                return _file(known)
            count = int(connection.execute(select(func.count()).select_from(case_files).where(mine)).scalar_one())
            if count >= MAX_FILES:
                raise LimitExceeded(f"a case has at most {MAX_FILES} files", f"每个案件最多 {MAX_FILES} 个附件")
            row = {
                "tenant": self.tenant, "case_number": number, "number": count + 1, "name": name, "kind": kind, "size": len(content),
                "digest": digest, "by": by, "at_ms": now_ms,
            }  # fmt: skip
            made = connection.execute(insert(case_files).values(row).returning(*case_files.c)).one()
            detail = {"file": count + 1, "digest": digest, "size": len(content), "kind": kind}
            case.version, case.changed_ms = case.version + 1, now_ms
            write_steps(connection, [step_row(self.tenant, case, now_ms, by, "file", name, detail)])
            write_case(connection, self.tenant, case)
            self._audit.add(connection, now_ms, by, "case.file", f"case/{number}", detail)
        return _file(made)

    def of(self, number: int) -> list[CaseFile]:
        """The files of a case, in the order in which they came. NoSuchCase."""
        asked = select(case_files).where(case_files.c.tenant == self.tenant, case_files.c.case_number == number)
        with self._records.reading() as connection:
            case_at(connection, self.tenant, number)
            return [_file(row) for row in connection.execute(asked.order_by(case_files.c.number))]

    def read(self, number: int, file: int, by: str, now_ms: int) -> tuple[CaseFile, bytes]:
        """A file and its content; who read it stands in the audit. NoSuchFile, NoSuchCase; InputError when it is not what was given."""
        found = next((each for each in self.of(number) if each.number == file), None)
        if found is None:
            raise NoSuchFile(f"case {number} has no file {file}", f"案件 {number} 没有编号为 {file} 的附件")
        try:
            content = self._path(found.digest).read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != found.digest:
            raise InputError(
                "the file is gone or was changed on the disk; restore it from a copy",
                "文件已丢失或被改动；请从备份恢复",
            )
        with self._records.writing() as connection:
            self._audit.add(
                connection, now_ms, by, "case.file_read", f"case/{number}", {"file": file, "digest": found.digest}
            )
        return found, content

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _write(self, digest: str, content: bytes) -> None:
        path = self._path(digest)
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{digest}.{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _checked(name: str, content: bytes) -> str:
    """The media type. InputError with what is wrong, and what to do."""
    if not _NAME.fullmatch(name) or name.strip(". ") != name:
        raise InputError(
            "a file's name has 1 to 180 characters, none of them / \\ : or a control character",
            "文件名应为 1 至 180 个字符，不含 / \\ : 与控制字符",
        )
    if len(content) > MAX_FILE_BYTES:
        raise LimitExceeded(f"a file has at most {MAX_FILE_BYTES:,} bytes", f"附件最多 {MAX_FILE_BYTES:,} 字节")
    kind, endings = sniffed(content)
    if not kind:
        raise InputError(
            f"the file is empty or of a kind that is not taken; these are: {KINDS}",
            f"文件为空或类型不被接受；可用：{KINDS}",
        )
    ending = name.rpartition(".")[2].lower()
    if ending not in endings:
        raise InputError(
            f"the name ends in .{ending[:20]}, and the content is {kind}; call it .{endings[0]}",
            f"文件名以 .{ending[:20]} 结尾，而内容为 {kind}；请改为 .{endings[0]}",
        )
    return kind


def _file(row: Any) -> CaseFile:
    content: dict[str, Any] = dict(row._mapping)
    content.pop("tenant")
    return CaseFile(**content)
