"""Everything held about one person, told and erased: POST /v1/persons:export, :propose and :erase.

In: the person, in the body and never in the address, which proxies write down. Out: JSON, or a page to read. Values are masked unless they
are revealed for a purpose; either way it is in the audit before it is told. An export in clear is what somebody proposed and somebody else
approved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import msgspec.structs
from fastapi import FastAPI, Request, Response

from zhiyu.access.proposals import Proposal
from zhiyu.access.reveals import EXPORT_KIND, PURPOSES, require_purpose
from zhiyu.base.errors import InputError
from zhiyu.engine.forget_frames import NotedForgotten, would_forget
from zhiyu.engine.held import Value, naming_field, values_of
from zhiyu.engine.live import Live
from zhiyu.engine.timeline import Asked
from zhiyu.evaluation.network_files import code_text
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.held_page import PAGE_POLICY, held_page
from zhiyu.server.lists import said_in
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff
from zhiyu.server.timelines import code_asked
from zhiyu.server.vault import require_approved, vault_of

MAX_ENTRIES = 2_000
"""Of a timeline in one export, the newest."""
MAX_BODY_BYTES = 16 << 10
_PIECE = 20
_JSON = "application/json"


class Export(msgspec.Struct, forbid_unknown_fields=True):
    """Who (`type`: an entity that names people), what for, in words; `reveal`: values in clear; `format`: json or html. Or an approved
    proposal, which says all of that but the format."""

    type: str = ""
    id: str = ""
    purpose: str = ""
    note: str = ""
    reveal: bool = False
    proposal: int = 0
    format: Literal["json", "html"] = "json"


class Erase(msgspec.Struct, forbid_unknown_fields=True):
    """Who, and why; `dry_run`: only count."""

    type: str
    id: str
    reason: str = ""
    dry_run: bool = False


def add_persons(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes."""
    _add_propose(app, site, staff)

    @app.post("/v1/persons:export", include_in_schema=False)
    async def export(request: Request) -> Response:
        exchange, desk = admitted(request, site, "persons")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Export)
        live, office, by = desk.live, staff.offices[desk.live.tenant], exchange.who
        if wanted.proposal:
            proposal = await staff.aside(lambda: office.proposals.one(wanted.proposal))
            wanted = _approved(proposal, wanted, by, staff.wall())
        _require_purpose(wanted)
        if wanted.reveal:
            site.admit(exchange, "reveal")
            _require_second(exchange, wanted)
        _, code = _person(live, wanted.type, wanted.id)
        about = f"{wanted.type}/{code_text(code)}"
        entries, more = await _timeline(live, wanted.type, code)
        await desk.durable()
        values = await staff.aside(lambda: values_of(live, code))

        def noted() -> None:
            if wanted.reveal:
                detail = {"export": True, "fields": sorted({value.field for value in values})}
                office.reveals.allow(
                    by, len(values), wanted.purpose, wanted.note, about, detail, staff.wall(), wanted.proposal
                )
                return
            with staff.records.writing() as connection:
                told = {"purpose": wanted.purpose, "note": wanted.note, "values": len(values)}
                office.audit.add(connection, staff.wall(), by, "person.export", about, told)

        await staff.aside(noted)
        content = _held(live, wanted, code, values, entries, more, staff.wall())
        if wanted.format == "html":
            page = held_page(content, exchange.language)
            return Response(
                page,
                media_type="text/html; charset=utf-8",
                headers=_KEEP_OUT | {"content-security-policy": PAGE_POLICY},
            )
        return Response(encoded(content), media_type=_JSON, headers=_KEEP_OUT)

    @app.post("/v1/persons:erase", include_in_schema=False)
    async def erase(request: Request) -> Response:
        exchange, desk = admitted(request, site, "persons")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Erase)
        reason = said_in("reason", wanted.reason)
        if not wanted.dry_run and not reason.strip():
            raise HttpError(
                422, "reason", "say why, such as the number of the request", "请说明原因，例如申请编号", "reason"
            )
        return Response(
            encoded(await _erased(staff, desk, exchange, wanted, reason)), media_type=_JSON, headers=_KEEP_OUT
        )


def _add_propose(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.post("/v1/persons:propose", include_in_schema=False)
    async def propose(request: Request) -> Response:
        exchange, desk = admitted(request, site, "persons")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Export)
        _require_purpose(wanted)
        site.admit(exchange, "reveal")
        live, office, by, now = desk.live, staff.offices[desk.live.tenant], exchange.who, staff.wall()
        vault_of(desk)
        _, code = _person(live, wanted.type, wanted.id)
        await desk.durable()
        count = len(await staff.aside(lambda: values_of(live, code)))
        payload = {
            "type": wanted.type, "code": code_text(code), "purpose": wanted.purpose, "note": wanted.note, "count": count,
        }  # fmt: skip
        title = f"{count} personal values of {wanted.type} {code_text(code)}: {PURPOSES[wanted.purpose][0]}"
        proposal = await staff.aside(lambda: office.proposals.ask(EXPORT_KIND, wanted.purpose, title, payload, by, now))
        told = {"proposal": proposal.number, "state": proposal.state, "count": count}
        return Response(encoded(told), media_type=_JSON, headers=_KEEP_OUT)


