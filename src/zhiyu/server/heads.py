"""The head of an everyday request, read at once and remembered by its bytes.

In: bytes up to the empty line. Out: `Head`, or None for whatever is not everyday: that goes to the full parser, which knows every case and
every message. What is read here is read as the parser would; a client that keeps its connection sends the same few heads again and again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 2_048
"""A longer head is not everyday."""
MAX_REMEMBERED = 1_024
"""Heads that are remembered; then all are forgotten at once."""
_LINE = re.compile(rb"POST (/[!-\"$->@-~]*) HTTP/1\.1\r\n")
_HEADERS = re.compile(rb"(?:[A-Za-z0-9-]+: ?[!-~](?:[ -~]*[!-~])?\r\n)*\r\n")
_LENGTH = re.compile(rb"[0-9]{1,7}")
_SPECIAL = (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"te", b"trailer")
"""Headers that change how the rest is read."""


@dataclass(frozen=True, slots=True)
class Head:
    """A POST with a body of `length` bytes whose connection stays open. `headers`: names in small letters."""

    path: bytes
    headers: dict[bytes, bytes]
    length: int


def read_head(data: bytes) -> Head | None:
    """The head; None when anything about it is unusual.

    >>> read_head(b"POST /a HTTP/1.1\\r\\nHost: b\\r\\nContent-Length: 2\\r\\n\\r\\n")
    Head(path=b'/a', headers={b'host': b'b', b'content-length': b'2'}, length=2)
    """
    line = _LINE.match(data) if len(data) <= MAX_HEAD_BYTES else None
    if line is None or _HEADERS.fullmatch(data, line.end()) is None:
        return None
    lines = data[line.end() : -len(END)].split(b"\r\n")
    headers = {name.lower(): value.lstrip(b" ") for name, _, value in (each.partition(b":") for each in lines)}
    length = headers.get(b"content-length", b"")
    if len(headers) != len(lines) or _LENGTH.fullmatch(length) is None:
        return None
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive" or any(map(headers.__contains__, _SPECIAL)):
        return None
    return Head(line[1], headers, int(length))
