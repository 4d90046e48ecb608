"""GET /v1/entities/{type}/{id}/timeline: what happened to one person, card or device.

In: the entity and its raw value, which becomes its code at the door and goes no further. Out: events with decisions, labels, changes of
lists, newest first, page by page.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.engine.timeline import Asked
from zhiyu.events.refusals import Bad
from zhiyu.log.list_line import moment
from zhiyu.server.lists import code_of, page_size
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site

DEFAULT_PAGE = 50
_PIECE = 20
_PIECE_S = 0.005
_CODE = re.compile(r"code:[0-9a-f]{16}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
EntityType = Annotated[str, Path(description="An entity that fields of the policy name, for example card.")]
EntityId = Annotated[
    str, Path(description="Its value, percent-encoded; or code: and the 16 hex digits that were told.")
]


def add_timelines(app: FastAPI, site: Site) -> None:
    """The route."""

    @app.get("/v1/entities/{type}/{id}/timeline", include_in_schema=False)
    async def timeline(type: EntityType, id: EntityId, request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        query = exchange.known_query("since", "until", "limit", "before")
        wanted = page_size(query.get("limit")) if "limit" in query else DEFAULT_PAGE
        live = desk.live
        asked = Asked(
            id_of(type),
            code_asked(live, id_of(type), id_of(id)),
            moment_asked(query, "since"),
            moment_asked(query, "until"),
            _place(query),
        )
        while live.archive.index.work(_PIECE_S):  # others have their turn in between
            await asyncio.sleep(0)
        entries: list[dict[str, Any]] = []
        while len(entries) < wanted:
            page = live.timeline(replace(asked, most=min(_PIECE, wanted - len(entries))))
            entries += page.entries
            asked = replace(asked, before=page.next)
            if page.next is None:
                break
            await asyncio.sleep(0)
        await desk.durable()
        more = {} if asked.before is None else {"next": asked.before}
        return Response(encoded({"entries": entries, **more}), media_type="application/json")


def code_asked(live: Live, entity: str, value: str) -> int:
    """The code of a value of an entity, or of `code:` and its hex digits. HttpError 404 for no such entity, 422 for a wrong value."""
    if entity not in live.opened.known_entities:
        known = ", ".join(live.opened.known_entities) or "none"
        raise HttpError(
            404,
            "no_entity",
            f"the policy has no such entity; it has: {known}",
            f"策略中没有该实体；已有：{known}",
            "type",
        )
    if _CODE.fullmatch(value):
        return code_of(value[5:])
    try:
        return live.opened.entity_code(entity, value)
    except InputError as wrong:
        raise HttpError(422, "input", wrong.en, wrong.zh, "id") from None


def moment_asked(query: dict[str, str], name: str) -> int | None:
    """A time of the address in ms, None without. HttpError 422."""
    return moment_told(query.get(name), name)


def moment_told(text: str | None, name: str) -> int | None:
    """The time that a text says in ms, None without; `name`: of the field. HttpError 422."""
    try:
        return moment(int(text) if text is not None and _NUMBER.fullmatch(text) else text)
    except Bad as bad:
        raise HttpError(422, bad.code, bad.en, bad.zh, name) from None


def _place(query: dict[str, str]) -> int | None:
    text = query.get("before")
    if text is not None and not _NUMBER.fullmatch(text):
        raise HttpError(
            422, "before", "is no place that `next` told; leave it out", "不是 next 给出的位置；请去掉", "before"
        )
    return int(text) if text is not None else None
