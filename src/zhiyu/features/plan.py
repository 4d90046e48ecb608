"""From declared features to the plan arrays the kernel reads: tables, lanes, cells, windows, columns.

In: resolved variables (every name already a register number). Out: a `Plan` of small int64 arrays. Features that share a key share a
table, those that share filter and value share a lane, those that share lane and window share a cell: work is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array
from zhiyu.features import layout as at

OUTPUT_COLUMN = {
    "count": at.C_COUNT, "sum": at.C_SUM, "mean": at.C_MEAN, "std": at.C_STD, "min": at.C_MIN, "max": at.C_MAX,
    "distinct": at.C_DISTINCT, "first": at.C_FIRST, "last": at.C_LAST, "since_first": at.C_SINCE_FIRST,
    "since_last": at.C_SINCE_LAST, "speed_kmh": at.C_SPEED,
}  # fmt: skip
NUMBER_AGGREGATES = {"sum", "mean", "std", "min", "max"}
PLACE_AGGREGATES = {"first", "last", "since_first", "since_last", "speed_kmh"}
MAX_KEY_PARTS = 4
MAX_EXTRA_WORDS = 16


@dataclass(frozen=True, slots=True)
class Variable:
    """One aggregate, resolved: registers for key parts, value (-1: none) and filter (-1: every event), window in ms, result register.

    `category`: the value is text (kept as a slot); `scale`: decimal digits of the value, divided out of mean and std.
    """

    name: str
    aggregate: str
    keys: tuple[int, ...]
    window_ms: int
    output: int
    value: int = -1
    filter: int = -1
    category: bool = False
    scale: int = 0
    past: bool = False


@dataclass(slots=True)
class _Lane:
    filter: int
    value: int
    category: bool
    past: bool
    role: int = 0
    cells: list[tuple[int, dict[int, int]]] = field(default_factory=list)
    scale: int = 0


@dataclass(slots=True)
class _Table:
    keys: tuple[int, ...]
    lanes: dict[tuple[int, int, bool, bool], _Lane] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the kernel reads. `horizon_ms`: after this idle time a key is forgotten. `features`: number of results per event."""

    tables: Array
    lanes: Array
    cells: Array
    scales: Array
    windows: Array
    columns: Array
    horizon_ms: int
    max_windows: int
    features: int


def build_plan(variables: Sequence[Variable], lateness_ms: int) -> Plan:
    """The plan of these variables. LimitExceeded when a key has more lanes than flag words allow."""
    tables = _group(variables)
    _add_value_tables(tables)
    horizon = max((v.window_ms for v in variables), default=0) + lateness_ms
    return _Builder(tables, lateness_ms).build(horizon, len(variables))


def _group(variables: Sequence[Variable]) -> list[_Table]:
    by_keys: dict[tuple[int, ...], _Table] = {}
    for variable in variables:
        table = by_keys.setdefault(variable.keys, _Table(variable.keys))
        wants_category = variable.value >= 0 and (variable.category or variable.aggregate == "distinct")
        spot = (variable.filter, variable.value, wants_category, variable.past)
        lane = table.lanes.setdefault(spot, _Lane(*spot))
        if wants_category:
            lane.role |= at.CATEGORY
        if variable.aggregate == "distinct":
            lane.role |= at.DISTINCT
        if variable.aggregate in NUMBER_AGGREGATES:
            lane.role |= at.NUMERIC
        if variable.aggregate in ("min", "max"):
            lane.role |= at.EXTREMES
        if variable.aggregate in PLACE_AGGREGATES:
            lane.role |= at.PLACES
        lane.scale = variable.scale
        _cell_for(lane, variable)[OUTPUT_COLUMN[variable.aggregate]] = variable.output
    return list(by_keys.values())


def _cell_for(lane: _Lane, variable: Variable) -> dict[int, int]:
    """The cell of this window that has no such aggregate yet (two names for one variable need two cells)."""
    column = OUTPUT_COLUMN[variable.aggregate]
    for window, outputs in lane.cells:
        if window == variable.window_ms and column not in outputs:
            return outputs
    lane.cells.append((variable.window_ms, {}))
    return lane.cells[-1][1]


def _add_value_tables(tables: list[_Table]) -> None:
    known = {table.keys for table in tables}
    for table in list(tables):
        for lane in table.lanes.values():
            if lane.category and (lane.value,) not in known:
                known.add((lane.value,))
                tables.append(_Table((lane.value,)))


