"""Queues: which alerts become work, for whom, and within what time.

In: a YAML file, or nothing. Out: `Declared`, a tuple of `Queue`s, the most important first. An alert goes to the
first queue that takes it; one that no queue takes is no work and opens no case.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.settings_file import read_settings
from zhiyu.base.windows import parse_duration_ms
from zhiyu.policy.outcomes import OUTCOMES

Kind = Literal["decision", "gang", "drift"]
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]
MAX_QUEUES = 100


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`kinds`, `outcomes` (what was done), `types` (of events), `reasons`: what it takes; empty means any. `min_money`: major units.
    `within`: time to close a case. `skill`: what somebody has to be able to do to be handed one. `escalates_to`: another queue."""

    name: str
    en: str = ""
    zh: str = ""
    kinds: tuple[Kind, ...] = ("decision",)
    outcomes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    min_money: int = 0
    within: str = "1d"
    skill: str = ""
    escalates_to: str = ""

    @property
    def within_ms(self) -> int:
        """The time to close a case, ms."""
        return parse_duration_ms(self.within)

    def takes(self, kind: str, outcome: str, event_type: str, reasons: tuple[str, ...], money_major: int) -> bool:
        """Whether an alert is work of this queue."""
        return (
            kind in self.kinds
            and (not self.outcomes or kind != "decision" or outcome in self.outcomes)
            and (not self.types or event_type in self.types)
            and (not self.reasons or not set(self.reasons).isdisjoint(reasons))
            and money_major >= self.min_money
        )


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The queues, the most important first. `claim`: after how long a claim lapses that nothing is done with. `drift_types`: types of
    events that tell of a model that has drifted."""

    queues: tuple[Queue, ...]
    claim: str = "30m"
    drift_types: tuple[str, ...] = ("model_drift", "feature_alert")

    @property
    def claim_ms(self) -> int:
        """How long a claim holds, ms."""
        return parse_duration_ms(self.claim)

    def queue(self, name: str) -> Queue | None:
        """The queue of this name."""
        return next((each for each in self.queues if each.name == name), None)

    def place(self, name: str) -> int:
        """How important a queue is, 0 the most; past all of them for one that is declared no more."""
        names = [each.name for each in self.queues]
        return names.index(name) if name in names else len(names)

    def route(
        self, kind: str, outcome: str, event_type: str, reasons: tuple[str, ...], money_major: int
    ) -> Queue | None:
        """The queue of an alert; None when it is no work."""
        return next((q for q in self.queues if q.takes(kind, outcome, event_type, reasons, money_major)), None)

    @property
    def least_outcome(self) -> int:
        """The mildest outcome that any queue takes: what is below it need not be looked at."""
        taken = [
            min(map(OUTCOMES.index, queue.outcomes), default=0) for queue in self.queues if "decision" in queue.kinds
        ]
        return min(taken, default=len(OUTCOMES))


DEFAULT = Declared(
    queues=(
        Queue(name="gangs", en="gangs", zh="团伙", kinds=("gang",), within="8h"),
        Queue(name="review", en="to be decided", zh="待人工审核", outcomes=("review", "delay"), within="4h"),
        Queue(name="declined", en="declined", zh="已拒绝", outcomes=("decline",), within="3d"),
        Queue(name="challenged", en="to be verified", zh="补充验证", outcomes=("challenge",), within="1d"),
        Queue(name="models", en="models", zh="模型", kinds=("drift",), within="2d"),
    )
)
"""Without a file."""


@dataclass(frozen=True, slots=True)
class _Wrong(Exception):
    en: str
    zh: str


def read_queues(path: Path | None) -> Declared:
    """The declared queues; DEFAULT without a file. InputError that names the field and what was wrong with it."""
    if path is None:
        return DEFAULT
    found = read_settings(path, Declared)
    try:
        _check(found)
    except _Wrong as wrong:
        raise InputError(f"{path}: {wrong.en}", f"{path}：{wrong.zh}") from None
    return found


def _check(found: Declared) -> None:
    names = [queue.name for queue in found.queues]
    if not 1 <= len(names) <= MAX_QUEUES:
        raise _Wrong(f"declare 1 to {MAX_QUEUES} queues", f"请声明 1 至 {MAX_QUEUES} 个队列")
    _duration("claim", found.claim)
    for queue in found.queues:
        here = f"queue '{queue.name}'"
        if not (1 <= len(queue.name) <= 64 and queue.name.replace("_", "").replace("-", "").isalnum()):
            raise _Wrong(
                f"{here}: a name has 1 to 64 letters, digits, - and _", f"{here}：名称应为 1 至 64 个字母、数字、- 或 _"
            )
        if names.count(queue.name) > 1:
            raise _Wrong(f"{here} is declared twice", f"{here} 重复声明")
        for outcome in queue.outcomes:
            if outcome not in OUTCOMES:
                hint = did_you_mean(outcome, OUTCOMES)
                raise _Wrong(
                    f"{here}: '{outcome}' is no outcome; {hint.en or ', '.join(OUTCOMES)}",
                    f"{here}：没有处置“{outcome}”；{hint.zh or '、'.join(OUTCOMES)}",
                )
        if queue.escalates_to and queue.escalates_to not in names:
            raise _Wrong(
                f"{here}: escalates_to names no queue; there are {', '.join(names)}",
                f"{here}：escalates_to 不是已声明的队列；已有 {'、'.join(names)}",
            )
        _duration(f"{here}: within", queue.within)


def _duration(what: str, text: str) -> None:
    try:
        parse_duration_ms(text)
    except ValueError as wrong:
        raise _Wrong(f"{what}: {wrong}", f"{what}：时长无效（例：4h、2d）") from None
