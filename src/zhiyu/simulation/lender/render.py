"""Events as columns of the loan vocabulary.

In: what was made, and a span of its events. Out: an Arrow table with `type`, `id`, `time` and every field; a field that an event
does not have
is null. One function per field for all types of event that carry it: nothing about how a field is written can tell fraud from honesty.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from zhiyu.events.vocabulary import FIELDS
from zhiyu.events.vocabulary.types import TYPES as VOCABULARY
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import render_money, render_people, texts
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.makers import MAKERS
from zhiyu.simulation.lender.rows import NUMBER, TYPES
from zhiyu.simulation.lender.span import Span

ROWS = 100_000
"""Events of one table."""
LEFT_OUT = {
    "limit_adjustment": {"granted"}, "relief": {"granted", "device", "ip", "contract"}, "complaint": {"channel", "device", "ip", "topic"},
    "collection_contact": {"amount", "due_time", "message_kind", "is_customer"}, "identity_step": {"phone"},
    "account_change": {"address", "email"}, "device_session": set(),
}  # fmt: skip
"""Fields that this lender does not send with an event, beyond those nothing here makes."""
MADE_OF = (render_money, render_people)
"""Modules that fill `MAKERS`."""


def carriers(name: str) -> tuple[int, ...]:
    """Numbers of the types that carry a field here."""
    return tuple(
        NUMBER[word.name]
        for word in VOCABULARY.values()
        if name in word.fields and name not in LEFT_OUT.get(word.name, ())
    )


CARRIERS = {name: carriers(name) for name in FIELDS if name in MAKERS}


def tables(made: Made, rows: int = ROWS) -> Iterator[pa.Table]:
    """All events, `rows` at a time."""
    for first in range(0, len(made.events), rows):
        yield table(made, first, min(first + rows, len(made.events)))


def table(made: Made, first: int, last: int) -> pa.Table:
    """The events from `first` up to `last`."""
    span = Span(made, first, last)
    every = np.arange(span.n)
    columns = {
        "type": texts.words(span.n, every, span.core["type"], TYPES),
        "id": texts.column(span.n, every, texts.event_ids(span.seed, every + first)),
        "time": texts.column(span.n, every, texts.moments(span.core["time"], p.START_MS)),
    }
    for name, types in CARRIERS.items():
        carried = np.flatnonzero(np.isin(span.core["type"], types))
        columns[name] = MAKERS[name](span, carried)
    return pa.table(columns)
