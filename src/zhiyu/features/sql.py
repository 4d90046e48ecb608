"""The SQL an aggregate feature means, for DuckDB: a second engine that can be asked the same question.

In: features with typed filters; a table of events with `seq` (order of arrival), `u` (see `ORDER_KEY`), `event_type`, and one column
per field in register form (scaled integers, ms, text). Out: one SELECT. It holds for streams without late events: each event sees
itself and what came before it.

Ties: SQL's RANGE takes all rows of the same time as peers, also later ones. `u = t * 2**20 + rank among equal t` is unique, so the window
(t - w, t] becomes u between (t - w + 1) * 2**20 and u itself.
"""

from __future__ import annotations

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions import Expression
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import Kind
from zhiyu.features.declare import Feature

TIE_BITS = 20
ORDER_KEY = f"t * {1 << TIE_BITS} + row_number() OVER (PARTITION BY t ORDER BY seq) - 1"
"""SQL of `u` from `t` (ms) and `seq`; at most 2**20 events may share a millisecond."""
_CALLS = {
    "count": "count({})", "sum": "coalesce(sum({}), 0)", "mean": "avg({})", "std": "stddev_pop({})", "min": "min({})", "max": "max({})",
    "distinct": "count(DISTINCT {})",
}  # fmt: skip
_SIGNS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*"}


def features_sql(features: list[tuple[Feature, Expression | None]], table: str) -> str:
    """SELECT seq and every feature (mean and std in scaled units). InputError for aggregates and filters that have no SQL here."""
    columns = ",\n  ".join(f'{_column(feature, where)} AS "{feature.name}"' for feature, where in features)
    return f'SELECT seq,\n  {columns}\nFROM "{table}"'


def _column(feature: Feature, where: Expression | None) -> str:
    call = _CALLS.get(feature.aggregate)
    if call is None:
        raise InputError(f"no SQL for the aggregate '{feature.aggregate}'", f"聚合“{feature.aggregate}”没有对应的 SQL")
    value = f'"{feature.of}"' if feature.of else "*"
    tests = [predicate(where.root)] if where else []
    if feature.on:
        tests.append(f"event_type IN ({', '.join(_text(name) for name in feature.on)})")
    chosen = f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""
    keys = (feature.by,) if isinstance(feature.by, str) else feature.by
    partition = ", ".join(f'"{key}"' for key in keys)
    lower = f"{(parse_duration_ms(feature.over) - 1) << TIE_BITS} + u % {1 << TIE_BITS}"
    upper = "1 PRECEDING" if feature.current == "exclude" else "CURRENT ROW"
    window = f"PARTITION BY {partition} ORDER BY u RANGE BETWEEN {lower} PRECEDING AND {upper}"
    gone = " OR ".join(f'"{key}" IS NULL' for key in keys)
    inner = call.format(value)
    if inner.startswith("coalesce("):
        windowed = f"coalesce(sum({value}){chosen} OVER ({window}), 0)"
    else:
        windowed = f"{inner}{chosen} OVER ({window})"
    return f"CASE WHEN {gone} THEN NULL ELSE {windowed} END"


def predicate(node: Typed) -> str:
    """A filter as SQL; SQL's three-valued logic is the language's own."""
    if node.op in ("and", "or"):
        return "(" + f" {node.op.upper()} ".join(predicate(each) for each in node.args) + ")"
    if node.op == "not":
        return f"(NOT {predicate(node.args[0])})"
    if node.op == "negative":
        return f"(-{predicate(node.args[0])})"
    if node.op == "is_null":
        return f"({predicate(node.args[0])} IS NULL)"
    if node.op == "name":
        return f'"{node.value}"'
    if node.op == "literal":
        return _constant(node.value)
    if node.op == "in" and isinstance(node.value, tuple):
        return f"({predicate(node.args[0])} IN ({', '.join(_constant(each) for each in node.value)}))"
    if node.op in _SIGNS and len(node.args) == 2:
        return _pair(node)
    raise InputError(
        f"no SQL for '{node.text or node.op}' in a filter", f"过滤条件“{node.text or node.op}”没有对应的 SQL"
    )


def _pair(node: Typed) -> str:
    left, right = node.args
    if Kind.FLOAT in (left.type.kind, right.type.kind):
        raise InputError(
            f"no SQL for '{node.text}': it leaves whole numbers", f"“{node.text}”超出整数运算，没有对应的 SQL"
        )
    sides = [predicate(left), predicate(right)]
    if node.op != "*" and left.type.scale != right.type.scale:
        scale = max(left.type.scale, right.type.scale)
        sides = [f"({side} * {10 ** (scale - each.type.scale)})" for side, each in zip(sides, node.args)]
    return f"({sides[0]} {_SIGNS[node.op]} {sides[1]})"


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
