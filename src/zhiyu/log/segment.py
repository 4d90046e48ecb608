"""One segment of a log: a file of frames, and what is known of it without reading it again.

In: frames as they are written or read. Out: where each of them stands, where the next one will, and the chain so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhiyu.log.disk import DiskFile
from zhiyu.log.frames import NO_CHAIN, Header
from zhiyu.log.packed import PackedFile


@dataclass(slots=True)
class Segment:
    """One file. `starts`, `offsets`: first position and place of every frame, as far as they are known."""

    path: Path
    first: int
    file: DiskFile
    chain_before: bytes = NO_CHAIN
    facts: dict[str, Any] = field(default_factory=dict)
    end: int = 0
    next: int = 0
    chain: bytes = NO_CHAIN
    begun_ms: int = 0
    starts: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    @property
    def packed(self) -> bool:
        """Compressed, so it is only read."""
        return isinstance(self.file, PackedFile)

    def stored(self) -> int:
        """Bytes on the disk."""
        return self.file.stored() if isinstance(self.file, PackedFile) else self.file.size()

    def note(self, header: Header, offset: int) -> None:
        """A frame stands here."""
        if header.records:
            self.starts.append(header.first)
            self.offsets.append(offset)
        self.end, self.next, self.chain = offset + header.whole, header.next, header.chain