class _Builder:
    def __init__(self, tables: list[_Table], lateness_ms: int) -> None:
        self.tables = tables
        self.lateness_ms = lateness_ms
        self.number_of = {table.keys: number for number, table in enumerate(tables)}
        self.lane_lines: list[list[int]] = []
        self.cell_lines: list[list[int]] = []
        self.scales: list[float] = []
        self.windows: list[int] = []
        self.columns: list[tuple[int, int]] = []

    def build(self, horizon_ms: int, features: int) -> Plan:
        lines = [self._table(table) for table in self.tables]
        return Plan(
            tables=np.array(lines, np.int64).reshape(-1, at.TABLE_COLUMNS),
            lanes=np.array(self.lane_lines, np.int64).reshape(-1, at.LANE_COLUMNS),
            cells=np.array(self.cell_lines, np.int64).reshape(-1, at.CELL_COLUMNS),
            scales=np.array(self.scales, np.float64),
            windows=np.array(self.windows, np.int64),
            columns=np.array(self.columns, np.int64).reshape(-1, 2),
            horizon_ms=horizon_ms,
            max_windows=max((line[at.WINDOW1] - line[at.WINDOW0] for line in lines), default=1) or 1,
            features=features,
        )

    def _table(self, table: _Table) -> list[int]:
        line = [0] * at.TABLE_COLUMNS
        lanes = list(table.lanes.values())
        line[at.KEYS] = len(table.keys)
        line[at.KEY0] = table.keys[0]
        for part, register in enumerate(table.keys[1:], 1):
            line[at.KEY1 + part - 1] = register
        widths = sorted({window for lane in lanes for window, _ in lane.cells})
        line[at.WINDOW0] = len(self.windows)
        self.windows += widths
        line[at.WINDOW1] = len(self.windows)
        line[at.KEEP] = max(widths, default=0) + self.lateness_ms
        numbers = self._columns(line, lanes)
        self._lanes(table, line, lanes, widths, numbers)
        line[at.HAS_PAST] = any(lane.past for lane in lanes)
        line[at.HAS_NOW] = any(not lane.past for lane in lanes)
        return line

    def _columns(self, line: list[int], lanes: list[_Lane]) -> dict[tuple[int, bool], int]:
        stored = [
            (lane.value, lane.category) for lane in lanes
            if lane.value >= 0 and (lane.category or lane.role & (at.NUMERIC | at.PLACES))
        ]  # fmt: skip
        numbers = list(dict.fromkeys(value for value, category in stored if not category))
        categories = list(dict.fromkeys(value for value, category in stored if category))
        line[at.NUMBER0], line[at.NUMBERS] = len(self.columns), len(numbers)
        self.columns += [(value, -1) for value in numbers]
        line[at.CATEGORY0], line[at.CATEGORIES] = len(self.columns), len(categories)
        self.columns += [(value, self.number_of[(value,)]) for value in categories]
        place = {(value, False): i for i, value in enumerate(numbers)}
        return place | {(value, True): i for i, value in enumerate(categories)}

    def _lanes(
        self, table: _Table, line: list[int], lanes: list[_Lane], widths: list[int], places: dict[tuple[int, bool], int]
    ) -> None:
        bits = node = distincts = 0
        memo = at.MEMO_EDGES + len(widths)
        line[at.LANE0] = len(self.lane_lines)
        for lane in lanes:
            row = [0] * at.LANE_COLUMNS
            row[at.L_WORD], row[at.L_SHIFT] = _bit(bits)
            bits += 1
            row[at.L_ROLE], row[at.L_FILTER], row[at.L_REGISTER] = lane.role, lane.filter, lane.value
            row[at.L_VALUE] = places.get((lane.value, lane.category), -1)
            row[at.L_PAST], row[at.L_NODE] = lane.past, node
            node += 6 if lane.role & at.NUMERIC else 2
            if lane.role & at.DISTINCT:
                row[at.L_LAST_WORD], row[at.L_LAST_SHIFT] = _bit(bits)
                row[at.L_HASH] = distincts
                bits += 1
                distincts += 1
            row[at.L_CELL0] = len(self.cell_lines)
            for window, outputs in sorted(lane.cells, key=lambda cell: cell[0]):
                cell = [-1] * at.CELL_COLUMNS
                cell[at.C_WINDOW] = widths.index(window)
                for column, register in outputs.items():
                    cell[column] = register
                self.cell_lines.append(cell)
                self.scales.append(float(10**lane.scale))
            row[at.L_CELL1] = len(self.cell_lines)
            row[at.L_COUNTS] = any(at.C_COUNT in outputs for _, outputs in lane.cells)
            row[at.L_ALL] = lane.filter < 0 and lane.value < 0
            row[at.L_MEMO] = memo
            memo += 1 + (at.NUMBER_WORDS if lane.role & at.NUMERIC else at.COUNT_WORDS) * len(lane.cells)
            self.lane_lines.append(row)
        line[at.LANE1] = len(self.lane_lines)
        line[at.NODE], line[at.DISTINCTS], line[at.MEMO] = node, distincts, memo
        line[at.EXTRA] = 0 if bits <= at.STAMP_SHIFT else -(-(bits - at.STAMP_SHIFT) // 64)
        if line[at.EXTRA] > MAX_EXTRA_WORDS:
            raise LimitExceeded(
                f"one key has {len(lanes)} different (filter, field) pairs; the limit is {MAX_EXTRA_WORDS * 64}: "
                "drop features, or split the key",
                f"一个键有 {len(lanes)} 种（过滤条件, 字段）组合；上限为 {MAX_EXTRA_WORDS * 64}：请减少特征或拆分键",
            )


def _bit(number: int) -> tuple[int, int]:
    """(word, shift) of a flag bit: the first 24 sit under the time stamp."""
    if number < at.STAMP_SHIFT:
        return 0, number
    return 1 + (number - at.STAMP_SHIFT) // 64, (number - at.STAMP_SHIFT) % 64
