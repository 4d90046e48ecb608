"""The vault over HTTP: its state, other keys, and personal values in clear, for a purpose.

In: JSON. Out: JSON. A value is shown after it is in the audit who sees it and why. A few at once are for whoever may reveal; many need
somebody else's approval first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import FastAPI, Request, Response

from zhiyu.access.proposals import Proposal
from zhiyu.access.reveals import APPROVED_MS, AT_ONCE, BY_THE_HOUR, EXPORT_KIND, KIND, PURPOSES, require_purpose
from zhiyu.base.errors import InputError
from zhiyu.engine.held import Value, values_at, with_texts
from zhiyu.engine.live import Live
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

if TYPE_CHECKING:
    from zhiyu.engine.vaulting import Vaulting

MAX_EVENTS = 1_000
MAX_BODY_BYTES = 256 << 10
_PIECE = 20
_JSON = "application/json"


class Reveal(msgspec.Struct, forbid_unknown_fields=True):
    """The values of which fields (none: all) of which events, what for (one of the purposes) and in words; or an approved proposal."""

    events: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    purpose: str = ""
    note: str = ""
    proposal: int = 0


def add_vault(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes under /v1/vault."""
    _add_keys(app, site, staff)

    @app.get("/v1/vault:purposes", include_in_schema=False)
    async def purposes(request: Request) -> Response:
        exchange, _ = admitted(request, site, "reveal")
        exchange.known_query()
        told = [{"name": name, "en": en, "zh": zh} for name, (en, zh) in PURPOSES.items()]
        return _json({"purposes": told, "at_once": AT_ONCE, "by_the_hour": BY_THE_HOUR})

    @app.post("/v1/vault:reveal", include_in_schema=False)
    async def reveal(request: Request) -> Response:
        exchange, desk = admitted(request, site, "reveal")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Reveal)
        vault_of(desk)
        office, by = staff.offices[desk.live.tenant], exchange.who
        if wanted.proposal:
            proposal = await staff.aside(lambda: office.proposals.one(wanted.proposal))
            wanted = _approved(proposal, by, staff.wall())
        found = await _found(staff, desk, wanted)
        count = sum(value.text is not None for _, value in found)
        about = wanted.events[0] if len(wanted.events) == 1 else f"{len(wanted.events)} events"
        detail = {"events": wanted.events[:100], "fields": sorted({value.field for _, value in found})}
        left = await staff.aside(
            lambda: office.reveals.allow(
                by, count, wanted.purpose, wanted.note, about, detail, staff.wall(), wanted.proposal
            )
        )
        return _json(
            {"values": [{"event": event, **told_value(value)} for event, value in found], "left_this_hour": left}
        )

    @app.post("/v1/vault:propose", include_in_schema=False)
    async def propose(request: Request) -> Response:
        exchange, desk = admitted(request, site, "reveal")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Reveal)
        vault_of(desk)
        _require(wanted)
        count = len(await _found(staff, desk, wanted))
        office, by, now = staff.offices[desk.live.tenant], exchange.who, staff.wall()
        payload = msgspec.to_builtins(wanted) | {"count": count}
        title = f"{count} personal values of {len(wanted.events)} events: {PURPOSES[wanted.purpose][0]}"
        proposal = await staff.aside(lambda: office.proposals.ask(KIND, wanted.purpose, title, payload, by, now))
        return _json({"proposal": proposal.number, "state": proposal.state, "count": count})


