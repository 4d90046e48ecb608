"""GET /v1/network/{type}/{id}, POST /v1/network:nest: who is connected to whom, over what, since when; now, or as of an earlier moment.

In: people and things by their values or codes. Out: JSON, or a file for other programs. A look at the network is taken between two batches,
is as of one position of the log, and is bounded (`network_live.NEAR`); names are looked up afterwards, while others have their turn. An
earlier moment is asked about in a process of its own (`past`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.evaluation.network_asked import Codes, named
from zhiyu.evaluation.network_files import FORMATS, as_dict, written_of
from zhiyu.evaluation.network_live import NEAR, LiveNetwork
from zhiyu.network.ask import MAX_HOPS, look_around
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.past import moment_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site

MAX_CASE = 50
_PIECE_S = 0.005
MEDIA = {
    "html": "text/html; charset=utf-8", "json": "application/json", "graphml": "application/graphml+xml", "csv": "text/csv; charset=utf-8",
}  # fmt: skip
NodeType = Annotated[str, Path(description="`person`, or a field that links, for example device.")]
NodeId = Annotated[str, Path(description="Its value, percent-encoded; or code: and the 16 hex digits that were told.")]
Hops = Annotated[int, Query(description="How many links away.", ge=1, le=MAX_HOPS)]
Form = Annotated[str, Query(alias="format", description="json, graphml or csv.")]
AsOf = Annotated[
    str,
    Query(description="An earlier moment: a date (UTC) or a time with its offset. Takes some seconds.", max_length=40),
]


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """Whom a case is about: `field:value` each (`person:…` for a person), at most MAX_CASE; how many links away to look; as of when."""

    of: list[str]
    hops: int = 2
    as_of: str = ""


def add_network(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/network/{type}/{id}", tags=["network"], summary="Who is connected to a person or a thing")
    async def network(
        request: Request, type: NodeType, id: NodeId, hops: Hops = 2, form: Form = "json", as_of: AsOf = ""
    ) -> Response:
        """People by their distance in links, what they share, who used it when, the gangs they are in. As of now, or of an earlier moment
        (`as_of`); at most 100 people: `cut` says when there are more."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("hops", "format", "as_of")
        return await _around(site, desk, [(id_of(type), id_of(id))], hops, format_of(form), moment_of(as_of))

    @app.post("/v1/network:nest", tags=["network"], summary="From a case to the whole nest", include_in_schema=False)
    async def nest(request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        form = format_of(exchange.known_query("format").get("format", "json"))
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
        return await _around(site, desk, whom, case.hops, form, moment_of(case.as_of))


def live_network(desk: Desk, gangs: bool = True) -> LiveNetwork:
    """The network of a tenant (`gangs`: one with gangs); HttpError 404 when the policy declares none."""
    try:
        asked = LiveNetwork(desk.live)
    except InputError as none:
        raise HttpError(404, "no_network", none.en, none.zh) from None
    if gangs and asked.state.gangs is None:
        raise HttpError(404, "no_gangs", "the network of the policy declares no `gang:`", "策略的关系网络没有声明 gang")
    return asked


async def _around(
    site: Site, desk: Desk, whom: list[tuple[str, str]], hops: int, form: str, as_of_ms: int | None
) -> Response:
    asked = live_network(desk, gangs=False)
    if as_of_ms is not None:
        return told_of(await site.past.ask(desk.live, as_of_ms, "around", of=whom, hops=hops), form)
    try:
        keys = [asked.key(name, value) for name, value in whom]
    except InputError as wrong:
        raise HttpError(422, "input", wrong.en, wrong.zh, "id") from None
    near, position = look_around(asked.state, keys, hops, NEAR), desk.live.position
    if near is None:
        raise HttpError(404, "not_in_window", "it is in no event of the network's window", "关系网络窗口内没有其事件")
    found = as_dict(near, await names_of(asked, near.codes))
    return await told_durably(desk, found | {"position": position}, form)


async def names_of(asked: LiveNetwork, codes: Codes) -> dict[int, str]:
    """Names of keys, looked up in the log while others have their turn."""
    found: dict[int, str] = {}
    while asked.live.archive.index.work(_PIECE_S):
        await asyncio.sleep(0)
    for _ in asked.naming(codes, found):
        await asyncio.sleep(0)
    return named(found, codes, asked.fields)


def format_of(form: str) -> str:
    """The form of an answer; HttpError 422 when there is none of this name."""
    if form not in FORMATS:
        raise HttpError(422, "format", "is json, graphml or csv", "应为 json、graphml 或 csv", "format")
    return form


async def told_durably(desk: Desk, found: dict[str, Any], form: str = "json") -> Response:
    """Nothing is told that is not on the disk."""
    await desk.durable()
    return told_of(found, form)


def told_of(found: dict[str, Any], form: str = "json") -> Response:
    """The answer in the form asked for."""
    content = encoded(found) if form == "json" else written_of(found, form).encode()
    return Response(content, media_type=MEDIA[form])
