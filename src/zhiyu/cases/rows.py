"""Cases and alerts as rows, and back; the timeline.

In: rows of the tables. Out: `Case`, and what is written of it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from zhiyu.base.errors import ZhiyuError
from zhiyu.cases.model import Case, Facts, Step
from zhiyu.cases.tables import case_steps, cases

MAX_NUMBER = 1 << 31


class NoSuchCase(ZhiyuError):
    """No case of this number."""

    code = "no_case"
    status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no case {number}", f"没有编号为 {number} 的案件")


def case_of(row: Row[Any]) -> Case:
    """The case of a row of `cases`."""
    content: dict[str, Any] = dict(row._mapping)
    content.pop("tenant")
    content["facts"] = msgspec.json.decode(row.facts, type=Facts)
    return Case(**content)


def values_of(case: Case) -> dict[str, Any]:
    """The columns of a case, those of its key left out."""
    content = msgspec.structs.asdict(case)
    content.pop("number")
    content["facts"] = msgspec.json.encode(case.facts).decode()
    return content


def case_at(connection: Connection, tenant: str, number: int, lock: bool = False) -> Case:
    """NoSuchCase. `lock`: it is about to be changed."""
    asked = select(cases).where(cases.c.tenant == tenant, cases.c.number == number)
    row = connection.execute(asked.with_for_update() if lock else asked).first() if 0 < number < MAX_NUMBER else None
    if row is None:
        raise NoSuchCase(number)
    return case_of(row)


def write_case(connection: Connection, tenant: str, case: Case) -> None:
    """Write a case that is there already."""
    mine = (cases.c.tenant == tenant) & (cases.c.number == case.number)
    connection.execute(update(cases).where(mine).values(values_of(case)))


def step_row(
    tenant: str, case: Case, at_ms: int, by: str, verb: str, text: str = "", detail: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The row of one more step of a case; counts it."""
    case.steps += 1
    return {
        "tenant": tenant, "case_number": case.number, "number": case.steps, "at_ms": at_ms, "by": by, "verb": verb, "text": text,
        "detail": msgspec.json.encode(detail or {}).decode(),
    }  # fmt: skip


def write_steps(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write steps."""
    if rows:
        connection.execute(insert(case_steps), rows)


def steps_of(connection: Connection, tenant: str, number: int, before: int | None, limit: int) -> list[Step]:
    """Steps of a case, newest first."""
    asked = select(case_steps).where(case_steps.c.tenant == tenant, case_steps.c.case_number == number)
    if before is not None:
        asked = asked.where(case_steps.c.number < before)
    return [
        Step(
            number=row.number, at_ms=row.at_ms, by=row.by, verb=row.verb, text=row.text, detail=msgspec.json.decode(row.detail)
        )
        for row in connection.execute(asked.order_by(case_steps.c.number.desc()).limit(limit))
    ]  # fmt: skip
