"""GET /v1/network/{type}/{id}, /v1/gangs …: who is connected to whom, over what, since when; gangs and what became of them.

In: people and things by their values or codes. Out: JSON, or a file for other programs. A look at the network is taken between two batches,
is as of one position of the log, and is bounded (`network_live.NEAR`); names are looked up afterwards, while others have their turn.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.evaluation.gang_report import MAX_GANGS, period_ms, report_of
from zhiyu.evaluation.gang_report_page import gang_report_page
from zhiyu.evaluation.network_asked import Codes, named
from zhiyu.evaluation.network_files import FORMATS, as_dict, gang_as_dict, line_of, summary_of, written_of
from zhiyu.evaluation.network_live import NEAR, LiveNetwork
from zhiyu.network.ask import MAX_HOPS, look_around
from zhiyu.network.gang_view import GangSeen, dated, see_gang
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site

MAX_PAGE, MAX_CHANGES, MAX_WAIT_S, MAX_CASE = 100, 1_000, 30, 50
_PIECE_S, _LOOK_S = 0.005, 0.2
_MEDIA = {
    "html": "text/html; charset=utf-8", "json": "application/json", "graphml": "application/graphml+xml", "csv": "text/csv; charset=utf-8",
}  # fmt: skip
NodeType = Annotated[str, Path(description="`person`, or a field that links, for example device.")]
NodeId = Annotated[str, Path(description="Its value, percent-encoded; or code: and the 16 hex digits that were told.")]
GangId = Annotated[str, Path(description="The gang's number.")]
Hops = Annotated[int, Query(description="How many links away.", ge=1, le=MAX_HOPS)]
Form = Annotated[str, Query(alias="format", description="json, graphml or csv.")]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """Whom a case is about: `field:value` each (`person:…` for a person), at most MAX_CASE; how many links away to look."""

    of: list[str]
    hops: int = 2


def add_network(app: FastAPI, site: Site) -> None:
    """The routes."""
    _add_nodes(app, site)
    _add_report(app, site)
    _add_gangs(app, site)


def _add_nodes(app: FastAPI, site: Site) -> None:
    @app.get("/v1/network/{type}/{id}", tags=["network"], summary="Who is connected to a person or a thing")
    async def network(request: Request, type: NodeType, id: NodeId, hops: Hops = 2, form: Form = "json") -> Response:
        """People by their distance in links, what they share, who used it when, the gangs they are in. As of now; at most 100 people:
        `cut` says when there are more."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("hops", "format")
        return await _around(desk, [(id_of(type), id_of(id))], hops, _format(form))

    @app.post("/v1/network:nest", tags=["network"], summary="From a case to the whole nest", include_in_schema=False)
    async def nest(request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        form = _format(exchange.known_query("format").get("format", "json"))
        case = read_object(await read_body(exchange, request.receive, site.settings.max_event_bytes), Case)
        if not (1 <= len(case.of) <= MAX_CASE and 1 <= case.hops <= MAX_HOPS):
            raise HttpError(
                422, "case", f"`of` names 1 to {MAX_CASE} people or things, `hops` is 1 to {MAX_HOPS}",
                f"of 应含 1 至 {MAX_CASE} 个人或关联项，hops 为 1 至 {MAX_HOPS}", "of",
            )  # fmt: skip
        whom = [
            (name, value) if colon else ("person", name)
            for name, colon, value in (each.partition(":") for each in case.of)
        ]
        return await _around(desk, whom, case.hops, form)


def _add_report(app: FastAPI, site: Site) -> None:
    @app.get("/v1/gangs/report", tags=["network"], summary="The gang report of the last hour or day")
    async def report(
        request: Request,
        period: Annotated[str, Query(description="How long before now: 1h, 1d …", max_length=10)] = "1d",
        form: Annotated[str, Query(alias="format", description="json or html.")] = "json",
    ) -> Response:
        """New, growing and broken gangs, alerts, money at risk; the gangs as they stand, at most 1,000, those with most people first."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("period", "format")
        asked = live_network(desk)
        try:
            span = period_ms(period)
        except InputError as wrong:
            raise HttpError(422, "period", wrong.en, wrong.zh, "period") from None
        if form not in ("json", "html"):
            raise HttpError(422, "format", "is json or html", "应为 json 或 html", "format")
        assert asked.state.gangs is not None
        largest = sorted(asked.state.gangs.sizes().items(), key=lambda each: (-each[1], each[0]))[:MAX_GANGS]
        seen = []
        for gang, _ in largest:
            seen += [each] if (each := see_gang(asked.state, gang, NEAR)) is not None else []
            await asyncio.sleep(0)
        names = await names_of(asked, {key: (0, code) for each in seen for key, code in each.codes.items()})
        found = report_of(asked, seen, span, names)
        await desk.durable()
        page = gang_report_page(found, exchange.language).encode() if form == "html" else encoded(found)
        return Response(page, media_type=_MEDIA[form])


def _add_gangs(app: FastAPI, site: Site) -> None:
    @app.get("/v1/gangs", tags=["network"], summary="Gangs, newest first")
    async def gangs(
        request: Request,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_PAGE)] = 20,
        before: Annotated[int, Query(description="The `next` of the page before.", ge=0)] = 0,
        min_people: Annotated[int, Query(description="Only those with so many people.", ge=2)] = 2,
    ) -> Response:
        """People, age, score, money, known-bad people of each. `next`: what to ask `before` for more, null at the end."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("limit", "before", "min_people")
        asked = live_network(desk)
        assert asked.state.gangs is not None
        wanted = [
            g
            for g, people in reversed(asked.state.gangs.sizes().items())
            if people >= min_people and (not before or g < before)
        ]
        found: list[dict[str, Any]] = []
        for gang in wanted[:limit]:
            seen = see_gang(asked.state, gang, NEAR)
            found += [summary_of(seen)] if seen is not None else []
            await asyncio.sleep(0)  # others have their turn in between
        more = wanted[limit - 1] if len(wanted) > limit else None
        return await _told(desk, {"gangs": found, "next": more, "position": desk.live.position})

    @app.get("/v1/gangs/changes", tags=["network"], summary="What became of gangs; alerts among it")
    async def changes(
        request: Request,
        after: Annotated[int, Query(description="The `next` of the answer before; 0 for all that is kept.", ge=0)] = 0,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_CHANGES)] = 100,
        what: Annotated[str, Query(description="Only changes of this kind, for example ALERT.", max_length=20)] = "",
        wait_s: Annotated[int, Query(description="Wait so long for the first one.", ge=0, le=MAX_WAIT_S)] = 0,
    ) -> Response:
        """BORN, GROWN, MERGE, SPLIT, EXPIRED, ALERT in the order of the log; a line has one number for good. Ask with `next` for what
        follows: `wait_s` holds the answer until there is something. `gap`: so many lines before the first are kept no more."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("after", "limit", "what", "wait_s")
        until = time.monotonic() + wait_s
        while True:
            found = _changes(live_network(desk), after, limit, what)
            if found["changes"] or time.monotonic() >= until or desk.closing or desk.broken:
                return await _told(desk, found)
            after = found["next"]
            await asyncio.sleep(_LOOK_S)

    @app.get("/v1/gangs/{id}", tags=["network"], summary="Everything about one gang")
    async def one(request: Request, id: GangId, form: Form = "json") -> Response:
        """Its people, why each is linked (which shared thing, when), score, money, lineage, timeline."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format")
        wanted, asked, gang = _format(form), live_network(desk), gang_number(id)
        seen, position = see_gang(asked.state, gang, NEAR), desk.live.position
        if seen is None:
            raise no_gang(gang)
        names = await names_of(asked, codes_of(seen))
        return await _told(desk, gang_as_dict(seen, names) | {"position": position}, wanted)


