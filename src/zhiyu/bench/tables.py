"""A decision table of 3,000 rows and five inputs, made from a seed: narrow boxes over three numbers and two enums.

In: how many rows. Out: the boxes as arrays, the policy with that table (and without it), events whose first row is mostly late, events
that only the last row takes, events that no row takes; the first fitting row by a plain walk, for tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.bench.given import Plain, batch_of
from zhiyu.bench.policy import CHANNELS, COUNTRIES
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.schema import EventSchema
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_tables import DecisionTable, Input, Row
from zhiyu.policy.outcomes import Outcome

NUMBERS = {"amount": 1_000_000, "income": 5_000_000, "months": 360}
"""Inputs that are numbers, and their range: amounts in fen, whole numbers."""
ENUMS = {"channel": CHANNELS, "country": COUNTRIES}
WIDTH = 0.08
OUTCOMES: tuple[Outcome, ...] = ("notify", "challenge", "review", "decline")
LATE = 0.8
"""Most events are aimed at rows behind this share of the table."""


@dataclass(frozen=True)
class Boxes:
    """`low`, `high` int64[3, rows] (half open); `takes`: per enum bool[rows, values]."""

    low: Array
    high: Array
    takes: tuple[Array, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.low.shape[1]


def boxes(rows: int, seed: int = 11) -> Boxes:
    """Random boxes. The last row alone takes numbers from 90 % of their range on, and every enum value."""
    rng = np.random.default_rng(seed)
    span = np.array(list(NUMBERS.values()))[:, None]
    low = (rng.random((3, rows)) * (0.9 - WIDTH) * span).astype(np.int64)
    high = low + np.maximum((rng.random((3, rows)) * WIDTH * span).astype(np.int64), 1)
    takes = []
    for values in ENUMS.values():
        many = np.where(rng.random(rows) < 0.6, 1, np.where(rng.random(rows) < 0.6, 2, len(values)))
        takes.append(rng.random((rows, len(values))).argsort(axis=1) < many[:, None])
    low[:, -1], high[:, -1] = (0.9 * span[:, 0]).astype(np.int64), span[:, 0]
    for each in takes:
        each[-1] = True
    return Boxes(low, high, tuple(takes))


def table_policy(table: Boxes | None) -> Policy:
    """One rule, and the table when there is one."""
    fields = {
        "amount": Field(type="money", currency="CNY", required=True, min=0), "income": Field(type="int", required=True, min=0),
        "months": Field(type="int", required=True, min=0),
    } | {name: Field(type="enum", values=values, required=True) for name, values in ENUMS.items()}  # fmt: skip
    rules = RuleSet(name="one", rules=(Rule(name="huge", when="amount > 9999", outcome="decline"),))
    inputs = tuple(Input(name=name) for name in (*NUMBERS, *ENUMS))
    tables = () if table is None else (DecisionTable(name="prices", inputs=inputs, rows=_rows(table)),)
    return Policy(name="tables", events=(EventType(name="offer", fields=fields),), rule_sets=(rules,), tables=tables)


def _rows(table: Boxes) -> tuple[Row, ...]:
    made = []
    for row in range(table.rows):
        when: dict[str, str | int | float | bool | None] = {}
        for number, name in enumerate(NUMBERS):
            low, high = (bound_text(name, int(b[number, row])) for b in (table.low, table.high))
            when[name] = f"[{low}..{high})"
        for takes, (name, values) in zip(table.takes, ENUMS.items()):
            when[name] = "-" if takes[row].all() else ", ".join(v for v, t in zip(values, takes[row]) if t)
        made.append(Row(when=when, outcome=OUTCOMES[row % len(OUTCOMES)], score=row % 100))
    return tuple(made)


def bound_text(name: str, bound: int) -> str:
    """A bound as people write it."""
    return f"{bound // 100}.{bound % 100:02d}" if name == "amount" else str(bound)


def points(table: Boxes, events: int, seed: int = 12) -> dict[str, Array]:
    """Columns of events, each inside one row's box: nine of ten rows chosen are late ones. Enums as indices into their values."""
    rng = np.random.default_rng(seed)
    late = rng.integers(int(LATE * table.rows), table.rows, events)
    return _inside(table, np.where(rng.random(events) < 0.9, late, rng.integers(0, table.rows, events)), rng)


def points_of_last(table: Boxes, events: int, seed: int = 13) -> dict[str, Array]:
    """Events that only the last row takes."""
    return _inside(table, np.full(events, table.rows - 1), np.random.default_rng(seed))


def points_of_none(table: Boxes, events: int, seed: int = 14) -> dict[str, Array]:
    """Events that no row takes: one number where only the last row is, the others where it is not."""
    made = points(table, events, seed)
    return made | {"amount": np.full(events, NUMBERS["amount"] - 1), "months": np.minimum(made["months"], 300)}


def _inside(table: Boxes, rows: Array, rng: np.random.Generator) -> dict[str, Array]:
    made = {}
    for number, name in enumerate(NUMBERS):
        low, high = table.low[number, rows], table.high[number, rows]
        made[name] = low + (rng.random(len(rows)) * (high - low)).astype(np.int64)
    for takes, name in zip(table.takes, ENUMS):
        made[name] = (takes[rows] * rng.random((len(rows), takes.shape[1]))).argmax(axis=1)
    return made


def first_row_by_walk(table: Boxes, columns: dict[str, Array]) -> Array:
    """int64[n]: the first row that takes each event, -1 for none; all rows are looked at, one after the other."""
    found = np.full(len(columns["amount"]), -1)
    for row in range(table.rows - 1, -1, -1):
        fits = np.ones(len(found), bool)
        for number, name in enumerate(NUMBERS):
            fits &= (columns[name] >= table.low[number, row]) & (columns[name] < table.high[number, row])
        for takes, name in zip(table.takes, ENUMS):
            fits &= takes[row][columns[name]]
        found[fits] = row
    return found


def offers(schema: EventSchema, codes: Codes, columns: dict[str, Array]) -> EventBatch:
    """The events as a batch."""
    registers = {name: columns[name] for name in NUMBERS}
    for name, values in ENUMS.items():
        registers[name] = np.array([codes.one(value) for value in values])[columns[name]]
    return batch_of(schema, codes, "offer", registers)


def plain_offers(columns: dict[str, Array]) -> Plain:
    """The events for peers: amounts in major units, enums as texts."""
    made: Plain = {name: columns[name] for name in NUMBERS} | {"amount": columns["amount"] / 100}
    return made | {name: np.array(values, object)[columns[name]] for name, values in ENUMS.items()}
