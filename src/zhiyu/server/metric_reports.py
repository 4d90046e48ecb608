"""GET /v1/metrics/reports …: the declared reports of ended hours, days, weeks and months, made by the server when each has ended.

In: templates, time that passes. Out: files `reports/metrics/ID.report` in the tenant's data folder: figures, nothing about single people.
What ended while the server was down is made when it is back, up to CATCH_UP periods of a report.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.cube.declared import Declared, Template
from zhiyu.evaluation.cube.report_page import report_page
from zhiyu.evaluation.cube.reporting import report_csv, report_of
from zhiyu.evaluation.span import read_time
from zhiyu.log.disk import Disk
from zhiyu.server.counting import Counting
from zhiyu.server.desk import Desk
from zhiyu.server.kept_reports import KeptReports
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

LOOK_S = 20.0
CATCH_UP = 31
"""So many ended periods of a report are made after one another, the oldest first."""
MEDIA = {"json": "application/json", "html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}
_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}-(\d{4}-\d\d-\d\dT\d\d|\d{4}-\d\d-\d\d|\d{4}-W\d\d|\d{4}-\d\d)")
Form = Annotated[str, Query(alias="format", description="json, html or csv.", max_length=8)]


def add_metric_reports(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.get("/v1/metrics/reports", tags=["reports"], summary="Declared reports, and those of ended periods")
    async def reports(
        request: Request, name: Annotated[str, Query(description="Only those of this report.", max_length=64)] = ""
    ) -> Response:
        """`declared`: what the operator's file declares; `reports`: ids of those that were made, newest first."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("name")
        declared = _declared(site)
        told = [
            {"name": t.name, "en": t.en or t.name, "zh": t.zh or t.name, "every": t.every} for t in declared.reports
        ]
        kept = sorted((_name_of(each), each[len(_name_of(each)) + 1 :], each) for each in kept_of(desk))
        lines = [{"id": own, "name": whose} for whose, _, own in reversed(kept) if name in ("", whose)]
        return Response(encoded({"declared": told, "reports": lines}), media_type=MEDIA["json"])

    @app.get("/v1/metrics/reports/{id}", tags=["reports"], summary="One declared report of an ended period")
    async def report(
        request: Request,
        id: Annotated[str, Path(description="As listed, for example daily-2026-03-01.", max_length=64)],
        form: Form = "json",
    ) -> Response:
        """As it was made when the period had ended."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format")
        _require_form(form)
        content = kept_of(desk).read(id)
        if not content:
            raise HttpError(
                404, "no_report", "no report of this id is kept; GET /v1/metrics/reports lists those there are",
                "没有该编号的报告；GET /v1/metrics/reports 列出现有报告", "id",
            )  # fmt: skip
        return _in_form(msgspec.json.decode(content), form, exchange.language)

    @app.get("/v1/metrics/report", tags=["reports"], summary="A declared report of any period, made now")
    async def made(
        request: Request,
        name: Annotated[str, Query(description="Of the report, as declared.", max_length=64)] = "",
        as_of: Annotated[
            str, Query(description="The last period that ended by then; default: by now.", max_length=64)
        ] = "",
        form: Form = "json",
    ) -> Response:
        """Counted anew from the metrics; it is not kept."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("name", "as_of", "format")
        _require_form(form)
        template = _declared(site).template(name)
        if template is None:
            there = ", ".join(each.name for each in _declared(site).reports)
            raise HttpError(
                404,
                "no_report",
                f"no such report is declared; there are {there}",
                f"没有声明该报告；已有 {there}",
                "name",
            )
        try:
            moment = read_time(as_of, "as_of")
            found = await _make(site, desk, template, template.ended(desk.live.moment() if moment is None else moment))
        except InputError as wrong:
            raise HttpError(422, "report", wrong.en, wrong.zh) from None
        return _in_form(found, form, exchange.language)


class MetricReports:
    """Makes the reports of all tenants; `rounds` runs until it is cancelled."""

    def __init__(self, site: Site, disk: Disk | None = None) -> None:
        self._site, self._disk = site, disk

    async def rounds(self) -> None:
        """Look every now and then whether a period has ended."""
        while True:
            for tenant, desk in self._site.desks.items():
                try:
                    await self.look(desk)
                except (ZhiyuError, OSError) as failed:
                    self._site.lines.write("metric_report_failed", "warning", tenant=tenant, why=str(failed)[:200])
            await asyncio.sleep(LOOK_S)

    async def look(self, desk: Desk) -> list[str]:
        """Make what is due; returns the ids of what was made."""
        made = list[str]()
        if self._site.monitored is None or desk.broken or desk.closing or desk.live.moment() <= 0:
            return made
        for template in self._site.monitored.reports:
            kept = kept_of(desk, self._disk)
            own = {each for each in kept if _name_of(each) == template.name}
            for period in await self._due(desk, template, own):
                found = await _make(self._site, desk, template, period)
                content, alike = encoded(found), _is_of(template.name)
                await asyncio.to_thread(kept.keep, found["id"], content, template.kept, alike)
                made.append(found["id"])
        return made

    async def _due(self, desk: Desk, template: Template, own: set[str]) -> list[tuple[int, int]]:
        """Periods that ended since the last one of which there is a report, the oldest first; the first report of all is of the last
        period, if anything was decided in it or after it."""
        found = list[tuple[int, int]]()
        period = template.ended(desk.live.moment())
        while f"{template.name}-{template.label(period[0])}" not in own and len(found) < CATCH_UP:
            found.append(period)
            if not own:
                cube = await _counting(self._site).cube(desk.live.tenant, desk)
                return found if cube.last_ms() > period[0] else []
            period = template.ended(period[0])
        return found[::-1]


def kept_of(desk: Desk, disk: Disk | None = None) -> KeptReports:
    """The reports of a tenant."""
    return KeptReports(desk.live.folder / "reports" / "metrics", _ID, disk)


async def _make(site: Site, desk: Desk, template: Template, period: tuple[int, int]) -> dict[str, Any]:
    currency = desk.live.opened.currency
    cube = await _counting(site).cube(desk.live.tenant, desk)
    return await _counting(site).aside(
        lambda: report_of(cube, template, period, currency, MINOR_DIGITS.get(currency, 2))
    )


def _in_form(found: Any, form: str, language: str) -> Response:
    content = {"json": encoded, "html": lambda each: report_page(each, language), "csv": report_csv}[form](found)
    return Response(content, media_type=MEDIA[form])


def _require_form(form: str) -> None:
    if form not in MEDIA:
        raise HttpError(422, "format", "is json, html or csv", "应为 json、html 或 csv", "format")


def _declared(site: Site) -> Declared:
    if site.monitored is None:
        raise HttpError(
            404, "no_reports", "this server makes no reports of its metrics; start it with --monitoring FILE",
            "该服务未声明指标报告；请以 --monitoring 文件 启动",
        )  # fmt: skip
    return site.monitored


def _counting(site: Site) -> Counting:
    assert site.counting is not None  # --monitoring needs metrics, which is checked at the start
    return site.counting


def _is_of(name: str) -> Callable[[str], bool]:
    return lambda id: _name_of(id) == name


def _name_of(id: str) -> str:
    """The report's name in an id.

    >>> _name_of("daily-stops-2026-03-01"), _name_of("month-2026-W09"), _name_of("h-2026-03-01T09")
    ('daily-stops', 'month', 'h')
    """
    found = _ID.fullmatch(id)
    return id[: -len(found[1]) - 1] if found else ""
