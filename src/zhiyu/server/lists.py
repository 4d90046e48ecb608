"""Lists and snoozes over HTTP: what is on them, put on, take off, look up; rules that are quiet for one value.

In: JSON. Out: JSON; a change is on disk before it is told, and in effect from the next event on. Values of people are sent in bodies only,
never in addresses; what is told back is masked, with the code that names the value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.engine.list_desk import read_moment
from zhiyu.engine.live import Live
from zhiyu.entities.lists import NEVER, ListChange, Snooze
from zhiyu.events.refusals import Bad
from zhiyu.log.list_file import Row, row_of
from zhiyu.log.list_file import code_of as read_code
from zhiyu.log.list_journal import said_time
from zhiyu.log.ndjson import read_line
from zhiyu.server.bodies import limited, read_body, records_of
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.list_proposals import NO_LIMIT, most_alone, propose
from zhiyu.server.problems import HttpError, encoded, problem_of_refusal
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staging import aside

T = TypeVar("T")
MAX_PAGE = 1_000
DEFAULT_PAGE = 100
MAX_LOOKED = 200
"""So many values that come as codes are looked up in the log, to be shown as it shows them; the others stand as their codes."""
_PIECE_S = 0.01
ListName = Annotated[str, Path(description="The list's name, percent-encoded.")]
_JSON = "application/json"


class Some(msgspec.Struct, forbid_unknown_fields=True):
    """Values of a list, as they are or by the codes that were told; why, and who says so."""

    values: list[Any] = []
    codes: list[str] = []
    reason: str = ""
    author: str = ""


class Quiet(msgspec.Struct, forbid_unknown_fields=True):
    """A rule and the value of a field for which it is quiet. `until`: a time, or a duration from now."""

    rule: str
    field: str
    value: Any = None
    code: str = ""
    until: str | int | None = None
    reason: str = ""
    author: str = ""


def add_lists(app: FastAPI, site: Site) -> None:
    """The routes under /v1/lists."""
    _add_list_reads(app, site)

    @app.post("/v1/lists/{name}/entries", include_in_schema=False)
    async def put(name: ListName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        given = exchange.known_query("until", "reason", "author")
        body = await read_body(exchange, request.receive, site.settings.max_body_bytes)
        records = limited(records_of(body, exchange.content_type, arrays=True), site.settings.max_lines)
        name, most = list_of(name, desk), most_alone(site, exchange)
        rows = await _shown(desk, name, [_row(number, record) for number, record in records])
        told, changes = await desk.durably(lambda live: _put(live, name, rows, dict(records), given, exchange, most))
        if changes:
            told |= await propose(site, exchange, name, changes, author_of(exchange, given.get("author", "")))
        return _json(told)

    @app.post("/v1/lists/{name}/entries:remove", include_in_schema=False)
    async def remove(name: ListName, request: Request) -> Response:
        exchange, desk, some = await _some(request, site)
        name, most, author = list_of(name, desk), most_alone(site, exchange), author_of(exchange, some.author)

        def change(live: Live) -> tuple[dict[str, Any], list[ListChange]]:
            changes, absent = _removals(live, name, some, author)
            waits = len(changes) > most
            live.change_lists([] if waits else changes)
            return {"list": name, "removed": len(changes), "absent": absent}, changes if waits else []

        told, changes = await desk.durably(change)
        if changes:
            told |= await propose(site, exchange, name, changes, author)
        return _json(told)


def _add_list_reads(app: FastAPI, site: Site) -> None:
    @app.get("/v1/lists", include_in_schema=False)
    async def lists(request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        opened = desk.live.opened
        uses = await aside(lambda: opened.uses)
        counts, most = desk.live.engine.lists.counts(desk.live.moment()), most_alone(site, exchange)
        declared = [
            {
                "name": each.name, "of": each.of, "kind": each.kind, "en": each.en, "zh": each.zh, "entries": counts.get(each.name, 0),
                "uses": [use.to_dict() for use in uses.get(each.name, ())],
            }
            for each in opened.policy.lists
        ]  # fmt: skip
        await desk.durable()
        return _json({"lists": declared, "alone": None if most == NO_LIMIT else most})

    @app.get("/v1/lists/{name}/entries", include_in_schema=False)
    async def entries(name: ListName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        query = exchange.known_query("limit", "before")
        limit, before = page_size(query.get("limit")), _before(query.get("before"))
        live, name = desk.live, list_of(name, desk)
        found = live.engine.lists.page(name, live.moment(), limit + 1, before)
        content: dict[str, Any] = {"entries": [entry_told(each) for _, each in found[:limit]]}
        if len(found) > limit:
            key, last = found[limit - 1]
            content["next"] = f"{last.due_ms}.{key}"
        await desk.durable()
        return _json(content)

    @app.post("/v1/lists/{name}/entries:find", include_in_schema=False)
    async def find(name: ListName, request: Request) -> Response:
        _, desk, some = await _some(request, site)
        live, name = desk.live, list_of(name, desk)
        wanted = _coded(live, name, some)
        held = live.engine.lists.held(name, np.array([code for code, _ in wanted], np.int64), live.moment())
        there = [live.engine.lists.entry(name, code) for code in held]
        await desk.durable()
        return _json(
            {
                "entries": [entry_told(each) for each in there if each is not None],
                "absent": [shown for code, shown in wanted if code not in held],
            }
        )


def add_snoozes(app: FastAPI, site: Site) -> None:
    """The routes under /v1/snoozes."""

    @app.get("/v1/snoozes", include_in_schema=False)
    async def snoozes(request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        moment = desk.live.moment()
        held = [entry_told(each) for each in desk.live.engine.lists.snoozes.held if each.until_ms > moment]
        await desk.durable()
        return _json({"snoozes": held})

    @app.post("/v1/snoozes", include_in_schema=False)
    async def snooze(request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        quiet = read_object(await read_body(exchange, request.receive, site.settings.max_event_bytes), Quiet)
        return _json(await desk.durably(lambda live: _snooze(live, quiet, author_of(exchange, quiet.author))))

    @app.post("/v1/snoozes:end", include_in_schema=False)
    async def end(request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        quiet = read_object(await read_body(exchange, request.receive, site.settings.max_event_bytes), Quiet)
        return _json(await desk.durably(lambda live: _end(live, quiet, author_of(exchange, quiet.author))))


def list_of(encoded_name: str, desk: Desk) -> str:
    """The list that an address names; HttpError 404 when the policy has none of this name."""
    name, known = id_of(encoded_name), desk.live.opened.known_lists.lists
    if name not in known:
        raise HttpError(
            404, "no_list", f"the policy has no such list; it has: {', '.join(known) or 'none'}",
            f"策略中没有该名单；已有：{'、'.join(known) or '无'}", "name",
        )  # fmt: skip
    return name


def _asked(name: str, does: Callable[[], T]) -> T:
    """What a caller sent under a name is at fault."""
    try:
        return does()
    except InputError as wrong:
        raise HttpError(422, "input", wrong.en, wrong.zh, name) from None


def page_size(text: str | None) -> int:
    """How many entries a page has; HttpError 422 for no number from 1 to MAX_PAGE."""
    if text is None:
        return DEFAULT_PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_PAGE):
        raise HttpError(
            422, "limit", f"is no whole number from 1 to {MAX_PAGE:,}", f"应为 1 至 {MAX_PAGE:,} 的整数", "limit"
        )
    return int(text)


def _before(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    due, _, key = text.partition(".")
    try:
        found = int(due), int(key)
    except ValueError:
        found = (1 << 63, 0)
    if max(map(abs, found)) >= 1 << 63 or not text.isascii() or len(text) > 42:
        raise HttpError(
            422, "before", "is no place that `next` told; leave it out", "不是 next 给出的位置；请去掉", "before"
        )
    return found


async def _some(request: Request, site: Site) -> tuple[Exchange, Desk, Some]:
    exchange, desk = admitted(request, site, "lists")
    exchange.known_query()
    some = read_object(await read_body(exchange, request.receive, site.settings.max_body_bytes), Some)
    count = len(some.values) + len(some.codes)
    if not 1 <= count <= site.settings.max_lines:
        raise HttpError(
            422, "limit", f"give 1 to {site.settings.max_lines:,} `values` or `codes`",
            f"请给出 1 至 {site.settings.max_lines:,} 个 values 或 codes", "values",
        )  # fmt: skip
    return exchange, desk, some


def _row(number: int, record: bytes) -> Row | tuple[int, Bad]:
    try:
        return row_of(number, read_line(record))
    except Bad as bad:
        return number, bad


async def _shown(desk: Desk, name: str, rows: list[Row | tuple[int, Bad]]) -> list[Row | tuple[int, Bad]]:
    """Rows that came as codes, with how the log shows their values, as far as MAX_LOOKED go; others have their turn meanwhile."""
    coded = [at for at, row in enumerate(rows) if isinstance(row, Row) and row.code is not None]
    entities = desk.live.archive.keys_of("").entities_of_list(name)
    for at in coded[:MAX_LOOKED] if entities else ():
        row = rows[at]
        assert isinstance(row, Row)
        found = await shown_of(desk.live, entities[0], row.code or 0)
        rows[at] = replace(row, shown=found or row.shown)
    return rows


async def shown_of(live: Live, entity: str, code: int) -> str | None:
    """How the log shows a value of an entity; None where no event of it is kept."""
    while live.archive.index.work(_PIECE_S):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    return live.archive.shown(entity, code)


def _put(
    live: Live, name: str, rows: list[Row | tuple[int, Bad]], bodies: dict[int, bytes], given: dict[str, str], exchange: Exchange,
    most: int,
) -> tuple[dict[str, Any], list[ListChange]]:  # fmt: skip
    """What came of the rows; and the changes, when they are more than `most` and wait for somebody's approval."""
    moment = live.moment()
    until = _asked("until", lambda: read_moment(given["until"], moment, "until")) if given.get("until") else NEVER
    reason, author = said_in("reason", given.get("reason", "")), author_of(exchange, given.get("author", ""))
    if until <= moment:
        raise HttpError(422, "until", "has passed; give a later time", "已过期；请填写更晚的时间", "until")
    brought = live.list_changes().bring(name, rows, moment, until, reason, author)
    waits = len(brought.changes) > most
    live.change_lists([] if waits else brought.changes)
    refused = [
        problem_of_refusal(each, bodies[each.line], exchange.language, exchange.id.decode(), each.line)
        for each in brought.refusals
    ]
    told = {
        "list": name,
        "new": brought.new,
        "renewed": brought.renewed,
        "existing": brought.existing,
        "refused": refused,
    }
    return told, brought.changes if waits else []


