"""The folder of one tenant, opened: its log, the engine that the log tells, and what makes both durable.

In: a folder, a policy. Out: the engine as it was before any crash, when everything is on the disk (`sync`), snapshots. What is taken into
the log: `live.py`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zhiyu.base.errors import InputError
from zhiyu.engine.admit import NO_CLOCK
from zhiyu.engine.answers import Answers
from zhiyu.engine.archive import Archive
from zhiyu.engine.broken import Broken
from zhiyu.engine.lock import locked
from zhiyu.engine.opened import Opened
from zhiyu.engine.recovery import recover, snapshot_facts
from zhiyu.engine.releases import Releases
from zhiyu.engine.retention import Retention
from zhiyu.engine.snapshots import KEPT, MANY, Snapshots
from zhiyu.log.disk import Disk, RealDisk
from zhiyu.log.packing import Packing
from zhiyu.log.segments import SEGMENT_BYTES, SegmentLog

if TYPE_CHECKING:
    from zhiyu.engine.vaulting import Vaulting

_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SNAPSHOT_EVENTS = 1_000_000
"""A snapshot is begun after so many events: recovery replays at most these."""
CLOSE_EVENTS = 10_000
"""Closing writes a snapshot when more than these came since the last one."""


class Durable:
    """Opens or makes the folder and recovers; `broken`: why nothing more can be taken, "" while it can. `vault_key`: the file of master
    keys of the vault; None: personal values are kept nowhere."""

    def __init__(
        self, folder: Path, opened: Opened, *, clock: Literal["wall", "events"] = "wall", disk: Disk | None = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000, segment_bytes: int = SEGMENT_BYTES,
        snapshot_events: int = SNAPSHOT_EVENTS, vault_key: Path | None = None,
    ) -> None:  # fmt: skip
        if not _TENANT.fullmatch(opened.tenant):
            raise InputError(
                f"'{opened.tenant}' cannot name a tenant; use small letters, digits, - and _",
                f"“{opened.tenant}”不能作为租户名；请使用小写字母、数字、- 和 _",
            )
        self.folder, self.clock = folder, clock
        self.broken = ""
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = locked(folder)
        try:
            self.log = SegmentLog(folder / "log", opened.tenant, disk or RealDisk(), now, segment_bytes)
            self.releases = Releases(folder / "policies", self.log)
            self.snapshots = Snapshots(folder / "snapshots")
            self.opened, self.engine, self.recovered = recover(self.log, self.releases, opened, self.snapshots)
            self.vaulting = self._vaulting(vault_key, disk or RealDisk())
        except BaseException:
            os.close(self._lock)
            raise
        self.position = self.log.position
        self.archive = Archive(self.log, self.releases, folder / "index", self.opened)
        self.retention, self.packing = Retention(folder, self.log, now), Packing(self.log, now)
        self._keep_snapshots()
        self.answers = self._answers_of(self.opened)
        self._snapshot_events, self._snapshot_due = snapshot_events, max(self.snapshots.last, 0) + snapshot_events

    @property
    def tenant(self) -> str:
        """Whose events these are."""
        return self.opened.tenant

    @property
    def durable(self) -> int:
        """Everything before this position is on the disk."""
        return self.log.durable

    def floor(self) -> int:
        """The wall clock, ms; NO_CLOCK when time is that of the events."""
        return self._now() if self.clock == "wall" else NO_CLOCK

    def moment(self) -> int:
        """The time of what happens now, ms; 0 before the first event when time is that of the events."""
        return max(int(self.engine.door.clock[0]), self.floor(), 0)

    def sync(self) -> int:
        """Wait until everything taken so far is on the disk; returns the position up to which that is true."""
        self._require_working()
        try:
            return self.log.sync(self.vaulting.begin_sync) if self.vaulting is not None else self.log.sync()
        except OSError as failed:
            self.broken = f"sync failed: {failed}"
            raise Broken(
                f"the log could not be written ({failed.strerror}); nothing since position {self.durable} is acknowledged",
                f"日志写入失败（{failed.strerror}）；位置 {self.durable} 之后的内容均未确认",
            ) from failed

    def snapshot(self, wait: bool = False) -> bool:
        """Begin to write a snapshot of everything so far; False when one is being written, or there is none to write."""
        self.sync()
        self._snapshot_due = self.position + self._snapshot_events
        begun = self.snapshots.begin(self.engine, self.log.position, snapshot_facts(self.log, self.releases))
        if wait:
            self.snapshots.poll(wait=True)
        return begun

    def _keep_snapshots(self) -> None:
        """With a promise about deciding again, the retention lets snapshots go; without one, only the newest few stay."""
        if self.retention.keeps_snapshots:
            self.snapshots.kept = MANY
        elif self.snapshots.kept == MANY:
            self.snapshots.kept = KEPT

    def _answers_of(self, opened: Opened) -> Answers:
        self.archive.opened = opened
        self.answers = self.archive.answers_of(opened.artifact.hash)
        self._room = 9 * opened.compiled.n_columns + 9 * len(opened.compiled.features) + 400
        return self.answers

    def _opened_of(self, policy: str) -> Opened:
        """A policy of the log, by its hash."""
        return self.releases.open(policy, self.opened)

    def facts(self) -> dict[str, int | float | str]:
        """Counts for metrics and readiness."""
        own: dict[str, int | float | str] = dict(self.engine.facts())
        return own | {
            "snapshot": self.snapshots.last, "snapshot_failed": self.snapshots.failed, "snapshot_paused_s": self.snapshots.paused_s,
            "position": self.position, "durable": self.durable, "segments": len(self.log.segments), "accepted": self.engine.accepted,
            "log_first": self.log.first, "log_bytes": self.log.bytes_kept(), "log_bytes_unpacked": self.log.bytes_unpacked(),
            "segments_packed": sum(each.packed for each in self.log.segments),
            "policy": self.opened.artifact.hash, "broken": self.broken,
        }  # fmt: skip

    def close(self) -> None:
        """Make everything durable, let go of the folder."""
        try:
            self.packing.finish(stop=True)
            self.retention.finish()
            if not self.broken:
                self.snapshots.poll(wait=True)
                if self.log.position - max(self.snapshots.last, 0) > CLOSE_EVENTS:
                    self.snapshot(wait=True)
                self.sync()
        finally:
            if self.vaulting is not None:
                self.vaulting.close()
            self.archive.index.close()
            self.log.close()
            os.close(self._lock)

    def _vaulting(self, vault_key: Path | None, disk: Disk) -> Vaulting | None:
        """What keeps personal values in the vault; its packages are loaded only where there is one."""
        if vault_key is None:
            return None
        from zhiyu.engine.vaulting import open_vaulting

        return open_vaulting(self.folder, vault_key, disk, self.tenant, self.log, self._opened_of, self._now)

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """Whatever fails here leaves the memory ahead of the log."""
        try:
            yield
        except BaseException as failed:
            self.broken = f"{type(failed).__name__}: {failed}"
            raise

    def _require_working(self) -> None:
        if self.broken:
            raise Broken(
                f"the log of '{self.tenant}' stopped ({self.broken}); open it again to go on from what is on the disk",
                f"“{self.tenant}”的日志已停止（{self.broken}）；请重新打开，以磁盘内容为准继续",
            )
