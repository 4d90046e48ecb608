"""What leaves a server: read from its log into the outbox, carried out from there.

In: the logs and the records. Out: webhooks called, labels and events taken into the log. The log is read behind what is on disk; where it
was read up to moves on in the transaction that writes what was found, so that nothing is lost or doubled when the records were away or the
process ended. What was sent and could not be written down as sent is written down as soon as the records answer again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.answers import CONFLICT, REFUSED
from zhiyu.engine.live import Label, Live
from zhiyu.engine.told_outside import ToldOutside
from zhiyu.outside.webhooks import message, post, target_of
from zhiyu.records.deliveries import Deliveries, Delivery
from zhiyu.records.outbox import LOG, Effect, put, wanted, wants
from zhiyu.records.store import RecordsAway
from zhiyu.server.absence import Absence
from zhiyu.server.desk import Desk
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff
from zhiyu.server.webhook_book import WebhookBook

ROUND_S = 0.5
FRAMES = 200
"""Frames of the log that are read before somebody else's turn."""
AT_ONCE = 20
"""Deliveries that are under way at a time."""
SOURCE = "log"
Result = tuple[Delivery, str, bool]


class Outgoing:
    """Of one tenant."""

    def __init__(self, site: Site, staff: Staff, tenant: str) -> None:
        self._site, self._staff, self.tenant = site, staff, tenant
        self.book = WebhookBook(staff.records, staff.offices[tenant].audit, site.settings.private_webhooks)
        self.deliveries = Deliveries(staff.records, tenant)
        self._reading: tuple[Live, ToldOutside] | None = None
        self._recovered = self._skipped = False
        self._unsaid: list[Result] = []

    async def rounds(self) -> None:
        """Read and send, again and again, until cancelled."""
        absence = Absence(self._site.lines, "outbox")
        while True:
            more = False
            try:
                more = await self.round()
                absence.back()
            except RecordsAway:
                absence.gone()
                self._recovered = False  # what was claimed just then may be under way in the records alone
            except Exception as error:  # the next round tries again
                self._site.lines.failed(error, request_id="", route="outgoing")
            await asyncio.sleep(0.0 if more else ROUND_S)

    async def round(self) -> bool:
        """Read a little of the log, send what is due; whether there is more to do. RecordsAway."""
        if not self._recovered:
            known = [each.number for each, _, _ in self._unsaid]
            await self._staff.aside(lambda: self.deliveries.recover(known))
            self._recovered = True
        await self._say()
        more = await self._read()
        now = self._staff.wall()
        due = await self._staff.aside(lambda: self.deliveries.claim(now, AT_ONCE))
        if due:
            self._unsaid += await asyncio.gather(*map(self._send, due))
            await self._say()
        return more or bool(due)

    async def _say(self) -> None:
        """Write down what became of what was sent."""
        if self._unsaid:
            said, now = list(self._unsaid), self._staff.wall()
            await self._staff.aside(lambda: self.deliveries.finish(said, now, random.uniform(0.5, 1.0)))
            self._unsaid = self._unsaid[len(said) :]

    async def _read(self) -> bool:
        desk = self._site.desks[self.tenant]
        if desk.broken or desk.closing:
            return False
        live = desk.live
        reading = await self._at(live)
        before, upto = reading.position, live.durable
        hooks = await self._staff.aside(self._wanted)
        kinds = [kind for _, each in hooks for kind in each]
        if not any(_of_log(kind) for kind in kinds):
            reading.skip(upto)
            self._skipped = True
            return False
        try:
            if self._skipped:  # whoever wants something from now on is told nothing of before, after a restart neither
                await self._staff.aside(lambda: self._put((), before))
                self._skipped = False
            found = reading.read(lambda kind: wants(kinds, kind), upto, FRAMES)
            position = reading.position
            if position != before:
                await self._staff.aside(lambda: self._put(found, position))
        except BaseException:
            self._reading = None  # what was read and not written is read again
            raise
        return position < upto and position != before

    async def mark(self) -> None:
        """Somebody is about to ask for something: from here on, also when the process ends at once. RecordsAway."""
        live = self._site.desks[self.tenant].live
        reading = await self._at(live)
        if self._skipped or await self._staff.aside(lambda: self.deliveries.position(SOURCE)) is None:
            reading.skip(live.durable)
            await self._staff.aside(lambda: self._put((), reading.position))
            self._skipped = False

    async def _at(self, live: Live) -> ToldOutside:
        if self._reading is None or self._reading[0] is not live:
            position = await self._staff.aside(lambda: self.deliveries.position(SOURCE))
            begins = live.durable if position is None else position
            told = ToldOutside(live.log, lambda policy: live.releases.open(policy, live.opened), self.tenant, begins)
            self._reading = live, told
        return self._reading[1]

    def _wanted(self) -> list[tuple[str, tuple[str, ...]]]:
        with self._staff.records.reading() as connection:
            return wanted(connection, self.tenant)

    def _put(self, found: Sequence[Effect], position: int) -> None:
        with self._staff.records.writing() as connection:
            put(connection, self.tenant, found, self._staff.wall())
            self.deliveries.move(connection, SOURCE, position)

    async def _send(self, each: Delivery) -> Result:
        """Carry one out."""
        try:
            said, again = await (self._into_log(each) if each.target == LOG else self._call(each))
        except RecordsAway as away:
            said, again = away.en, True
        except Exception as error:
            self._site.lines.failed(error, request_id="", route="outgoing")
            said, again = type(error).__name__, True
        return each, said, again

    async def _call(self, each: Delivery) -> tuple[str, bool]:
        hook = await self._staff.aside(lambda: self.book.one(each.target.removeprefix("hook:")))
        if hook is None or not hook.active:
            return "the webhook is not there any more, or is stopped", False
        try:
            target = target_of(hook.url, hook.private and self._site.settings.private_webhooks)
        except InputError as wrong:
            return wrong.en, False
        made = datetime.fromtimestamp(each.made_ms / 1000, UTC).isoformat(timespec="milliseconds")
        body = message(each.kind, made, each.body)
        return await post(target, self.book.secret(hook), each.key, self._staff.wall() // 1000, body)

    async def _into_log(self, each: Delivery) -> tuple[str, bool]:
        desk = self._site.desks[self.tenant]
        try:
            return (await self._label(desk, each) if each.kind == "label" else await self._event(desk, each)), False
        except (msgspec.ValidationError, InputError) as wrong:
            return str(wrong), False
        except ZhiyuError as wrong:
            return wrong.en, True

    async def _label(self, desk: Desk, each: Delivery) -> str:
        label = msgspec.convert({"id": each.key} | each.body, Label)
        answer = (await desk.durably(lambda live: live.label([label])))[0]
        return answer.refusal.en if answer.kind in (REFUSED, CONFLICT) and answer.refusal else ""

    async def _event(self, desk: Desk, each: Delivery) -> str:
        body: dict[str, Any] = {"id": each.key} | each.body
        await desk.room()
        answer = (await desk.submit([msgspec.json.encode(body)], patient=True))[0]
        return answer.refusal.en if answer.kind in (REFUSED, CONFLICT) and answer.refusal else ""


def _of_log(kind: str) -> bool:
    """Whether a kind that is wanted may come from the log."""
    return kind == "*" or kind.startswith(("decision.", "action."))
