"""Which field a record that is no JSON stumbles over: the last key at the top of the object before the place where reading stopped.

In: the record, the refusal that names a byte or a key. Out: the field, "" when it stopped before any key.
"""

from __future__ import annotations

import re

import msgspec

from zhiyu.events.refusals import Refusal

_BYTE = re.compile(r"\bbyte (\d+)")
_KEY = re.compile(r"^key '(.*)' occurs twice", re.DOTALL)
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]', re.DOTALL)
_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*', re.DOTALL)
_MAX_SCANNED = 65_536
MAX_FIELD_CHARS = 60


def culprit_of(refusal: Refusal, record: bytes) -> str:
    """The field that a refusal names, or the one at which reading stopped.

    >>> culprit_of(Refusal(0, "", "", "bad_json", "not JSON: invalid character (byte 17)", ""), b'{"id": "a", "n": NaN}')
    'n'
    >>> culprit_of(Refusal(0, "", "", "bad_json", "not JSON: Number out of range", ""), b'{"id": "1e999", "n": 1e999, "m": 2}')
    'n'
    """
    if refusal.field or refusal.code not in ("bad_json", "bad_text", "duplicate_key"):
        return refusal.field
    if refusal.code == "duplicate_key":
        found = _KEY.match(refusal.en)
        return found[1] if found else ""
    if "out of range" in refusal.en:
        return field_before(record, _first_out_of_range(record))
    byte = _BYTE.search(refusal.en)
    if byte is None and "truncated" not in refusal.en and "recursion" not in refusal.en:
        return ""
    return field_before(record, int(byte[1]) if byte else len(record))


def field_before(record: bytes, end: int) -> str:
    """The last key at the top of the object that begins before byte `end`."""
    depth, field = 0, b""
    for token in _TOKEN.finditer(record, 0, min(end + 1, len(record), _MAX_SCANNED)):
        what = token[0]
        if what in (b"{", b"["):
            depth += 1
        elif what in (b"}", b"]"):
            depth -= 1
        elif token[2] is not None and depth == 1:
            field = token[1]
    return field.decode("utf-8", "replace")[:MAX_FIELD_CHARS]


def _first_out_of_range(record: bytes) -> int:
    """Where the first number stands that is larger than any number may be: the decoder does not tell."""
    for token in _NUMBER.finditer(record, 0, _MAX_SCANNED):
        if not token[0].startswith(b'"'):
            try:
                msgspec.json.decode(token[0])
            except msgspec.DecodeError:
                return token.start()
    return 0
