"""GET /v1/gangs …: gangs and what became of them, now or as of an earlier moment; the report of an hour or a day; changes as they come.

In: a gang's number, a period, where the caller has read up to. Out: JSON, a page, a file for other programs, or a stream of events.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.evaluation.gang_report import MAX_GANGS, period_ms, report_of
from zhiyu.evaluation.gang_report_page import gang_report_page
from zhiyu.evaluation.network_asked import Codes
from zhiyu.evaluation.network_files import gang_as_dict, line_of, summary_of
from zhiyu.evaluation.network_live import NEAR, LiveNetwork
from zhiyu.network.gang_view import GangSeen, dated, see_gang
from zhiyu.server.network import MEDIA, AsOf, Form, format_of, live_network, names_of, told_durably, told_of
from zhiyu.server.past import moment_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

MAX_PAGE, MAX_CHANGES, MAX_WAIT_S = 100, 1_000, 30
LOOK_S = 0.2
"""How often somebody who waits for changes is looked after."""
GangId = Annotated[str, Path(description="The gang's number.")]
After = Annotated[int, Query(description="The `next` of the answer before; 0 for all that is kept.", ge=0)]
Since = Annotated[str, Query(description="Only what happened from then on: a date (UTC) or a time.", max_length=40)]
What = Annotated[str, Query(description="Only changes of this kind, for example ALERT.", max_length=20)]


def add_gangs(app: FastAPI, site: Site) -> None:
    """The routes."""
    _add_report(app, site)
    _add_gangs(app, site)


def _add_report(app: FastAPI, site: Site) -> None:
    @app.get("/v1/gangs/report", tags=["network"], summary="The gang report of the last hour or day")
    async def report(
        request: Request,
        period: Annotated[str, Query(description="How long before now: 1h, 1d …", max_length=10)] = "1d",
        form: Annotated[str, Query(alias="format", description="json or html.")] = "json",
        as_of: AsOf = "",
    ) -> Response:
        """New, growing and broken gangs, alerts, money at risk; the gangs as they stand, at most 1,000, those with most people first. Up to
        now, or up to an earlier moment (`as_of`)."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("period", "format", "as_of")
        until = moment_of(as_of)
        asked = live_network(desk)
        try:
            span = period_ms(period)
        except InputError as wrong:
            raise HttpError(422, "period", wrong.en, wrong.zh, "period") from None
        if form not in ("json", "html"):
            raise HttpError(422, "format", "is json or html", "应为 json 或 html", "format")
        if until is not None:
            found = await site.past.ask(desk.live, until, "report", span_ms=span)
        else:
            found = await _reported(asked, span)
            await desk.durable()
        page = gang_report_page(found, exchange.language).encode() if form == "html" else encoded(found)
        return Response(page, media_type=MEDIA[form])


def _add_gangs(app: FastAPI, site: Site) -> None:
    @app.get("/v1/gangs", tags=["network"], summary="Gangs, newest first")
    async def gangs(
        request: Request,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_PAGE)] = 20,
        before: Annotated[int, Query(description="The `next` of the page before.", ge=0)] = 0,
        min_people: Annotated[int, Query(description="Only those with so many people.", ge=2)] = 2,
        as_of: AsOf = "",
    ) -> Response:
        """People, age, score, money, known-bad people of each; as of now, or of an earlier moment (`as_of`). `next`: what to ask `before`
        for more, null at the end."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("limit", "before", "min_people", "as_of")
        then, asked = moment_of(as_of), live_network(desk)
        if then is not None:
            return told_of(
                await site.past.ask(desk.live, then, "gangs", limit=limit, before=before, min_people=min_people)
            )
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
        return await told_durably(desk, {"gangs": found, "next": more, "position": desk.live.position})

    @app.get("/v1/gangs/changes", tags=["network"], summary="What became of gangs; alerts among it")
    async def changes(
        request: Request,
        after: After = 0,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_CHANGES)] = 100,
        what: What = "",
        since: Since = "",
        wait_s: Annotated[int, Query(description="Wait so long for the first one.", ge=0, le=MAX_WAIT_S)] = 0,
    ) -> Response:
        """BORN, GROWN, MERGE, SPLIT, EXPIRED, ALERT in the order of the log; a line has one number for good. Ask with `next` for what
        follows: `wait_s` holds the answer until there is something. `gap`: so many lines before the first are kept no more."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("after", "limit", "what", "since", "wait_s")
        until, first_ms = time.monotonic() + wait_s, moment_of(since, "since")
        while True:
            found = changes_after(live_network(desk), after, limit, what, first_ms)
            if found["changes"] or time.monotonic() >= until or desk.closing or desk.broken:
                return await told_durably(desk, found)
            after = found["next"]
            await asyncio.sleep(LOOK_S)

    @app.get("/v1/gangs/{id}", tags=["network"], summary="Everything about one gang")
    async def one(request: Request, id: GangId, form: Form = "json", as_of: AsOf = "") -> Response:
        """Its people, why each is linked (which shared thing, when), score, money, lineage, timeline; as of now, or of an earlier moment
        (`as_of`)."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format", "as_of")
        wanted, asked, gang, then = format_of(form), live_network(desk), gang_number(id), moment_of(as_of)
        if then is not None:
            return told_of(await site.past.ask(desk.live, then, "gang", gang=gang), wanted)
        seen, position = see_gang(asked.state, gang, NEAR), desk.live.position
        if seen is None:
            raise no_gang(gang)
        names = await names_of(asked, codes_of(seen))
        return await told_durably(desk, gang_as_dict(seen, names) | {"position": position}, wanted)


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


async def _reported(asked: LiveNetwork, span_ms: int) -> dict[str, Any]:
    """The report up to now; others have their turn between two gangs."""
    seen = await largest_gangs(asked)
    names = await names_of(asked, {key: (0, code) for each in seen for key, code in each.codes.items()})
    return report_of(asked, seen, span_ms, names)


async def largest_gangs(asked: LiveNetwork) -> list[GangSeen]:
    """The gangs as they stand, at most MAX_GANGS, those with most people first."""
    assert asked.state.gangs is not None
    largest = sorted(asked.state.gangs.sizes().items(), key=lambda each: (-each[1], each[0]))[:MAX_GANGS]
    seen = list[GangSeen]()
    for gang, _ in largest:
        seen += [each] if (each := see_gang(asked.state, gang, NEAR)) is not None else []
        await asyncio.sleep(0)
    return seen


def changes_after(asked: LiveNetwork, after: int, limit: int, what: str, since_ms: int | None = None) -> dict[str, Any]:
    """Changes of gangs from line `after` on, of one kind or ("") of all, from a moment (ms since 1970) on; where to go on; how many lines
    before are kept no more."""
    gangs = asked.state.gangs
    assert gangs is not None
    lines = gangs.told(after)
    first = gangs.lines - len(lines)
    found, at = list[dict[str, Any]](), min(after, gangs.lines)
    for number, line in enumerate(lines, first):
        if len(found) == limit:
            break
        at = number + 1
        told = dated(line, asked.state)
        if what in ("", told.what) and (since_ms is None or told.clock_ms >= since_ms):
            found.append({"number": number, **line_of(told)})
    return {"changes": found, "next": at, "gap": max(first - after, 0) if lines else 0}