def _add_keys(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/vault", include_in_schema=False)
    async def state(request: Request) -> Response:
        exchange, desk = admitted(request, site, "vault")
        exchange.known_query()
        vaulting = vault_of(desk)
        facts = await staff.aside(vaulting.facts)
        return _json(facts | {"promise": desk.live.retention.promise.to_dict()["personal"]})

    @app.post("/v1/vault:rotate", include_in_schema=False)
    async def rotate(request: Request) -> Response:
        exchange, desk = admitted(request, site, "vault")
        exchange.known_query()
        vaulting, office, by = vault_of(desk), staff.offices[desk.live.tenant], exchange.who

        def rotated() -> int:
            with staff.records.writing() as connection:
                office.audit.add(connection, staff.wall(), by, "vault.rotate", "vault")
            return vaulting.rotate()

        return _json({"data_key": await staff.aside(rotated)})


def vault_of(desk: Desk) -> Vaulting:
    """The vault behind a desk. HttpError 409 when none is kept."""
    if desk.live.vaulting is None:
        raise HttpError(
            409, "no_vault", "this server keeps no personal values; zhiyu serve --vault-key FILE keeps a vault",
            "此服务未保存个人信息明文；可用 zhiyu serve --vault-key 文件 启用保险库",
        )  # fmt: skip
    return desk.live.vaulting


def told_value(value: Value) -> dict[str, Any]:
    """One value as JSON: in clear, or why not."""
    if value.text is None:
        return {"field": value.field, "shown": value.shown, "status": "not_kept"}
    return {"field": value.field, "shown": value.shown, "status": "revealed", "value": value.text}


async def _found(staff: Staff, desk: Desk, wanted: Reveal) -> list[tuple[str, Value]]:
    """The values that are asked for, event by event, with their texts. HttpError 404, 422."""
    _require(wanted)
    live, asked = desk.live, list[tuple[str, Value]]()
    for number, event in enumerate(wanted.events):
        if number % _PIECE == _PIECE - 1:
            await asyncio.sleep(0)
        asked += [(event, value) for value in _values(live, event, wanted.fields)]
    await desk.durable()
    texts = await staff.aside(lambda: with_texts(live, [value for _, value in asked]))
    return [(event, value) for (event, _), value in zip(asked, texts)]


def _values(live: Live, event: str, fields: Sequence[str]) -> list[Value]:
    position = live.position_of(event)
    if position is None:
        raise HttpError(404, "no_decision", f"no event '{event[:60]}' is kept", f"没有保存事件“{event[:60]}”", "events")
    return [value for value in values_at(live, position) if not fields or value.field in fields]


def _require(wanted: Reveal) -> None:
    if not 1 <= len(wanted.events) <= MAX_EVENTS:
        raise HttpError(
            422, "events", f"name 1 to {MAX_EVENTS:,} events", f"请指定 1 至 {MAX_EVENTS:,} 个事件", "events"
        )
    try:
        require_purpose(wanted.purpose, wanted.note)
    except InputError as wrong:
        field = "note" if wanted.purpose in PURPOSES else "purpose"
        raise HttpError(422, field, wrong.en, wrong.zh, field) from None


def _approved(proposal: Proposal, by: str, now_ms: int) -> Reveal:
    """What was approved."""
    require_approved(proposal, KIND, by, now_ms)
    content = {name: proposal.payload[name] for name in ("events", "fields", "purpose", "note")}
    return msgspec.convert(content | {"proposal": proposal.number}, Reveal)


def require_approved(proposal: Proposal, kind: str, by: str, now_ms: int) -> None:
    """HttpError 409 when it was not approved, or is about something else, of somebody else, or was approved too long ago."""
    if proposal.kind != kind or proposal.by != by:
        en, zh = {KIND: ("a reveal", "查看申请"), EXPORT_KIND: ("an export", "导出申请")}[kind]
        raise HttpError(409, "proposal", f"this proposal is not about {en} of yours", f"该提案不是您的{zh}", "proposal")
    if proposal.state != "done" or now_ms - proposal.decided_ms > APPROVED_MS:
        en = (
            "it was approved more than a day ago; propose it again"
            if proposal.state == "done"
            else f"it is {proposal.state}, not approved"
        )
        zh = "审批已超过一天；请重新申请" if proposal.state == "done" else f"该申请状态为 {proposal.state}，尚未批准"
        raise HttpError(409, "proposal_state", en, zh, "proposal")


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON, headers={"cache-control": "no-store"})
