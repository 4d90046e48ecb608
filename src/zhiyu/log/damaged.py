"""What the log says when the disk lets it down: it cannot be read back, or there is no room.

In: a file, a place in it, why. Out: errors whose message says what to do.
"""

from __future__ import annotations

from pathlib import Path

from zhiyu.base.errors import ZhiyuError


class LogDamaged(ZhiyuError):
    """What was acknowledged cannot be read back; the message says in which file and where."""

    code = "log_damaged"
    status = 503


class DiskFull(ZhiyuError):
    """There is no room for what comes next; nothing was changed."""

    code = "disk_full"
    status = 503


def damaged(path: Path, offset: int, why: str) -> LogDamaged:
    """The file `path` is not what was written, from byte `offset` on."""
    return LogDamaged(
        f"{path} is damaged at byte {offset}: {why}, but what stands there was acknowledged; restore the file from a copy, "
        "or move it away together with everything after it to go on without",
        f"{path} 在字节 {offset} 处损坏（{why}），而其内容已被确认；请从备份恢复该文件，或将其及之后的文件移走后再继续",
    )
