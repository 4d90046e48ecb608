"""Frames: what the log is made of. A header, then a payload that only its writer understands.

In: payloads. Out: bytes for a segment, and frames read back and checked.
Two hashes stand in the header: `digest` over the frame itself, so that one frame can be read alone; `chain` over the chain before and
this digest, so that nobody can take out, add or change a frame without changing every chain after it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b

MAGIC = b"ZYF1"
_FIELDS = struct.Struct(
    "<4sHHIIqqq"
)  # magic, kind, unused, payload bytes, records, first position, next position, written at (ms)
DIGEST_BYTES = 32
HEADER_BYTES = _FIELDS.size + 2 * DIGEST_BYTES
NO_CHAIN = bytes(DIGEST_BYTES)
MAX_PAYLOAD = 1 << 30

SEGMENT, RELEASE, EVENTS, LABELS, LISTS, TICK, FORGET = range(1, 8)
"""Kinds: the first frame of every segment; a policy goes live; events with their decisions; labels; changes of lists; time that passed;
who or what the network forgets."""


class Broken(Exception):
    """These bytes are not a whole frame. `empty`: nothing was ever written here."""

    def __init__(self, why: str, empty: bool = False) -> None:
        super().__init__(why)
        self.empty = empty


@dataclass(frozen=True, slots=True)
class Header:
    """`records` positions from `first`; `next` is the position after. `written_ms`: the wall clock when it was written."""

    kind: int
    size: int
    records: int
    first: int
    next: int
    written_ms: int
    digest: bytes
    chain: bytes

    @property
    def whole(self) -> int:
        """Bytes of header and payload."""
        return HEADER_BYTES + self.size


@dataclass(frozen=True, slots=True)
class Frame:
    """A header with its payload. `after`: (first position of its segment, bytes up to its end), where one can read on."""

    header: Header
    payload: bytes
    after: tuple[int, int] = (0, 0)


def written(
    kind: int, payload: bytes, records: int, first: int, after: int, written_ms: int, chain: bytes
) -> tuple[bytes, bytes]:
    """(bytes of the frame, its chain) after the chain of the frame before."""
    fields = _FIELDS.pack(MAGIC, kind, 0, len(payload), records, first, after, written_ms)
    digest = blake2b(payload, key=fields, digest_size=DIGEST_BYTES).digest()
    chained = blake2b(chain + digest, digest_size=DIGEST_BYTES).digest()
    return b"".join((fields, digest, chained, payload)), chained


def read_header(data: bytes) -> Header:
    """The header at the start of `data`; Broken when there is none."""
    if len(data) < HEADER_BYTES:
        raise Broken("the file ends inside a header", not data.strip(b"\0"))
    magic, kind, _, size, records, first, after, written_ms = _FIELDS.unpack_from(data)
    if magic != MAGIC or size > MAX_PAYLOAD:
        raise Broken("no frame begins here", not data[:HEADER_BYTES].strip(b"\0"))
    digest = data[_FIELDS.size : _FIELDS.size + DIGEST_BYTES]
    return Header(
        kind, size, records, first, after, written_ms, digest, data[_FIELDS.size + DIGEST_BYTES : HEADER_BYTES]
    )


def checked(header: Header, fields: bytes, payload: bytes, after: tuple[int, int] = (0, 0)) -> Frame:
    """The frame, when its payload is what was written; Broken otherwise. `fields`: the header's bytes."""
    if len(payload) < header.size:
        raise Broken("the file ends inside a frame")
    if blake2b(payload, key=fields[: _FIELDS.size], digest_size=DIGEST_BYTES).digest() != header.digest:
        raise Broken("the checksum does not match")
    return Frame(header, payload, after)


def follows(header: Header, chain: bytes) -> bool:
    """Whether the frame was written right after the one with this chain."""
    return blake2b(chain + header.digest, digest_size=DIGEST_BYTES).digest() == header.chain
