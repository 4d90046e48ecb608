"""Small files that are there whole or not at all, and say so when they are not what was written.

In: a path, content. Out: the file on the disk, its name too; and the content again. A crash at any moment leaves the old file or the
new one.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from zhiyu.log.disk import Disk

PART = ".part"
_DIGEST_BYTES = 32


class Changed(Exception):
    """The file is not what was written."""


def write_whole(disk: Disk, path: Path, content: bytes) -> None:
    """Write beside, sync, rename, sync the folder. OSError when the disk refuses; the old file is untouched then."""
    part = path.with_name(path.name + PART)
    file = disk.open(part)
    try:
        file.cut(0)
        file.write(0, blake2b(content, digest_size=_DIGEST_BYTES).digest() + content)
        file.sync()
    finally:
        file.close()
    disk.replace(part, path)
    disk.sync_folder(path.parent)


def read_whole(disk: Disk, path: Path) -> bytes:
    """The content. Changed when it is not what was written."""
    file = disk.open(path)
    found = file.read(0, file.size())
    file.close()
    content = found[_DIGEST_BYTES:]
    if blake2b(content, digest_size=_DIGEST_BYTES).digest() != found[:_DIGEST_BYTES]:
        raise Changed
    return content
