"""What people find out about events later: labels that come by themselves, matched with the events they are about.

In: `Label`s, the log. Out: `NotedLabels` ready for the door, and one refusal per label that cannot be taken. A label names an event that
was taken; one that comes before its event is refused, as the event's fields are what features count it by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from zhiyu.base.errors import did_you_mean
from zhiyu.base.limits import MAX_REASON_CHARS, MAX_STRING_BYTES
from zhiyu.engine.admit import CONFLICT as DOOR_CONFLICT
from zhiyu.engine.admit import NO_CLOCK, Door
from zhiyu.engine.admit import REPEATED as DOOR_REPEATED
from zhiyu.engine.answers import CONFLICT, REFUSED, REPEATED, TAKEN, Answer
from zhiyu.engine.event_frames import Noted
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.opened import Opened
from zhiyu.engine.relaid import Relaid
from zhiyu.events.refusals import Bad, Refusal, quote
from zhiyu.log.list_line import moment

_json = msgspec.json.Encoder().encode
_CONFLICT = "label_conflict"
FindEvent = Callable[[str, str], list[int]]
"""(id, type or "") → positions of the events that have this id."""
ReadEvent = Callable[[int], "Noted | None"]
"""The frame that holds a position."""


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event turned out to be fraud, or not.

    `event` is its id (with `type` where two types share it), or `position` its place in the log. `known_at`: when that became known,
    ISO-8601 or ms since 1970; now without one. `id`: of the label itself; without one an event has one label, and a second that says
    otherwise is a conflict. A finding that changes later comes with an `id` of its own.
    """

    fraud: bool
    event: str = ""
    type: str = ""
    position: int | None = None
    known_at: str | int | None = None
    id: str = ""
    reason: str = ""
    author: str = ""


class WrongLabel(Exception):
    """A label that cannot be taken: the field, and why."""

    def __init__(self, name: str, bad: Bad) -> None:
        super().__init__(name)
        self.name, self.bad = name, bad


