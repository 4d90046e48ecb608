"""The fast lane: an everyday request is read and answered where its bytes arrive, without the machinery of ASGI.

In: bytes that are one whole request for one of the lane's routes, in one piece or two, with nothing before or after. Out: one write, with
the same head, body, counts and log lines as by the ordinary way. Anything else, a body in many pieces, a second request behind it, a query,
a compressed body, is not taken: the ordinary way has it from the first byte. Under overload a request is turned away here, before its
record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from zhiyu.access.gate import Grant
from zhiyu.access.tokens import token_of
from zhiyu.base.errors import ZhiyuError
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import (
    ID_HEADER,
    JSON,
    PROBLEM,
    Exchange,
    Headers,
    deadline_of,
    given_id,
    headers_of,
    language_of,
    new_id,
    unsent,
)
from zhiyu.server.heads import END, MAX_HEAD_BYTES, MAX_REMEMBERED, Head, read_head
from zhiyu.server.problems import encoded, problem_of_error, problem_of_refusal, unexpected
from zhiyu.server.site import Site
from zhiyu.server.work import NEVER, Work

DECISIONS = "/v1/decisions"
_CLOSE = (b"connection", b"close")


class Caller(Protocol):
    """What the lane sees of a connection."""

    client: tuple[str, int] | None
    ending: bool

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that every answer begins with."""

    def finish(self, answer: bytes, close: bool) -> None:
        """Send the whole answer; the next request may come, unless the connection closes."""

    def tell(self) -> None:
        """Send the answer that came at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is remembered of a head: `limit_s` until the deadline, NEVER without; `id` that the sender gave, None without."""

    route: Route
    head: Head
    language: str
    limit_s: float
    id: bytes | None
    authorization: bytes


Route = Callable[["Lane", Caller, Asked, bytes], None]
"""Answers a request later, by one call of `finish`; must not raise."""


class Lane:
    """Of one server. `more`: routes beside the one for decisions, by path."""

    def __init__(self, site: Site, more: Mapping[bytes, Route] | None = None) -> None:
        self.site = site
        self._routes: dict[bytes, Route] = {DECISIONS.encode(): decide, **(more or {})}
        self._heads: dict[bytes, Asked | None] = {}
        self._defaults: list[tuple[bytes, bytes]] = []
        self._ok = b""
        self._away: dict[tuple[str, int, int], list[bytes]] = {}
        self._limit_s = NEVER

    def takes(self, caller: Caller, data: bytes) -> bool | None:
        """Whether these bytes are a request that the lane answers; if so it is under way. None: they may become one with what follows."""
        if not data.startswith(b"POST "):
            return False
        end = data.find(END, 0, MAX_HEAD_BYTES) + len(END)
        head = data[:end]
        try:
            asked = self._heads[head]
        except KeyError:
            asked = self._look(head)
        if asked is None:
            return False
        missing = asked.head.length - (len(data) - end)
        if missing:
            return None if missing > 0 else False
        self._limit_s = asked.limit_s
        asked.route(self, caller, asked, data[end:])
        return True

    def after_turn(self, caller: Caller) -> None:
        """Have the caller told who was refused at once, within its deadline."""
        self.site.telling.later(caller.tell, self._limit_s)

    def _look(self, data: bytes) -> Asked | None:
        head = read_head(data)
        route = self._routes.get(head.path) if head is not None else None
        asked = self._everyday(route, head) if route is not None and head is not None else None
        if len(self._heads) >= MAX_REMEMBERED:
            self._heads.clear()
        self._heads[data] = asked
        return asked

    def _everyday(self, route: Route, head: Head) -> Asked | None:
        """What is asked; None when something in the head will be refused, keys aside: they may be revoked at any time. People come by the
        ordinary way."""
        headers, site = head.headers, self.site
        if head.length > site.settings.max_event_bytes or (site.staff is not None and token_of(headers, site.tls)[0]):
            return None
        try:
            limit_s = deadline_of(headers.get(b"zhiyu-deadline-ms"), site.settings)
            site.check_origin(headers)
        except ZhiyuError:
            return None
        return Asked(
            route, head, language_of(headers.get(b"accept-language", b"")), limit_s, given_id(headers.get(ID_HEADER)),
            headers.get(b"authorization", b""),
        )  # fmt: skip

    def success(self, caller: Caller, body: bytes, request_id: bytes) -> bytes:
        """A whole answer with status 200."""
        if caller.ending:
            return whole(200, body, JSON, request_id, caller.default_headers(), (_CLOSE,))
        self._renew(caller)
        return b"%bcontent-length: %d\r\nzhiyu-request-id: %b\r\n\r\n%b" % (self._ok, len(body), request_id, body)

    def away(self, caller: Caller, desk: Desk, language: str, request_id: bytes) -> bytes:
        """A whole answer that the server has too much to do: made once, as there may be many."""
        self._renew(caller)
        key = (language, desk.retry_after_s(1), len(request_id))
        parts = self._away.get(key)
        if parts is None:
            place = b"\x01" * len(request_id)  # in no head or text of ours; JSON has it escaped
            error = desk.overloaded(1)
            body = encoded(problem_of_error(error, language, place.decode())).replace(b"\\u0001", b"\x01")
            parts = whole(429, body, PROBLEM, place, self._defaults, headers_of(error)).split(place)
            self._away[key] = parts
        return request_id.join(parts)

    def _renew(self, caller: Caller) -> None:
        """Make anew what is kept of answers, once a second: it holds the date."""
        defaults = caller.default_headers()
        if defaults is not self._defaults:
            self._defaults = defaults
            self._ok = whole(200, b"", JSON, b"", defaults).partition(b"content-length")[0]
            self._away.clear()


