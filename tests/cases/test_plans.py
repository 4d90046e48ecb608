"""Queries of queues go through an index on both databases, with many cases: the plan is looked at, not the clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from tests.cases.made import HOUR_MS, NOW, cases_on
from zhiyu.cases.listing import Wanted, asked, counting
from zhiyu.cases.model import Case, Facts
from zhiyu.cases.rank import rank_ms
from zhiyu.cases.rows import values_of
from zhiyu.cases.tables import case_entities
from zhiyu.cases.tables import cases as table
from zhiyu.cases.work import Cases

MANY = 5_000
QUEUES = ("review", "declined", "gangs")


def filled(cases: Cases, count: int = MANY) -> None:
    """So many open cases; one in ten of them held by somebody."""
    rows = []
    for number in range(1, count + 1):
        deadline, money = NOW + (number * 7_919 % 1_000) * HOUR_MS // 10, (number * 104_729 % 100_000) * 100
        case = Case(
            number=number, kind="entity", subject=f"card:{number:016x}", shown=f"card c{number}", queue=QUEUES[number % 3], facts=Facts(),
            assignee="" if number % 10 else f"person:w{number % 7}", money=money, currency="CNY", deadline_ms=deadline,
            rank_ms=rank_ms(deadline, money, "CNY", 0), opened_ms=NOW, changed_ms=NOW,
        )  # fmt: skip
        rows.append({"tenant": "bank", "number": number, **values_of(case)})
    with cases._records.writing() as connection:
        for at in range(0, count, 1_000):
            connection.execute(insert(table), rows[at : at + 1_000])
    once = {"tenant": "bank", "shown": "", "alerts": 1, "first_ms": 0, "last_ms": 0}
    named = [
        {**once, "case_number": number, "entity": entity, "code": f"{value:016x}"}
        for number in range(1, min(count, MANY) + 1)
        for entity, value in (("card", number), ("device", number % 900))
    ]
    with cases._records.writing() as connection:
        connection.execute(insert(case_entities), named)
    with cases._records.writing() as connection:
        connection.execute(text("ANALYZE"))


def plan_of(cases: Cases, wanted: Wanted) -> str:
    """How the database would do it, as text."""
    query = asked("bank", wanted).limit(wanted.limit + 1)
    with cases._records.reading() as connection:
        said = query.compile(connection.engine, compile_kwargs={"literal_binds": True})
        prefix = "EXPLAIN QUERY PLAN " if cases._records.dialect == "sqlite" else "EXPLAIN (FORMAT JSON) "
        rows: list[Any] = [row[-1] for row in connection.exec_driver_sql(prefix + str(said).replace("%%", "%"))]
    return json.dumps(rows)


LISTS = {
    "the next of a queue": (Wanted(queue="review", assignee="none", limit=1), ("ix_cases_next", "ix_cases_queue")),
    "a queue": (Wanted(queue="review"), ("ix_cases_queue", "ix_cases_next")),
    "a further page": (Wanted(queue="review", after=f"{NOW + HOUR_MS}.17"), ("ix_cases_queue", "ix_cases_next")),
    "everything": (Wanted(), ("ix_cases_rank",)), "by deadline": (Wanted(order="deadline"), ("ix_cases_deadline",)),
    "by money": (Wanted(order="money"), ("ix_cases_money",)), "mine": (Wanted(assignee="person:w3"), ("ix_cases_own",)),
    "one entity": (Wanted(entity=("card", "0" * 16)), ("ix_case_entities_who",)),
}  # fmt: skip


def counted_by(cases: Cases) -> str:
    """How the figures of the queues are made."""
    with cases._records.reading() as connection:
        said = counting("bank", NOW).compile(connection.engine, compile_kwargs={"literal_binds": True})
        prefix = "EXPLAIN QUERY PLAN " if cases._records.dialect == "sqlite" else "EXPLAIN "
        return json.dumps([row[-1] for row in connection.exec_driver_sql(prefix + str(said))])


def test_the_figures_of_queues_are_read_off_an_index(tmp_path: Path) -> None:
    cases = cases_on(f"sqlite:///{tmp_path / 'records.db'}")
    filled(cases, 1_000)
    assert "COVERING INDEX ix_cases_figures" in counted_by(cases)
    assert sum(each["open"] for each in cases.counts(NOW).values()) == 1_000


def test_every_list_goes_through_an_index_and_sorts_nothing(both: str) -> None:
    cases = cases_on(both)
    filled(cases)
    for name, (wanted, indices) in LISTS.items():
        plan = plan_of(cases, wanted)
        assert any(index in plan for index in indices), (name, plan)
        if name != "one entity":  # few rows, found through the entity, are sorted
            assert "TEMP B-TREE" not in plan, (name, plan)
            assert '"Sort"' not in plan, (name, plan)
            assert '"Seq Scan"' not in plan, (name, plan)
