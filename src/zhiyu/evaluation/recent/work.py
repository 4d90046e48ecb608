"""The process that tries drafts on the recent past, beside a server: what is asked comes through a pipe, what was found goes back.

In: messages `(number, kind, content)`: kind "try" (`base`, `operations`, `figures`), "spread" (`feature`), "arms" (`flow`, `node`,
`since`), "cancel". Out: messages `(number, kind, content)`: "checked", "progress" (stage and how much is done), "figures", "spread",
"arms", "failed", and "end" after the last one.
A draft is checked at once, whatever runs; then the tape is recorded when there is none, it is old, or the draft counts something new; then
the draft decides. The newest question comes first. Everything is done in small steps, so that a cancelled question stops soon.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.recent.arms import Arming
from zhiyu.evaluation.recent.decide import Deciding, Seen, lacks
from zhiyu.evaluation.recent.draft import Base, drafted
from zhiyu.evaluation.recent.figures import told
from zhiyu.evaluation.recent.record import Recorded, Recording, recent_keys, require_triable, with_features_of
from zhiyu.evaluation.recent.spread import Spreading
from zhiyu.policy.experiments import experiment_of
from zhiyu.policy.patch import Operation

NICE = 10
OLD_S = 3_600.0
"""After so long the tape is recorded anew, when the log has grown."""
KEPT_SEEN = 8
"""Results of drafts that are remembered, so that taking a change back costs nothing."""
EVERY_S = 0.1
"""Between two words about how far it is."""
Message = tuple[int, str, Any]


@dataclass
class Question:
    """What is asked, and its work while it is under way."""

    number: int
    steps: Generator[Message, None, None]


@dataclass
class UnderWay:
    """A recording that is being made, whoever asked for it first. `keys`: of the aggregates that it brings."""

    recording: Recording
    keys: frozenset[str]
    steps: Generator[float, None, None]


@dataclass
class Workshop:
    """Of one tenant. `days`: how far back; `folder`: for the tape, of its own; `live`: the hash of the version that decides alone."""

    root: Path
    tenant: str
    key: bytes
    days: float
    folder: Path
    recorded: Recorded | None = None
    _recorded_at: float = 0.0
    _under_way: UnderWay | None = None
    _turn: int = 0
    _bases: dict[str, Base] = field(default_factory=dict)
    _seen: dict[str, Seen] = field(default_factory=dict)

    def answer(self, number: int, kind: str, content: dict[str, Any]) -> Generator[Message, None, None]:
        """Everything there is to say about one question, step by step."""
        try:
            asked = {"try": self._try, "spread": self._spread, "arms": self._arms}[kind]
            yield from asked(number, content)
        except ZhiyuError as wrong:
            yield number, "failed", {"code": wrong.code, "en": wrong.en, "zh": wrong.zh}
        except Exception as wrong:  # told to whoever asked; the next question is answered all the same
            yield (
                number,
                "failed",
                {"code": "try", "en": f"{type(wrong).__name__}: {wrong}", "zh": f"试算失败：{wrong}"},
            )

    def _try(self, number: int, content: dict[str, Any]) -> Generator[Message, None, None]:
        base, live = self._base(content["base"]), self._base(content["live"])
        draft = drafted(base, msgspec.convert(content["operations"], list[Operation]))
        yield number, "checked", draft.told()
        if draft.opened is None or not content["figures"]:
            return
        yield from self._record(number, live.opened, draft.opened)
        recorded = self._there()
        sides = []
        for place, opened in enumerate((live.opened, draft.opened)):
            for done in self._decided(recorded, opened):
                yield number, "progress", {"stage": "decide", "done": (place + done) / 2}
            sides.append(self._seen[opened.artifact.hash])
        yield number, "figures", told(sides[0], sides[1], recorded, live.opened.currency)

    def _spread(self, number: int, content: dict[str, Any]) -> Generator[Message, None, None]:
        live = self._base(content["live"]).opened
        yield from self._record(number, live, live)
        run = Spreading(self._there(), with_features_of(live, live), content["feature"])
        for done in run.steps():
            yield number, "progress", {"stage": "decide", "done": done}
        yield number, "spread", run.result

    def _arms(self, number: int, content: dict[str, Any]) -> Generator[Message, None, None]:
        live = self._base(content["live"]).opened
        experiment = experiment_of(live.artifact.policy, content["flow"], content["node"])
        if experiment is None:
            raise InputError(
                "the version in force has changed meanwhile and has no such experiment; read the list again",
                "现行版本已更换，不再有该实验；请重新读取列表",
            )
        yield from self._record(number, live, live, content["since"])
        run = Arming(self._there(), live, experiment, content["since"])
        for done in run.steps():
            yield number, "progress", {"stage": "decide", "done": done}
        assert run.result is not None
        yield number, "arms", run.result | content["told"]

    def _base(self, policy: str) -> Base:
        if policy not in self._bases:
            while len(self._bases) >= KEPT_SEEN:
                del self._bases[next(iter(self._bases))]
            self._bases[policy] = Base(Kept(self.root, self.tenant, self.key).policy(policy))
        return self._bases[policy]

    def _there(self) -> Recorded:
        assert self.recorded is not None
        return self.recorded

    def _record(self, number: int, live: Opened, draft: Opened, since: int = -1) -> Iterator[Message]:
        """Have a tape that both can be decided on, with what came from position `since` on."""
        require_triable(live, draft)
        kept = Kept(self.root, self.tenant, self.key)
        if self._fits(kept, live, draft, since):
            return
        wanted = frozenset(recent_keys(live).values()) | frozenset(recent_keys(draft).values())
        if self._under_way is None or not wanted <= self._under_way.keys:
            self._begin(kept, with_features_of(live, draft))
        under_way = self._under_way
        assert under_way is not None
        try:
            for done in under_way.steps:
                yield number, "progress", {"stage": "record", "done": done}
        except ZhiyuError:
            self._under_way = None
            raise
        if under_way is self._under_way:
            self._under_way = None
            assert under_way.recording.result is not None
            if self.recorded is not None:
                shutil.rmtree(self.recorded.tape.folder, ignore_errors=True)
            self.recorded, self._recorded_at, self._seen = under_way.recording.result, time.monotonic(), {}

    def _begin(self, kept: Kept, opened: Opened) -> None:
        if self._under_way is not None:
            self._under_way.steps.close()
        self._turn += 1
        recording = Recording(kept, opened, self.days, self.folder / str(self._turn))
        shutil.rmtree(recording.folder, ignore_errors=True)
        self._under_way = UnderWay(recording, frozenset(recent_keys(opened).values()), recording.steps())

    def _fits(self, kept: Kept, live: Opened, draft: Opened, since: int) -> bool:
        if self.recorded is None or lacks(self.recorded, live) or lacks(self.recorded, draft):
            return False
        if self.recorded.tape.unfit_for(live) is not None or self.recorded.tape.unfit_for(draft) is not None:
            return False
        old = time.monotonic() - self._recorded_at > OLD_S or self.recorded.position <= since
        return not (old and kept.log.position > self.recorded.position)

    def _decided(self, recorded: Recorded, opened: Opened) -> Iterator[float]:
        key = opened.artifact.hash
        if key in self._seen:
            self._seen[key] = self._seen.pop(key)  # the newest stay
            return
        run = Deciding(recorded, opened)
        yield from run.steps()
        assert run.result is not None
        while len(self._seen) >= KEPT_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = run.result


def serve_recent(pipe: Connection, workshop: Workshop) -> None:
    """The whole of the process: until the pipe closes."""
    os.nice(NICE)
    open_questions: dict[int, Question] = {}
    spoke = 0.0
    try:
        while True:
            while pipe.poll(None if not open_questions else 0):
                number, kind, content = pipe.recv()
                if kind == "cancel":
                    if (gone := open_questions.pop(number, None)) is not None:
                        gone.steps.close()
                    continue
                open_questions[number] = Question(number, workshop.answer(number, kind, content))
            if not open_questions:
                continue
            question = open_questions[max(open_questions)]
            message = next(question.steps, None)
            if message is None:
                del open_questions[question.number]
                pipe.send((question.number, "end", None))
            elif message[1] != "progress" or time.monotonic() - spoke >= EVERY_S:
                spoke = time.monotonic()
                pipe.send(message)
    except (EOFError, OSError):
        return
    finally:
        for each in open_questions.values():
            each.steps.close()
        shutil.rmtree(workshop.folder, ignore_errors=True)