def _removals(live: Live, name: str, some: Some, author: str) -> tuple[list[ListChange], list[str]]:
    wanted = _coded(live, name, some)
    moment, reason = live.moment(), said_in("reason", some.reason)
    held = live.engine.lists.held(name, np.array([code for code, _ in wanted], np.int64), moment)
    changes = [
        ListChange(moment, name, "remove", code, NEVER, reason, author, shown)
        for code, shown in dict(wanted).items() if code in held
    ]  # fmt: skip
    return changes, [shown for code, shown in wanted if code not in held]


def _coded(live: Live, name: str, some: Some) -> list[tuple[int, str]]:
    """(code, what is told of it) of values and codes."""
    coded = _asked("values", lambda: live.list_changes().coded(name, some.values))
    return coded + [(code_of(text), text) for text in some.codes]


def code_of(text: str) -> int:
    """The number of a code as it is told; HttpError 422 when it is none."""
    try:
        return read_code(text)
    except Bad as bad:
        raise HttpError(422, bad.code, bad.en, bad.zh, "code") from None


def _quiet(live: Live, quiet: Quiet, until: int, author: str) -> Snooze:
    changes, moment = live.list_changes(), live.moment()
    reason = said_in("reason", quiet.reason)
    if quiet.code and quiet.value is None:
        _asked("rule", lambda: changes.require_names(quiet.rule, quiet.field))
        return Snooze(moment, quiet.rule, quiet.field, code_of(quiet.code), until, reason, author, quiet.code)
    return _asked("value", lambda: changes.snooze(quiet.rule, quiet.field, quiet.value, moment, until, reason, author))


