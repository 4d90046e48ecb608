"""Cases over HTTP: queues, lists, one case with everything that leads to it, its timeline.

In: filters. Out: JSON. Why a case is here is one sentence in English and Chinese; values of people are shown as the log shows them, with
the code that names them elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.cases.listing import Wanted
from zhiyu.cases.model import CASE_KINDS, DISPOSITIONS, ORDERS, STATES, Case, Step
from zhiyu.cases.queues import Queue
from zhiyu.cases.why import why
from zhiyu.cases.work import Cases, WholeCase
from zhiyu.evaluation.network_files import code_text
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.lists import code_of, page_size
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import exchange_of
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

CaseNumber = Annotated[str, Path(description="The case's number.")]
_JSON = "application/json"
FILTERS = (
    "queue", "state", "assignee", "kind", "entity", "gang", "disposition", "min_money", "overdue", "order", "after", "limit",
)  # fmt: skip
ME = "me"


def add_cases(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes that only look."""

    @app.get("/v1/queues", include_in_schema=False)
    async def queues(request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "cases")
        exchange.known_query()
        now = staff.wall()
        counted = await staff.aside(lambda: cases.counts(now))
        declared = [_told_queue(queue, counted.pop(queue.name, {})) for queue in cases.declared.queues]
        left = [_told_queue(Queue(name=name, kinds=()), found) for name, found in sorted(counted.items())]
        return as_json({"queues": declared + left})

    @app.get("/v1/cases", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "cases")
        query = exchange.known_query(*FILTERS)
        wanted, now = wanted_of(query, exchange, desk, staff.wall()), staff.wall()
        try:
            found, after = await staff.aside(lambda: cases.page(wanted))
        except InputError as wrong:
            raise HttpError(422, "after", wrong.en, wrong.zh, "after") from None
        return as_json({"cases": [told_case(each, now) for each in found], "next": after or None})

    @app.get("/v1/cases/{number}", include_in_schema=False)
    async def one(number: CaseNumber, request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "cases")
        exchange.known_query()
        asked, now = number_of(number), staff.wall()
        found = await staff.aside(lambda: cases.one(asked))
        return as_json(told_whole(found, now), found[0].version)

    @app.get("/v1/cases/{number}/timeline", include_in_schema=False)
    async def timeline(number: CaseNumber, request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "cases")
        query = exchange.known_query("limit", "before")
        asked, limit = number_of(number), page_size(query.get("limit"))
        before = number_of(query["before"], "before") if "before" in query else None
        found = await staff.aside(lambda: cases.steps(asked, before, limit + 1))
        more = found[limit - 1].number if len(found) > limit else None
        return as_json({"timeline": [told_step(each) for each in found[:limit]], "next": more})


def kept(request: Request, site: Site, staff: Staff, permission: str) -> tuple[Exchange, Desk, Cases]:
    """The caller's exchange and desk, and the cases of their tenant."""
    exchange = exchange_of(request)
    desk = site.admit(exchange, permission)
    assert exchange.grant is not None
    return exchange, desk, staff.offices[exchange.grant.tenant].cases


def by_of(exchange: Exchange) -> str:
    """Who does something with a case, as timelines name them."""
    return exchange.who or "anybody"


