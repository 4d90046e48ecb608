"""GET /v1/gangs/reports …: the gang reports of past hours and days (UTC), which the server makes by itself when one has ended.

In: time that passes. Out: files `reports/gangs/ID.report` in the tenant's data folder: figures and gangs, no names, so that nobody who is
erased later stands in one. A report is made with the first look after its end; `standing_at` says as of when the gangs in it stand. What
ended while the server was down is left out: `GET /v1/gangs/report?as_of=` makes it from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import ZhiyuError
from zhiyu.evaluation.gang_report import gang_report
from zhiyu.evaluation.gang_report_page import gang_report_page
from zhiyu.evaluation.network_files import iso
from zhiyu.log.disk import Disk
from zhiyu.network.gang_view import is_told_since, now_of
from zhiyu.server.desk import Desk
from zhiyu.server.gangs import largest_gangs
from zhiyu.server.kept_reports import KeptReports
from zhiyu.server.network import MEDIA, live_network
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
KEPT = {"1h": (HOUR_MS, 14 * 24), "1d": (DAY_MS, 400)}
"""Length of a period, and how many of its reports are kept."""
LOOK_S = 5.0
_ID = re.compile(r"1h-\d{4}-\d\d-\d\dT\d\d|1d-\d{4}-\d\d-\d\d")
Period = Annotated[str, Query(description="Only 1h or 1d; empty for both.", max_length=4)]


def add_gang_reports(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/gangs/reports", tags=["network"], summary="Gang reports of past hours and days")
    async def reports(request: Request, period: Period = "") -> Response:
        """Newest first: `id`, `period`, `until`. The server makes them when an hour or a day (UTC) has ended."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("period")
        if period not in ("", *KEPT):
            raise HttpError(422, "period", "is 1h or 1d", "应为 1h 或 1d", "period")
        live_network(desk)
        names = sorted(_kept(desk), key=lambda name: (_until_of(name), name), reverse=True)
        lines = [
            {"id": name, "period": name[:2], "until": iso(_until_of(name))}
            for name in names
            if name.startswith(period or "1")
        ]
        return Response(encoded({"reports": lines}), media_type=MEDIA["json"])

    @app.get("/v1/gangs/reports/{id}", tags=["network"], summary="One gang report of a past hour or day")
    async def report(
        request: Request,
        id: Annotated[str, Path(description="As listed, for example 1h-2026-03-01T10.", max_length=20)],
        form: Annotated[str, Query(alias="format", description="json or html.")] = "json",
    ) -> Response:
        """As it was made when the period had ended; names are left out."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format")
        if form not in ("json", "html"):
            raise HttpError(422, "format", "is json or html", "应为 json 或 html", "format")
        content = _kept(desk).read(id)
        if not content:
            raise HttpError(
                404, "no_report", "no report of this id is kept; GET /v1/gangs/reports lists those there are",
                "没有该编号的报告；GET /v1/gangs/reports 列出现有报告", "id",
            )  # fmt: skip
        if form == "html":
            content = gang_report_page(msgspec.json.decode(content), exchange.language).encode()
        return Response(content, media_type=MEDIA[form])


class GangReports:
    """Makes the reports of all tenants; `rounds` runs until it is cancelled."""

    def __init__(self, site: Site, disk: Disk | None = None) -> None:
        self._site, self._disk = site, disk

    async def rounds(self) -> None:
        """Look every few seconds whether an hour or a day has ended."""
        while True:
            for tenant, desk in self._site.desks.items():
                try:
                    await self.look(desk)
                except (ZhiyuError, OSError) as failed:
                    self._site.lines.write("gang_report_failed", "warning", tenant=tenant, why=str(failed)[:200])
            await asyncio.sleep(LOOK_S)

    async def look(self, desk: Desk) -> list[str]:
        """Make what is due; returns the ids of what was made. Nothing without gangs, or while the log stands still."""
        made, kept = list[str](), _kept(desk, self._disk)
        if desk.broken or desk.closing:
            return made
        with contextlib.suppress(HttpError):  # a policy without gangs has no reports
            for period, (span_ms, most) in KEPT.items():
                end_ms = desk.live.moment() // span_ms * span_ms
                name = name_of(period, end_ms)
                if live_network(desk).state.epoch_ms is None or name in kept:
                    continue
                found = await _report(desk, end_ms, span_ms)
                await desk.durable()
                keeps = functools.partial(kept.keep, name, encoded(found), most, _like(period))
                await asyncio.get_running_loop().run_in_executor(None, keeps)
                made.append(name)
        return made


def name_of(period: str, end_ms: int) -> str:
    """The id of the report of the period that ends then.

    >>> name_of("1h", 1_772_359_200_000), name_of("1d", 1_772_323_200_000)
    ('1h-2026-03-01T10', '1d-2026-03-01')
    """
    end = datetime.fromtimestamp(end_ms / 1000, UTC)
    return f"1h-{end:%Y-%m-%dT%H}" if period == "1h" else f"1d-{end:%Y-%m-%d}"


async def _report(desk: Desk, end_ms: int, span_ms: int) -> dict[str, Any]:
    asked = live_network(desk)
    seen = [gang for gang in await largest_gangs(asked) if gang.born_ms is None or gang.born_ms <= end_ms]
    complete = is_told_since(asked.state, end_ms - span_ms)
    found = gang_report(seen, asked.lineage, end_ms, span_ms, asked.opened.currency, {}, complete)
    return found | {"standing_at": iso(now_of(asked.state))}


def _kept(desk: Desk, disk: Disk | None = None) -> KeptReports:
    return KeptReports(desk.live.folder / "reports" / "gangs", _ID, disk)


def _like(period: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(period)


def _until_of(name: str) -> int:
    text = f"{name[3:]}:00" if name.startswith("1h") else f"{name[3:]}T00:00"
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
