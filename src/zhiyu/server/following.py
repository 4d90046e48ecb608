"""The log followed: what it says becomes alerts and cases in the records, tenant by tenant, a little at a time.

In: desks, the records. Out: cases. Only what is on the disk is read. Frames are taken from the log between two batches, a few at a time,
and read in a thread, so that decisions do not wait for it. When the database is away nothing is read; when it is back it goes on where
it stood: the position moves in the transaction of the alerts, so nothing is doubled or lost.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from zhiyu.cases.intake import Overtaken
from zhiyu.cases.model import Alert, Who
from zhiyu.cases.reading import Reader
from zhiyu.cases.work import Cases
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.live import Live
from zhiyu.evaluation.network_files import code_text, summary_of
from zhiyu.evaluation.network_live import NEAR, LiveNetwork
from zhiyu.network.gang_view import dated, see_gang
from zhiyu.records.store import RecordsAway
from zhiyu.server.absence import Absence
from zhiyu.server.desk import Desk
from zhiyu.server.gangs import codes_of
from zhiyu.server.log_pieces import piece_of
from zhiyu.server.network import names_of
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

ROUND_S = 0.5
"""How often the server looks for what is new."""
MAX_GANG_SUBJECTS = 199
LOG, GANGS = "log", "gangs"


class Following:
    """Follows the logs of all tenants."""

    def __init__(self, site: Site, staff: Staff) -> None:
        self._site, self._staff = site, staff
        self._readers: dict[str, tuple[Live, Reader]] = {}
        self._positions: dict[tuple[str, str], int] = {}
        self._turn = asyncio.Lock()

    async def rounds(self) -> None:
        """Again and again, until cancelled."""
        absence = Absence(self._site.lines, "cases")
        while True:
            try:
                more = await self.round()
                absence.back()
            except RecordsAway:
                absence.gone()
                more = False
            except Exception as error:  # the next round begins where the records say
                self._site.lines.failed(error, request_id="", route="following")
                self._positions.clear()
                more = False
            await asyncio.sleep(0 if more else ROUND_S)

    async def round(self) -> bool:
        """A piece of every log; True when there is more to read. RecordsAway."""
        async with self._turn:
            return await self._round()

    async def _round(self) -> bool:
        more = False
        for tenant, office in self._staff.offices.items():
            desk = self._site.desks.get(tenant)
            if desk is None or desk.broken or desk.closing:
                continue
            try:
                more |= await self._log(desk, office.cases)
                await self._gangs(desk, office.cases)
                await self._staff.aside(partial(_tick, office.cases, self._staff.wall()))
            except Overtaken:
                self._positions.clear()
        return more

    async def caught_up(self) -> None:
        """Read everything that is on the disk now."""
        while await self.round():
            pass

    async def _log(self, desk: Desk, cases: Cases) -> bool:
        live = desk.live
        before = await self._position(cases, LOG)
        at = max(before, live.log.first)
        frames = piece_of(live, at)
        after = frames[-1].header.next if frames else at
        if after == before:
            return False
        reader = self._reader(live, cases)

        def take() -> None:
            found = [alert for frame in frames for alert in reader.alerts(frame)]
            cases.intake.take(found, LOG, before, after, self._staff.wall(), live.clock == "wall")

        await self._staff.aside(take)
        self._positions[cases.tenant, LOG] = after
        return bool(frames)

    async def _gangs(self, desk: Desk, cases: Cases) -> None:
        """Gangs that have reached the declared number of people; the record of the network has a number for each line, for good."""
        live = desk.live
        network = live.engine.network
        gangs = network.gangs if network is not None else None
        if gangs is None:
            return
        before = await self._position(cases, GANGS)
        if before == gangs.lines:
            return
        after, since = gangs.lines, before if 0 <= before < gangs.lines else 0
        lines = [dated(line, network) for line in gangs.told(since) if line.what == "ALERT"]  # type: ignore[arg-type]
        found = [await self._gang_alert(desk, line.gang, line.event, line.people, line.clock_ms) for line in lines]
        await self._staff.aside(
            lambda: cases.intake.take(found, GANGS, before, after, self._staff.wall(), live.clock == "wall")
        )
        self._positions[cases.tenant, GANGS] = after

    async def _gang_alert(self, desk: Desk, gang: int, event: int, people: int, at_ms: int) -> Alert:
        """The alert, with the gang's people as far as it is still there. `event`: in front of which decided event it was told."""
        asked = LiveNetwork(desk.live)
        seen = see_gang(asked.state, gang, NEAR)
        detail: dict[str, Any] = {"gang": gang, "people": people}
        who = [Who("gang", str(gang), f"gang {gang}")]
        money = 0
        if seen is not None:
            names = await names_of(asked, codes_of(seen))
            detail |= {
                name: each for name, each in summary_of(seen).items() if name in ("since", "score", "bad", "events")
            }
            money, entity = seen.money, _person(desk.live)
            for key, code in list(seen.codes.items())[:MAX_GANG_SUBJECTS]:
                who.append(Who(entity, code_text(code), names.get(key, "").partition(":")[2] or code_text(code)))
        return Alert(
            id=f"g:{event}:{gang}", kind="gang", at_ms=at_ms, shown=f"gang {gang}", money=money, currency=desk.live.opened.currency,
            subjects=(f"gang:{gang}", *(each.subject for each in who[1:])), who=tuple(who), detail=detail,
        )  # fmt: skip

    def _reader(self, live: Live, cases: Cases) -> Reader:
        kept = self._readers.get(cases.tenant)
        if kept is not None and kept[0] is live:
            return kept[1]

        def deadline_of(code: tuple[int, int], position: int) -> int:
            resuming = live.engine.resuming
            if resuming is None:
                return -1
            held, ended = resuming.holds.open(code), resuming.holds.ended(code)
            if held is not None and held.position == position:
                return held.deadline_ms
            return 0 if ended is not None and ended.position == position else -1

        made = Reader(live.tenant, lambda policy: live.releases.open(policy, live.opened), cases.declared, deadline_of)
        self._readers[cases.tenant] = live, made
        return made

    async def _position(self, cases: Cases, source: str) -> int:
        key = cases.tenant, source
        if key not in self._positions:
            self._positions[key] = await self._staff.aside(lambda: cases.intake.position(source))
        return self._positions[key]


def _tick(cases: Cases, now_ms: int) -> None:
    """What time alone does to cases."""
    cases.lapse(now_ms)
    cases.late(now_ms)


def _person(live: Live) -> str:
    """The entity that people of the network are."""
    network = live.opened.policy.network
    assert network is not None
    return entities_of(live.opened).get(network.person, (network.person,))[0]
