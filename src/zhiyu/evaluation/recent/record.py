"""The last days of a log become a tape: events as they came, every aggregate as it was then, the lists as they changed.

In: what a data folder keeps, the policy whose features are wanted, since when. Out: `Recorded`: a tape, changes of lists, the span. Labels
are those known at the end of the log. Features that count our own decisions, and those that ask lists, are taped too: they count what
really was, whatever policy is tried on the tape. A policy may wait: its decisions are taped as they were first made, and what a wait came
to does not come back as a fact (as for everything that follows a log).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.engine.carried import Carried, carried_of
from zhiyu.engine.engine import Outcome
from zhiyu.engine.event_frames import noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.warming import start_of
from zhiyu.entities.lists import ListChange, Snooze
from zhiyu.evaluation.log_run import KnownLabels, LogRun
from zhiyu.evaluation.tape import Tape, TapeWriter
from zhiyu.events.batch import EventBatch
from zhiyu.features.declare import Feature
from zhiyu.log.frames import EVENTS, LISTS, Frame
from zhiyu.network.declare import NetworkFeature
from zhiyu.policy.artifact import feature_key, ground_key
from zhiyu.policy.builtin import DECISION, LABEL
from zhiyu.policy.declare import Policy
from zhiyu.policy.expand import all_features

Change = ListChange | Snooze


@dataclass(frozen=True)
class Recorded:
    """`changes` of lists in order; events received from `since_ms` on are in the span, the last one at `until_ms`; the log was read up to
    `position`."""

    tape: Tape
    changes: tuple[Change, ...]
    since_ms: int
    until_ms: int
    position: int


def recent_keys(opened: Opened) -> dict[str, str]:
    """Name → key of every aggregate that is computed: equal keys mean equal values on the same log."""
    used = {column.name for column in opened.compiled.features if column.role == "aggregate"}
    policy = opened.compiled.policy
    return {each.feature.name: _key(policy, each.feature) for each in all_features(policy) if each.feature.name in used}


def _key(policy: Policy, feature: Feature) -> str:
    """What it counts, and what is declared elsewhere about the facts that it counts."""
    about: list[object] = [feature_key(feature)]
    if LABEL in feature.on:
        about.append(msgspec.to_builtins(policy.labels))
    if DECISION in feature.on:
        about.append(msgspec.to_builtins(policy.feedback))
    return hashlib.sha256(json.dumps(about, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def with_features_of(live: Opened, others: Opened) -> Opened:
    """`live` with every aggregate it declares, used or not, and those of another policy that it lacks, under names of their own."""
    whole = open_policy(live.policy, live.tenant, live.codes.key, all_features=True)
    known, taken = (
        set(recent_keys(whole).values()),
        set(whole.compiled.checked.features) | set(whole.compiled.checked.known.names),
    )
    fresh = []
    wanted = recent_keys(others)
    for each in all_features(others.compiled.policy):
        key = wanted.get(each.feature.name)
        if key is None or key in known or type(each.feature) is not Feature:
            continue
        known.add(key)
        name = next(n for n in (f"tried_{number}" for number in range(len(taken) + 1)) if n not in taken)
        taken.add(name)
        fresh.append(msgspec.structs.replace(each.feature, name=name, actionable="", step=None, en="", zh=""))
    if not fresh:
        return whole
    wider = msgspec.structs.replace(live.policy, features=(*live.policy.features, *fresh))
    return open_policy(wider, live.tenant, live.codes.key, all_features=True)


def require_triable(live: Opened, draft: Opened) -> None:
    """InputError for a draft under which the log itself would read otherwise: its events, or who is connected to whom."""
    if ground_key(draft.artifact.policy) != ground_key(live.artifact.policy):
        raise _untriable("event types or the clock are declared differently", "事件类型或时钟的声明不同")
    known = {_key(live.compiled.policy, each.feature) for each in all_features(live.compiled.policy)}
    used = recent_keys(draft)
    for each in all_features(draft.compiled.policy):
        if isinstance(each.feature, NetworkFeature) and used.get(each.feature.name, "") not in {"", *known}:
            raise _untriable("the network is declared differently", "关系网络的声明不同")


def _untriable(en: str, zh: str) -> InputError:
    return InputError(
        f"the draft cannot be tried on the recent past: {en}; propose it and run a backtest",
        f"草稿无法在近期数据上试算：{zh}；请提交提案并运行回测",
    )


@dataclass
class Recording:
    """One walk through the log. Iterate `steps()` for how much is done, 0 to 1; then `result` is there. InputError when nothing was
    received in the span."""

    kept: Kept
    opened: Opened
    days: float
    folder: Path
    result: Recorded | None = field(default=None, init=False)

    def steps(self) -> Generator[float, None, None]:
        """Work frame by frame."""
        log, opened = self.kept.log, self.opened
        until = _last_received(self.kept)
        since = until - round(self.days * 86_400_000)
        start = start_of(log, opened, since)
        labels = KnownLabels(self.kept, start)
        facts = {"input": str(self.kept.folder), "input_bytes": 0, "source": None, "label_delay_ms": 0, "labels": None}
        writer = TapeWriter(self.folder, opened, facts, recent_keys(opened), texts=False)
        run = _Taping(self.kept, opened, since, writer, labels)
        end = max(log.position - start, 1)
        try:
            carried = log.carried() if start == log.first else None
            if carried is not None:
                run.take_carried(carried_of(carried))
            for frame in log.frames(start):
                run.take(frame)
                yield min((frame.header.next - start) / end, 1.0)
            run.flush()
            if not writer.written:
                raise InputError(
                    f"nothing was decided in the last {self.days:g} days", f"最近 {self.days:g} 天没有决策"
                )
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        self.result = Recorded(Tape.open(self.folder), tuple(run.changes), since, until, log.position)


def _last_received(kept: Kept) -> int:
    """When the newest event was received, ms; 0 when there is none."""
    for segment in reversed(kept.log.segments):
        found = [
            int(noted(frame.payload, kept.tenant).judged.received.max())
            for frame in kept.log.frames(segment.first) if frame.header.kind == EVENTS
        ]  # fmt: skip
        if found:
            return max(found)
    return 0


class _Taping(LogRun):
    """Writes what was received from `since_ms` on, with the labels that are known by now, and keeps the changes of lists."""

    def __init__(self, kept: Kept, opened: Opened, since_ms: int, writer: TapeWriter, labels: KnownLabels) -> None:
        def seen(outcome: Outcome, batch: EventBatch) -> None:
            known, known_ms = labels.of(batch)  # not in place: the engine has counted them when they came
            writer.write(outcome, replace(batch, labels=known, known_ms=known_ms))

        super().__init__(kept, opened, seen, since_ms=since_ms)
        self.changes: list[Change] = []

    def take(self, frame: Frame) -> None:
        """One frame of any kind."""
        if frame.header.kind == LISTS:
            self.changes += noted_lists(frame.payload).changes
        super().take(frame)

    def take_carried(self, carried: Carried) -> None:
        """Facts from before the first frame that is kept."""
        self.changes += carried.changes()
        super().take_carried(carried)
