"""Which policy decides from which position on: artifacts in files named by their hash, and a frame in the log for every release.

In: opened policies. Out: the policy that was live at any frame. The file is on the disk before the frame that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.opened import Opened, open_artifact
from zhiyu.log.frames import RELEASE, Frame
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Release:
    """Release `number` of a tenant: policy `hash` decides from position `at` on. `from_position`: where its state began to be counted
    (-1: it went on with the state of the release before)."""

    number: int
    hash: str
    at: int
    from_position: int
    written_ms: int = 0


class Releases:
    """The releases of one log. `current`: the one in force, None before the first; `previous`: the one before it."""

    def __init__(self, folder: Path, log: SegmentLog) -> None:
        self.folder, self.log = folder, log
        self.current: Release | None = None
        self.previous: Release | None = None
        self._opened: dict[str, Opened] = {}
        log.disk.make_folder(folder)

    @property
    def number(self) -> int:
        """Number of the release in force."""
        return self.current.number if self.current else -1

    def write(self, opened: Opened, from_position: int) -> Release:
        """Log that `opened` decides from the next position on. It is in force once the log is synced."""
        self._store(opened.artifact)
        release = Release(self.number + 1, opened.artifact.hash, self.log.position, from_position)
        content = {"number": release.number, "hash": release.hash, "from": from_position}
        self.log.append(RELEASE, msgspec.json.encode(content), 0, release.at, release.at)
        self._opened[release.hash] = opened
        self.take(release)
        return release

    def take(self, release: Release) -> None:
        """A release that was read from the log is in force from here on."""
        self.previous, self.current = self.current, release
        self.log.facts = self.facts()

    def facts(self) -> dict[str, Any]:
        """The releases as JSON, for headers of segments and snapshots."""
        return {"release": msgspec.to_builtins(self.current), "previous": msgspec.to_builtins(self.previous)}

    def restore(self, facts: dict[str, Any]) -> Release:
        """Take up what `facts` told; returns the release in force."""
        self.previous = msgspec.convert(facts["previous"], Release | None)
        self.current = msgspec.convert(facts["release"], Release)
        self.log.facts = self.facts()
        return self.current

    def read(self, frame: Frame) -> Release:
        """The release that a frame tells of."""
        content: dict[str, Any] = msgspec.json.decode(frame.payload)
        return Release(content["number"], content["hash"], frame.header.first, content["from"], frame.header.written_ms)

    def open(self, policy_hash: str, like: Opened) -> Opened:
        """The policy of this hash, with the tenant and key of `like`. InputError when its file is gone or is another's."""
        return like if policy_hash == like.artifact.hash else self.opened(policy_hash, like.tenant, like.codes.key)

    def opened(self, policy_hash: str, tenant: str, key: bytes | None = None) -> Opened:
        """The policy of this hash, for a tenant and its key (None: the environment's). InputError when its file is gone or changed."""
        if policy_hash not in self._opened:
            self._opened[policy_hash] = open_artifact(self._read(policy_hash), tenant, key)
        return self._opened[policy_hash]

    def _read(self, policy_hash: str) -> Artifact:
        path = self.folder / f"{policy_hash}.json"
        if path.name not in self.log.disk.names(self.folder):
            raise InputError(
                f"the policy {policy_hash[:12]} that decided here is not in {self.folder}; restore {path.name}",
                f"{self.folder} 中没有当时决策所用的策略 {policy_hash[:12]}；请恢复 {path.name}",
            )
        file = self.log.disk.open(path)
        content = file.read(0, file.size())
        file.close()
        try:
            artifact = Artifact.from_json(content)
            other = "" if artifact.hash == policy_hash else f"it holds policy {artifact.hash[:12]}"
        except ZhiyuError as wrong:
            other = wrong.en
        if other:
            raise InputError(
                f"{path} was changed after it was written: {other}; restore it",
                f"{path} 写出后被改动过（{other}）；请恢复",
            )
        return artifact

    def _store(self, artifact: Artifact) -> None:
        disk, path = self.log.disk, self.folder / f"{artifact.hash}.json"
        if path.name in disk.names(self.folder):
            return
        part = path.with_suffix(".part")
        file = disk.open(part)
        file.cut(0)
        file.write(0, artifact.to_json())
        file.sync()
        file.close()
        disk.replace(part, path)
        disk.sync_folder(self.folder)