class Express(Work):
    """One request for a decision under way in the lane."""

    __slots__ = ("_asked", "_caller", "_desk", "_grant", "_id", "_lane", "_started")

    def __init__(
        self, lane: Lane, caller: Caller, asked: Asked, body: bytes, grant: Grant | None = None, desk: Desk | None = None
    ) -> None:  # fmt: skip
        self.bodies, self.size, self.source = (body,), len(body), None
        self._lane, self._caller, self._asked = lane, caller, asked
        self._started = lane.site.pace.readable_s()
        self.deadline = self._started + asked.limit_s
        self._id = asked.id or new_id(None)
        self._grant, self._desk = grant, desk

    def resolve(self) -> None:
        """Tell the decision, or why the record was refused."""
        answer = self.answers[0]
        if answer.refusal is None:
            if answer.asked >= 0 and self._desk is not None:
                self._desk.calls.tell(answer, self.deadline, self._success)
            else:
                self._success(answer.body)
            return
        try:
            content = problem_of_refusal(answer.refusal, self.bodies[0], self._asked.language, self._id.decode())
        except Exception as error:
            self.failed(error)
            return
        self._tell(content["status"], encoded(content), (), content["code"], answer.refusal.field)

    def _success(self, body: bytes) -> None:
        self._caller.finish(self._lane.success(self._caller, body, self._id), self._caller.ending)
        self._count(200)

    def fail(self, error: ZhiyuError) -> None:
        """Tell an error of the house."""
        content = problem_of_error(error, self._asked.language, self._id.decode())
        self._tell(error.status, encoded(content), headers_of(error), error.code, getattr(error, "field", ""))

    def failed(self, error: Exception) -> None:
        """Tell of an error nobody expected."""
        self._lane.site.lines.failed(error, request_id=self._id.decode(), route=DECISIONS)
        self.fail(unexpected())

    def turn_away(self) -> None:
        """Tell that the server has too much to do."""
        lane, desk, site = self._lane, self._desk, self._lane.site
        assert desk is not None
        if self._caller.ending:
            self.fail(desk.overloaded(1))
            return
        self._caller.finish(lane.away(self._caller, desk, self._asked.language, self._id), False)
        if site.tracing is None and site.lines.left_out():  # one of many: in as few steps as can be
            site.meters.request(DECISIONS, 429, site.clock() - self._started)
        else:
            self._count(429, "overloaded")

    def _tell(self, status: int, body: bytes, more: Headers, code: str, field: str = "") -> None:
        close = self._caller.ending or _CLOSE in more
        if close and _CLOSE not in more:
            more = (*more, _CLOSE)
        self._caller.finish(whole(status, body, PROBLEM, self._id, self._caller.default_headers(), more), close)
        self._count(status, code, field)

    def _count(self, status: int, code: str = "", field: str = "") -> None:
        """Count and log, as the ordinary way does; the exchange is made only when there will be a line or a trace."""
        site = self._lane.site
        if status == 200 and not site.log_all and site.tracing is None:
            site.meters.request(DECISIONS, status, site.clock() - self._started)
            return
        headers, client = self._asked.head.headers, self._caller.client
        scope = {"method": "POST", "headers": headers.items(), "query_string": b"", "client": client}
        made = Exchange(site, scope, unsent, DECISIONS)
        made.id, made.started, made.grant, made.desk = self._id, self._started, self._grant, self._desk
        if site.tracing is not None and hasattr(self, "piece"):
            made.pieces = [self.piece]
        made.done(status, code, field)


def decide(lane: Lane, caller: Caller, asked: Asked, body: bytes) -> None:
    """POST /v1/decisions: one event, one decision."""
    site, client = lane.site, caller.client
    grant = desk = None
    try:
        grant = site.gate.grant(asked.authorization, client[0] if client else "", "decide")
        desk = site.desk_of(grant)
        work = Express(lane, caller, asked, body, grant, desk)
        if desk.has_room(1, len(body)) or caller.ending:
            desk.put(work)
            return
        desk.turned_away(1)
        work.bodies = ()  # not kept until it is told
        site.telling.later(work.turn_away, asked.limit_s)
    except ZhiyuError as error:
        Express(lane, caller, asked, body, grant, desk).fail(error)
    except Exception as error:
        Express(lane, caller, asked, body, grant, desk).failed(error)


def whole(
    status: int, body: bytes, kind: bytes, request_id: bytes, defaults: list[tuple[bytes, bytes]], more: Headers = ()
) -> bytes:
    """An answer as bytes, its headers in the order in which the ordinary way sends them."""
    headers = (
        *defaults,
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (ID_HEADER, request_id),
        *more,
    )
    lines = b"".join(b"%b: %b\r\n" % each for each in headers)
    return STATUS_LINE[status] + lines + b"\r\n" + body
