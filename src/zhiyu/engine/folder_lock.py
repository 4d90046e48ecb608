"""One process at a time writes a folder.

In: a folder. Out: a descriptor that holds the lock until it is closed; InputError when another process has it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from zhiyu.base.errors import InputError


def locked(folder: Path) -> int:
    """Take the lock of a folder."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise InputError(
            f"another process serves {folder}; stop it first, or give another --data",
            f"另一个进程正在使用 {folder}；请先停止它，或指定其他 --data",
        ) from None
    return descriptor
