"""The independent oracle where events come late, with ties, nulls and filters: DuckDB by self-join, over a generated stream.

The whole way is compared, from raw columns through decoding to the engine's feature values. Whole numbers are equal; floats agree to
1e-9 relative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from zhiyu.base.hashing import Codes
from zhiyu.engine.engine import Engine
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.expressions import Expression, check, parse
from zhiyu.features.declare import Feature
from zhiyu.features.sql import ORDER_KEY, features_sql
from zhiyu.features.sql_late import joined_sql
from zhiyu.policy.check import check_policy
from zhiyu.policy.compile import compile_policy
from zhiyu.policy.declare import Policy

GENERATED = 20_000
WINDOWS = ("1h", "1d", "7d", "30d")
AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "distinct")
PARTNER = {"customer": "terminal", "terminal": "customer"}
WHERE = "amount > 50 and not (terminal is null)"


def declared(where: str = "", current: str = "include", aggregates: Sequence[str] = AGGREGATES) -> list[Feature]:
    """Every aggregate over every window, by customer and by terminal."""
    of = {"count": lambda key: "", "distinct": lambda key: PARTNER[key]}
    return [
        Feature(
            name=f"{aggregate}_{key}_{over}_{current}_{len(where)}", aggregate=aggregate, by=key, over=over, where=where, current=current,
            of=of.get(aggregate, lambda key: "amount")(key),
        )
        for key in PARTNER for aggregate in aggregates for over in WINDOWS
    ]  # fmt: skip


def policy_of(features: Sequence[Feature]) -> Policy:
    """Payments whose four columns are read as they stand."""
    fields = {
        "customer": Field(type="string"), "terminal": Field(type="string"),
        "amount": Field(type="money", currency="EUR", round=True, min=0, max=1_000_000),
    }  # fmt: skip
    columns = {"customer": "customer", "terminal": "terminal", "amount": "amount"}
    source = Source(name="file", event="payment", id="id", time=TimeColumn(column="time", epoch="ms"), fields=columns)
    events = (EventType(name="payment", fields=fields, money="amount"),)
    return Policy(name="oracle", events=events, sources=(source,), features=tuple(features))


def from_engine(features: Sequence[Feature], table: pa.Table) -> dict[str, tuple[Any, Any]]:
    """(values, null marks) of every feature, from decoding and the engine, 5,000 rows at a time."""
    codes = Codes(bytes(range(16)))
    compiled = compile_policy(check_policy(policy_of(features)).require(), codes.one, all_features=True)
    engine, source = Engine(compiled, codes, limit_bytes=1 << 30), compiled.policy.sources[0]
    values, nulls = [], []
    for at in range(0, table.num_rows, 5000):
        columns = {name: table[name].slice(at, 5000).combine_chunks() for name in table.column_names}
        decoded = decode(compiled.schema, source, RawBatch(columns=columns, first_position=at), codes, "default")
        assert not decoded.refusals
        outcome = engine.process(decoded.batch, keep_all=True)
        assert not outcome.refusals
        assert not outcome.late
        values.append(outcome.decisions.kept_values)
        nulls.append(outcome.decisions.kept_nulls)
    all_values, all_nulls = np.concatenate(values), np.concatenate(nulls)
    return {f.name: (all_values[:, i], all_nulls[:, i]) for i, f in enumerate(compiled.features)}


def from_duckdb(statement: str, table: pa.Table) -> dict[str, Any]:
    """The statement's columns over the events; amounts in cents."""
    with duckdb.connect() as connection:
        connection.register("raw", table)
        connection.execute(
            "CREATE TABLE events AS SELECT (row_number() OVER ()) - 1 AS seq, time AS t, customer, terminal, "
            "round(amount * 100)::BIGINT AS amount, 'payment' AS event_type FROM raw"
        )
        connection.execute(f"CREATE OR REPLACE TABLE events AS SELECT *, {ORDER_KEY} AS u FROM events")  # noqa: S608 - a constant
        answered = connection.sql(statement).to_arrow_table()
    return {name: answered[name].combine_chunks() for name in answered.column_names}


def assert_same(features: Sequence[Feature], ours: dict[str, tuple[Any, Any]], theirs: dict[str, Any]) -> None:
    """Nulls alike; whole numbers equal; floats within 1e-9 relative."""
    for feature in features:
        values, nulls = ours[feature.name]
        column = theirs[feature.name]
        assert np.array_equal(nulls != 0, column.is_null().to_numpy(zero_copy_only=False)), feature.name
        if feature.aggregate in ("mean", "std"):
            floats = values.view(np.float64)
            other = column.fill_null(0.0).to_numpy(zero_copy_only=False) / 100
            wrong = np.abs(floats - other) > 1e-9 * np.abs(other)
        else:
            wrong = values != column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        assert not wrong.any(), (feature.name, int(np.flatnonzero(wrong)[0]))


def generated(late: bool) -> pa.Table:
    """Ties, bursts, nulls, sixty days; with `late`, a tenth of the events up to fifty minutes after their time."""
    rng = np.random.default_rng(11)
    times = np.sort(rng.integers(0, 60 * 86_400, GENERATED) // 20 * 20_000) + 1_700_000_000_000
    if late:
        times -= np.where(rng.random(GENERATED) < 0.1, rng.integers(0, 150, GENERATED) * 20_000, 0)
    missing = rng.random((3, GENERATED)) < 0.03
    return pa.table({
        "id": pa.array([f"e{i}" for i in range(GENERATED)]),
        "time": times,
        "customer": pa.array([f"c{int(x)}" for x in 300 * rng.random(GENERATED) ** 2], mask=missing[0]),
        "terminal": pa.array([f"t{int(x)}" for x in 150 * rng.random(GENERATED) ** 2], mask=missing[1]),
        "amount": pa.array(np.round(rng.lognormal(4, 1.5, GENERATED), 2), mask=missing[2]),
    })  # fmt: skip


def with_filters(features: Sequence[Feature]) -> list[tuple[Feature, Expression | None]]:
    """The features with their checked predicates."""
    scope = check_policy(policy_of(features)).require().known.schema.scope
    return [(f, check(parse(f.where), scope, f.where) if f.where else None) for f in features]


def test_late_events_ties_nulls_and_filters() -> None:
    features = declared() + declared(WHERE) + declared(current="exclude", aggregates=("count", "sum", "distinct"))
    features += [
        Feature(name=f"{aggregate}_{over}", aggregate=aggregate, of="amount", by=("customer", "terminal"), over=over)
        for aggregate in ("first", "last", "since_first", "since_last") for over in ("1d", "30d")
    ]  # fmt: skip
    table = generated(late=True)
    assert_same(
        features, from_engine(features, table), from_duckdb(joined_sql(with_filters(features), "events"), table)
    )


def test_both_statements_say_the_same_in_time_order() -> None:
    features = [f for f in declared() + declared(WHERE, "exclude") if f.aggregate != "std"]
    filtered, table = with_filters(features), generated(late=False)
    joined = from_duckdb(joined_sql(filtered, "events"), table)
    theirs = from_duckdb(features_sql(filtered, "events") + " ORDER BY seq", table)
    assert_same(features, from_engine(features, table), joined)
    for feature in features:
        same = joined[feature.name], theirs[feature.name].cast(joined[feature.name].type)
        if feature.aggregate == "mean":
            assert np.allclose(*(each.fill_null(0).to_numpy() for each in same), rtol=1e-12, atol=0), feature.name
        else:
            assert same[0].equals(same[1]), feature.name
