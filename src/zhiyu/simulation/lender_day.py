"""One day of the simulated lender: what was decided, beside the truth, in money; and a gang that came that day.

In: what was made, the decisions of its events. Out: `Day`: sums by what was done, by kind of fraud and by reason, and `GangSeen`: who,
over what they are linked, after how many events they were stopped. *Money* is that of draw-downs, payments and transfers, so that an
application and the draw-down after it are not counted twice. A fraud is stopped *before* when an earlier event of its person and
scheme was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.render import table
from zhiyu.simulation.lender.rows import KIND, KINDS, NUMBER, TYPES
from zhiyu.simulation.lender.texts import codes

DONE = ("let through", "asked back", "held", "declined")
"""What an outcome means for the customer: pass and notify; challenge; delay and review; decline."""
DONE_OF: dict[str, int] = dict(zip(OUTCOMES, (0, 0, 1, 2, 2, 3)))
MOVES_MONEY = frozenset(NUMBER[name] for name in ("draw_down", "payment", "transfer"))
GANG_KINDS = tuple(KIND[name] for name in ("batch", "intermediary", "cash_out", "remote_large"))
SHARED = ("device", "card", "contact_phone", "address", "employer_phone", "payee", "merchant", "ip")
"""Things that a gang may share, the telling ones first."""
SHOWN_THINGS = 6


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a service as the server told it: how it ended (`CALL_ENDS`), what it cost (fen), whether the answer was used again."""

    service: str
    end: str
    fen: int
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A decision as the server told it."""

    outcome: str
    reasons: tuple[str, ...]
    rules: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Heard:
        """From an answer of the server's."""
        calls = tuple(
            Call(each["service"], each["outcome"], round(100 * float(each.get("cost", 0))), each.get("cached", False))
            for each in answer.get("calls", ())
        )
        return cls(answer["outcome"], tuple(answer["reasons"]), tuple(answer["rules"]), calls)


@dataclass(slots=True)
class Sums:
    """Events and money (fen) of honest people and of frauds."""

    events: int = 0
    frauds: int = 0
    honest_fen: int = 0
    fraud_fen: int = 0

    def add(self, fraud: bool, fen: int) -> None:
        """Count one event."""
        self.events += 1
        self.frauds += fraud
        if fraud:
            self.fraud_fen += fen
        else:
            self.honest_fen += fen


@dataclass(slots=True)
class KindSums:
    """One kind of fraud: money tried, stopped at the event or before it, got through (fen)."""

    events: int = 0
    tried_fen: int = 0
    stopped_fen: int = 0


@dataclass(frozen=True, slots=True)
class Thing:
    """A value that people of a gang share; numbers of cards and telephones are masked but for their ends."""

    field: str
    value: str
    people: int


@dataclass(frozen=True, slots=True)
class GangSeen:
    """A gang of the truth and what became of its events.

    `first_stop`: how many decided events came before the first that was stopped (None: none was); `rules`: what stopped it, most often
    first. `by_network`, `first_by_network`: the same of stops in which a rule about the network had a part. `times`: of its decided
    events, ms since 1970.
    """

    kind: str
    number: int
    people: tuple[str, ...]
    things: tuple[Thing, ...]
    events: int
    stopped: int
    first_stop: int | None
    asked_fen: int
    through_fen: int
    rules: tuple[tuple[str, int], ...]
    by_network: int
    first_by_network: int | None
    times: tuple[int, ...]


@dataclass(slots=True)
class Day:
    """A day: `stages[type][done]`, `done[done]` over events that move money, `reasons` of what was not let through, `kinds` of fraud."""

    number: int
    events: int = 0
    decided: int = 0
    stages: dict[str, list[int]] = field(default_factory=dict)
    done: list[Sums] = field(default_factory=lambda: [Sums() for _ in DONE])
    reasons: dict[str, Sums] = field(default_factory=dict)
    kinds: dict[str, KindSums] = field(default_factory=dict)
    gang: GangSeen | None = None