def _snooze(live: Live, quiet: Quiet, author: str) -> dict[str, Any]:
    if quiet.until is None:
        raise HttpError(422, "missing", "a snooze must end; give a time", "静默必须有到期时间；请填写", "until")
    moment = live.moment()
    until = _asked("until", lambda: read_moment(str(quiet.until), moment, "until"))
    if until <= moment:
        raise HttpError(422, "until", "has passed; give a later time", "已过期；请填写更晚的时间", "until")
    made = _quiet(live, quiet, until, author)
    held = _held(live, made)
    known = held is not None and held.until_ms == until
    if not known:
        live.change_lists([made])
    return {
        "status": "existing" if known else "renewed" if held else "new",
        **entry_told(held if known and held else made),
    }


def _end(live: Live, quiet: Quiet, author: str) -> dict[str, Any]:
    made = _quiet(live, quiet, live.moment(), author)
    held = _held(live, made)
    if held is not None:
        live.change_lists([made])
    return {"status": "ended" if held is not None else "absent"}


def _held(live: Live, like: Snooze) -> Snooze | None:
    named = (like.rule, like.field, like.code)
    own = (each for each in live.engine.lists.snoozes.held if (each.rule, each.field, each.code) == named)
    return next((each for each in own if each.until_ms > live.moment()), None)


def author_of(exchange: Exchange, given: str) -> str:
    """Who says so: a program may name somebody, a person is who they are."""
    by_person = exchange.grant is not None and exchange.grant.person
    return said_in("author", given) if given and not by_person else exchange.who


def said_in(name: str, text: str) -> str:
    """A text of the body as it is; HttpError 422 when it is too long."""
    if len(text) > MAX_REASON_CHARS:
        raise HttpError(
            422, "bad_text", f"has more than {MAX_REASON_CHARS} characters", f"超过 {MAX_REASON_CHARS} 个字符", name
        )
    return text


def entry_told(change: ListChange | Snooze) -> dict[str, Any]:
    """What stands on a list, or is quiet, as it is told."""
    named = {"rule": change.rule, "field": change.field} if isinstance(change, Snooze) else {"list": change.list}
    until = {} if change.until_ms == NEVER else {"until": said_time(change.until_ms)}
    said = {"reason": change.reason, "author": change.author}
    code = f"{change.code & 0xFFFFFFFFFFFFFFFF:016x}"
    return {**named, "value": change.shown, "code": code, "since": said_time(change.due_ms), **until, **said}


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
