"""The same rules and the same decision table by other means: GoRules ZEN (a rule engine in Rust), DuckDB (SQL over columns).

In: events as plain columns, with all features given. Out: which rules are true and which row fits, and how long that takes. Peers get their
best form: for ZEN the 150 conditions are one compiled expression that makes a list (a decision graph with a node for them, also timed,
costs several times as much) and events are JSON text ready to be read; for DuckDB the hour is a column already, events stand in a table of
its own, and the table's rows are written out per pair of enum values, so that a hash join finds them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.bench.given import Plain
from zhiyu.bench.tables import ENUMS, NUMBERS, Boxes, bound_text
from zhiyu.bench.turns import Work

_HOUR = re.compile(r'hour\(time, "\+08:00"\)')
_SPREAD = re.compile(r"zscore\((\w+), (\w+), (\w+)\)")
_SHARE = re.compile(r"ratio\((\w+), (\w+)\)")
_ZEN_WORDS = (
    (_HOUR, "hour"),
    (_SPREAD, r"(\3 > 0 ? (\1 - \2) / \3 : 0)"),
    (_SHARE, r"(\1 / \2)"),
    (re.compile(r"coalesce\((\w+), (\w+)\)"), r"(\1 ?? \2)"),
    (re.compile(r"(\w+) is not null"), r"\1 != null"),
    (re.compile(r"(\w+) is null"), r"\1 == null"),
    (re.compile(r" in \(([^)]*)\)"), r" in [\1]"),
    (re.compile(r"not known_device"), "known_device == false"),
    (re.compile(r"\bage > "), "age != null and age > "),
)
_SQL_WORDS = (
    (_HOUR, "hour"),
    (_SPREAD, r"((\1 - \2) / nullif(\3, 0))"),
    (_SHARE, r"(\1 / nullif(\2, 0))"),
    (re.compile(r"=="), "="),
    (re.compile(r'"'), "'"),
)


def as_zen(condition: str) -> str:
    """A condition of the benchmark in ZEN's language."""
    for pattern, words in _ZEN_WORDS:
        condition = pattern.sub(words, condition)
    return condition


def as_sql(condition: str) -> str:
    """A condition of the benchmark in SQL."""
    for pattern, words in _SQL_WORDS:
        condition = pattern.sub(words, condition)
    return condition


def records(plain: Plain) -> list[str]:
    """Every event as JSON text."""
    columns = {name: column.tolist() for name, column in plain.items()}
    return [json.dumps(dict(zip(columns, row))) for row in zip(*columns.values())]


def graph(node: dict[str, Any]) -> str:
    """A decision graph of one node."""
    ends = [{"id": "in", "type": "inputNode", "name": "in"}, {"id": "out", "type": "outputNode", "name": "out"}]
    edges = [("in", "it"), ("it", "out")]
    return json.dumps(
        {
            "nodes": [*ends, {"id": "it", "name": "it", **node}],
            "edges": [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in edges],
        }
    )


class ZenRules:
    """150 conditions as one expression, and as a graph with one expression node that holds it."""

    def __init__(self, conditions: list[str]) -> None:
        import zen

        text = "[" + ", ".join(as_zen(condition) for condition in conditions) + "]"
        self.expression: Any = zen.compile_expression(text)
        node = {"type": "expressionNode", "content": {"expressions": [{"id": "0", "key": "hits", "value": text}]}}
        self.decision: Any = zen.ZenEngine().create_decision(graph(node))

    def answers(self, events: list[str], by_graph: bool = False) -> Array:
        """bool[n, rules]."""
        if by_graph:
            return np.array([self.decision.evaluate(event)["result"]["hits"] for event in events], bool)
        return np.array([self.expression.evaluate(event) for event in events], bool)

    def work(self, events: list[str], by_graph: bool = False) -> Work:
        """Event by event."""
        evaluate = self.decision.evaluate if by_graph else self.expression.evaluate

        def run() -> None:
            for event in events:
                evaluate(event)

        return Work(run, len(events))


