"""Lists of cases: filtered, in an order, page by page.

In: what is asked for. Out: cases, and where the next page begins. A page begins after a place (the order's value and the number), so it
costs the same however far down it is, and nothing is told twice or left out because something above it changed.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from zhiyu.base.errors import InputError
from zhiyu.cases.model import Case, Order
from zhiyu.cases.rows import case_of
from zhiyu.cases.tables import case_entities, cases

NOBODY = "none"
"""As an assignee: those that nobody works on."""
_PLACE = re.compile(r"(-?[0-9]{1,19})\.([0-9]{1,10})", re.ASCII)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases. "" or 0 asks for any. `entity`: (entity, code). `after`: the `next` of the page before. `overdue_ms`: only those whose
    deadline was before that."""

    state: str = "open"
    queue: str = ""
    assignee: str = ""
    kind: str = ""
    entity: tuple[str, str] | None = None
    gang: int = 0
    disposition: str = ""
    min_money: int = 0
    since_ms: int = 0
    overdue_ms: int = 0
    order: Order = "priority"
    after: str = ""
    limit: int = 100


_COLUMNS: dict[str, tuple[ColumnElement[Any], bool]] = {
    "priority": (cases.c.rank_ms, True),
    "deadline": (cases.c.deadline_ms, True),
    "money": (cases.c.money, False),
    "newest": (cases.c.number, False),
}
"""Order → the column, and whether the smallest comes first."""


def page(connection: Connection, tenant: str, wanted: Wanted) -> tuple[list[Case], str]:
    """One page, and what to give as `after` for more ("" at the end). InputError for an `after` that is none."""
    rows = connection.execute(asked(tenant, wanted).limit(wanted.limit + 1)).all()
    found = [case_of(row) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return found, ""
    last = rows[wanted.limit - 1]
    column, _ = _COLUMNS[wanted.order]
    return found, f"{last._mapping[column]}.{last.number}"


def asked(tenant: str, wanted: Wanted) -> Select[Any]:
    """The query of a list, without its length."""
    column, up = _COLUMNS[wanted.order]
    found = select(cases).where(*conditions(tenant, wanted))
    if wanted.after:
        place = _PLACE.fullmatch(wanted.after)
        if place is None:
            raise InputError("is no place that `next` told; leave it out", "不是 next 给出的位置；请去掉")
        value, number = int(place[1]), int(place[2])
        if not -(1 << 63) <= value < 1 << 63:
            raise InputError("is no place that `next` told; leave it out", "不是 next 给出的位置；请去掉")
        beyond = column > value if up else column < value
        further = cases.c.number > number if up else cases.c.number < number
        edge = column >= value if up else column <= value  # said apart, so that an index leads to it
        found = found.where(edge, or_(beyond, and_(column == value, further)))
    return found.order_by(*((column, cases.c.number) if up else (column.desc(), cases.c.number.desc())))


def conditions(tenant: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a case has to be."""
    found = [cases.c.tenant == tenant]
    for column, value in (
        (cases.c.state, wanted.state), (cases.c.queue, wanted.queue), (cases.c.kind, wanted.kind),
        (cases.c.disposition, wanted.disposition),
    ):  # fmt: skip
        if value:
            found.append(column == value)
    if wanted.assignee:
        found.append(cases.c.assignee == ("" if wanted.assignee == NOBODY else wanted.assignee))
    if wanted.min_money:
        found.append(cases.c.money >= wanted.min_money)
    if wanted.since_ms:
        found.append(cases.c.opened_ms >= wanted.since_ms)
    if wanted.overdue_ms:
        found.append(cases.c.deadline_ms < wanted.overdue_ms)
    entity = ("gang", str(wanted.gang)) if wanted.gang else wanted.entity
    if entity is not None:
        mine = select(case_entities.c.case_number).where(
            case_entities.c.tenant == tenant, case_entities.c.entity == entity[0], case_entities.c.code == entity[1]
        )
        found.append(cases.c.number.in_(mine))
    return found


def counts(connection: Connection, tenant: str, now_ms: int) -> dict[str, dict[str, int]]:
    """Per queue: open cases, those that nobody works on, those past their deadline, money at risk, the earliest deadline."""
    return {
        queue: {
            "open": int(count), "free": int(idle), "overdue": int(past or 0), "money": int(money or 0), "deadline_ms": int(first or 0),
        }
        for queue, count, idle, past, money, first in connection.execute(counting(tenant, now_ms))
    }  # fmt: skip


def waits_since(connection: Connection, tenant: str, now_ms: int) -> int | None:
    """When the oldest open case came that nobody works on (nobody claimed it, or the claim has lapsed); None when there is none."""
    free = or_(cases.c.assignee == "", and_(cases.c.claimed_until_ms > 0, cases.c.claimed_until_ms < now_ms))
    asked = select(func.min(cases.c.opened_ms)).where(cases.c.tenant == tenant, cases.c.state == "open", free)
    found = connection.execute(asked).scalar_one()
    return None if found is None else int(found)


def counting(tenant: str, now_ms: int) -> Select[Any]:
    """The query of `counts`; one index has everything that it reads."""
    late, free = func.count().filter(cases.c.deadline_ms < now_ms), func.count().filter(cases.c.assignee == "")
    return (
        select(cases.c.queue, func.count(), free, late, func.sum(cases.c.money), func.min(cases.c.deadline_ms))
        .where(cases.c.tenant == tenant, cases.c.state == "open")
        .group_by(cases.c.queue)
    )