class CameWithEvent(Exception):
    """The same label came with the event itself, which stands at `position`."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


@dataclass(frozen=True, slots=True)
class Clock:
    """`now`: the greatest time so far, ms; `floor`: the wall clock, NO_CLOCK without one; how late and how far ahead something may be."""

    now: int
    floor: int
    lateness_ms: int
    ahead_ms: int


@dataclass(slots=True)
class _Found:
    """A label with its event: the frame, its row, when it became known (ms, None: now), and from when it counts."""

    label: Label
    note: Noted
    row: int
    known: int | None
    due: int


class Labelling:
    """Matches labels with events, for one policy. `opened_of`: a policy of the log by its hash."""

    def __init__(self, opened: Opened, opened_of: Callable[[str], Opened], find: FindEvent, read: ReadEvent) -> None:
        self._opened, self._opened_of, self._find, self._read = opened, opened_of, find, read
        self._codes = opened.codes.derived("label")
        self._relaid: dict[str, Relaid] = {}

    def matched(
        self, labels: Sequence[Label], first: int, clock: Clock
    ) -> tuple[NotedLabels | None, dict[int, WrongLabel | CameWithEvent]]:
        """The good ones, at positions `first` + their number (None without any), and why the others are not, by number."""
        found: dict[int, _Found] = {}
        wrong: dict[int, WrongLabel | CameWithEvent] = {}
        for number, label in enumerate(labels):
            try:
                found[number] = self._match(label, clock)
            except (WrongLabel, CameWithEvent) as refused:
                wrong[number] = refused
        return (self._noted(found, first, clock.floor) if found else None), wrong

    def _match(self, label: Label, clock: Clock) -> _Found:
        _texts(label)
        position = self._position(label)
        note = self._read(position)
        row = -1
        if note is not None:
            rows = np.flatnonzero(note.batch.positions == position)
            row = int(rows[0]) if len(rows) else -1
        if note is None or row < 0:
            raise _no_event("position" if not label.event else "event")
        if label.event and note.batch.ids[row] != label.event:
            en, zh = (
                "is not the id of the event at `position`; give one of the two",
                "与 position 处的事件编号不符；请只给其一",
            )
            raise WrongLabel("event", Bad("mismatch", en, zh))
        self._against_own(label, note, row)
        known = _known(label, int(note.batch.time_ms[row]), clock)
        due = clock.now if known is None or known < clock.now - clock.lateness_ms else known
        return _Found(label, note, row, known, due)

    def _position(self, label: Label) -> int:
        if label.position is not None:
            return label.position
        if not label.event:
            en, zh = "is missing; name the event by its id, or by its `position`", "缺失；请给出事件编号，或 position"
            raise WrongLabel("event", Bad("missing", en, zh))
        types = self._opened.compiled.schema.type_index
        if label.type and label.type not in types:
            hint = did_you_mean(label.type, types)
            en = f"the policy has no event type {quote(label.type)}; {hint.en}".rstrip("; ")
            raise WrongLabel(
                "type", Bad("unknown_type", en, f"策略中没有事件类型 {quote(label.type)}；{hint.zh}".rstrip("；"))
            )
        positions = self._find(label.event, label.type)
        if len(positions) > 1:
            en, zh = (
                "two events of different types have this id; give `type` as well",
                "有多个类型的事件使用该编号；请同时给出 type",
            )
            raise WrongLabel("type", Bad("ambiguous", en, zh))
        if not positions:
            raise _no_event("event")
        return positions[0]

    def _against_own(self, label: Label, note: Noted, row: int) -> None:
        """A label may have come with the event itself, from a source that carries the truth."""
        own = int(note.batch.labels[row])
        if own >= 0 and not label.id:
            if own != label.fraud:
                raise WrongLabel("fraud", _conflict("the label that came with the event", "随事件到达的标签"))
            raise CameWithEvent(int(note.batch.positions[row]))

    def _noted(self, found: dict[int, _Found], first: int, floor: int) -> NotedLabels:
        each = list(found.values())
        events = [int(one.note.batch.positions[one.row]) for one in each]
        ids = [self._codes.wide(f"={one.label.id}" if one.label.id else f"@{at}") for one, at in zip(each, events)]
        bodies = self._codes.many([f"{at} {int(one.label.fraud)} {one.known}" for one, at in zip(each, events)])
        columns = [self._columns(one) for one in each]
        names = dict.fromkeys(name for one in each for name in one.note.batch.shown)
        shown = {name: [_text(one, name) for one in each] for name in names}
        kinds = [self._kind(one) for one in each]
        return NotedLabels(
            self._opened.artifact.hash, floor, first + np.array(list(found), np.int64), np.array(ids, np.uint64), bodies.view(np.uint64),
            np.array([one.due for one in each], np.int64), np.array([one.label.fraud for one in each], np.int64),
            [str(one.note.batch.ids[one.row]) for one in each], np.array(events, np.int64), np.array(kinds, np.int16),
            np.concatenate([values for values, _ in columns], axis=1), np.concatenate([nulls for _, nulls in columns], axis=1), shown,
            [one.label.reason for one in each], [one.label.author for one in each],
        )  # fmt: skip

    def _columns(self, one: _Found) -> tuple[np.ndarray, np.ndarray]:
        rows, batch = slice(one.row, one.row + 1), one.note.batch
        relaid = self._from(one.note.policy)
        if relaid.same:
            return batch.values[:, rows], batch.nulls[:, rows]
        return relaid.columns(batch.values[:, rows], batch.nulls[:, rows], {n: [_text(one, n)] for n in batch.shown})

    def _kind(self, one: _Found) -> int:
        return int(self._from(one.note.policy).kinds(one.note.batch.type_index[one.row : one.row + 1])[0])

    def _from(self, policy: str) -> Relaid:
        if policy not in self._relaid:
            self._relaid[policy] = Relaid(self._opened_of(policy), self._opened)
        return self._relaid[policy]


def _text(one: _Found, name: str) -> str | None:
    column = one.note.batch.shown.get(name)
    return None if column is None else column[one.row]


def _texts(label: Label) -> None:
    for name, most in (("reason", MAX_REASON_CHARS), ("author", MAX_REASON_CHARS), ("id", MAX_STRING_BYTES // 4)):
        if len(getattr(label, name)) > most:
            raise WrongLabel(name, Bad("bad_text", f"has more than {most} characters", f"超过 {most} 个字符"))


def _known(label: Label, event_ms: int, clock: Clock) -> int | None:
    """When it became known, ms; None for now."""
    try:
        known = moment(label.known_at)
    except Bad as bad:
        raise WrongLabel("known_at", bad) from None
    if known is not None and known < event_ms:
        en, zh = "is before the event itself; correct it, or leave it out", "早于事件本身；请更正或去掉"
        raise WrongLabel("known_at", Bad("before_event", en, zh))
    if known is not None and known > clock.now + clock.ahead_ms:
        en, zh = "lies in the future; send the label when it is known", "晚于当前时间；请在得知后再发送"
        raise WrongLabel("known_at", Bad("too_far_ahead", en, zh))
    return known


def _no_event(name: str) -> WrongLabel:
    en = "no such event is kept: send the label after its event was taken; for an old one give its `position`"
    return WrongLabel(
        name, Bad("no_event", en, "没有保存该事件：请在事件被接收之后再发送标签；较早的事件请给出 position")
    )


def _conflict(other: str, other_zh: str) -> Bad:
    en = f"{other} says otherwise; a finding that has changed needs an `id` of its own"
    return Bad(_CONFLICT, en, f"与{other_zh}不一致；结论变更时请为标签给出新的 id")


def clock_of(door: Door, floor: int) -> Clock:
    """The clock of labels; without a wall clock the future is as far away as it is for events."""
    lateness, max_ahead, _, skew = door.limits
    return Clock(max(int(door.clock[0]), floor), floor, lateness, max_ahead if floor == NO_CLOCK else skew)


def answer_wrong(label: Label, number: int, why: WrongLabel | CameWithEvent) -> Answer:
    """What is said of a label that was not taken."""
    if isinstance(why, CameWithEvent):
        return Answer(REPEATED, _body(label.event, why.position, label.fraud, why.position, "known"))
    bad = why.bad
    kind = CONFLICT if bad.code == _CONFLICT else REFUSED
    return Answer(kind, b"", Refusal(number, label.event, why.name, bad.code, bad.en, bad.zh))


def answer_label(label: Label, number: int, note: NotedLabels, row: int, status: int, known: int) -> Answer:
    """What is said of a label that the door judged; `known`: the position of the label that has its id."""
    if status == DOOR_CONFLICT:
        return answer_wrong(
            label, number, WrongLabel("fraud", _conflict(f"the label at position {known}", f"位置 {known} 的标签"))
        )
    event, event_position = note.events[row], int(note.event_positions[row])
    if status == DOOR_REPEATED:
        return Answer(REPEATED, _body(event, event_position, label.fraud, known, "known"))
    return Answer(TAKEN, _body(event, event_position, label.fraud, int(note.positions[row]), "taken"))


def _body(event: str, event_position: int, fraud: bool, position: int, status: str) -> bytes:
    again = {"repeated": True} if status == "known" else {}
    return _json(
        {"event": event, "event_position": event_position, "fraud": fraud, "position": position, "status": status}
        | again
    )
