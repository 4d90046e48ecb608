"""Three ways of investigation over HTTP: from a person to cases, from a case to who is behind it, from a case to the whole nest; and
questions that are kept, and asked again as of the moment at which they were asked.

In: somebody, or a case; a moment. Out: JSON. The log is read in small steps between decisions, at most so many events of each person or
thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.cases.explore import Explorer
from zhiyu.cases.listing import Wanted
from zhiyu.cases.model import Who
from zhiyu.cases.questions import WAYS, Question, digest_of
from zhiyu.cases.three_ways import MAX_HOPS, behind, nest, person
from zhiyu.cases.work import Cases
from zhiyu.events.refusals import Bad
from zhiyu.log.list_line import moment
from zhiyu.server.bodies import read_body
from zhiyu.server.cases import CaseNumber, as_json, by_of, entity_of, kept, number_of, said, told_case
from zhiyu.server.desk import Desk
from zhiyu.server.lists import page_size
from zhiyu.server.problems import HttpError
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

QuestionNumber = Annotated[str, Path(description="The question's number.")]
MAX_BODY_BYTES = 16 << 10
DEFAULT_HOPS = 6
MAX_CASES_TOLD = 100
FOREVER_MS = 1 << 53
MAX_WHOM = 200
"""People and things of a case that a question begins with."""


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """`way`: person (with `entity`), behind or nest (with `case`); `as_of`: a moment, now without one."""

    way: str
    entity: str = ""
    case: int = 0
    hops: int = DEFAULT_HOPS
    as_of: str | int | None = None
    name: str = ""


def add_investigations(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes."""
    _add_ways(app, site, staff)
    _add_questions(app, site, staff)


def _add_ways(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/investigations/person", include_in_schema=False)
    async def from_person(request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "cases")
        query = exchange.known_query("entity", "as_of")
        question = question_of(desk, "person", (entity_of(query.get("entity", ""), desk),), query.get("as_of"))
        found = await answered(desk, question)
        return as_json(found | {"cases": await _cases_of(staff, cases, question)} | _as_of(question))

    def add(way: str) -> None:
        @app.get(f"/v1/cases/{{number}}/{way}", include_in_schema=False)
        async def from_case(number: CaseNumber, request: Request) -> Response:
            exchange, desk, cases = kept(request, site, staff, "cases")
            query = exchange.known_query("as_of", "hops")
            hops = number_of(query["hops"], "hops") if "hops" in query else DEFAULT_HOPS
            whom = await whom_of(staff, cases, number_of(number))
            question = question_of(desk, way, whom, query.get("as_of"), hops)
            return as_json(await answered(desk, question) | _as_of(question))

    for way in ("behind", "nest"):
        add(way)


def _add_questions(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.post("/v1/questions", include_in_schema=False)
    async def ask(request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "investigate")
        exchange.known_query()
        asked = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Asked)
        if asked.way not in WAYS:
            raise HttpError(422, "way", f"is one of {', '.join(WAYS)}", f"应为 {'、'.join(WAYS)} 之一", "way")
        own = asked.way == "person"
        whom = (entity_of(asked.entity, desk),) if own else await whom_of(staff, cases, asked.case)
        question = question_of(desk, asked.way, whom, asked.as_of, asked.hops)
        answer = await answered(desk, question)
        fresh = msgspec.structs.replace(question, name=asked.name, case_number=asked.case, digest=digest_of(answer))
        by, office = by_of(exchange), staff.offices[cases.tenant]
        if asked.case and own:
            await staff.aside(lambda: cases.one(asked.case))
        try:
            made = await staff.aside(lambda: office.questions.keep(fresh, by, staff.wall()))
        except InputError as wrong:
            raise HttpError(422, "name", wrong.en, wrong.zh, "name") from None
        return as_json(_told(made) | {"answer": answer})

    @app.get("/v1/questions", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "cases")
        query = exchange.known_query("case", "limit", "before")
        case, before = (number_of(query[name], name) if name in query else None for name in ("case", "before"))
        limit, office = page_size(query.get("limit")), staff.offices[cases.tenant]
        found = await staff.aside(lambda: office.questions.of(case or 0, before, limit + 1))
        more = found[limit - 1].number if len(found) > limit else None
        return as_json({"questions": [_told(each) for each in found[:limit]], "next": more})

    @app.get("/v1/questions/{number}", include_in_schema=False)
    async def again(number: QuestionNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "cases")
        exchange.known_query()
        asked, office = number_of(number), staff.offices[cases.tenant]
        question = await staff.aside(lambda: office.questions.one(asked))
        answer = await answered(desk, question)
        return as_json(_told(question) | {"answer": answer, "same": digest_of(answer) == question.digest})


async def answered(desk: Desk, question: Question) -> dict[str, Any]:
    """The answer to a question, made while others have their turn."""
    await desk.durable()
    explorer = Explorer(desk.live, question.position, question.until_ms)
    whom = [Who(entity, code) for entity, code in question.whom]
    steps = (
        person(explorer, whom[0])
        if question.way == "person"
        else behind(explorer, whom)
        if question.way == "behind"
        else nest(explorer, whom, question.hops)
    )
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: dict[str, Any] = done.value
            return found
        await asyncio.sleep(0)


def question_of(
    desk: Desk, way: str, whom: Sequence[tuple[str, str]], as_of: str | int | None, hops: int = 0
) -> Question:
    """A question as of now, or of the moment that is given. HttpError 422."""
    if way == "nest" and not 1 <= hops <= MAX_HOPS:
        raise HttpError(422, "hops", f"is 1 to {MAX_HOPS}", f"应为 1 至 {MAX_HOPS}", "hops")
    given = int(as_of) if isinstance(as_of, str) and as_of.isascii() and as_of.isdigit() and len(as_of) < 16 else as_of
    try:
        until = moment(given)
    except Bad as bad:
        raise HttpError(422, bad.code, bad.en, bad.zh, "as_of") from None
    return Question(
        way=way, whom=tuple(whom), hops=hops if way == "nest" else 0, position=desk.live.position,
        until_ms=FOREVER_MS if until is None else until,
    )  # fmt: skip


async def whom_of(staff: Staff, cases: Cases, number: int) -> tuple[tuple[str, str], ...]:
    """The people and things of a case, those with most alerts first. NoSuchCase."""
    _, _, who, _ = await staff.aside(lambda: cases.one(number))
    return tuple((each["entity"], each["code"]) for each in who if each["entity"] != "gang")[:MAX_WHOM]


async def _cases_of(staff: Staff, cases: Cases, question: Question) -> list[dict[str, Any]]:
    """Cases that name somebody, the newest first, closed ones too."""
    wanted = Wanted(state="", entity=question.whom[0], order="newest", limit=MAX_CASES_TOLD)
    found, _ = await staff.aside(lambda: cases.page(wanted))
    return [told_case(each, staff.wall()) for each in found]


def _as_of(question: Question) -> dict[str, Any]:
    return {
        "as_of": said(question.until_ms) if question.until_ms != FOREVER_MS else None, "position": question.position
    }  # fmt: skip


def _told(question: Question) -> dict[str, Any]:
    return {
        "number": question.number, "way": question.way, "case": question.case_number or None, "name": question.name,
        "whom": [{"entity": entity, "code": code} for entity, code in question.whom], "hops": question.hops or None,
        **_as_of(question), "by": question.by, "at": said(question.at_ms), "digest": question.digest,
    }  # fmt: skip
