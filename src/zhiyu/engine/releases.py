"""Which policy decides from which position on: artifacts in files named by their hash, and a frame in the log for every release.

In: opened policies. Out: the policy that was live at any frame. The file is on the disk before the frame that names it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.opened import Opened, open_artifact
from zhiyu.log.frames import RELEASE, Frame
from zhiyu.log.segments import DiskFull, SegmentLog
from zhiyu.policy.artifact import Artifact

_WAITING = "waiting.json"
_HISTORY = "history.json"


@dataclass(frozen=True, slots=True)
class Release:
    """Release `number` of a tenant: policy `hash` decides from position `at` on. `from_position`: where its state began to be counted
    (-1: it went on with the state of the release before). `by`: who released it over the wire, "" when a folder did. `carried`: facts from
    before `from_position` were carried over and counted. `live`: where two versions decide side by side, the hash of the live one."""

    number: int
    hash: str
    at: int
    from_position: int
    written_ms: int = 0
    by: str = ""
    carried: bool = False
    live: str = ""


class Releases:
    """The releases of one log. `current`: the one in force, None before the first; `previous`: the one before it, `whole` the newest, of
    those in which one version decided alone. `history`: every one that is known, oldest first.

    `folder_hash`: the last policy that a folder brought at the start of a server. While the folder stays as it was, what was released
    since over the wire stays in force.
    """

    def __init__(self, folder: Path, log: SegmentLog) -> None:
        self.folder, self.log = folder, log
        self.current: Release | None = None
        self.previous: Release | None = None
        self.whole: Release | None = None
        self.folder_hash = ""
        self._opened: dict[str, Opened] = {}
        log.disk.make_folder(folder)
        self.history: list[Release] = msgspec.convert(self.remembered(_HISTORY).get("releases", []), list[Release])

    @property
    def number(self) -> int:
        """Number of the release in force."""
        return self.current.number if self.current else -1

    def write(self, opened: Opened, from_position: int, by: str = "", carried: bool = False) -> Release:
        """Log that `opened` decides from the next position on. It is in force once the log is synced."""
        self.store(opened.artifact)
        number, policy = self.number + 1, opened.artifact.hash
        versions = opened.artifact.policy.versions
        live = versions.live if versions else ""
        release = Release(number, policy, self.log.position, from_position, self.log.now_ms, by, carried, live)
        content = {"number": number, "hash": policy, "from": from_position, "by": by} | (
            {"carried": True} if carried else {}
        ) | ({"live": live} if live else {})  # fmt: skip
        self.log.append(RELEASE, msgspec.json.encode(content), 0, release.at, release.at)
        self._opened[release.hash] = opened
        self.take(release)
        with contextlib.suppress(DiskFull):  # a view of the log: the next release writes it whole
            self.remember(_HISTORY, {"releases": msgspec.to_builtins(self.history)})
        return release

    def take(self, release: Release) -> None:
        """A release that was read from the log is in force from here on."""
        if not release.live:
            if self.whole is not None and self.whole.hash != release.hash:
                self.previous = self.whole
            self.whole = release
        self.current = release
        self.history = [*(each for each in self.history if each.number < release.number), release]
        if not release.by:
            self.folder_hash = release.hash
        self.log.facts = self.facts()

    def facts(self) -> dict[str, Any]:
        """The releases as JSON, for headers of segments and snapshots."""
        own = {"release": self.current, "previous": self.previous, "whole": self.whole, "folder": self.folder_hash}
        found: dict[str, Any] = msgspec.to_builtins(own)
        return found

    def restore(self, facts: dict[str, Any]) -> Release:
        """Take up what `facts` told; returns the release in force."""
        self.previous = msgspec.convert(facts["previous"], Release | None)
        self.current = msgspec.convert(facts["release"], Release)
        self.whole = msgspec.convert(facts.get("whole") or facts["release"], Release)
        self.folder_hash = facts.get("folder", self.current.hash)
        self.log.facts = self.facts()
        return self.current

    def read(self, frame: Frame) -> Release:
        """The release that a frame tells of."""
        content: dict[str, Any] = msgspec.json.decode(frame.payload)
        header = frame.header
        return Release(
            content["number"], content["hash"], header.first, content["from"], header.written_ms, content.get("by", ""),
            content.get("carried", False), content.get("live", ""),
        )  # fmt: skip

    def open(self, policy_hash: str, like: Opened) -> Opened:
        """The policy of this hash, with the tenant and key of `like`. InputError when its file is gone or is another's."""
        return like if policy_hash == like.artifact.hash else self.opened(policy_hash, like.tenant, like.codes.key)

    def opened(self, policy_hash: str, tenant: str, key: bytes | None = None) -> Opened:
        """The policy of this hash, for a tenant and its key (None: the environment's). InputError when its file is gone or changed."""
        if policy_hash not in self._opened:
            self._opened[policy_hash] = open_artifact(self._read(policy_hash), tenant, key)
        return self._opened[policy_hash]

    def _read(self, policy_hash: str) -> Artifact:
        path, content = self.folder / f"{policy_hash}.json", self.artifact(policy_hash)
        if content is None:
            raise InputError(
                f"the policy {policy_hash[:12]} that decided here is not in {self.folder}; restore {path.name}",
                f"{self.folder} 中没有当时决策所用的策略 {policy_hash[:12]}；请恢复 {path.name}",
            )
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

    def artifact(self, policy_hash: str) -> bytes | None:
        """The artifact of a policy that was released here, as JSON; None when there is none of this hash."""
        return self._content(f"{policy_hash}.json")

    def _content(self, name: str) -> bytes | None:
        disk = self.log.disk
        if name not in disk.names(self.folder):
            return None
        file = disk.open(self.folder / name)
        content = file.read(0, file.size())
        file.close()
        return content

    def wait_for(self, opened: Opened | None, by: str = "") -> None:
        """Remember on disk which policy is counting and will be released, so that a restart goes on with it; None: none is."""
        if opened is not None:
            self.store(opened.artifact)
        elif self.waiting() is None:
            return
        content = {"hash": opened.artifact.hash, "by": by, "after": self.number} if opened is not None else {}
        self.remember(_WAITING, content)

    def waiting(self) -> tuple[str, str] | None:
        """(hash, by) of the policy that was counting when the process ended; None when none was, or another was released since."""
        found = self.remembered(_WAITING)
        return (found["hash"], found["by"]) if found.get("after") == self.number else None

    def remember(self, name: str, content: dict[str, Any]) -> None:
        """Have a small file of this name on disk, whole."""
        self._write(self.folder / name, msgspec.json.encode(content))

    def remembered(self, name: str) -> dict[str, Any]:
        """What `remember` wrote last; nothing when it never did."""
        content = self._content(name)
        found: dict[str, Any] = msgspec.json.decode(content) if content else {}
        return found

    def store(self, artifact: Artifact) -> None:
        """Have the artifact on disk."""
        path = self.folder / f"{artifact.hash}.json"
        if path.name not in self.log.disk.names(self.folder):
            self._write(path, artifact.to_json())

    def _write(self, path: Path, content: bytes) -> None:
        """A whole file, or none: DiskFull then."""
        disk, part = self.log.disk, path.with_suffix(".part")
        try:
            file = disk.open(part)
            file.cut(0)
            file.write(0, content)
            file.sync()
            file.close()
            disk.replace(part, path)
            disk.sync_folder(self.folder)
        except OSError as refused:
            raise DiskFull(
                f"the policy cannot be written to {self.folder} ({refused.strerror}); nothing was released",
                f"无法将策略写入 {self.folder}（{refused.strerror}）；未发布任何策略",
            ) from None
