"""Answers of services outside as events: what would stand in the log of a lender that asked about everything its policy may ask about.

In: what was made, a policy, a span of events. Out: a table of answers with `about`, to be read beside the events, in order of time. A
decision takes the answers it waits for; nobody waits for the others, and they cost nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.policy.builtin import CALL_ENDS
from zhiyu.policy.calls import ABOUT, calling_nodes, calls_of, cheapest_first, end_field
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_services import Service
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.rows import NUMBER
from zhiyu.simulation.lender.services import Known

TAKES_MS = 400
"""From one answer about an event to the next."""
NOT_IN_TIME = 0.003
"""Share of questions that a service does not answer in time."""
ANSWERED, TIMED_OUT = CALL_ENDS[:2]


def answer_table(made: Made, policy: Policy, known: Known, first: int, last: int) -> pa.Table:
    """Answers about the events from `first` up to `last`, in order of time; without rows when the policy asks nothing that is known."""
    services = {each.name: each for each in policy.services if knows(known, each)}
    of_type = made.events["type"][first:last]
    asked: dict[str, list[Ints]] = {}
    order: dict[str, int] = {}
    for flow in policy.flows:
        names = tuple(dict.fromkeys(n for node in calling_nodes(flow) for n in calls_of(node) if n in services))
        rows = first + np.flatnonzero(np.isin(of_type, [NUMBER[each] for each in flow.on if each in NUMBER]))
        for place, name in enumerate(cheapest_first(names, services)):
            asked.setdefault(name, []).append(rows[made.events["person"][rows] >= 0])
            order[name] = max(place, order.get(name, 0))
    tables = [
        _answers(made, services[name], known, np.unique(np.concatenate(rows)), order[name])
        for name, rows in asked.items()
    ]
    if not tables:
        return pa.table({"type": pa.array([], pa.string()), "time": pa.array([], pa.string())})
    return _in_order(tables)


def with_answers(events: pa.Table, answers: pa.Table) -> pa.Table:
    """Both in order of time, an event before an answer of the same moment."""
    return _in_order([events, answers]) if ABOUT in answers.column_names else events


def knows(known: Known, service: Service) -> bool:
    """Whether everything that the service is to tell is known here."""
    return set(service.answer) <= {*known.people.column_names, *known.events.column_names}


def _answers(made: Made, service: Service, known: Known, at: Ints, place: int) -> pa.Table:
    """One service's answers about the events at places `at`."""
    name, seed, n = service.name, made.wanted.seed, len(at)
    late = made.chance.happens(f"told late {name}", NOT_IN_TIME, at)
    told: dict[str, Any] = {
        "type": pa.array([name] * n, pa.string()),
        "id": texts.column(n, np.arange(n), texts.codes("v", seed, f"answer {name}", at)),
        "time": texts.column(
            n, np.arange(n), texts.moments(made.events["time"][at] + (place + 1) * TAKES_MS, p.START_MS)
        ),
        ABOUT: texts.column(n, np.arange(n), texts.event_ids(seed, at)),
        end_field(name): pa.array(np.where(late, TIMED_OUT, ANSWERED).tolist(), pa.string()),
        f"{name}_cost": pa.array(np.where(late, "0", str(service.price)).tolist(), pa.string()),
        f"{name}_tries": pa.array(np.ones(n, np.int64)),
    }
    person = pa.array(made.events["person"][at].astype(np.int64))
    place_of = pc.index_in(told[ABOUT], value_set=known.events["id"].combine_chunks())
    for field in service.answer:
        value = known.people[field].take(person) if field in known.people.column_names else (
            known.events[field].take(place_of))  # fmt: skip
        told[field] = pc.if_else(pa.array(late), pa.nulls(n, value.type), value.combine_chunks())
    return pa.table(told)


def _in_order(tables: list[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(tables, promote_options="default")
    return whole.take(pc.sort_indices(whole, [("time", "ascending")]))