_KEEP_OUT = {"cache-control": "no-store"}


async def _erased(staff: Staff, desk: Desk, exchange: Exchange, wanted: Erase, reason: str) -> dict[str, Any]:
    """In the audit first, then in the log, then out of the vault: what fails in between is asked again, and finished."""
    live, office, by = desk.live, staff.offices[desk.live.tenant], exchange.who
    field, code = _person(live, wanted.type, wanted.id)
    about = f"{wanted.type}/{code_text(code)}"
    await desk.durable()
    texts = len(await staff.aside(lambda: values_of(live, code)))
    note = NotedForgotten(field, code, reason, by, about)
    if wanted.dry_run:
        return {
            "type": wanted.type,
            "code": code_text(code),
            "texts": texts,
            "events": would_forget(live.engine, note),
            "dry_run": True,
        }

    def noted(verb: str, told: dict[str, Any]) -> None:
        with staff.records.writing() as connection:
            office.audit.add(connection, staff.wall(), by, verb, about, told)

    await staff.aside(lambda: noted("person.erase", {"reason": reason, "texts": texts}))
    events, position = await desk.durably(lambda live: (live.forget(note), live.position - 1))
    if live.vaulting is not None:
        await staff.aside(live.vaulting.flush)
    await staff.aside(lambda: noted("person.erased", {"position": position, "events": events}))
    return {
        "type": wanted.type, "code": code_text(code), "texts": texts, "events": events, "position": position, "dry_run": False,
        "stays": _STAYS,
    }  # fmt: skip


_STAYS = {
    "en": "decisions as they were made, with codes and masked forms, for as long as records are kept",
    "zh": "已作出的决策（仅含编码与脱敏形式），在记录保存期内保留",
}


def _person(live: Live, entity: str, value: str) -> tuple[str, int]:
    """The field that names people of this entity, and the code. HttpError 404, 422."""
    code = code_asked(live, entity, value)
    try:
        return naming_field(live.opened, entity), code
    except InputError as wrong:
        raise HttpError(422, "type", wrong.en, wrong.zh, "type") from None


def _approved(proposal: Proposal, wanted: Export, by: str, now_ms: int) -> Export:
    """What was approved, in the format that is wanted now. HttpError 409, 422."""
    if wanted.type or wanted.id or wanted.purpose or wanted.note:
        en = "a proposal says who, and what for; leave out type, id, purpose and note"
        raise HttpError(422, "proposal", en, "提案已写明对象与用途；请勿再填 type、id、purpose、note", "proposal")
    require_approved(proposal, EXPORT_KIND, by, now_ms)
    about = proposal.payload
    return msgspec.structs.replace(
        wanted,
        type=about["type"],
        id=f"code:{about['code']}",
        purpose=about["purpose"],
        note=about["note"],
        reveal=True,
    )


def _require_second(exchange: Exchange, wanted: Export) -> None:
    """HttpError 409 when a person would export in clear alone."""
    assert exchange.grant is not None
    if exchange.grant.person and not wanted.proposal:
        en = "an export in clear needs somebody else's approval: POST /v1/persons:propose with type, id, purpose and note"
        zh = "导出明文需他人审批：请以 type、id、purpose、note 请求 POST /v1/persons:propose"
        raise HttpError(409, "four_eyes", en, zh, "reveal")


def _require_purpose(wanted: Export) -> None:
    try:
        require_purpose(wanted.purpose, wanted.note)
    except InputError as wrong:
        raise HttpError(422, "purpose", wrong.en, wrong.zh, "purpose") from None


async def _timeline(live: Live, entity: str, code: int) -> tuple[list[dict[str, Any]], int | None]:
    """The newest entries, and where older ones begin."""
    while live.archive.index.work(0.005):  # others have their turn in between
        await asyncio.sleep(0)
    entries: list[dict[str, Any]] = []
    asked = Asked(entity, code, most=_PIECE)
    while len(entries) < MAX_ENTRIES:
        page = live.timeline(asked)
        entries += page.entries
        asked = replace(asked, before=page.next)
        if page.next is None:
            return entries, None
        await asyncio.sleep(0)
    return entries, asked.before


def _held(
    live: Live, wanted: Export, code: int, values: Sequence[Value], entries: list[dict[str, Any]], more: int | None, now_ms: int
) -> dict[str, Any]:  # fmt: skip
    shown = [
        {
            "field": value.field,
            "shown": value.shown,
            **({"value": value.text} if wanted.reveal and value.text is not None else {}),
        }
        for value in values
    ]
    return {
        "type": wanted.type, "code": code_text(code), "made": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds"),
        "purpose": wanted.purpose, "revealed": wanted.reveal, "vault": live.vaulting is not None, "personal": shown,
        "timeline": entries, "older_before": more, "retention": live.retention.promise.to_dict(),
    }  # fmt: skip
