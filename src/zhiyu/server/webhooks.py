"""Webhooks and the outbox over HTTP: who is told of what, what left, what nobody took and is to be sent again.

In: JSON. Out: JSON. A secret is told when it is made, and never again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.access.audit import because
from zhiyu.base.errors import InputError
from zhiyu.outside.webhooks import shown_secret
from zhiyu.records.deliveries import Delivery
from zhiyu.records.outbox import STATES
from zhiyu.server.bodies import read_body
from zhiyu.server.exchange import Exchange
from zhiyu.server.lists import page_size, said_in
from zhiyu.server.outgoing import Outgoing
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import exchange_of
from zhiyu.server.shapes import Because, read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff
from zhiyu.server.webhook_book import Webhook

MAX_BODY_BYTES = 64 << 10
WebhookName = Annotated[str, Path(description="The webhook's name.")]
DeliveryNumber = Annotated[str, Path(description="The delivery's number.")]
_JSON = "application/json"


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to be told of what. `private`: addresses of a private network may be called, where the server allows it."""

    name: str
    url: str
    kinds: list[str]
    private: bool = False
    active: bool = True
    reason: Because = ""


def add_webhooks(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes under /v1/webhooks and /v1/outbox."""
    _add_hooks(app, site, staff)
    _add_outbox(app, site, staff)


def _add_hooks(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/webhooks", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, out = _out(request, site)
        exchange.known_query()
        return _json({"webhooks": [_told(each) for each in await staff.aside(out.book.all)]})

    @app.post("/v1/webhooks", include_in_schema=False)
    async def put(request: Request) -> Response:
        exchange, out = _out(request, site)
        exchange.known_query()
        new = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), NewWebhook)
        given = (new.name, new.url, new.kinds, new.private, new.active, exchange.who, staff.wall(), new.reason)
        await out.mark()
        try:
            hook, fresh = await staff.aside(lambda: out.book.put(*given))
        except InputError as wrong:
            raise HttpError(422, "webhook", wrong.en, wrong.zh) from None
        return _json(
            _told(hook) | ({"secret": shown_secret(out.book.secret(hook))} if fresh else {}), 201 if fresh else 200
        )

    @app.delete("/v1/webhooks/{name}", include_in_schema=False)
    async def remove(name: WebhookName, request: Request) -> Response:
        exchange, out = _out(request, site)
        why = _why(exchange)
        await staff.aside(lambda: out.book.remove(name, exchange.who, staff.wall(), why))
        return _json({"status": "removed"})

    @app.post("/v1/webhooks/{name}:renew", include_in_schema=False)
    async def renew(name: WebhookName, request: Request) -> Response:
        exchange, out = _out(request, site)
        why = _why(exchange)
        hook = await staff.aside(lambda: out.book.renew(name, exchange.who, staff.wall(), why))
        return _json(_told(hook) | {"secret": shown_secret(out.book.secret(hook))})

    @app.post("/v1/webhooks/{name}:test", include_in_schema=False)
    async def test(name: WebhookName, request: Request) -> Response:
        exchange, out = _out(request, site)
        exchange.known_query()
        return _json({"key": await staff.aside(lambda: out.book.test(name, exchange.who, staff.wall()))})


def _add_outbox(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/outbox", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, out = _out(request, site)
        query = exchange.known_query("state", "limit", "before")
        limit, before, states = page_size(query.get("limit")), _whole(query.get("before")), _states(query.get("state"))
        found = await staff.aside(lambda: out.deliveries.all(states, before, limit + 1))
        more = found[limit - 1].number if len(found) > limit else None
        return _json({"deliveries": [_delivery(each) for each in found[:limit]], "next": more})

    @app.post("/v1/outbox/{number}:replay", include_in_schema=False)
    async def replay(number: DeliveryNumber, request: Request) -> Response:
        exchange, out = _out(request, site)
        why = _why(exchange)
        asked = _whole(number) or 0

        def again() -> str:
            with staff.records.writing() as connection:
                audit = staff.offices[out.tenant].audit
                audit.lock(connection)
                key = out.deliveries.replay(connection, asked, staff.wall())
                told = {"key": key} | because(why)
                audit.add(connection, staff.wall(), exchange.who, "outbox.replay", f"delivery/{asked}", told)
                return key

        return _json({"key": await staff.aside(again)})


def _out(request: Request, site: Site) -> tuple[Exchange, Outgoing]:
    exchange = exchange_of(request)
    site.admit(exchange, "webhooks")
    assert exchange.grant is not None
    return exchange, site.outgoing[exchange.grant.tenant]


def _why(exchange: Exchange) -> str:
    """Why, as the address says. HttpError 422 for too much of it."""
    return said_in("reason", exchange.known_query("reason").get("reason", ""))


def _told(hook: Webhook) -> dict[str, Any]:
    return {
        "name": hook.name, "url": hook.url, "kinds": list(hook.kinds), "private": hook.private, "active": hook.active, "by": hook.by,
        "made": _time(hook.made_ms),
    }  # fmt: skip


def _delivery(each: Delivery) -> dict[str, Any]:
    return {
        "number": each.number, "key": each.key, "target": each.target, "kind": each.kind, "about": each.about, "body": each.body,
        "made": _time(each.made_ms), "due": _time(each.due_ms), "state": each.state, "tries": each.tries, "last": each.last,
        "ended": _time(each.done_ms),
    }  # fmt: skip


def _time(ms: int) -> str | None:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") if ms else None


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HttpError(422, "number", "is no number of a delivery", "不是外发编号", "number")
    return int(text)


def _states(text: str | None) -> tuple[str, ...]:
    found = tuple(text.split(",")) if text else ()
    for each in found:
        if each not in STATES:
            known = ", ".join(STATES)
            raise HttpError(422, "state", f"is no state; known are {known}", f"没有该状态；可用：{known}", "state")
    return found


def _json(content: Any, status: int = 200) -> Response:
    return Response(encoded(content), status, media_type=_JSON)
