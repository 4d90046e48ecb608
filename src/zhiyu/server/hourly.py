"""Hourly reports of the live variables, made by the running server: when an hour is over, a process beside it reads the log.

In: the desks, time. Out: per tenant a folder `reports/features` beside its log with the newest report; what is odd in it as events, where
the policy declares `feature_anomaly`. One report at a time; one that fails is told in a log line and made again after the next hour. What
was told once is not told again: `state.json` keeps the newest hour that was told of, and the hour in which the report was made.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from fastapi import FastAPI, Query, Request, Response

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.live import REFUSED
from zhiyu.evaluation.hourly.hours import EVENT_TYPE, HOUR_MS
from zhiyu.evaluation.hourly.made import ANOMALIES, PAGE, REPORT
from zhiyu.server.problems import HttpError
from zhiyu.server.rest import admitted

if TYPE_CHECKING:
    from zhiyu.server.desk import Desk
    from zhiyu.server.site import Site

FOLDER, STATE = Path("reports") / "features", "state.json"
LOOK_S = 5.0
MOST_TOLD = 1_000
"""Anomalies told as events after one report, the newest."""
_AT_ONCE = 200
_MEDIA = {"json": (REPORT, "application/json"), "html": (PAGE, "text/html; charset=utf-8")}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class HourlyReports:
    """Makes the reports of all tenants; `rounds` runs until it is cancelled. `hours`: how many stand in a report in full."""

    def __init__(self, site: Site, hours: int) -> None:
        self._site, self._hours = site, hours
        self._seen: dict[str, int] = {}

    async def rounds(self) -> None:
        """Look every few seconds whether an hour is over."""
        while True:
            for tenant, desk in self._site.desks.items():
                try:
                    await self.look(tenant, desk)
                except (ZhiyuError, OSError) as failed:
                    self._failed(tenant, str(failed))
            await asyncio.sleep(LOOK_S)

    async def look(self, tenant: str, desk: Desk) -> bool:
        """Make the report when an hour has ended since the last one; returns whether one was made."""
        if desk.broken or desk.closing or desk.live.durable == 0:
            return False
        hour, folder = desk.live.moment() // HOUR_MS, folder_of(desk)
        if hour <= max(self._seen.get(tenant, -1), _made_in(folder)):
            return False
        self._seen[tenant] = hour  # one that fails is made again after the next hour
        await desk.durable()
        if not await self._make(tenant, desk.live.folder.parent, folder):
            return False
        until, told = await self._tell(desk, folder)
        (folder / STATE).write_text(json.dumps({"in_hour": hour, "told_until": until}), "utf-8")
        self._site.lines.write("feature_report", tenant=tenant, anomalies_told=told)
        return True

    def _failed(self, tenant: str, why: str) -> None:
        self._site.lines.write("feature_report_failed", "warning", tenant=tenant, why=why[:200])

    async def _make(self, tenant: str, root: Path, folder: Path) -> bool:
        """The process beside us; it ends with us."""
        command = (
            sys.executable,
            "-m",
            "zhiyu.evaluation.hourly.made",
            str(root),
            tenant,
            str(folder),
            str(self._hours),
        )
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines()
            self._failed(tenant, lines[-1] if lines else f"it ended with {process.returncode}")
        return process.returncode == 0

    async def _tell(self, desk: Desk, folder: Path) -> tuple[str, int]:
        """What is newly odd, as events: the newest hour told of, and how many. Nothing where the policy does not know them."""
        last, refused = str(_state(folder).get("told_until", "")), 0
        if EVENT_TYPE not in desk.live.opened.compiled.schema.type_index:
            return last, 0
        lines = (folder / ANOMALIES).read_bytes().splitlines()
        hours = [str(msgspec.json.decode(line)["hour"]) for line in lines]
        new = [line for line, hour in zip(lines, hours) if hour > last][-MOST_TOLD:]
        for first in range(0, len(new), _AT_ONCE):
            try:
                await desk.room()
                answers = await desk.submit(new[first : first + _AT_ONCE], patient=True)
            except ZhiyuError:
                return last, 0  # told again after the next report; ids make that safe
            refused += sum(answer.kind == REFUSED for answer in answers)
        if refused:
            self._site.lines.write("feature_anomalies_refused", "warning", count=refused)
        return max([last, *hours]), len(new) - refused


def folder_of(desk: Desk) -> Path:
    """Where a tenant's report is."""
    return desk.live.folder / FOLDER


def _made_in(folder: Path) -> int:
    """The hour (since 1970) in which the report that is there was made; -1 without one."""
    found = _state(folder).get("in_hour")
    return found if isinstance(found, int) else -1


def _state(folder: Path) -> dict[str, object]:
    """What is known of the report that is there; empty without one."""
    try:
        found = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def add_hourly(app: FastAPI, site: Site) -> None:
    """The route."""

    @app.get("/v1/features/report", tags=["reports"], summary="The live variables, hour by hour")
    async def features(
        request: Request, form: Annotated[str, Query(alias="format", description="json or html.")] = "json"
    ) -> Response:
        """The newest report that the server made: distributions, missing rates, top risers and anomalies. 404 before the first one."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format")
        if form not in _MEDIA:
            raise HttpError(422, "format", "is json or html", "应为 json 或 html", "format")
        name, media = _MEDIA[form]
        try:
            content = await asyncio.get_running_loop().run_in_executor(None, (folder_of(desk) / name).read_bytes)
        except OSError:
            off = not site.hourly
            raise HttpError(
                404, "no_report",
                "the server makes no hourly reports; start it with --hourly" if off else "no hour is over yet; the first report comes then",
                "服务未开启小时报告；请以 --hourly 启动" if off else "尚无完整的小时；届时生成首份报告",
            ) from None  # fmt: skip
        headers = {"content-security-policy": _PAGE_POLICY} if form == "html" else {}
        return Response(content, media_type=media, headers=headers)
