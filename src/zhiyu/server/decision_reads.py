"""GET /v1/decisions, /v1/decisions/{id}/trace, POST /v1/decisions/{id}:replay: decisions to look through, and one to look into.

In: filters, an id. Out: JSON. A list is read from the log in pieces of a few milliseconds, between which events are decided; a request that
has looked for so long answers with what it found and a `next`, so that a rare decision in a long log is found page by page.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.engine.decision_list import Sought
from zhiyu.engine.live import Live
from zhiyu.server.decision_filters import FILTERS, Asked, sought_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site

MAX_LISTED, DEFAULT_LISTED = 200, 50
_PIECE_S, _LOOK_S = 0.01, 0.5
_JSON = "application/json"
EventId = Annotated[str, Path(description="The event's id, percent-encoded.", examples=["a-001"])]


def no_decision() -> HttpError:
    """No such event, or one that is no longer remembered."""
    return HttpError(404, "no_decision", "no decision of this id is kept", "没有保存该 id 的决策", "id")


def add_decision_reads(app: FastAPI, site: Site) -> None:
    """The routes."""
    _add_list(app, site)
    _add_trace(app, site)


def _add_list(app: FastAPI, site: Site) -> None:
    @app.get("/v1/decisions", tags=["decisions"], summary="Decisions, newest first")
    async def decisions(
        request: Request,
        filters: Asked,
        before: Annotated[int | None, Query(description="The `next` of the page before.", ge=0, lt=2**62)] = None,
        after: Annotated[
            int, Query(description="Only what came since: the `position` of a page before.", ge=0, lt=2**62)
        ] = 0,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_LISTED)] = DEFAULT_LISTED,
    ) -> Response:
        """Each as it was answered, with times, amount and whom it is about. `next`: what to ask `before` for more, null at the end; a page
        may be short, or empty, and have a `next`: so far was looked. `looked`: decisions that were looked at. `where` is checked against
        the policy in force; what was counted is kept with a decision only where it did not simply pass: `unknown` tells of how many the
        condition cannot be told."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query(*FILTERS, "before", "after", "limit")
        sought = await sought_of(desk.live, filters)
        told = await _listed(desk.live, replace(sought, after=after - 1), before, limit)
        await desk.durable()
        return Response(encoded(told), media_type=_JSON)


async def _listed(live: Live, sought: Sought, before: int | None, limit: int) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    looked, unknown, until = 0, 0, time.monotonic() + _LOOK_S
    position = live.position
    place: int | None = position if before is None else min(before, position)
    while place is not None:
        piece = live.archive.decisions.piece(sought, place, limit - len(entries), _PIECE_S)
        entries, looked, place = entries + piece.entries, looked + piece.looked, piece.next
        unknown += piece.unknown
        if len(entries) == limit or time.monotonic() >= until:
            break
        await asyncio.sleep(0)  # others have their turn in between
    return {"decisions": entries, "next": place, "looked": looked, "unknown": unknown, "position": position}


def _add_trace(app: FastAPI, site: Site) -> None:
    @app.get("/v1/decisions/{id}/trace", tags=["decisions"], summary="Everything about one decision")
    async def trace(id: EventId, request: Request) -> Response:
        """Every rule with what became of it (hit, shadow, snoozed, error, missed, not_reached) and the values it saw; what the score
        consists of; the flow and the way through it; every value with its words."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        position = desk.live.position_of(id_of(id))
        found = None if position is None else desk.live.archive.trace(position)
        if found is None:
            raise no_decision()
        await desk.durable()
        return Response(encoded(found), media_type=_JSON)

    @app.post("/v1/decisions/{id}:replay", tags=["decisions"], summary="Make a decision again, now")
    async def replay(id: EventId, request: Request) -> Response:
        """From the values it saw, under the policy that made it, with the lists as they are now. `same`: outcome, score, rules and way are
        what they were. Nothing is changed by it. 422 when no values were kept (of a pass)."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        position = desk.live.position_of(id_of(id))
        try:
            made = None if position is None else desk.live.archive.again(position, desk.live.engine.lists)
        except InputError as cannot:
            raise HttpError(422, "no_values", cannot.en, cannot.zh, "id") from None
        if made is None:
            raise no_decision()
        told = {name: getattr(made, name) for name in ("same", "outcome", "score", "policy", "read_us", "decide_us")}
        return Response(encoded(told), media_type=_JSON)
