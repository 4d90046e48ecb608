"""Decides a part of the log again, from a snapshot before it, or from the begin when all of the log is kept.

In: what a data folder keeps, a span of positions. Out: what was noted compared with what comes out; Unable when there is nothing
to begin from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.compared import Compared
from zhiyu.engine.engine import Engine
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.engine.recovery import UNFIT, Dropped, Recovered, replayed, restored
from zhiyu.engine.tail import Seen
from zhiyu.log.frames import RELEASE, Frame


class Unable(ZhiyuError):
    """It cannot be decided again; `gone`: because of retention, not of damage."""

    def __init__(self, en: str, zh: str, gone: bool = False) -> None:
        super().__init__(en, zh)
        self.gone = gone


class Redo:
    """`say(done)` is told how far it is; `oldest`: begin as early as possible; `notes` gets the snapshots that could not be used."""

    def __init__(self, kept: Kept, say: Callable[[float], None], oldest: bool, notes: list[str]) -> None:
        self._kept, self._say, self._oldest, self._notes = kept, say, oldest, notes

    def run(self, first: int, end: int, asked: Callable[[int], bool]) -> tuple[Compared, int, int]:
        """Decide everything again from a snapshot before `first` up to `end`: what was compared, the snapshot's position (-1: the begin of
        the log), and how many events went through. `asked` names the decisions that are judged."""
        compared = Compared(asked, self.in_force)
        return compared, *self.through(first, end, compared)

    def in_force(self) -> Opened:
        """The policy that decides where it stands now."""
        release = self._kept.releases.current
        assert release is not None
        return self._kept.policy(release.hash)

    def through(self, first: int, end: int, seen: Seen) -> tuple[int, int]:
        """The same, handing what was noted and what comes out to `seen`, all values kept."""
        kept, why = self._kept, list[str]()
        for folder in self._candidates(first):
            try:
                live, engine, frames = restored(folder, kept.log, kept.releases, kept.policy)
            except UNFIT as unfit:
                why.append(f"snapshot {int(folder.name):,}: {unfit}")
                continue
            self._notes += why
            return self._put_through(frames, int(folder.name), end, seen, live, engine)
        self._notes += why
        if kept.log.first > 0:
            raise _unable(first, why, kept.log.first)
        try:
            live = kept.policy(_first_policy(kept))
        except ZhiyuError as changed:
            raise Unable(changed.en, changed.zh) from None
        return self._put_through(kept.log.frames(0), -1, end, seen, live, None)

    def _candidates(self, first: int) -> list[Path]:
        before = [folder for folder in self._kept.snapshots if int(folder.name) <= first]
        if not self._oldest:
            return before
        return before[::-1] if self._kept.log.first > 0 else []

    def _put_through(
        self, frames: Iterator[Frame], snapshot: int, end: int, seen: Seen, live: Opened, engine: Engine | None
    ) -> tuple[int, int]:  # fmt: skip
        releases, taken = self._kept.releases, Recovered()
        try:
            replayed(self._kept.log, self._until(frames, max(snapshot, 0), end), releases, live, taken, engine, seen)
        except ZhiyuError as failed:
            raise Unable(failed.en, failed.zh, isinstance(failed, Dropped)) from None
        except OSError as failed:
            raise Unable(str(failed), str(failed)) from None
        return snapshot, taken.events

    def _until(self, frames: Iterator[Frame], start: int, end: int) -> Iterator[Frame]:
        for number, frame in enumerate(frames):
            if number % 64 == 0:
                self._say((frame.header.first - start) / max(end - start, 1))
            yield frame
            if frame.header.next >= end:  # the next one is not even looked at: damage there is none of ours
                return


def _unable(position: int, why: Sequence[str], first: int) -> Unable:
    if why:
        return Unable(
            f"no snapshot before it can be used ({why[0]}), and the log begins at position {first:,} only",
            f"其之前没有可用的快照（{why[0]}），而日志从位置 {first:,} 才开始",
        )
    return Unable(
        f"no snapshot before position {position:,} is kept any more, and the log begins at {first:,}; its record is whole and explains it",
        f"位置 {position:,} 之前的快照已不再留存，日志从 {first:,} 开始；其记录完好，仍可解释", gone=True,
    )  # fmt: skip


def _first_policy(kept: Kept) -> str:
    for frame in kept.log.frames(0):
        if frame.header.kind == RELEASE:
            return kept.releases.read(frame).hash
        break
    raise InputError("the log tells of no policy; restore it from a copy", "日志中没有策略记录；请从备份恢复")