class ZenTable:
    """A ZEN decision table, `hit policy: first`."""

    def __init__(self, table: Boxes) -> None:
        import zen

        inputs = [{"id": name, "name": name, "field": name} for name in (*NUMBERS, *ENUMS)]
        content = {
            "hitPolicy": "first", "inputs": inputs, "outputs": [{"id": "row", "name": "row", "field": "row"}],
            "rules": [{"_id": str(row), **_cells(table, row), "row": str(row)} for row in range(table.rows)],
        }  # fmt: skip
        self.decision: Any = zen.ZenEngine().create_decision(graph({"type": "decisionTableNode", "content": content}))

    def answers(self, events: list[str]) -> Array:
        """int64[n]: first row, -1 for none."""
        found = [self.decision.evaluate(event)["result"] for event in events]
        return np.array([int(each["row"]) if each else -1 for each in found])

    def work(self, events: list[str]) -> Work:
        """Event by event."""

        def run() -> None:
            for event in events:
                self.decision.evaluate(event)

        return Work(run, len(events))


def _cells(table: Boxes, row: int) -> dict[str, str]:
    made = {}
    for number, name in enumerate(NUMBERS):
        low, high = (bound_text(name, int(b[number, row])) for b in (table.low, table.high))
        made[name] = f"[{low}..{high})"
    for takes, (name, values) in zip(table.takes, ENUMS.items()):
        made[name] = "" if takes[row].all() else ", ".join(f'"{v}"' for v, t in zip(values, takes[row]) if t)
    return made


class DuckRules:
    """Conditions and a decision table as SQL over a table of events, with so many threads."""

    def __init__(self, plain: Plain, conditions: list[str], table: Boxes | None = None, threads: int = 1) -> None:
        import duckdb

        self.n = len(next(iter(plain.values())))
        self.connection: Any = duckdb.connect()
        self.connection.execute(f"SET threads = {threads}")
        self._put("events", pa.table({"seq": np.arange(self.n)} | {name: pa.array(c) for name, c in plain.items()}))
        if table is not None:
            self._put("lines", _lines(table))
        flags = ", ".join(f"({as_sql(condition)}) AS r{number}" for number, condition in enumerate(conditions))
        self.flags = f"SELECT {flags} FROM events ORDER BY seq"  # noqa: S608
        ranges = " AND ".join(f"e.{name} >= l.{name}_low AND e.{name} < l.{name}_high" for name in NUMBERS)
        self.first = (
            "SELECT coalesce(min(l.row), -1) AS row FROM events e LEFT JOIN lines l ON e.channel = l.channel AND e.country = l.country "  # noqa: S608
            f"AND {ranges} GROUP BY e.seq ORDER BY e.seq"
        )

    def _put(self, name: str, rows: pa.Table) -> None:
        self.connection.register("given", rows)
        self.connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")  # noqa: S608
        self.connection.unregister("given")

    def answers(self) -> Array:
        """bool[n, rules]; null is not true."""
        found = self.connection.sql(self.flags).to_arrow_table()
        return np.column_stack([column.fill_null(False).to_numpy() for column in found.columns]).astype(bool)

    def rows(self) -> Array:
        """int64[n]: first row, -1 for none."""
        return np.asarray(self.connection.sql(self.first).to_arrow_table()["row"].to_numpy())

    def work(self, statement: str) -> Work:
        """One of the statements over all events, its answer as an Arrow table. (Adding up how many are true takes it longer.)"""
        return Work(lambda: self.connection.sql(statement).to_arrow_table(), self.n)


def _lines(table: Boxes) -> pa.Table:
    """One line per row and pair of enum values."""
    (channels, countries), (channel_names, country_names) = table.takes, ENUMS.values()
    row, channel, country = np.nonzero(channels[:, :, None] & countries[:, None, :])
    bounds: dict[str, Array] = {}
    for number, name in enumerate(NUMBERS):
        unit = 100 if name == "amount" else 1
        bounds |= {f"{name}_low": table.low[number, row] / unit, f"{name}_high": table.high[number, row] / unit}
    return pa.table(
        {"row": row, "channel": np.array(channel_names)[channel], "country": np.array(country_names)[country]} | bounds
    )
