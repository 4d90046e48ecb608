"""What a data folder keeps of one tenant, opened for reading only: beside a server that runs, or of a copy.

In: the tenant's folder. Out: its log, its releases, its snapshots. No lock is taken and nothing is written: what stands before the log's
mark never changes, and a file that is dropped meanwhile stays readable for those who have it open.
"""

from __future__ import annotations

from pathlib import Path

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.engine.opened import Opened
from zhiyu.engine.promise import read_promise
from zhiyu.engine.releases import Releases
from zhiyu.engine.snapshots import kept_snapshots
from zhiyu.log.disk import ReadingDisk
from zhiyu.log.segments import LogDamaged, SegmentLog

_TRIES = 5


class Kept:
    """The folder `root/tenant`. `key`: that of the tenant's codes, None for the one of the environment. InputError when there is no log."""

    def __init__(self, root: Path, tenant: str, key: bytes | None = None) -> None:
        self.folder, self.tenant, self._key = root / tenant, tenant, key
        if not (self.folder / "log").is_dir():
            raise _nothing(root, tenant)
        self.log = self._opened_log()
        self.releases = Releases(self.folder / "policies", self.log)
        self.snapshots = kept_snapshots(self.folder / "snapshots")
        self.promise = read_promise(self.folder)

    def policy(self, policy_hash: str) -> Opened:
        """A policy that once decided; InputError when its file is gone or changed."""
        return self.releases.opened(policy_hash, self.tenant, self._key)

    def _opened_log(self) -> SegmentLog:
        """A server that runs may begin and drop files between our looks; then look again."""
        for _ in range(_TRIES):
            before = self._names()
            try:
                return SegmentLog(self.folder / "log", self.tenant, ReadingDisk(), lambda: 0, reading=True)
            except LogDamaged:
                if before == self._names():
                    raise
        raise InputError(
            f"the log in {self.folder} changes too quickly to be read; try again, or verify a copy",
            f"{self.folder} 中的日志变化过快，无法读取；请重试，或对副本进行验证",
        )

    def _names(self) -> list[str]:
        return ReadingDisk().names(self.folder / "log")


def _nothing(root: Path, tenant: str) -> InputError:
    there = sorted(path.parent.name for path in root.glob("*/log")) if root.is_dir() else []
    hint = did_you_mean(tenant, there)
    known = f"tenants there: {', '.join(there[:5])}" if there else "give the folder that `zhiyu serve --data` was given"
    known_zh = f"已有租户：{'、'.join(there[:5])}" if there else "请给出 `zhiyu serve --data` 所用的目录"
    return InputError(
        f"{root} keeps nothing of tenant '{tenant}'; {hint.en or known}",
        f"{root} 中没有租户“{tenant}”的数据；{hint.zh or known_zh}",
    )