def choose_day(made: Made) -> int:
    """The day of the last third on which most people of one gang apply or are active; the last whole day when no gang is."""
    days = made.wanted.days
    events = made.events
    kept = (events["gang"] >= 0) & np.isin(events["kind"], GANG_KINDS) & (events["time"] >= days * 2 // 3 * p.DAY_MS)
    kept &= events["time"] < (days - 1) * p.DAY_MS
    if not kept.any():
        return days - 2
    day, gang = events["time"][kept] // p.DAY_MS, events["gang"][kept].astype(np.int64)
    who = np.unique(np.stack([day, gang, events["person"][kept].astype(np.int64)]), axis=1)
    pairs, people = np.unique(who[:2], axis=1, return_counts=True)
    return int(pairs[0, int(people.argmax())])


def places_of(made: Made, day: int) -> tuple[int, int]:
    """First event of a day and first event after it."""
    first, last = np.searchsorted(made.events["time"], [day * p.DAY_MS, (day + 1) * p.DAY_MS])
    return int(first), int(last)


def tell_day(
    made: Made, day: int, heard: Mapping[int, Heard], gang: int | None = None, of_network: Container[str] = ()
) -> Day:
    """Sums of a day. `heard`: decisions by the place of their event; `gang`: the gang of the truth to tell of, None for the one with most
    people that day; `of_network`: rules that are about the network."""
    first, last = places_of(made, day)
    found = Day(day, events=last - first)
    kind, person, amount, of_type = (
        made.events[name].astype(np.int64) for name in ("kind", "person", "amount", "type")
    )
    stopped_before = _stopped(kind, person, heard, last)
    for at in range(first, last):
        told = heard.get(at)
        if told is None:
            continue
        found.decided += 1
        done, fraud, fen = DONE_OF[told.outcome], bool(kind[at]), max(int(amount[at]), 0)
        found.stages.setdefault(TYPES[of_type[at]], [0] * len(DONE))[done] += 1
        money = fen if int(of_type[at]) in MOVES_MONEY else 0
        if int(of_type[at]) in MOVES_MONEY:
            found.done[done].add(fraud, fen)
        if done:
            for reason in told.reasons:
                found.reasons.setdefault(reason, Sums()).add(fraud, money)
        if fraud and money:
            of_kind = found.kinds.setdefault(KINDS[kind[at]], KindSums())
            of_kind.events += 1
            of_kind.tried_fen += money
            of_kind.stopped_fen += money if stopped_before(at) else 0
    number = _busiest(made, first, last) if gang is None else gang
    found.gang = None if number is None else _gang(made, number, last, heard, of_network)
    return found


def planted_gang(made: Made, last: int, customers: Collection[str]) -> int | None:
    """The gang of the truth, of those about before event `last`, that most of these customers belong to; None when none does."""
    pairs = np.unique(np.stack([made.events["person"][:last], made.events["gang"][:last]]).astype(np.int64), axis=1)
    people, gang = pairs[:, (pairs[0] >= 0) & (pairs[1] >= 0)]
    names = [bytes(each).decode() for each in codes("c", made.wanted.seed, "customer", people)]
    found = Counter(own for name, own in zip(names, gang.tolist()) if name in customers)
    return min(found, key=lambda own: (-found[own], own)) if found else None


def _stopped(kind: NDArray[np.int64], person: NDArray[np.int64], heard: Mapping[int, Heard], last: int) -> Any:
    """A question: was this fraud stopped, or an earlier event of its person and scheme?"""
    first: dict[tuple[int, int], int] = {}
    for at in np.flatnonzero(kind[:last] > 0).tolist():
        if at in heard and DONE_OF[heard[at].outcome]:
            first.setdefault((int(person[at]), int(kind[at])), at)
    return lambda at: first.get((int(person[at]), int(kind[at])), 1 << 62) <= at


def _busiest(made: Made, first: int, last: int) -> int | None:
    """The gang with most people in the day."""
    events = made.events
    today = np.arange(first, last)
    today = today[(events["gang"][today] >= 0) & np.isin(events["kind"][today], GANG_KINDS)]
    if not len(today):
        return None
    pairs = np.unique(
        np.stack([events["gang"][today].astype(np.int64), events["person"][today].astype(np.int64)]), axis=1
    )
    numbers, people = np.unique(pairs[0], return_counts=True)
    return int(numbers[int(people.argmax())])


def _gang(made: Made, number: int, last: int, heard: Mapping[int, Heard], of_network: Container[str]) -> GangSeen:
    """A gang of the truth, told from its first event on up to the end of the day."""
    events = made.events
    own = np.flatnonzero((events["gang"][:last] == number) & (events["kind"][:last] > 0))
    decided = [at for at in own.tolist() if at in heard]
    stops = [at for at in decided if DONE_OF[heard[at].outcome]]
    by_network = [at for at in stops if any(rule in of_network for rule in heard[at].rules)]
    money = [at for at in decided if int(events["type"][at]) in MOVES_MONEY]
    rules = Counter(rule for at in stops for rule in heard[at].rules)
    records = pa.concat_tables(table(made, at, at + 1) for at in own.tolist())
    return GangSeen(
        KINDS[int(events["kind"][own[0]])], number, tuple(sorted(set(records["customer"].drop_null().to_pylist()))), _things(records),
        len(decided), len(stops), decided.index(stops[0]) if stops else None, sum(int(events["amount"][at]) for at in money),
        sum(int(events["amount"][at]) for at in money if at not in set(stops)), tuple(rules.most_common(5)), len(by_network),
        decided.index(by_network[0]) if by_network else None, tuple(int(events["time"][at]) + p.START_MS for at in decided),
    )  # fmt: skip


def _things(records: pa.Table) -> tuple[Thing, ...]:
    """What at least two of them share, most shared first."""
    found = []
    customers = records["customer"].to_pylist()
    for name in SHARED:
        people: dict[str, set[str]] = {}
        for who, value in zip(customers, records[name].to_pylist() if name in records.column_names else ()):
            if who is not None and value is not None:
                people.setdefault(value, set()).add(who)
        found += [Thing(name, _masked(name, value), len(own)) for value, own in people.items() if len(own) > 1]
    return tuple(sorted(found, key=lambda each: (-each.people, each.field, each.value))[:SHOWN_THINGS])


def _masked(name: str, value: str) -> str:
    """
    >>> _masked("card", "9900010880018842"), _masked("device", "d1")
    ('9900…8842', 'd1')
    """
    return f"{value[:4]}…{value[-4:]}" if name == "card" or name.endswith("phone") else value
