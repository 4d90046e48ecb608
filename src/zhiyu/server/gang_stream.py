"""GET /v1/gangs/changes:stream: what becomes of gangs, pushed as it happens (server-sent events), alerts alone unless asked otherwise.

In: where the reader has read up to. Out: a stream of events, each with the number to go on from as its id, so that a browser's
`EventSource` goes on by itself where a connection was lost. Nothing is pushed that is not on the disk. A stream ends after a while; its
reader comes back, and the key or session is looked at anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from zhiyu.base.errors import ZhiyuError
from zhiyu.server.desk import Desk
from zhiyu.server.gangs import LOOK_S, MAX_CHANGES, Since, What, changes_after
from zhiyu.server.network import live_network
from zhiyu.server.past import moment_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

MAX_STREAMS = 100
LASTS_S, ALIVE_S, AGAIN_MS = 900.0, 15.0, 2_000
"""How long a stream lasts; how often a silent one says that it lives; how soon its reader comes back."""
EVENT_STREAM = "text/event-stream"


def add_gang_stream(app: FastAPI, site: Site) -> None:
    """The route."""
    places = itertools.count()
    open_streams = set[int]()

    @app.get("/v1/gangs/changes:stream", tags=["network"], summary="What becomes of gangs, pushed as it happens")
    async def stream(
        request: Request,
        what: What = "ALERT",
        after: Annotated[
            int | None, Query(description="Go on from this number; without, and without `since`, from now on.", ge=0)
        ] = None,
        since: Since = "",
    ) -> Response:
        """Server-sent events: `event` is what happened (ALERT; with `what=` empty all changes), `data` the line of `GET
        /v1/gangs/changes`, `id` the number to go on `after`; Last-Event-ID goes on from there. An event `gap` says how many lines are kept
        no more."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("after", "what", "since")
        gangs, first_ms = live_network(desk).state.gangs, moment_of(since, "since")
        assert gangs is not None
        begin = after if after is not None else gangs.lines if first_ms is None else 0
        start = _last_id(exchange.headers.get(b"last-event-id", b""), begin)
        if len(open_streams) >= MAX_STREAMS:
            raise HttpError(
                429, "streams", f"{MAX_STREAMS} readers follow the gangs already; ask GET /v1/gangs/changes with wait_s",
                f"已有 {MAX_STREAMS} 个读者在订阅；请改用 GET /v1/gangs/changes 的 wait_s",
            )  # fmt: skip
        place = next(places)

        async def pushed() -> AsyncIterator[bytes]:
            open_streams.add(place)
            try:
                async for piece in _events(site, desk, start, what, first_ms):
                    yield piece
            finally:
                open_streams.discard(place)

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(pushed(), media_type=EVENT_STREAM, headers=headers)


async def _events(site: Site, desk: Desk, after: int, what: str, since_ms: int | None) -> AsyncIterator[bytes]:
    """Events until the server stops, the log breaks, or the stream has lasted its time."""
    loop = asyncio.get_running_loop()
    ends, silent = loop.time() + LASTS_S, loop.time()
    yield b"retry: %d\n\n" % AGAIN_MS
    while loop.time() < ends and not (site.stopping.is_set() or desk.closing or desk.broken):
        try:
            found = changes_after(live_network(desk), after, MAX_CHANGES, what, since_ms)
            if found["changes"]:
                await desk.durable()
        except ZhiyuError:
            return  # another policy has no gangs, or the log stopped: whoever comes back is told so
        if found["gap"]:
            yield b'event: gap\ndata: {"lines":%d}\n\n' % found["gap"]
        for line in found["changes"]:
            name, number = line["what"].encode(), line["number"] + 1
            yield b"event: %b\nid: %d\ndata: %b\n\n" % (name, number, encoded(line))
        if found["changes"] or found["gap"]:
            silent = loop.time()
        elif loop.time() - silent >= ALIVE_S:
            silent = loop.time()
            yield b": alive\n\n"
        after = found["next"]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(site.stopping.wait(), LOOK_S)


def _last_id(given: bytes, otherwise: int) -> int:
    """Where a reader who lost the connection goes on; HttpError 422 for what is no id of ours."""
    if not given:
        return otherwise
    if not (given.isdigit() and len(given) < 16):
        raise HttpError(422, "last_event_id", "Last-Event-ID is no id that was told", "Last-Event-ID 不是已告知的编号")
    return int(given)
