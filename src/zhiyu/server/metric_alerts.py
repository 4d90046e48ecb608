"""GET /v1/metrics/alerts, and the watch over metrics: declared rules are looked at once a minute.

In: rules, time that passes. Out: alerts as they begin and end: a log line, an effect for webhooks (`metric.raised`, `metric.ended`), and
the list by HTTP. What is open is kept in `reports/alerts.state` of the tenant's data folder, so that a restart tells nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import accumulate
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request, Response

from zhiyu.base.errors import ZhiyuError
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.cube.alerts import Alert, Alerts, checks_of
from zhiyu.evaluation.cube.asked import HOUR_MS
from zhiyu.evaluation.cube.facts import MINUTE_MS
from zhiyu.log.disk import Disk, RealDisk
from zhiyu.log.whole_file import Changed, read_whole, write_whole
from zhiyu.records.outbox import Effect, put
from zhiyu.records.store import RecordsAway
from zhiyu.server.counting import Counting
from zhiyu.server.desk import Desk
from zhiyu.server.meters import SECONDS
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site

LOOK_S = 5.0
CATCH_UP = 120
"""So many minutes that have ended are looked at one after another; of a longer time only the last of them."""


def add_metric_alerts(app: FastAPI, site: Site) -> None:
    """The route."""

    @app.get(
        "/v1/metrics/alerts",
        tags=["reports"],
        summary="Alerts over metrics: those that last, and those that have ended",
    )
    async def alerts(
        request: Request, state: Annotated[str, Query(description="open or ended; empty for both.", max_length=8)] = ""
    ) -> Response:
        """Newest first, with the figures that were seen when each began. `rules`: what is declared; `looked_ms`: up to which minute;
        `failing`: rules that could not look at it, and why."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("state")
        if state not in ("", "open", "ended"):
            raise HttpError(422, "state", "is open or ended", "应为 open 或 ended", "state")
        if site.monitored is None or not site.monitored.alerts:
            raise HttpError(
                404, "no_alerts", "this server has no alert rules; start it with --monitoring FILE",
                "该服务未声明告警规则；请以 --monitoring 文件 启动",
            )  # fmt: skip
        known = known_of(desk)
        found = [each for each in [*known.ended, *known.open] if state in ("", "ended" if each.ended else "open")]
        told = {
            "alerts": [msgspec.to_builtins(each) for each in sorted(found, key=lambda each: -each.number)],
            "rules": [msgspec.to_builtins(each) for each in site.monitored.alerts], "looked_ms": known.looked_ms,
            "failing": {name: {"en": en, "zh": zh} for name, (en, zh) in known.failing.items()},
        }  # fmt: skip
        return Response(encoded(told), media_type="application/json")


