"""The same features in SQL for a log in any order: late events included, at the price of a self-join.

In: features with typed filters; a table of events with `seq` (order of arrival), `t` (ms), `event_type`, and a column per field in
register form, as for `sql`. Out: one statement: `seq` and every feature, ordered by `seq`. Every event is joined with the earlier
arrived events of its key: plain enough to be believed, and exact (sums and squares are HUGEINT; mean and std in scaled units).
`sql.features_sql` uses windows instead: quicker on long histories, but a late event would be seen by events that arrived before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions import Expression
from zhiyu.features.declare import Feature
from zhiyu.features.sql import predicate

Filtered = tuple[Feature, Expression | None]
_MOMENT = f"t::HUGEINT * {1 << 62} + seq"
"""Order of one key's events: by time, equal times by arrival."""
_CALLS = {
    "count": "count(*) {0}",
    "sum": "coalesce(sum({1}::HUGEINT) {0}, 0)",
    "mean": "sum({1}::HUGEINT) {0} / (count(*) {0})::DOUBLE",
    "std": "sqrt((count(*) {0} * sum({1}::HUGEINT * {1}) {0} - (sum({1}::HUGEINT) {0}) * (sum({1}::HUGEINT) {0}))::DOUBLE)"
    " / nullif(count(*) {0}, 0)",
    "min": "min({1}) {0}",
    "max": "max({1}) {0}",
    "distinct": "count(DISTINCT {1}) {0}",
    "first": f"arg_min({{1}}, {_MOMENT}) {{0}}",
    "last": f"arg_max({{1}}, {_MOMENT}) {{0}}",
    "since_first": "now_t - min(t) {0}",
    "since_last": "now_t - max(t) {0}",
}
"""{0}: which earlier events count; {1}: the field."""


def joined_sql(features: Sequence[Filtered], table: str) -> str:
    """The statement. InputError for aggregates and filters that have no SQL here."""
    groups: dict[tuple[str, ...], list[Filtered]] = {}
    for feature, where in features:
        keys = (feature.by,) if isinstance(feature.by, str) else tuple(feature.by)
        groups.setdefault(keys, []).append((feature, where))
    parts = [_part(number, keys, group, table) for number, (keys, group) in enumerate(groups.items())]
    joins = " ".join(f"LEFT JOIN k{number} USING (seq)" for number in range(len(parts)))
    names = ", ".join(f'"{feature.name}"' for feature, _ in features)
    return f'WITH {", ".join(parts)}\nSELECT seq, {names} FROM "{table}" {joins} ORDER BY seq'


def _part(number: int, keys: tuple[str, ...], group: list[Filtered], table: str) -> str:
    """One key's features: an event `now` against every event of the same key that arrived before it, and itself."""
    widest = max(parse_duration_ms(feature.over) for feature, _ in group)
    columns = ",\n  ".join(f'{_column(feature, where)} AS "{feature.name}"' for feature, where in group)
    same = " AND ".join(f'"{key}" = "now_{key}"' for key in keys)
    renamed = ", ".join(f'"{key}" AS "now_{key}"' for key in keys)
    return (
        f"k{number} AS (SELECT now_seq AS seq, {columns}\n"  # noqa: S608 (names come from a checked policy)
        f'  FROM (SELECT seq AS now_seq, t AS now_t, {renamed} FROM "{table}") JOIN "{table}"\n'
        f"    ON {same} AND seq <= now_seq AND t <= now_t AND t > now_t - {widest}\n"
        f"  GROUP BY now_seq, now_t)"
    )


def _column(feature: Feature, where: Expression | None) -> str:
    call = _CALLS.get(feature.aggregate)
    if call is None:
        raise InputError(f"no SQL for the aggregate '{feature.aggregate}'", f"聚合“{feature.aggregate}”没有对应的 SQL")
    tests = [f"t > now_t - {parse_duration_ms(feature.over)}"]
    if feature.current == "exclude":
        tests.append("seq < now_seq")
    if feature.of:
        tests.append(f'"{feature.of}" IS NOT NULL')
    if where:
        tests.append(predicate(where.root))
    if feature.on:
        tests.append("event_type IN ({})".format(", ".join("'" + name.replace("'", "''") + "'" for name in feature.on)))
    return call.format(f"FILTER (WHERE {' AND '.join(tests)})", f'"{feature.of}"')
