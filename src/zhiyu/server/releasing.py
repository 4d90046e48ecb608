"""How a policy comes into force: at once for a machine that may publish, through a proposal for people.

In: an opened policy and who brings it. Out: what became of it. A proposal is about the policy that was in force when it was made: when
another is in force by the time it is approved, it fails and says so, instead of undoing what it never looked at. What is being done when
the process ends is taken up again at the next start: the log tells whether it was done.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

import msgspec

from zhiyu.access.proposals import STAGES, NotOpen, Proposal
from zhiyu.access.reveals import FETCHED
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.policy.diff import diff_policies
from zhiyu.records.store import RecordsAway
from zhiyu.server import list_proposals
from zhiyu.server.absence import Absence
from zhiyu.server.backtests import Backtests
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError
from zhiyu.server.site import Site
from zhiyu.server.staff import Office, Staff
from zhiyu.server.staging import LIVE, Step, aside, both_of, on_its_way, stands, taken

MAX_CHANGES = 1_000
"""Changes that a proposal tells one by one."""
ROUND_S = 5.0
"""How often the server looks for what is due."""
_CHANGED = (
    "another policy was released after this was proposed; look at the difference, and propose it again",
    "提案之后已有其他策略发布；请查看差异后重新提案",
)


_REPLACED = (
    "another version was released, or it was stopped by a call about the policy itself",
    "已有其他版本发布，或已通过策略接口停止",
)


async def draft(
    staff: Staff, desk: Desk, opened: Opened, title: str, by: str, step: Step = LIVE
) -> dict[str, Any]:  # fmt: skip
    """A draft about releasing `opened`, first as far as `step`. HttpError 409 when it is in force already."""
    live = desk.live
    base, fresh = await aside(lambda: live.releases.open(live.whole, live.opened)), opened.artifact.hash
    if fresh == base.artifact.hash:
        raise HttpError(409, "in_force", "this policy decides already", "该策略已在生效")
    found = await aside(lambda: diff_policies(base.policy, opened.policy).changes)
    why = live.why_not_at_once(opened)
    changes = [
        {"kind": each.kind, "section": each.section, "en": each.en, "zh": each.zh} for each in found[:MAX_CHANGES]
    ]
    payload = {
        "policy": fresh,
        "name": opened.policy.name,
        "changes": changes,
        "count": len(found),
        "at_once": not why,
        "why": why,
        "step": msgspec.to_builtins(step),
    }
    await desk.durably(lambda live: live.releases.store(opened.artifact))
    office = staff.offices[live.tenant]
    said = title or f"{opened.policy.name} {fresh[:12]}"
    try:
        made = await staff.aside(
            lambda: office.proposals.make(
                "policy", opened.policy.name, said, payload, base.artifact.hash, by, staff.wall()
            )
        )
    except InputError as wrong:
        raise HttpError(422, "title", wrong.en, wrong.zh, "title") from None
    return {"status": "draft", "proposal": made.number}


class Releasing:
    """Does what was approved, when it is due, tenant by tenant, one thing at a time."""

    def __init__(self, site: Site, staff: Staff) -> None:
        self._site, self._staff = site, staff
        self.backtests = Backtests(staff, lambda error: site.lines.failed(error, request_id="", route="backtest"))
        self._turn = asyncio.Lock()

    async def rounds(self) -> None:
        """Look for what is due, again and again, until cancelled."""
        absence = Absence(self._site.lines, "releases")
        while True:
            try:
                await self.round()
                absence.back()
            except RecordsAway:
                absence.gone()
            except Exception as error:  # the next round tries again; the log tells where it was
                self._site.lines.failed(error, request_id="", route="releasing")
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Do everything that is due now. RecordsAway."""
        for tenant, office in self._staff.offices.items():
            for proposal in await self._staff.aside(lambda office=office: office.proposals.due(self._staff.wall())):  # type: ignore[misc]
                await self.do(tenant, proposal.number)
            async with self._turn:
                await self._look_after(office, self._site.desks[tenant])

    async def do(self, tenant: str, number: int) -> Proposal:
        """Do one thing that is approved, if it is due; the proposal as it is then. RecordsAway."""
        office = self._staff.offices[tenant]
        async with self._turn:
            proposal = await self._staff.aside(lambda: office.proposals.one(number))
            try:
                if proposal.state == "approved":
                    proposal = await self._staff.aside(lambda: office.proposals.begin(number, self._staff.wall()))
            except NotOpen:
                return await self._staff.aside(lambda: office.proposals.one(number))
            if proposal.kind in FETCHED and proposal.state == "doing":
                now = self._staff.wall()
                return await self._staff.aside(
                    lambda: office.proposals.finish(number, now, True, {"status": "approved"})
                )
            return (
                await self._carry_out(office, self._site.desks[tenant], proposal)
                if proposal.state == "doing"
                else proposal
            )

    async def _carry_out(self, office: Office, desk: Desk, proposal: Proposal) -> Proposal:
        """Take the step, and write down what came of it; it stays open while the log does not take anything."""
        if desk.broken or desk.closing:
            return proposal
        if proposal.kind == list_proposals.KIND:
            return await self._change_list(office, desk, proposal)
        step = step_in(proposal)
        done, outcome = True, already(desk.live, proposal)
        if outcome is None:
            try:
                opened = await aside(lambda: desk.live.releases.open(proposal.payload["policy"], desk.live.opened))
                both = await aside(lambda: both_of(desk.live, opened, step))
                outcome = await desk.durably(lambda live: _step(live, opened, both, proposal))
            except ZhiyuError as wrong:
                if desk.broken or desk.closing:
                    return proposal
                done, outcome = False, {"code": wrong.code, "en": wrong.en, "zh": wrong.zh}
        told, ends = outcome, _ends(proposal, step, done)
        return await self._staff.aside(
            lambda: office.proposals.finish(proposal.number, self._staff.wall(), done, told, ends)
        )

    async def _change_list(self, office: Office, desk: Desk, proposal: Proposal) -> Proposal:
        """Many entries come onto a list, or leave it."""
        done = True
        try:
            outcome = await desk.durably(lambda live: list_proposals.carried_out(live, proposal))
        except ZhiyuError as wrong:
            if desk.broken or desk.closing:
                return proposal
            done, outcome = False, {"code": wrong.code, "en": wrong.en, "zh": wrong.zh}
        told = outcome
        return await self._staff.aside(lambda: office.proposals.finish(proposal.number, self._staff.wall(), done, told))

    async def _look_after(self, office: Office, desk: Desk) -> None:
        """What is said to be on its way and is not any more, is said to be stopped."""
        for proposal in await self._staff.aside(lambda: office.proposals.all(STAGES)):
            live = desk.live
            if desk.broken or desk.closing or on_its_way(live, proposal.payload["policy"]):
                continue
            alone = live.opened.artifact.hash == proposal.payload["policy"]
            outcome = {"status": "in_force"} if alone else {"status": "stopped", "en": _REPLACED[0], "zh": _REPLACED[1]}
            with contextlib.suppress(NotOpen):
                await self._staff.aside(partial(office.proposals.stopped, proposal.number, self._staff.wall(), outcome))


