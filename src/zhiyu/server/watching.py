"""Models watched by the server itself: every hour the drift of those that speak, alerts put into the log as events.

In: the log of a tenant whose policy declares the event type `model_drift`. Out: a study per model and look, its alerts as events, each
once. A stretch of time is judged when it is over: an hour at the next look, a day at the first look of the next day; the calibration
of a day as its labels mature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from zhiyu.engine.live import REFUSED
from zhiyu.evaluation.drift.judge import stamp
from zhiyu.evaluation.studies.study import SCHEDULE, result_of, write
from zhiyu.server.desk import Desk
from zhiyu.server.site import Site
from zhiyu.server.studies import asked_of
from zhiyu.server.studying import Study

EVENT = "model_drift"
HOUR_MS, BACK_MS = 3_600_000, 31 * 86_400_000
ALERTED = "alerted.json"
MAX_ALERTED = 10_000
"""Alerts remembered, so that one whose figures still move is not told again."""


class Watching:
    """The looks of one server, one model after the other."""

    def __init__(self, site: Site, every_s: float) -> None:
        self._site, self._every_s = site, every_s

    async def rounds(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            for desk in self._site.desks.values():
                try:
                    await self.round(desk)
                except Exception as error:  # the next round tries again
                    self._site.lines.failed(error, request_id="", route="watching")

    async def round(self, desk: Desk) -> int:
        """Watch every model that speaks in a cell; how many alerts were put into the log."""
        if EVENT not in desk.live.opened.compiled.schema.type_index or desk.broken or desk.closing:
            return 0
        until = desk.live.moment() // HOUR_MS * HOUR_MS
        told = 0
        for name in speaking(desk):
            asked = asked_of(
                desk, SCHEDULE, kind="drift", models=(name,), begins=stamp(until - BACK_MS), ends=stamp(until)
            )
            study = self._site.studies[desk.live.tenant].begin(asked)
            await study.ended.wait()
            told += await self._tell(desk, study, until)
        return told

    async def _tell(self, desk: Desk, study: Study, until: int) -> int:
        facts = result_of(study.folder) if study.state == "done" else None
        if facts is None:
            return 0
        path = study.folder.parent / ALERTED
        alerted: list[str] = msgspec.json.decode(path.read_bytes()) if path.is_file() else []
        over = [alert for alert in facts["alerts"] if alert["time"] <= stamp(until)]
        fresh = {alert["id"]: alert for alert in over if alert["id"] not in alerted}
        if fresh:
            await self._put(desk, list(fresh.values()))
            write(path, msgspec.json.encode([*alerted, *fresh][-MAX_ALERTED:]).decode())
        return len(fresh)

    async def _put(self, desk: Desk, alerts: Sequence[dict[str, Any]]) -> None:
        """Into the log, like events that came from outside. ZhiyuError when the log takes none: the next round tells them."""
        most = self._site.settings.max_batch
        for first in range(0, len(alerts), most):
            await desk.room()
            bodies = [msgspec.json.encode(alert) for alert in alerts[first : first + most]]
            for answer in await desk.submit(bodies, patient=True):
                if answer.kind == REFUSED:
                    self._site.lines.write(
                        "alert_refused", "warning", tenant=desk.live.tenant, why=answer.body.decode()[:200]
                    )


def speaking(desk: Desk) -> list[str]:
    """Champions and challengers of the matrix, and models without a cell, that have a baseline to be held against."""
    opened = desk.live.opened
    cells = opened.policy.matrix
    silent = {name for cell in cells for name in cell.shadow}
    speak = {cell.champion for cell in cells} | {each.model for cell in cells for each in cell.challengers}
    return [
        each.name
        for each in opened.compiled.models
        if each.package.baseline and (each.name in speak or each.name not in silent)
    ]
