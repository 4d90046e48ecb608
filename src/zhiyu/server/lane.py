"""The fast lane: an everyday request is read and answered where its bytes arrive, without the machinery of ASGI.

In: bytes that are one whole request for one of the lane's routes, in one piece or two, with nothing before or after. Out: one write, with
the same head, body, counts and log lines as by the ordinary way. Anything else, a body in many pieces, a second request behind it, a query,
a compressed body, is not taken: the ordinary way has it from the first byte. Under overload a request is turned away here, before its
record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from zhiyu.access.gate import Grant
from zhiyu.access.tokens import token_of
from zhiyu.base.errors import ZhiyuError
from zhiyu.events.refusals import Refusal
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import ID_HEADER, JSON, PROBLEM, Exchange, Headers, deadline_of, headers_of, new_id, unsent
from zhiyu.server.heads import END, MAX_HEAD_BYTES, MAX_REMEMBERED, Head, read_head
from zhiyu.server.problems import encoded, problem_of_error, problem_of_refusal, unexpected
from zhiyu.server.site import Site
from zhiyu.server.work import NEVER, Work

DECISIONS = "/v1/decisions"
_CLOSE = (b"connection", b"close")
_PLACE = "\x00id\x00"


class Caller(Protocol):
    """What the lane sees of a connection."""

    client: tuple[str, int] | None
    ending: bool

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that every answer begins with."""

    def finish(self, answer: bytes, close: bool) -> None:
        """Send the whole answer; the next request may come, unless the connection closes."""


Route = Callable[["Lane", Caller, Head, bytes], None]
"""Answers a request later, by one call of `finish`; must not raise."""


class Lane:
    """Of one server. `more`: routes beside the one for decisions, by path."""

    def __init__(self, site: Site, more: Mapping[bytes, Route] | None = None) -> None:
        self.site = site
        self._routes: dict[bytes, Route] = {DECISIONS.encode(): decide, **(more or {})}
        self._heads: dict[bytes, tuple[Route, Head] | None] = {}
        self._defaults: list[tuple[bytes, bytes]] = []
        self._ok = b""
        self._shed: dict[tuple[str, int], list[bytes]] = {}

    def takes(self, caller: Caller, data: bytes) -> bool | None:
        """Whether these bytes are a request that the lane answers; if so it is under way. None: they may become one with what follows."""
        if not data.startswith(b"POST "):
            return False
        end = data.find(END, 0, MAX_HEAD_BYTES) + len(END)
        head = data[:end]
        try:
            found = self._heads[head]
        except KeyError:
            found = self._look(head)
        if found is None:
            return False
        missing = found[1].length - (len(data) - end)
        if missing:
            return None if missing > 0 else False
        found[0](self, caller, found[1], data[end:])
        return True

    def _look(self, head: bytes) -> tuple[Route, Head] | None:
        read = read_head(head)
        route = self._routes.get(read.path) if read is not None else None
        found = (route, read) if route is not None and read is not None and self._everyday(read) else None
        if len(self._heads) >= MAX_REMEMBERED:
            self._heads.clear()
        self._heads[head] = found
        return found

    def _everyday(self, head: Head) -> bool:
        """Whether nothing in the head will be refused, keys aside: they may be revoked at any time. People come by the ordinary way."""
        if self.site.staff is not None and token_of(head.headers)[0]:
            return False
        try:
            deadline_of(head.headers.get(b"zhiyu-deadline-ms"), self.site.settings)
            self.site.check_origin(head.headers)
        except ZhiyuError:
            return False
        return head.length <= self.site.settings.max_event_bytes

    def success(self, caller: Caller, body: bytes, request_id: bytes) -> bytes:
        """A whole answer with status 200."""
        if caller.ending:
            return whole(200, body, JSON, request_id, caller.default_headers(), (_CLOSE,))
        defaults = caller.default_headers()
        if defaults is not self._defaults:  # made anew once a second, with the date
            self._defaults = defaults
            self._ok = whole(200, b"", JSON, b"", defaults).partition(b"content-length")[0]
        return b"%bcontent-length: %d\r\nzhiyu-request-id: %b\r\n\r\n%b" % (self._ok, len(body), request_id, body)

    def shed(self, desk: Desk, language: str, request_id: bytes) -> tuple[bytes, int]:
        """The problem that says so, and Retry-After: made once, as there may be many."""
        after = desk.retry_after_s(1)
        parts = self._shed.get((language, after))
        if parts is None:
            content = encoded(problem_of_error(desk.overloaded(1), language, _PLACE))
            parts = self._shed[language, after] = content.split(encoded(_PLACE)[1:-1])
        return request_id.join(parts), after


