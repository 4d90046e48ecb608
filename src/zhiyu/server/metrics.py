"""GET /v1/metrics …: the metric cube, asked in one request.

In: measures, dimensions, a period. Out: lines and a total, as JSON or CSV.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.cube.ask import DIMENSIONS, MEASURES, as_csv, ask
from zhiyu.evaluation.cube.asked import DEFAULT_TOP, question_of
from zhiyu.log.list_journal import said_time
from zhiyu.server.counting import Counting
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

_TEXT = {"max_length": 200}


def add_metrics(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/metrics", tags=["reports"], summary="What may be asked of the metrics")
    async def measures(request: Request) -> Response:
        """Names of measures and dimensions, in both languages; up to which position of the log they are counted; `newest`: the end of the
        last minute in which anything was decided."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        cube = await _counting(site).cube(desk.live.tenant, desk)
        newest = await _counting(site).aside(cube.last_ms)
        found: dict[str, Any] = {
            "newest": said_time(newest) if newest else None,
            "measures": [
                {"name": name, "en": each.en, "zh": each.zh, "table": each.table, "money": each.money} for name, each in MEASURES.items()
            ],
            "dimensions": ["time", *DIMENSIONS], "currency": desk.live.opened.currency, "position": cube.position,
        }  # fmt: skip
        return Response(encoded(found), media_type="application/json")

    @app.get("/v1/metrics/query", tags=["reports"], summary="Measures by dimensions, of a period")
    async def query(
        request: Request,
        measure: Annotated[str, Query(description="One, or several of one table with commas.", **_TEXT)] = "decisions",
        by: Annotated[
            str, Query(description="Dimensions with commas, `time` among them; none: the total.", **_TEXT)
        ] = "",
        where: Annotated[
            str, Query(description="dimension:text with commas, e.g. channel:app,channel:h5.", max_length=2_000)
        ] = "",
        from_: Annotated[
            str, Query(alias="from", description="A date (UTC) or a time; default: a day before `until`.", **_TEXT)
        ] = "",
        until: Annotated[str, Query(description="A date (UTC) or a time, not included; default: now.", **_TEXT)] = "",
        step: Annotated[
            str, Query(description="Of `by=time`: 1m, 5m, 1h, 1d …; default: what fits a screen.", **_TEXT)
        ] = "",
        against: Annotated[str, Query(description="The same so long before, beside it: 1d, 7d …", **_TEXT)] = "",
        offset: Annotated[str, Query(description="Of the zone in which days begin, for example +08:00.", **_TEXT)] = "",
        top: Annotated[
            int, Query(description="So many lines besides time; the rest is one line.", ge=1, le=1_000)
        ] = DEFAULT_TOP,
        form: Annotated[str, Query(alias="format", description="json or csv.")] = "json",
    ) -> Response:
        """Lines, the largest first, or in order of time; the rest; the total; `before`: what stood in its place `against` ago. Counted are
        first decisions, with what was done, in the minute in which they were received."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query(
            "measure", "by", "where", "from", "until", "step", "against", "offset", "top", "format"
        )  # fmt: skip
        if form not in ("json", "csv"):
            raise HttpError(422, "format", "is json or csv", "应为 json 或 csv", "format")
        try:
            question = question_of(
                _names(measure), _names(by), _names(where), from_=from_, until=until, step=step, against=against, offset=offset, top=top,
                now_ms=desk.live.moment(),
            )  # fmt: skip
        except InputError as wrong:
            raise HttpError(422, "question", wrong.en, wrong.zh) from None
        currency = desk.live.opened.currency
        cube = await _counting(site).cube(desk.live.tenant, desk)
        answer = await _counting(site).aside(lambda: ask(cube, question, currency, MINOR_DIGITS.get(currency, 2)))
        if form == "csv":
            return Response(as_csv(answer), media_type="text/csv; charset=utf-8")
        return Response(encoded(answer), media_type="application/json")


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _counting(site: Site) -> Counting:
    if site.counting is None:
        raise HttpError(
            404,
            "no_metrics",
            "this server counts no metrics; start it without --no-metrics",
            "该服务未统计指标；请去掉 --no-metrics 后启动",
        )
    return site.counting
