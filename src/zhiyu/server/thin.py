"""The thin app: routes that take events, without a framework; everything else goes to FastAPI.

In: ASGI. Out: answers. One event costs a look-up of its path, a look at its headers, a place in the queue and one write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.live import Answer
from zhiyu.server import many
from zhiyu.server.bodies import Gone, read_body
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import PROBLEM, Exchange, Receive, Scope, Send
from zhiyu.server.labels import labels
from zhiyu.server.problems import HttpError, encoded, problem_of_refusal, unexpected
from zhiyu.server.site import Site
from zhiyu.server.streaming import stream

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Route = Callable[[Exchange, Receive, Desk], Awaitable[None]]


async def decide(exchange: Exchange, receive: Receive, desk: Desk) -> None:
    """POST /v1/decisions: one event, one decision."""
    deadline = exchange.deadline()
    source = exchange.source(desk)
    body = await read_body(exchange, receive, exchange.site.settings.max_event_bytes)
    answers: list[Answer] = await desk.submit((body,), source, deadline)
    answer = answers[0]
    if answer.refusal is None:
        await exchange.answer(200, answer.body if answer.asked < 0 else await desk.calls.final(answer, deadline))
        return
    content = problem_of_refusal(answer.refusal, body, exchange.language, exchange.id.decode())
    await exchange.answer(content["status"], encoded(content), PROBLEM, (), content["code"], answer.refusal.field)


ROUTES: dict[bytes, tuple[str, str, Route]] = {
    b"/v1/decisions": ("/v1/decisions", "decide", decide),
    b"/v1/decisions:batch": ("/v1/decisions:batch", "decide", many.batch),
    b"/v1/decisions:stream": ("/v1/decisions:stream", "decide", stream),
    b"/v1/events": ("/v1/events", "facts", many.events),
    b"/v1/labels": ("/v1/labels", "labels", labels),
}
"""By the path as it was sent: its template, the scope it needs, what it does. All are POST."""
READ_TOO = frozenset({b"/v1/decisions"})
"""Paths of these that FastAPI answers when they are asked by GET."""


class Thin:
    """The ASGI app of a server."""

    def __init__(self, site: Site, rest: App) -> None:
        self._site, self._rest = site, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        path: bytes = scope["raw_path"]
        found = ROUTES.get(path) or ROUTES.get(path.replace(b"%3A", b":").replace(b"%3a", b":"))
        if found is None or (path in READ_TOO and scope["method"] in ("GET", "HEAD")):
            if scope["method"] == "HEAD":  # as GET is answered; the connection leaves out the body
                scope = {**scope, "method": "GET"}
            await self._rest(scope, receive, send)
            return
        template, needed, route = found
        exchange = Exchange(self._site, scope, send, template)
        if self._site.tracing is not None:
            exchange.pieces = self._site.tracing.begin()
        try:
            if exchange.method != "POST":
                raise HttpError(
                    405, "method", "this address takes POST only", "该地址只接受 POST", headers=((b"allow", b"POST"),)
                )
            if self._site.staff is not None:
                await self._site.recognise(exchange)
            await route(exchange, receive, self._site.admit(exchange, needed))
        except ZhiyuError as error:
            await exchange.refuse(error)
        except Gone:
            exchange.done(499, "client_left")
        except Exception as error:
            self._site.lines.failed(error, request_id=exchange.id.decode(), route=template)
            await exchange.refuse(unexpected())
