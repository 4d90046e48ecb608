"""The files of a log's folder: segments as they are written, packed ones, what was carried over, and what a crash left behind.

In: names. Out: the segments that make the log, oldest first. Two renames are the moments at which something changes: a packed segment takes
the place of the one it was made from, and what was carried over takes the place of everything before it. What a crash left of the old
is removed on opening; who only reads looks past it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zhiyu.log.damaged import damaged
from zhiyu.log.disk import Disk
from zhiyu.log.packed import PACKED, PackedFile, Unpacked
from zhiyu.log.segment import Segment
from zhiyu.log.whole_file import PART

LOG, CARRIED = ".log", ".carried"


@dataclass(frozen=True, slots=True)
class Held:
    """`segments` by first position: the name of each; `carried`: the position up to which facts were carried over, 0 for none; `left`:
    names that a crash left behind, in the order in which they go."""

    segments: dict[int, str]
    carried: int
    left: tuple[str, ...]


def held(names: Sequence[str]) -> Held:
    """What the names of a folder mean.

    >>> held(["0.log", "5.log", "5.packed", "9.log", "5.carried", "9.packed.part"])
    Held(segments={5: '5.packed', 9: '9.log'}, carried=5, left=('9.packed.part', '0.log', '5.log'))
    """
    found: dict[int, str] = {}
    left = [name for name in names if name.endswith(PART)]
    by_kind = {kind: _numbered(names, kind) for kind in (LOG, PACKED, CARRIED)}
    firsts = sorted(by_kind[LOG] | by_kind[PACKED])
    carried = max((first for first in by_kind[CARRIED] if first in firsts), default=0)
    for first in firsts:
        both = [kind[first] for kind in (by_kind[PACKED], by_kind[LOG]) if first in kind]
        if first >= carried:
            found[first] = both[0]
        left += both[first >= carried :]
    left += [name for first, name in by_kind[CARRIED].items() if first < carried]
    return Held(found, carried, tuple(left))


def opened(disk: Disk, folder: Path, whose: Held) -> list[Segment]:
    """The segments, oldest first. LogDamaged when a closed one is empty: for who only reads, it was packed or dropped a moment ago."""
    found, unpacked, last = [], Unpacked(), max(whose.segments, default=0)
    for first, name in whose.segments.items():
        file = disk.open(folder / name)
        if first < last and not file.size():
            raise damaged(folder / name, 0, "the file is empty")
        own = PackedFile(file, unpacked) if name.endswith(PACKED) else file
        found.append(Segment(folder / name, first, own))
    return found


def _numbered(names: Sequence[str], kind: str) -> dict[int, str]:
    stems = {name: name.removesuffix(kind) for name in names if name.endswith(kind)}
    return {int(stem): name for name, stem in stems.items() if stem.isdigit()}