class MetricAlerts:
    """Looks for all tenants; `rounds` runs until it is cancelled."""

    def __init__(self, site: Site, disk: Disk | None = None) -> None:
        self._site, self._disk = site, disk or RealDisk()
        self._checks = checks_of(site.monitored.alerts) if site.monitored is not None else []
        self._counted: dict[str, Counter[int]] = {}

    async def rounds(self) -> None:
        """Look at every minute when it has ended."""
        while self._checks:
            for tenant, desk in self._site.desks.items():
                try:
                    await self.look(desk)
                except (ZhiyuError, OSError) as failed:
                    self._site.lines.write("metric_alerts_failed", "warning", tenant=tenant, why=str(failed)[:200])
            await asyncio.sleep(LOOK_S)

    async def look(self, desk: Desk) -> list[Alert]:
        """Look at the minutes that have ended since the last look; returns what was raised or ended."""
        told = list[Alert]()
        moment = desk.live.moment() // MINUTE_MS * MINUTE_MS
        if not self._checks or desk.broken or desk.closing or moment <= 0:
            return told
        known = known_of(desk, self._disk)
        if moment <= known.looked_ms:
            await self._tell_outside(desk, known)
            return told
        first = max(known.looked_ms + MINUTE_MS, moment - (CATCH_UP - 1) * MINUTE_MS) if known.looked_ms else moment
        counting, digits = self._counting(), MINOR_DIGITS.get(desk.live.opened.currency, 2)
        cube, server = await counting.cube(desk.live.tenant, desk), await self._server(desk)
        failed, minutes = set(known.failing), range(first, moment + 1, MINUTE_MS)
        told += await counting.aside(lambda: known.over(self._checks, cube, minutes, server, digits))
        self._write(desk, told, {name: why for name, why in known.failing.items() if name not in failed})
        known.untold = [*known.untold, *told] if self._site.staff is not None else []
        await asyncio.to_thread(self._keep, desk, known)
        await self._tell_outside(desk, known)
        return told

    def _write(self, desk: Desk, told: list[Alert], failing: dict[str, tuple[str, str]]) -> None:
        for name, (why, _) in failing.items():
            self._site.lines.write("metric_alerts_failed", "warning", tenant=desk.live.tenant, rule=name, why=why[:200])
        for alert in told:
            level = "info" if alert.ended else "error" if alert.severity == "critical" else "warning"
            word = "metric_alert_ended" if alert.ended else "metric_alert"
            self._site.lines.write(
                word, level, tenant=desk.live.tenant, number=alert.number, rule=alert.rule, of=alert.of, seen=alert.en
            )

    async def _tell_outside(self, desk: Desk, known: Alerts) -> None:
        """Hand to the outbox what is still to be told; when the records are away, with the next look."""
        staff = self._site.staff
        if not known.untold or staff is None:
            return
        effects, tenant = [_effect(each) for each in known.untold], desk.live.tenant

        def write() -> None:
            with staff.records.writing() as connection:
                put(connection, tenant, effects, staff.wall())

        try:
            await staff.aside(write)
        except RecordsAway:
            return
        known.untold = []
        await asyncio.to_thread(self._keep, desk, known)

    async def _server(self, desk: Desk) -> dict[str, float | int | None]:
        """Figures of the server now; of the time since the last look where they are of a time."""
        found: dict[str, float | int | None] = {"answer_p99_ms": self._p99_ms(desk.live.tenant)}
        staff = self._site.staff
        if staff is not None and desk.live.tenant in staff.offices:
            cases = staff.offices[desk.live.tenant].cases
            with suppress(RecordsAway):  # not known then
                now = staff.wall()
                counted = (await staff.aside(lambda: cases.counts(now))).values()
                found["cases_open"] = sum(each["open"] for each in counted)
                found["cases_overdue"] = sum(each["overdue"] for each in counted)
                since = await staff.aside(lambda: cases.waits_since(now))
                found["case_wait_hours"] = 0.0 if since is None else (now - since) / HOUR_MS
        return found

    def _p99_ms(self, tenant: str) -> float | None:
        """The bound of the bucket in which the 99th percentile of decisions since the last look lies; null when there were none."""
        now: Counter[int] = Counter()
        for route, spread in self._site.meters.whole.items():
            if route.startswith("/v1/decisions"):
                now.update(dict(enumerate(spread.counts)))
        before = self._counted.get(tenant, Counter())
        fresh = [now[at] - before[at] for at in range(len(SECONDS) + 1)]
        self._counted[tenant] = now
        if not sum(fresh):
            return None
        place = next(at for at, upto in enumerate(accumulate(fresh)) if upto >= 0.99 * sum(fresh))
        return 1000 * SECONDS[min(place, len(SECONDS) - 1)]

    def _counting(self) -> Counting:
        assert self._site.counting is not None  # alerts need metrics, which is checked at the start
        return self._site.counting

    def _keep(self, desk: Desk, known: Alerts) -> None:
        path = desk.live.folder / "reports" / "alerts.state"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._disk, path, msgspec.json.encode(known))


def known_of(desk: Desk, disk: Disk | None = None) -> Alerts:
    """What was known with the last look; nothing when there was none, or it cannot be read."""
    path = desk.live.folder / "reports" / "alerts.state"
    try:
        return msgspec.json.decode(read_whole(disk or RealDisk(), path), type=Alerts) if path.is_file() else Alerts()
    except (FileNotFoundError, Changed, msgspec.MsgspecError):
        return Alerts()


def _effect(alert: Alert) -> Effect:
    word = "ended" if alert.ended else "raised"
    body: dict[str, Any] = msgspec.to_builtins(alert)
    return Effect(f"metric.{word}", f"metric/{alert.rule}", f"{alert.rule}/{alert.of}/{alert.since}/{word}", body)
