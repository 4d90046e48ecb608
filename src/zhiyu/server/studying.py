"""Studies of a server: started in processes of their own, one at a time, watched, cancelled, kept.

In: what is asked. Out: where each stands, and what came of it. A study reads the log from disk, so that deciding goes on beside it; its
folder lies in the tenant's (`studies/NUMBER`), the newest are kept. What ran when the server ended is told as cancelled.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from zhiyu.evaluation.studies.study import (
    ASK,
    FAILED,
    PAGE,
    SCHEDULE,
    Asked,
    failed_of,
    progress_of,
    read_asked,
    result_of,
    write,
)
from zhiyu.log.list_journal import said_time
from zhiyu.server.problems import HttpError

State = Literal["waiting", "running", "done", "failed", "cancelled"]
KEPT, KEPT_OF_SCHEDULE = 50, 10
"""Studies of a tenant whose results are kept: those that somebody asked for, those of the schedule."""
MAX_WAITING = 8
STDERR = "stderr.txt"
GRACE_S = 5.0


@dataclass
class Study:
    """One study: its number within the tenant, its folder, what is asked, and its process while it runs."""

    number: int
    folder: Path
    asked: Asked
    process: subprocess.Popen[bytes] | None = None
    waits: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.process is not None:
            return "running"
        if self.waits:
            return "waiting"
        if failed_of(self.folder) is not None:
            return "failed"
        return "done" if (self.folder / PAGE).is_file() and result_of(self.folder) is not None else "cancelled"

    def told(self) -> dict[str, Any]:
        """For JSON: everything but the result."""
        state, why = self.state, failed_of(self.folder)
        return {
            "study": self.number, "kind": self.asked.kind, "models": list(self.asked.models), "versions": list(self.asked.versions),
            "by": self.asked.by, "begun": said_time(self.asked.begun_ms) if self.asked.begun_ms else None,
            "begins": self.asked.begins, "ends": self.asked.ends, "state": state,
            "progress": 1.0 if state == "done" else progress_of(self.folder), "why": {"en": why.en, "zh": why.zh} if why else None,
        }  # fmt: skip


class Studies:
    """The studies of one tenant; `folder`: that of the tenant."""

    def __init__(self, folder: Path, turn: asyncio.Lock) -> None:
        """`turn` is shared by all tenants: one study runs at a time."""
        self._folder, self._turn = folder / "studies", turn
        self._known: dict[int, Study] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for path in sorted(self._folder.glob("[0-9]*")) if self._folder.is_dir() else ():
            with suppress(OSError, ValueError, msgspec.MsgspecError):  # half written, or of another version
                self._known[int(path.name)] = Study(int(path.name), path, read_asked(path))

    def begin(self, asked: Asked) -> Study:
        """Start it, or let it wait for its turn. HttpError 429 when too many wait."""
        if sum(each.waits for each in self._known.values()) >= MAX_WAITING:
            raise HttpError(
                429, "too_many_studies", f"{MAX_WAITING} studies wait already; cancel one, or come back later",
                f"已有 {MAX_WAITING} 项分析在排队；请取消一项或稍后再来", headers=((b"retry-after", b"60"),),
            )  # fmt: skip
        taken = [int(path.name) for path in self._folder.glob("[0-9]*") if path.name.isdigit()]
        number = max(taken, default=0) + 1
        folder = self._folder / str(number)
        folder.mkdir(parents=True)
        write(folder / ASK, msgspec.json.encode(asked).decode())
        study = self._known[number] = Study(number, folder, asked, waits=True)
        self._forget_old()
        task = asyncio.create_task(self._run(study))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return study

    def one(self, number: int) -> Study:
        """HttpError 404 when there is none."""
        if number not in self._known:
            raise HttpError(404, "no_study", "no study of this number is kept", "没有保存该编号的分析", "number")
        return self._known[number]

    def all(self) -> list[Study]:
        """Newest first."""
        return [self._known[number] for number in sorted(self._known, reverse=True)]

    def cancel(self, study: Study) -> None:
        """End it; what is done stays done."""
        if study.waits:
            study.waits = False
            study.ended.set()
        if study.process is not None:
            study.process.terminate()

    async def close(self) -> None:
        """Cancel what runs and wait for its end."""
        for study in self._known.values():
            self.cancel(study)
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks), timeout=GRACE_S)
            for study in self._known.values():
                if study.process is not None:
                    study.process.kill()
            if late:
                await asyncio.wait(late)

    async def _run(self, study: Study) -> None:
        async with self._turn:
            if study.waits:
                process = study.process = _started(study.folder)
                study.waits = False
                code = await asyncio.to_thread(process.wait)
                study.process = None
                if code > 0 and failed_of(study.folder) is None:
                    place = study.folder / STDERR
                    why = {
                        "en": f"the study broke off with code {code}; see {place}",
                        "zh": f"分析异常中止，退出码 {code}；见 {place}",
                    }
                    write(study.folder / FAILED, msgspec.json.encode(why).decode())
        study.ended.set()

    def _forget_old(self) -> None:
        """Of what people asked and of what the schedule did, the newest stay."""
        ended = [study for study in self.all() if study.process is None and not study.waits]
        own = [study for study in ended if study.asked.by == SCHEDULE]
        asked = [study for study in ended if study.asked.by != SCHEDULE]
        for study in (*own[KEPT_OF_SCHEDULE:], *asked[KEPT:]):
            del self._known[study.number]
            shutil.rmtree(study.folder, ignore_errors=True)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    """The process of a study; what it has to say stands in its folder."""
    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", "zhiyu.evaluation.studies.run", str(folder)]
    with (folder / STDERR).open("wb") as stderr:
        return subprocess.Popen(command, stdin=silent, stdout=silent, stderr=stderr, start_new_session=True)
