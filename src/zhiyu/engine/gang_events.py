"""Gangs that reach the declared number of people, as facts with a place among the accepted events.

In: after each step, what the network has told of its gangs. Out: `GangFact`s, each due in front of an accepted event, and as columns for
features: one row of type `gang` per member.
A gang is told of in front of the event at which its last gate took effect; others learn of it `lag` accepted events later. Steps are no
longer than that, and none goes across a fact that is due, so that who is a member is read off the state as it is in front of that event,
whatever the batches are.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.facts import Facts
from zhiyu.network.gang_state import GangState
from zhiyu.network.gangs import G_ROW
from zhiyu.network.layout import NO_CODE
from zhiyu.network.state import NetworkState
from zhiyu.policy.builtin import GANG, GANG_FIELDS, GANG_ID, GANG_PEOPLE, raises_alerts
from zhiyu.policy.compile import Compiled


@dataclass(frozen=True, slots=True)
class GangFact:
    """A gang has reached the declared number of people: line of the record, its id; in front of which accepted event (counted from 0) that
    was so, and in front of which it takes effect."""

    line: int
    gang: int
    after: int
    due: int


class GangWatch:
    """The gangs of one engine. `peek` and `take` are asked at the start of a step, `room` says how long it may be."""

    def __init__(self, compiled: Compiled, gangs: GangState) -> None:
        network = compiled.policy.network
        assert network is not None
        assert network.gang is not None
        self.gangs, self.lag = gangs, network.gang.lag_events
        self._columns = compiled.n_columns
        index = compiled.schema.index
        self._person = index.get(network.person)
        self._fields = {name: index[name] for name in GANG_FIELDS if name in index}
        self._feeds = GANG in compiled.types_fed
        self.waiting: deque[GangFact] = deque()
        self.begin()

    def begin(self) -> None:
        """Before a step: remember what has been told already."""
        self._lines, self._row = self.gangs.lines, int(self.gangs.head[G_ROW])

    def note(self, numbers: Array) -> None:
        """After a step; `numbers` int64[n]: how many events were accepted before each of its rows."""
        if self.gangs.lines == self._lines:
            return
        for at, each in enumerate(self.gangs.told(self._lines), self._lines):
            if each.what == "ALERT":
                after = int(numbers[each.row - self._row - 1])
                self.waiting.append(GangFact(at, each.gang, after, after + self.lag))

    def room(self, accepted: int) -> int:
        """How many events the step may have that begins with the accepted event of this number."""
        later = next((fact.due for fact in self.waiting if fact.due > accepted), accepted + self.lag)
        return min(self.lag, later - accepted)

    def peek(self, accepted: int) -> list[tuple[GangFact, Array]]:
        """What takes effect in front of the accepted event of this number, with the codes int64[k] of its members as of now: values of the
        network's person field. A gang that is no more has none."""
        return [(fact, self.gangs.codes_of(fact.gang)) for fact in self.waiting if fact.due <= accepted]

    def take(self, accepted: int) -> Facts | None:
        """The same as facts for features, a row per member, and it is over; None when there is nothing to tell."""
        due = self.peek(accepted) if self.waiting and self.waiting[0].due <= accepted else []
        for _ in due:
            self.waiting.popleft()
        rows = [(fact, len(codes), code) for fact, codes in due for code in codes.tolist() if code != NO_CODE]
        if not self._feeds or not rows:
            return None
        values = np.zeros((self._columns, len(rows)), np.int64)
        nulls = np.ones((self._columns, len(rows)), np.uint8)
        content = {
            self._fields.get(GANG_ID): [fact.gang for fact, _, _ in rows],
            self._fields.get(GANG_PEOPLE): [people for _, people, _ in rows],
            self._person: [code for _, _, code in rows],
        }
        for register, column in content.items():
            if register is not None:
                values[register], nulls[register] = column, 0
        return Facts(values, nulls, np.array([fact.due for fact, _, _ in rows], np.int64))

    def stored(self) -> list[list[int]]:
        """What is not due yet, for a snapshot."""
        return [[fact.line, fact.gang, fact.after, fact.due] for fact in self.waiting]

    def restore(self, stored: list[list[int]]) -> None:
        """Take up what `stored` told."""
        self.waiting = deque(GangFact(*each) for each in stored)


def watch_of(compiled: Compiled, network: NetworkState | None) -> GangWatch | None:
    """The watch of an engine with this network; None when no gang raises an alert."""
    if network is None or network.gangs is None or not raises_alerts(compiled.policy):
        return None
    return GangWatch(compiled, network.gangs)
