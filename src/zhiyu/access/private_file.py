"""Files that hold secrets: for their owner's eyes only, replaced as a whole.

In: a path. Out: its bytes, or InputError when others may read or write it; and the file with other content.
"""

from __future__ import annotations

import os
from pathlib import Path

from zhiyu.base.errors import InputError


def read_private(path: Path, most: int) -> bytes:
    """At most `most` + 1 bytes of the file. FileNotFoundError; InputError when it is open to others."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise InputError(
                f"'{path}' can be read or written by others; run `chmod 600 {path}`",
                f"其他用户可读写“{path}”；请执行 `chmod 600 {path}`",
            )
        return file.read(most + 1)


def replace_private(path: Path, data: bytes) -> None:
    """Write beside, sync, rename, sync the folder: a crash leaves the old file or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
