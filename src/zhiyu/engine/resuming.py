"""How decisions wait and go on: what an answer is about, in which steps a batch is decided, what goes on in each, what waits afterwards.

In: decoded events in log order, and what the kernel decided. Out: rows to be woven between the events, `Resumed` decisions, open waits.
An answer lets a wait go on right after its own row; time that is over, before the first row received at or after the deadline. Which
is known before a step is decided only when the step is cut rightly: before an answer about something that may begin to wait, or may go
on, inside the step; and over within the shortest wait of the first row that may begin one, so that nothing both begins to wait and runs
out in it. What is decided again because something about it changed (`changes`) goes on in a step of its own, without rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import FELL_BACK, O_ENFORCED, O_OUTCOME, OUT_LINES
from zhiyu.decisions.resumed import ANSWERED, CAUSES, CHANGED, EXPIRED, Change, Resumed
from zhiyu.engine.call_ends import fill_in_calls, frozen_rows
from zhiyu.engine.changes import Changes, Touched
from zhiyu.engine.concerned import Concerned
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.holds import (
    ANSWER_WORDS,
    ENDED,
    OTHER,
    TAKEN,
    UNKNOWN,
    Code,
    Ended,
    Held,
    Holds,
    columns_of,
    shown_of,
)
from zhiyu.engine.sequence import FIRST_RESUMED, NO_ASKS, Sequence, in_one
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import WAIT_CHANGE, WAIT_END
from zhiyu.policy.builtin import CHANGES
from zhiyu.policy.compile import Compiled
from zhiyu.policy.compile_waits import Waits

AFTER_ROW, BEFORE_ROW, THE_ROW = range(3)
"""What goes on after row k - 1 because of it, what goes on before row k because its time is over, row k itself: in this order."""


@dataclass(slots=True)
class Asked:
    """An answer: its row among the accepted ones, its type, what it may be about (code, numbers of waits), and the last row before it in
    the batch that is such an event (-1 for none)."""

    row: int
    kind: int
    about: list[tuple[Code, frozenset[int]]]
    born: int = -1


@dataclass(slots=True)
class Going:
    """Events that go on in one step, in order. `place` int64[k]: the row of the step before which each stands; `rank`: AFTER_ROW or
    BEFORE_ROW; `moment` ms; `source`, `answer`: row of the answer in the batch and its position, -1 without; `cause`: one of CAUSES, where
    something changed: `what` of CHANGES, and `changes`."""

    held: list[Held] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    moment: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)
    cause: list[int] = field(default_factory=list)
    changes: list[tuple[Change, ...]] = field(default_factory=list)
    what: str = ""
    answered: list[tuple[int, int, int]] = field(default_factory=list)
    open_before: int = 0
    events: EventBatch | None = None

    def add(
        self, held: Held, place: int, rank: int, moment: int, cause: int, source: int = -1, answer: int = -1,
        changes: tuple[Change, ...] = (),
    ) -> None:  # fmt: skip
        """One more."""
        self.cause.append(cause)
        self.changes.append(changes)
        self.held.append(held)
        self.place.append(place)
        self.rank.append(rank)
        self.moment.append(moment)
        self.source.append(source)
        self.answer.append(answer)

    def sort(self) -> None:
        """Into the order in which they take effect; equal ones stay as they were added."""
        keys = zip(self.place, self.rank)
        order = [at for _, at in sorted((key, at) for at, key in enumerate(keys))]
        for name in ("held", "place", "rank", "moment", "source", "answer", "cause", "changes"):
            mine = getattr(self, name)
            setattr(self, name, [mine[at] for at in order])


class Resuming:
    """The waits of one engine. `fresh`: what began to wait for a service, where somebody watches (`watched`) and empties it."""

    def __init__(self, compiled: Compiled, codes: Codes, tenant: str, derived: DerivedLabels) -> None:
        self.compiled, self.waits, self.tenant = compiled, compiled.waits, tenant
        self.concerned = Concerned(compiled, codes)
        keys_of = self._keys_of if self.waits.watched else lambda held: ()
        self.holds = Holds([(plan.wait.event, plan.wait.node) for plan in self.waits.plans], keys_of=keys_of)
        self.changes = Changes(self.waits, self.concerned, self.holds, derived)
        self.shortest_ms = self.waits.shortest_ms
        self._answering = self.waits.answering
        self.begins = sorted({*self._answering, *(plan.kind for plan in self.waits.plans)})
        self._ids = {plan.kind: codes.derived(f"id {plan.wait.of}") for plan in self.waits.plans}
        self.watched, self.fresh = False, list[Held]()
        self._calls = any(plan.call is not None for plan in self.waits.plans)
        self._causes = np.array([codes.one(cause) for cause in CAUSES], np.int64)
        self._whats = {what: codes.one(what) for what in CHANGES}
        self._outcomes = np.array([plan.outcome for plan in self.waits.plans], np.int64)
        self._harder = np.array([plan.wait.harder for plan in self.waits.plans], np.bool_)

    def _keys_of(self, held: Held) -> tuple[int, ...]:
        values, nulls = columns_of([held], self.compiled.n_columns)
        keys, missing = self.concerned.keys(values, nulls)
        return tuple(dict.fromkeys(keys[missing == 0].tolist()))

    def asked(self, batch: EventBatch, accepted: Array) -> list[Asked]:
        """The answers among the accepted rows."""
        kinds = batch.type_index[accepted]
        rows = np.flatnonzero(np.isin(kinds, list(self._answering))).tolist()
        texts: dict[tuple[int, str], str | None] = {}
        for name in {self.waits.plans[number].answers[kind] for kind, own in self._answering.items() for number in own}:
            if rows and name in batch.shown:
                shown = shown_of(batch.shown[name], accepted[rows].tolist())
                texts |= {(row, name): text for row, text in zip(rows, shown)}
        found = []
        for row in rows:
            kind = int(kinds[row])
            about: dict[Code, set[int]] = {}
            for number in self._answering[kind]:
                plan = self.waits.plans[number]
                text = texts.get((row, plan.answers[kind]))
                if text is not None:
                    low, high = self._ids[plan.kind].wide(text)
                    about.setdefault((int(low), int(high)), set()).add(number)
            found.append(Asked(row, kind, [(code, frozenset(numbers)) for code, numbers in about.items()]))
        if found:
            self._note_births(found, batch.id_code[accepted, 0])
        return found

    @staticmethod
    def _note_births(found: list[Asked], lows: Array) -> None:
        """Where in the batch the events stand that answers are about."""
        wanted = np.array([code[0] for each in found for code, _ in each.about], np.uint64)
        rows: dict[int, list[int]] = {}
        for row in np.flatnonzero(np.isin(lows, wanted)).tolist():
            rows.setdefault(int(lows[row]), []).append(row)
        for each in found:
            for code, _ in each.about:
                before = rows.get(code[0], [])
                at = bisect_left(before, each.row)
                each.born = max(each.born, before[at - 1] if at else -1)

    def clear(self, asked: Listed[Asked], start: int, stop: int, received: Array) -> int:
        """The end of the step from `start`: at most `stop`, and before the first answer whose meaning the step itself decides."""
        seen: set[Code] = set()
        for each in _between(asked, start, stop):
            for code, _ in each.about:
                held = self.holds.open(code)
                over = held is not None and held.deadline_ms <= received[each.row]
                if each.born >= start or code in seen or over:
                    return each.row
                seen.add(code)
        return stop

    def going(
        self, asked: Listed[Asked], start: int, stop: int, batch: EventBatch, accepted: Array, received: Array, until_ms: int
    ) -> Going:  # fmt: skip
        """What goes on in the step of rows [start, stop) and up to `until_ms`; it waits no longer."""
        found = Going(open_before=len(self.holds))
        for each in _between(asked, start, stop):
            self._answer(each, found, start, batch, int(accepted[each.row]), int(received[each.row]))
        due = self.holds.take_due(until_ms)
        places = np.searchsorted(received[start:stop], [held.deadline_ms for held in due], side="left").tolist()
        for held, place in zip(due, places):
            found.add(held, place, BEFORE_ROW, held.deadline_ms, EXPIRED)
        found.sort()
        return found

    def again(self, what: str, touched: Touched, moment: int) -> Going:
        """What is decided again at this moment, because something about it changed (`what` of CHANGES)."""
        found = Going(open_before=len(self.holds), what=what)
        for held, changes in touched:
            found.add(held, 0, BEFORE_ROW, moment, CHANGED, changes=changes)
        return found

    def _answer(self, each: Asked, found: Going, start: int, batch: EventBatch, row: int, moment: int) -> None:
        status, about = UNKNOWN, -1
        for code, numbers in each.about:
            held, ended = self.holds.open(code), self.holds.ended(code)
            if held is not None and held.plan in numbers:
                found.add(
                    self.holds.take(code),
                    each.row - start + 1,
                    AFTER_ROW,
                    moment,
                    ANSWERED,
                    row,
                    int(batch.positions[row]),
                )
                status, about = TAKEN, held.position
            elif held is not None and status > OTHER:
                status, about = OTHER, held.position
            elif held is None and ended is not None and status == UNKNOWN:
                status, about = ENDED, ended.position
        found.answered.append((int(batch.positions[row]), status, about))
        self.holds.counts[f"answers_{ANSWER_WORDS[status]}"] += 1

    def woven(self, going: Going, events: Sequence, batch: EventBatch, accepted: int) -> tuple[Sequence, Array]:
        """Events with those that go on between them, and where each event stands now, int64[n]."""
        going.events = self._events(going, batch)
        n, k = len(events.times), len(going.held)
        moment = np.array(going.moment, np.int64)
        more = Sequence(
            going.events.values, going.events.nulls, moment, moment, going.events.type_index, NO_ASKS, going.events.id_code,
            going.events.money, FIRST_RESUMED - np.arange(k), accepted + np.array(going.place, np.int64) - 1,
        )  # fmt: skip
        place = np.concatenate([np.arange(n), np.array(going.place, np.int64)])
        rank = np.concatenate([np.full(n, THE_ROW), np.array(going.rank, np.int64)])
        index = np.concatenate([np.arange(n), np.arange(k)])
        order = np.lexsort((index, rank, place))
        where = np.empty(n + k, np.int64)
        where[order] = np.arange(n + k)
        return in_one([events, more]).of(order), where[:n]

    def _events(self, going: Going, batch: EventBatch) -> EventBatch:
        """The events that go on, as of now: what they were, what the answer tells, how the wait ended."""
        index, held = self.compiled.schema.index, going.held
        values, nulls = columns_of(held, self.compiled.n_columns)
        names = dict.fromkeys(name for each in held for name in each.shown)
        shown = {name: [each.shown.get(name) for each in held] for name in names}
        values[index["late"]] = [each.late for each in held]
        self._tell(going, batch, values, nulls, shown)
        values[index["received_at"]] = going.moment
        self._say_ends(going, values, nulls, shown)
        fill_in_calls([self.waits.plans[each.plan].call for each in held], self.compiled.schema, values, nulls, shown)
        kinds = np.array([self.waits.plans[each.plan].resumed for each in held], np.int16)
        return EventBatch(
            self.tenant, np.array([each.position for each in held], np.int64), [each.event_id for each in held],
            np.array([each.code for each in held], np.uint64).reshape(-1, 2), np.zeros(len(held), np.uint64), kinds,
            np.array([each.time_ms for each in held], np.int64), values, nulls, np.array([each.label for each in held], np.int8),
            batch.label_delay_ms, np.array([each.money for each in held], np.int64), dict(shown),
        )  # fmt: skip

    def _say_ends(self, going: Going, values: Array, nulls: Array, shown: dict[str, list[str | None]]) -> None:
        """How each wait ended, and what changed; the end of a call says nothing of a wait before it."""
        end, change = self.compiled.schema.index[WAIT_END], self.compiled.schema.index[WAIT_CHANGE]
        ends, changes = (shown.setdefault(name, [None] * len(going.held)) for name in (WAIT_END, WAIT_CHANGE))
        for at, (held, cause) in enumerate(zip(going.held, going.cause)):
            if self.waits.plans[held.plan].call is None or nulls[end, at]:
                values[end, at], nulls[end, at], ends[at] = self._causes[cause], 0, CAUSES[cause]
                values[change, at], nulls[change, at] = self._whats.get(going.what, 0), not going.what
                changes[at] = going.what or None

    def frozen(self, going: Going | None, row: Array) -> tuple[Array, Array, Array]:
        """Of a sequence (`row` int64[n], as it says), those that keep their features: rows int64[k], values int64[k, A], null marks."""
        return frozen_rows([] if going is None else going.held, row, len(self.compiled.counted))

    def _tell(
        self, going: Going, batch: EventBatch, values: Array, nulls: Array, shown: dict[str, list[str | None]]
    ) -> None:
        """Fill in what the answers tell; those of one wait and one type together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for at, (each, source) in enumerate(zip(going.held, going.source)):
            if source >= 0:
                groups.setdefault((each.plan, int(batch.type_index[source])), []).append(at)
        for (number, kind), places in groups.items():
            told = np.flatnonzero(self.waits.plans[number].told[kind])
            rows = [going.source[at] for at in places]
            values[told[:, None], places] = batch.values[told[:, None], rows]
            nulls[told[:, None], places] = batch.nulls[told[:, None], rows]
            for name in {self.compiled.schema.columns[column].name for column in told.tolist()} & batch.shown.keys():
                column = shown.setdefault(name, [None] * len(going.held))
                for at, text in zip(places, shown_of(batch.shown[name], rows)):
                    column[at] = text

    def decided(self, going: Going, block: Array, words: tuple[int, int], kept: tuple[Array, Array, Array]) -> Resumed:
        """What became of the events that went on; `block` int64[lines, k], `kept`: (which, values, null marks)."""
        events = going.events
        assert events is not None
        late = np.array([each.late for each in going.held], np.uint8)
        decisions = DecisionBatch(
            self.tenant, events.positions, events.ids, events.id_code, events.type_index, events.time_ms, np.array(going.moment, np.int64),
            late, events.labels, events.money, np.arange(events.n), block, *words, *kept,
        )  # fmt: skip
        answer = np.array(going.answer, np.int64)
        revision = np.array([each.revision + 1 for each in going.held], np.int64)
        cause = np.array(going.cause, np.int64)
        stays = self._stay(np.array([each.plan for each in going.held], np.int64), decisions, cause)
        return Resumed(decisions, events, revision, cause, answer, stays.copy(), stays, going.changes)

    def _stay(self, plans: Array, d: DecisionBatch, cause: Array) -> Array:
        """bool[n]: what changed does not end these waits: the flow leads back to them, or to nothing severer where only that counts. Those
        that the flow leads back get the outcome with which they wait."""
        back = np.zeros(d.n, np.bool_)
        for bit in self.waits.stays:
            back |= (d.block[OUT_LINES + (bit >> 6)] >> (bit & 63)) & 1 != 0
        d.block[O_OUTCOME, back] = d.block[O_ENFORCED, back] = self._outcomes[plans[back]]
        milder = self._harder[plans] & (d.enforced <= self._outcomes[plans])
        found: Array = (cause == CHANGED) & (back | milder)
        return found

    def waiting(self, d: DecisionBatch) -> dict[int, int]:
        """Decisions that wait now → the number of their wait: they ended at a node that waits, and that is what is done."""
        return waiting_of(self.waits, d)

    def held(
        self, d: DecisionBatch, batch: EventBatch, at: dict[int, int], revisions: Array | None = None
    ) -> dict[int, Held]:
        """What is kept of the decisions that wait (`at`: as `waiting` says)."""
        if not at:
            return {}
        rows = {each: int(d.rows[each]) for each in at}
        texts = {name: dict(zip(rows, shown_of(column, list(rows.values())))) for name, column in batch.shown.items()}
        found, kept, index = {}, {int(each): line for line, each in enumerate(d.kept)}, self.compiled.schema.index
        for each, row in rows.items():
            values = batch.values[:, row].copy()  # the columns as decided on, wherever the batch was cut
            values[index["received_at"]], values[index["late"]] = d.received_ms[each], d.late[each]
            frozen = kept[each] if self.waits.plans[at[each]].call is not None else None
            opened, plan = int(d.received_ms[each]), at[each]
            found[each] = Held(
                plan, int(d.positions[each]), str(d.ids[each]), _code(d, each), opened, opened + self.waits.plans[plan].wait.within_ms,
                0 if revisions is None else int(revisions[each]), int(d.time_ms[each]), int(d.money[each]), int(d.labels[each]),
                int(d.late[each]), values.tobytes(), batch.nulls[:, row].tobytes(),
                {name: column[each] for name, column in sorted(texts.items()) if column[each] is not None},
                b"" if frozen is None else d.kept_values[frozen, self.compiled.counted].tobytes(),
                b"" if frozen is None else d.kept_nulls[frozen, self.compiled.counted].tobytes(),
            )  # fmt: skip
        return found

    def settle(
        self, going: Going, d: DecisionBatch, batch: EventBatch, own: Array, gone: Array, resumed: Resumed | None
    ) -> tuple[list[int], list[int]]:
        """Waits end and begin, in the order of the sequence (`own`, `gone` int64: places of first decisions and of those that went on);
        returns positions of those that began to wait, and of those for which there was no room."""
        first, again = self.held(d, batch, self.waiting(d)), dict[int, Held]()
        if resumed is not None:
            more, stays = resumed.decisions, resumed.stays
            waiting = {at: plan for at, plan in self.waiting(more).items() if not stays[at]}
            again = self.held(more, resumed.events, waiting, resumed.revision)
        holds, began, away = self.holds, list[int](), list[int]()
        room = holds.limit - going.open_before
        steps: list[tuple[int, int, Held | None]] = [(int(own[at]), -1, held) for at, held in first.items()]
        steps += [(int(place), number, again.get(number)) for number, place in enumerate(gone)]
        for _, number, held in sorted(steps, key=lambda step: step[0]):
            if number >= 0 and resumed is not None:
                if resumed.stays[number]:
                    going.held[number].revision += 1
                    holds.counts["stayed"] += 1
                    continue
                if resumed.cause[number] == CHANGED:
                    holds.take(going.held[number].code)
                room += 1
                self._end(going.held[number].code, resumed, number)
            if held is None:
                continue
            if room < 1:
                holds.counts["turned_away"] += 1
                away.append(held.position)
                continue
            room -= 1
            holds.counts["opened"] += 1
            holds.put(held)
            if self.watched and self.waits.plans[held.plan].call is not None:
                self.fresh.append(held)
            if number < 0:
                began.append(held.position)
            elif resumed is not None:
                resumed.waits[number], held.answer = True, int(resumed.answer[number])
        return began, away

    def asking(self, d: DecisionBatch, own: Array, resumed: Resumed | None, gone: Array) -> list[int]:
        """Places (`own`, `gone`) of those that wait for a service now: nothing has been decided about them that anybody was told."""
        if not self._calls:
            return []
        again = np.flatnonzero(resumed.waits).tolist() if resumed is not None else []
        found = [int(gone[at]) for at in again if resumed is not None and self.is_asked(_code(resumed.decisions, at))]
        return found + [int(own[at]) for at in self.waiting(d) if self.is_asked(_code(d, at))]

    def is_asked(self, code: Code) -> bool:
        """Whether what waits under this code waits for a service."""
        held = self.holds.open(code)
        return held is not None and self.waits.plans[held.plan].call is not None

    def _end(self, code: Code, resumed: Resumed, number: int) -> None:
        d, cause = resumed.decisions, int(resumed.cause[number])
        self.holds.counts[CAUSES[cause]] += 1
        self.holds.end(
            code,
            Ended(
                int(d.positions[number]), int(d.received_ms[number]), cause, int(d.outcome[number]), int(d.enforced[number]),
                int(resumed.revision[number]), int(resumed.answer[number]),
            ),
        )  # fmt: skip


def _between(asked: Listed[Asked], start: int, stop: int) -> Listed[Asked]:
    """The answers among rows [start, stop); `asked` in order of rows."""
    first = bisect_left(asked, start, key=lambda each: each.row)
    return asked[first : bisect_left(asked, stop, first, key=lambda each: each.row)]


def _code(d: DecisionBatch, at: int) -> Code:
    return int(d.id_code[at, 0]), int(d.id_code[at, 1])


def waiting_of(waits: Waits, d: DecisionBatch) -> dict[int, int]:
    """Decisions of a batch that began to wait → the number of their wait: they ended at a node that waits, and that is what is done.
    A call is made whatever is done meanwhile: nobody has acted on it yet."""
    found: dict[int, int] = {}
    if not waits.bits or not d.n:
        return found
    bits, nodes = np.array(list(waits.bits), np.int64), list(waits.bits.values())
    ended = (d.block[OUT_LINES + (bits >> 6)] >> (bits & 63)[:, None]) & 1 != 0
    for node, at in np.argwhere(ended & (d.mark != FELL_BACK)).tolist():
        number = waits.at[int(d.type_index[at]), nodes[node]]
        if d.outcome[at] == d.enforced[at] or waits.plans[number].call is not None:
            found[at] = number
    return found