class Express(Work):
    """One request for a decision under way in the lane."""

    __slots__ = ("_caller", "_desk", "_grant", "_head", "_id", "_lane", "_started")

    def __init__(self, lane: Lane, caller: Caller, head: Head, body: bytes) -> None:
        self.bodies, self.size, self.source = (body,), len(body), None
        self._lane, self._caller, self._head = lane, caller, head
        self._started = lane.site.pace.readable_s()
        given = head.headers.get(b"zhiyu-deadline-ms")
        self.deadline = NEVER if given is None else self._started + deadline_of(given, lane.site.settings)
        self._id = new_id(head.headers.get(ID_HEADER))
        self._grant: Grant | None = None
        self._desk: Desk | None = None

    def begin(self) -> None:
        """Into the queue, or refuse. ZhiyuError for who may not, and when the log stopped."""
        site, headers = self._lane.site, self._head.headers
        client = self._caller.client
        self._grant = site.gate.grant(headers.get(b"authorization", b""), client[0] if client else "", "decide")
        desk = self._desk = site.desk_of(self._grant)
        if desk.has_room(1, self.size) or desk.broken or desk.closing:
            desk.put(self)
            return
        desk.turned_away(1)
        body, after = self._lane.shed(desk, self._exchange().language, self._id)
        self._tell(429, body, PROBLEM, ((b"retry-after", b"%d" % after),), "overloaded")

    def resolve(self) -> None:
        """Tell the decision, or why the record was refused."""
        answer = self.answers[0]
        if answer.refusal is not None:
            self._refuse(answer.refusal)
            return
        site = self._lane.site
        self._caller.finish(self._lane.success(self._caller, answer.body, self._id), self._caller.ending)
        if site.log_all:
            self._exchange().done(200)
        else:
            site.meters.request(DECISIONS, 200, site.clock() - self._started)

    def _refuse(self, refusal: Refusal) -> None:
        language = self._exchange().language
        try:
            content = problem_of_refusal(refusal, self.bodies[0], language, self._id.decode())
        except Exception as error:
            self.failed(error)
            return
        self._tell(content["status"], encoded(content), PROBLEM, (), content["code"], refusal.field)

    def fail(self, error: ZhiyuError) -> None:
        """Tell an error of the house."""
        content = problem_of_error(error, self._exchange().language, self._id.decode())
        field = getattr(error, "field", "")
        self._tell(error.status, encoded(content), PROBLEM, headers_of(error), error.code, field)

    def failed(self, error: Exception) -> None:
        """Tell of an error nobody expected."""
        self._lane.site.lines.failed(error, request_id=self._id.decode(), route=DECISIONS)
        self.fail(unexpected())

    def _tell(self, status: int, body: bytes, kind: bytes, more: Headers, code: str, field: str = "") -> None:
        close = self._caller.ending or _CLOSE in more
        if self._caller.ending and _CLOSE not in more:
            more = (*more, _CLOSE)
        self._caller.finish(whole(status, body, kind, self._id, self._caller.default_headers(), more), close)
        self._exchange().done(status, code, field)

    def _exchange(self) -> Exchange:
        """The request as the ordinary way sees it: for its language, and for counts and log lines."""
        scope = {
            "method": "POST",
            "headers": self._head.headers.items(),
            "query_string": b"",
            "client": self._caller.client,
        }
        made = Exchange(self._lane.site, scope, unsent, DECISIONS)
        made.id, made.started, made.grant, made.desk = self._id, self._started, self._grant, self._desk
        return made


def decide(lane: Lane, caller: Caller, head: Head, body: bytes) -> None:
    """POST /v1/decisions: one event, one decision."""
    express = Express(lane, caller, head, body)
    try:
        express.begin()
    except ZhiyuError as error:
        express.fail(error)
    except Exception as error:
        express.failed(error)


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
