"""The policy benchmark: what deciding costs once features are known, rules, tables, lists and tapes, beside peers.

In: sizes. Out: one flat dict (`run_policy`), figures first, then peers, ratios and the conditions. Wall clock decides, the median of
several rounds in turns; processor time is reported beside it. Peers that are not installed are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.bench.conditions import conditions, peak_bytes
from zhiyu.bench.core import KEY, RULES, Say
from zhiyu.bench.decide_peers import DuckRules, ZenRules, ZenTable, records
from zhiyu.bench.given import Given, Plain, blocks, compiled_from, kernel_alone, repeated, rules_with_features
from zhiyu.bench.lists import list_costs
from zhiyu.bench.policy import hard_conditions, scored_conditions
from zhiyu.bench.tables import boxes, offers, plain_offers, points, points_of_last, points_of_none, table_policy
from zhiyu.bench.tape_policy import FEATURES
from zhiyu.bench.taped import tape_figures
from zhiyu.bench.turns import ROUNDS, Cost, Work, in_turns
from zhiyu.engine.engine import Engine

THREADS = (1, 2)
REPEATED = 4
"""How many times DuckDB gets the events, so that two threads have something to share."""


@dataclass(frozen=True, slots=True)
class PolicySizes:
    """Events one by one, events as columns, events for ZEN (slow), rows of the table, entries of the list, events of the tape, rounds."""

    singles: int = 1_000
    columns: int = 65_536
    peer_singles: int = 200
    rows: int = 3_000
    entries: int = 1_000_000
    tape: int = 2_000_000
    rounds: int = ROUNDS

    @classmethod
    def scaled(cls, events: int) -> PolicySizes:
        """A tape of `events`; everything else in proportion, at most the defaults."""
        least: Callable[[int, int], int] = lambda most, share: min(most, max(events // share, 50))  # noqa: E731
        return cls(least(1_000, 20), least(65_536, 2), least(200, 40), least(3_000, 20), least(1_000_000, 2), events, 3)


def run_policy(sizes: PolicySizes | None = None, say: Say = lambda what, done: None) -> dict[str, Any]:
    """The whole benchmark; the dict goes to `--json` as it is."""
    sizes = sizes or PolicySizes()
    begun = time.perf_counter()
    say("counting features", 0.0)
    given = rules_with_features(sizes.columns)
    say(f"{RULES} rules", 0.1)
    rules = in_turns(_rule_works(given, sizes), sizes.rounds)
    say(f"a table of {sizes.rows:,} rows", 0.2)
    tables, facts = _table_costs(sizes)
    say(f"lists of {sizes.entries:,} entries", 0.35)
    lists = list_costs(sizes.entries, sizes.singles, sizes.columns, sizes.rounds)
    tape = tape_figures(sizes.tape, min(sizes.rounds, 3), lambda what: say(what, 0.5))
    peers = _peers(rules | tables)
    told = _figures(rules, tables, lists) | facts | tape
    return told | {
        "peers": peers,
        "ratio": _ratios(told, peers),
        "all": {name: cost.to_dict() for name, cost in (rules | tables | lists).items()} | tape["all"],
        "conditions": conditions() | {
            "rules": RULES, "features_given": len(given.compiled.given), "tape_features": FEATURES, "table_rows": sizes.rows,
            "table_inputs": 5, "list_entries": sizes.entries, "tape_events": sizes.tape, "events_one_by_one": sizes.singles,
            "events_as_columns": sizes.columns, "rounds": sizes.rounds, "seconds": round(time.perf_counter() - begun, 1),
            "peak_bytes_of_process": peak_bytes(), "timed": "Engine.process_accepted with features given, one thread; tapes use all cores",
        },
    }  # fmt: skip


def _rule_works(given: Given, sizes: PolicySizes) -> dict[str, Work]:
    engine, few = given.engine(), given.first(sizes.singles)
    texts = [*scored_conditions(), *hard_conditions()]
    works = {
        "single": blocks(engine, few.batch, 1),
        "rules_only": repeated(kernel_alone(engine, given.first(256).batch), 8),
        "columns_1000": blocks(engine, given.batch, 1000),
        "columns": blocks(engine, given.batch, sizes.columns),
    }
    with suppress(ImportError):
        zen, events = ZenRules(texts), records(given.first(sizes.peer_singles).plain)
        works |= {"zen_expression": zen.work(events), "zen_graph": zen.work(events, by_graph=True)}
    with suppress(ImportError):
        for threads in THREADS:
            duck = DuckRules(_several(given.plain), texts, threads=threads)
            works[f"duckdb_{threads}"] = duck.work(duck.flags)
    return works


def _table_costs(sizes: PolicySizes) -> tuple[dict[str, Cost], dict[str, float]]:
    """Costs with and without the table, of ordinary events and of the worst ones; how long it takes to check and compile it."""
    table, codes = boxes(sizes.rows), Codes(KEY)
    begun = time.perf_counter()
    compiled = compiled_from(table_policy(table), codes)
    facts = {"table_compile_s": round(time.perf_counter() - begun, 2)}
    engine, bare = Engine(compiled, codes), Engine(compiled_from(table_policy(None), codes), codes)
    columns = points(table, sizes.columns)
    batch, few = (
        offers(compiled.schema, codes, {n: c[:size] for n, c in columns.items()}) for size in (None, sizes.singles)
    )
    last, none = (
        offers(compiled.schema, codes, find(table, sizes.columns)) for find in (points_of_last, points_of_none)
    )
    works = {"table_one": blocks(engine, few, 1), "no_table_one": blocks(bare, few, 1)}
    for name, each, events in (
        ("table", engine, batch),
        ("last", engine, last),
        ("none", engine, none),
        ("no_table", bare, batch),
    ):
        works[f"{name}_kernel"] = kernel_alone(each, events)
    works |= {
        "table_columns": blocks(engine, batch, sizes.columns),
        "no_table_columns": blocks(bare, batch, sizes.columns),
    }
    plain = plain_offers(columns)
    with suppress(ImportError):
        works["zen_table"] = ZenTable(table).work(records({name: c[: sizes.peer_singles] for name, c in plain.items()}))
    with suppress(ImportError):
        for threads in THREADS:
            duck = DuckRules(_several(plain), [], table, threads)
            works[f"duckdb_table_{threads}"] = duck.work(duck.first)
    return in_turns(works, sizes.rounds), facts


def _several(plain: Plain) -> Plain:
    """The same events several times over: DuckDB gives a thread no less than 122,880 rows of a table."""
    return {name: np.tile(column, REPEATED) for name, column in plain.items()}


def _figures(rules: dict[str, Cost], tables: dict[str, Cost], lists: dict[str, Cost]) -> dict[str, Any]:
    def table(name: str) -> float:
        return round(tables[f"{name}_kernel"].us - tables["no_table_kernel"].us, 3)

    def longer(name: str) -> float:
        return round(lists[f"{name}_long"].us / lists[f"{name}_short"].us, 2)

    return {
        "single_us": round(rules["single"].us, 2),
        "rules_only_us": round(rules["rules_only"].us, 2),
        "columns_events_per_s": round(rules["columns"].per_s),
        "columns_1000_events_per_s": round(rules["columns_1000"].per_s),
        "table_us": table("table"),
        "table_worst_us": max(table("table"), table("last"), table("none")),
        "table_last_us": table("last"),
        "table_none_us": table("none"),
        "table_process_us": round(tables["table_one"].us, 2),
        "table_columns_events_per_s": round(tables["table_columns"].per_s),
        "list_us": round(lists["one_long"].us, 2),
        "list_1m_over_10": longer("one"),
        "list_1m_over_10_kernel": longer("kernel"),
        "list_1m_over_10_columns": longer("columns"),
        "list_1m_over_10_constants": longer("constants"),
        "list_columns_events_per_s": round(lists["columns_long"].per_s),
    }


def _peers(costs: dict[str, Cost]) -> dict[str, dict[str, float]]:
    """Per peer its figures under the names of ours. Peers that are not installed are left out."""
    made: dict[str, dict[str, float]] = {}
    for work, peer, figure in (
        ("zen_expression", "zen_expression", "single_us"), ("zen_graph", "zen_graph", "single_us"),
        ("zen_table", "zen_graph", "table_process_us"),
        *((f"duckdb_{n}", f"duckdb_{n}_threads", "columns_events_per_s") for n in THREADS),
        *((f"duckdb_table_{n}", f"duckdb_{n}_threads", "table_columns_events_per_s") for n in THREADS),
    ):  # fmt: skip
        if work in costs:
            cost = costs[work]
            made.setdefault(peer, {})[figure] = round(cost.us, 1) if figure.endswith("_us") else round(cost.per_s)
    return made


def _ratios(ours: dict[str, Any], peers: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Figure → peer → how many times as fast we are."""
    made: dict[str, dict[str, float]] = {}
    for peer, figures in peers.items():
        for figure, theirs in figures.items():
            faster = theirs / ours[figure] if figure.endswith("_us") else ours[figure] / theirs
            made.setdefault(figure, {})[peer] = round(faster, 2)
    return made
