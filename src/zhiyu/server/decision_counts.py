"""GET /v1/decisions:count: everything that a query finds, counted over the whole log.

In: the filters of the list of decisions. Out: a stream of lines: how far it is, twice a second; last what was counted. It is counted in
pieces of some milliseconds between which events are decided, and others get as much time again as a piece took. Nothing is kept of it; who
closes the connection ends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.decision_count import DecisionCount
from zhiyu.evaluation.cube.asked import offset_of
from zhiyu.server.decision_filters import FILTERS, Asked, sought_of
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site
from zhiyu.server.staging import aside

MAX_COUNTS = 8
"""Counts at a time: each keeps up to some 30 MB."""
LINES = "application/x-ndjson"
_PIECE_S, _REST_S, _SAY_S = 0.005, 0.001, 0.5
_STOPPED = {
    "kind": "failed", "en": "counting was broken off: the server is stopping or was opened again; ask again",
    "zh": "统计中断：服务正在停止或刚重新打开；请重新查询",
}  # fmt: skip


def add_decision_counts(app: FastAPI, site: Site) -> None:
    """The route."""
    running = set[DecisionCount]()

    @app.get("/v1/decisions:count", tags=["decisions"], summary="Everything that a query finds, counted")
    async def count(
        request: Request,
        filters: Asked,
        offset: Annotated[
            str, Query(description="Of the zone in which days begin, for example +08:00.", max_length=20)
        ] = "",
    ) -> Response:
        """Lines of JSON. `progress`, at most twice a second: `done` 0 to 1, `found` so far. Last `counted`: what `GET /v1/decisions` would
        list with the same filters, by outcome, event type, rule (in shadow too), reason and whom it is about, the 50 largest of each with
        how many `others` there are; bars by hour up to 48 hours, else by day, the newest 400, `earlier` before them. Of 100,000 values of
        entities, those of the newest decisions, each is counted to the end; `full`: there are more, which were left out. Instead of
        `counted`, `failed` says why it ended."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query(*FILTERS, "offset")
        try:
            offset_ms = offset_of(offset)
        except InputError as wrong:
            raise HttpError(422, "offset", wrong.en, wrong.zh, "offset") from None
        sought = await sought_of(desk.live, filters)
        if len(running) >= MAX_COUNTS:
            raise HttpError(
                429, "counts", f"{MAX_COUNTS} queries are being counted already; ask again in a moment",
                f"已有 {MAX_COUNTS} 个查询正在统计；请稍后重试", headers=((b"retry-after", b"2"),),
            )  # fmt: skip
        counting = desk.live.archive.count(sought, desk.live.position, offset_ms)
        await desk.durable()

        async def lines() -> AsyncIterator[bytes]:
            running.add(counting)
            try:
                async for line in counted(site, desk, counting):
                    yield encoded(line) + b"\n"
            finally:
                running.discard(counting)

        return StreamingResponse(
            lines(), media_type=LINES, headers={"cache-control": "no-store", "x-accel-buffering": "no"}
        )


async def counted(site: Site, desk: Desk, counting: DecisionCount) -> AsyncIterator[dict[str, Any]]:
    """The lines of one count."""
    live, say = desk.live, time.monotonic() + _SAY_S
    try:
        while True:
            began = time.monotonic()
            if not counting.piece(_PIECE_S):
                break
            now = time.monotonic()
            if now >= say:
                yield {"kind": "progress", "done": round(counting.done, 3), "found": counting.found}
                say = now + _SAY_S
            await asyncio.sleep(max(now - began, _REST_S))  # others have as long a turn in between
            if site.stopping.is_set() or desk.closing or desk.broken or desk.live is not live:
                yield _STOPPED
                return
        yield {"kind": "counted", **await aside(counting.told)}
    except ZhiyuError as wrong:
        yield {"kind": "failed", "en": wrong.en, "zh": wrong.zh}