def gang_number(text: str) -> int:
    """The number in a path; HttpError 422 when it is none.

    >>> gang_number("12")
    12
    """
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise HttpError(422, "gang", "a gang has a number: 1, 2, 3 …", "团伙编号为 1、2、3……", "id")
    return int(text)


def codes_of(seen: GangSeen) -> Codes:
    """Kind of node and value of everything that a gang tells of."""
    return {key: (0, code) for key, code in seen.codes.items()} | seen.near.codes


def no_gang(gang: int) -> HttpError:
    """404."""
    return HttpError(
        404, "no_gang", f"there is no gang {gang} (any more); GET /v1/gangs lists those there are",
        f"没有编号为 {gang} 的团伙（或已不存在）；GET /v1/gangs 列出现有团伙",
    )  # fmt: skip


def live_network(desk: Desk, gangs: bool = True) -> LiveNetwork:
    """The network of a tenant (`gangs`: one with gangs); HttpError 404 when the policy declares none."""
    try:
        asked = LiveNetwork(desk.live)
    except InputError as none:
        raise HttpError(404, "no_network", none.en, none.zh) from None
    if gangs and asked.state.gangs is None:
        raise HttpError(404, "no_gangs", "the network of the policy declares no `gang:`", "策略的关系网络没有声明 gang")
    return asked


async def _around(desk: Desk, whom: list[tuple[str, str]], hops: int, form: str) -> Response:
    asked = live_network(desk, gangs=False)
    try:
        keys = [asked.key(name, value) for name, value in whom]
    except InputError as wrong:
        raise HttpError(422, "input", wrong.en, wrong.zh, "id") from None
    near, position = look_around(asked.state, keys, hops, NEAR), desk.live.position
    if near is None:
        raise HttpError(404, "not_in_window", "it is in no event of the network's window", "关系网络窗口内没有其事件")
    found = as_dict(near, await names_of(asked, near.codes))
    return await _told(desk, found | {"position": position}, form)


async def names_of(asked: LiveNetwork, codes: Codes) -> dict[int, str]:
    """Names of keys, looked up in the log while others have their turn."""
    found: dict[int, str] = {}
    while asked.live.archive.index.work(_PIECE_S):
        await asyncio.sleep(0)
    for _ in asked.naming(codes, found):
        await asyncio.sleep(0)
    return named(found, codes, asked.fields)


def _changes(asked: LiveNetwork, after: int, limit: int, what: str) -> dict[str, Any]:
    gangs = asked.state.gangs
    assert gangs is not None
    lines = gangs.told(after)
    first = gangs.lines - len(lines)
    found, at = list[dict[str, Any]](), min(after, gangs.lines)
    for number, line in enumerate(lines, first):
        if len(found) == limit:
            break
        at = number + 1
        if what in ("", line.what):
            found.append({"number": number, **line_of(dated(line, asked.state))})
    return {"changes": found, "next": at, "gap": max(first - after, 0) if lines else 0}


def _format(form: str) -> str:
    if form not in FORMATS:
        raise HttpError(422, "format", "is json, graphml or csv", "应为 json、graphml 或 csv", "format")
    return form


async def _told(desk: Desk, found: dict[str, Any], form: str = "json") -> Response:
    """Nothing is told that is not on the disk."""
    await desk.durable()
    content = encoded(found) if form == "json" else written_of(found, form).encode()
    return Response(content, media_type=_MEDIA[form])