def step_in(proposal: Proposal) -> Step:
    """The step that a proposal is about."""
    return msgspec.convert(proposal.payload.get("step", {}), Step)


def _ends(proposal: Proposal, step: Step, done: bool) -> str:
    """The state that a step leaves a proposal in; "" for an end."""
    if step.to == "stop":
        return "stopped" if done else proposal.payload["stood"]
    if not done:
        return str(proposal.payload.get("stood", ""))
    return step.to if step.to in STAGES else ""


def already(live: Live, proposal: Proposal) -> dict[str, Any] | None:
    """What came of a step that was taken before this process began; None when it was not."""
    step, policy = step_in(proposal), proposal.payload["policy"]
    if not stands(live, policy, step):
        return None
    current = live.releases.current
    if step.to == "live" and current is not None and current.hash == policy:
        return {"status": "in_force", "release": {"number": current.number, "policy": policy, "position": current.at}}
    if step.to == "live":
        return {"status": "warming", "why": live.warming_why}
    return {"status": {"percentage": "in_force", "stop": "stopped"}.get(step.to, step.to)}


def _step(live: Live, opened: Opened, both: Opened | None, proposal: Proposal) -> dict[str, Any]:
    step = step_in(proposal)
    if step.to == "stop":
        live.stop(proposal.payload["stopped_by"])
        return {"status": "stopped", "policy": live.whole}
    waits = live.warming is not None and not on_its_way(live, opened.artifact.hash)
    if live.whole != proposal.base or waits:
        raise HttpError(409, "policy_changed", *_CHANGED)
    return taken(live, opened, both, step, f"{proposal.by}, {proposal.decided_by}")
