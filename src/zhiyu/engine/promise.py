"""What a tenant's data folder promises to keep, and for how long: a small file beside the log.

In: `retention.json` in the tenant's folder. Out: `Promise`. Why a file and not an option of `zhiyu serve`: each tenant has its own; `zhiyu
verify` must know it when no server runs; and a forgotten option at a restart must not drop what was promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms, say_duration
from zhiyu.log.disk import Disk

FILE = "retention.json"
FOREVER = "forever"
MIN_KEEP_MS = 3_600_000
"""A promise is at least an hour: below that a segment is hardly begun."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Decisions can be explained for `keep_ms`, and decided again for `verify_ms`, after they were made; None: for good. Personal values
    stay in the vault for `personal_ms` after their person was last seen, by whole days.

    Without a promise everything is kept, and everything can be decided again from the begin of the log.
    """

    keep_ms: int | None = None
    verify_ms: int | None = None
    personal_ms: int | None = None

    def to_dict(self) -> dict[str, str]:
        """As a JSON object: durations as people write them."""
        return {"keep": _said(self.keep_ms), "verify": _said(self.verify_ms), "personal": _said(self.personal_ms)}


def promise_of(keep: str, verify: str = "", personal: str = "") -> Promise:
    """From "30d" or "forever"; `verify` and `personal` are as long as `keep` without one. InputError for anything else, or when `verify` is
    longer."""
    keep_ms = _read(keep, "keep")
    verify_ms = _read(verify, "verify") if verify else keep_ms
    if keep_ms is not None and (verify_ms is None or verify_ms > keep_ms):
        raise InputError(
            f"what is kept for {keep} cannot be decided again for {verify}; make verify at most {keep}",
            f"只保存 {keep} 的记录无法在 {verify} 内重新决策；verify 不能超过 {keep}",
        )
    return Promise(keep_ms, verify_ms, _read(personal, "personal") if personal else keep_ms)


def read_promise(folder: Path) -> Promise:
    """The promise of a tenant's folder; everything for good when there is none. InputError when the file cannot be read."""
    path = folder / FILE
    try:
        content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        return promise_of(content["keep"], content.get("verify", ""), content.get("personal", ""))
    except FileNotFoundError:
        return Promise()
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, OSError):
        raise InputError(
            f"{path} cannot be read; write it anew with `zhiyu retention --keep …`",
            f"无法读取 {path}；请用 `zhiyu retention --keep …` 重新设置",
        ) from None


def write_promise(folder: Path, promise: Promise, disk: Disk) -> None:
    """Write the promise, whole or not at all."""
    part = folder / f"{FILE}.part"
    file = disk.open(part)
    file.cut(0)
    file.write(0, msgspec.json.encode(promise.to_dict()))
    file.sync()
    file.close()
    disk.replace(part, folder / FILE)
    disk.sync_folder(folder)


def _read(text: str, name: str) -> int | None:
    if text == FOREVER:
        return None
    try:
        found = parse_duration_ms(text)
    except (ValueError, TypeError, AttributeError):
        found = -1
    if found < MIN_KEEP_MS:
        raise InputError(
            f"--{name} is a duration of at least {say_duration(MIN_KEEP_MS)}, such as 30d, or {FOREVER}; not '{text}'",
            f"--{name} 应为至少 {say_duration(MIN_KEEP_MS)} 的时长（如 30d）或 {FOREVER}，而不是“{text}”",
        )
    return found


def _said(duration_ms: int | None) -> str:
    return FOREVER if duration_ms is None else say_duration(duration_ms)