def number_of(text: str, field: str = "number") -> int:
    """The number in a path or a query; HttpError 422 when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HttpError(422, field, "is no number of a case", "不是案件编号", field)
    return int(text)


def wanted_of(query: dict[str, str], exchange: Exchange, desk: Desk, now_ms: int) -> Wanted:
    """What a list is asked for. HttpError 422 with the field that cannot be."""
    number = {name: number_of(query[name], name) if name in query else 0 for name in ("gang", "min_money")}
    assignee = query.get("assignee", "")
    return Wanted(
        state=_one_of(query, "state", ("", *STATES), "open"),
        queue=query.get("queue", ""),
        assignee=by_of(exchange) if assignee == ME else assignee,
        kind=_one_of(query, "kind", ("", *CASE_KINDS)),
        entity=_entity(query.get("entity"), desk),
        gang=number["gang"],
        disposition=_one_of(query, "disposition", ("", *DISPOSITIONS)),
        min_money=number["min_money"],
        overdue_ms=now_ms if _one_of(query, "overdue", ("true", "false"), "false") == "true" else 0,
        order=_one_of(query, "order", ORDERS, "priority"),  # type: ignore[arg-type]
        after=query.get("after", ""),
        limit=page_size(query.get("limit")),
    )


def _one_of(query: dict[str, str], name: str, allowed: tuple[str, ...], default: str = "") -> str:
    found = query.get(name, default)
    if found not in allowed:
        known = ", ".join(each for each in allowed if each)
        raise HttpError(422, name, f"is one of {known}", f"应为 {known} 之一", name)
    return found


def _entity(text: str | None, desk: Desk) -> tuple[str, str] | None:
    return entity_of(text, desk) if text else None


def entity_of(text: str, desk: Desk) -> tuple[str, str]:
    """(entity, code) of entity:value, or entity:code:16 hex digits, as timelines take it. HttpError 422."""
    entity, _, value = text.partition(":")
    if value.startswith("code:"):
        return entity, code_text(code_of(value[5:]))
    try:
        return entity, code_text(desk.live.opened.entity_code(entity, value))
    except InputError as wrong:
        raise HttpError(422, "entity", wrong.en, wrong.zh, "entity") from None


def told_case(case: Case, now_ms: int) -> dict[str, Any]:
    """A case as JSON, without what belongs to it."""
    en, zh = why(case)
    held = case.held_by(now_ms)
    return {
        "number": case.number, "version": case.version, "kind": case.kind, "subject": case.subject, "shown": case.shown,
        "why": {"en": en, "zh": zh}, "queue": case.queue, "state": case.state, "level": case.level, "assignee": held or None,
        "claimed_until": said(case.claimed_until_ms) if held else None, "money": case.money, "currency": case.currency,
        "deadline": said(case.deadline_ms), "overdue": case.state == "open" and case.deadline_ms < now_ms, "alerts_count": case.alerts,
        "waiting": case.facts.waiting, "outcomes": case.facts.outcomes,
        "reasons": [{"code": code, "en": en, "zh": zh, "count": n} for code, (en, zh, n) in case.facts.reasons.items()],
        "opened": said(case.opened_ms), "changed": said(case.changed_ms), "closed": said(case.closed_ms),
        "disposition": case.disposition or None, "fraud_kind": case.fraud_kind or None,
    }  # fmt: skip


def told_whole(found: WholeCase, now_ms: int) -> dict[str, Any]:
    """A case as JSON, with what belongs to it."""
    case, alerts, who, steps = found
    return told_case(case, now_ms) | {
        "alerts": [_told_alert(each) for each in alerts],
        "entities": [_told_who(each) for each in who if each["entity"] != "gang"],
        "gangs": [int(each["code"]) for each in who if each["entity"] == "gang"],
        "timeline": [told_step(each) for each in steps],
    }


def _told_alert(row: dict[str, Any]) -> dict[str, Any]:
    detail: dict[str, Any] = msgspec.json.decode(row["detail"])
    return {
        "id": row["id"], "kind": row["kind"], "at": said(row["at_ms"]), "position": row["position"] if row["position"] >= 0 else None,
        "event": row["event_id"] or None, "type": row["event_type"] or None, "outcome": row["outcome"] or None,
        "waits": row["waits"] or None, "until": said(row["until_ms"]), "final": row["final"] or None, "score": row["score"],
        "money": row["money"], **{name: each for name, each in detail.items() if name != "subjects"},
    }  # fmt: skip


def _told_who(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "entity": row["entity"], "code": row["code"], "shown": row["shown"], "alerts": row["alerts"], "first": said(row["first_ms"]),
        "last": said(row["last_ms"]),
    }  # fmt: skip


def told_step(step: Step) -> dict[str, Any]:
    """A line of a timeline as JSON."""
    detail = {name: said(each) if name.endswith("_ms") else each for name, each in step.detail.items()}
    return {
        "number": step.number,
        "at": said(step.at_ms),
        "by": step.by,
        "verb": step.verb,
        "text": step.text,
        "detail": detail,
    }


def _told_queue(queue: Queue, found: dict[str, int]) -> dict[str, Any]:
    return {
        "name": queue.name, "en": queue.en or queue.name, "zh": queue.zh or queue.name, "kinds": queue.kinds, "outcomes": queue.outcomes,
        "within": queue.within, "skill": queue.skill or None, "escalates_to": queue.escalates_to or None, "open": found.get("open", 0),
        "free": found.get("free", 0), "overdue": found.get("overdue", 0), "money": found.get("money", 0),
        "earliest_deadline": said(found.get("deadline_ms", 0)),
    }  # fmt: skip


def said(ms: int) -> str | None:
    """A moment in ISO 8601; None for none."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") if ms else None


def as_json(content: Any, version: int | None = None) -> Response:
    """An answer, with its version as ETag where it has one."""
    headers = {} if version is None else {"etag": f'"{version}"'}
    return Response(encoded(content), media_type=_JSON, headers=headers)
