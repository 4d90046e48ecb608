"""One request and its answer, as every route of the thin app sees them.

In: the ASGI scope. Out: request id, language, deadline, source, tenant; the answer, counted and logged.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from zhiyu.base.errors import ZhiyuError
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError, encoded, problem_of_error
from zhiyu.server.work import NEVER

if TYPE_CHECKING:
    from zhiyu.access.gate import Grant
    from zhiyu.server.settings import Settings
    from zhiyu.server.site import Site
    from zhiyu.server.tracing import Piece

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON, PROBLEM, NDJSON = b"application/json", b"application/problem+json", b"application/x-ndjson"
ID_HEADER = b"zhiyu-request-id"
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
READ_AT = "zhiyu.read_at"
"""In a scope: since when the request was there to be read, on the site's clock."""
_START = secrets.token_hex(4).encode()
_numbers = itertools.count(1)
_OWN_FIELDS = frozenset(
    {
        "id",
        "type",
        "time",
        "body",
        "source",
        "lang",
        "deadline_ms",
        "Zhiyu-Deadline-Ms",
        "Content-Encoding",
        "event",
        "position",
        "fraud",
        "known_at",
        "reason",
        "author",
        "values",
        "codes",
        "code",
        "value",
        "until",
        "rule",
        "field",
        "files",
        "limit",
        "before",
        "dry_run",
        "since",
    }
)
_CLOSE = ((b"connection", b"close"),)


def language_of(accept: bytes) -> str:
    """ "zh" when Chinese is asked for before English, else "en".

    >>> language_of(b"zh-CN,zh;q=0.9,en;q=0.8"), language_of(b"en, zh"), language_of(b"")
    ('zh', 'en', 'en')
    """
    for part in accept.lower().split(b","):
        name = part.strip()
        if name.startswith(b"zh"):
            return "zh"
        if name.startswith(b"en"):
            return "en"
    return "en"


def given_id(given: bytes | None) -> bytes | None:
    """The id that the sender of a request gave, when it is one."""
    return given if given is not None and _ID.fullmatch(given) else None


def new_id(given: bytes | None) -> bytes:
    """The id of a request: the one that its sender gave, when that is one, else a new one.

    >>> new_id(b"mine-1"), len(new_id(None)) > 8
    (b'mine-1', True)
    """
    return given_id(given) or b"%b-%x" % (_START, next(_numbers))


def deadline_of(given: bytes | None, settings: Settings, header: bool = True) -> float:
    """Seconds that a request may take, from Zhiyu-Deadline-Ms or (not `header`) deadline_ms; NEVER without. HttpError 422."""
    if given is None:
        return NEVER
    most = settings.max_deadline_ms
    if not (given.isdigit() and len(given) < 7 and 1 <= int(given) <= most):
        raise HttpError(
            422, "deadline", f"the deadline is no whole number of milliseconds from 1 to {most}",
            f"时限应为 1 至 {most} 的整数毫秒", "Zhiyu-Deadline-Ms" if header else "deadline_ms",
        )  # fmt: skip
    return int(given) / 1000


async def unsent(message: MutableMapping[str, Any]) -> None:
    """The `send` of a request that is answered by other means."""
    raise AssertionError(message["type"])


def headers_of(error: ZhiyuError) -> Headers:
    """What rides along with a problem."""
    if isinstance(error, HttpError):
        return error.headers + (_CLOSE if error.close else ())
    if error.status == 401:
        return ((b"www-authenticate", b"Bearer"),)
    return ((b"retry-after", b"%d" % getattr(error, "retry_s", 60)),) if error.status == 429 else ()


class Exchange:
    """A request under way. `route` is the template that metrics and logs name; `pieces`: its stages, while requests are traced."""

    __slots__ = (
        "_query",
        "address",
        "desk",
        "grant",
        "headers",
        "id",
        "limit_s",
        "method",
        "pieces",
        "query_string",
        "route",
        "send",
        "site",
        "started",
        "told",
    )

    def __init__(self, site: Site, scope: Scope, send: Send, route: str) -> None:
        self.site, self.send, self.route = site, send, route
        self.started: float = scope.get(READ_AT, 0.0) or site.clock()
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.query_string: bytes = scope["query_string"]
        self.address: str = (scope.get("client") or ("", 0))[0]
        self.id = new_id(self.headers.get(ID_HEADER))
        self.grant: Grant | None = None
        self.desk: Desk | None = None
        self._query: dict[str, str] | None = None
        self.told = ("", "")
        self.pieces: list[Piece] | None = None
        self.limit_s = NEVER

    @property
    def language(self) -> str:
        """ "en" or "zh", from Accept-Language."""
        return language_of(self.headers.get(b"accept-language", b""))

    @property
    def who(self) -> str:
        """Who asks, as journals name them: "person:NAME", "key:ID", "" on an open server."""
        return self.grant.who if self.grant is not None else ""

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the address. HttpError when they are no UTF-8, repeat, or are too many."""
        if self._query is None:
            try:
                pairs = parse_qsl(
                    self.query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20
                )
            except ValueError:
                raise HttpError(
                    400, "query", "the query is not percent-encoded UTF-8", "查询参数不是百分号编码的 UTF-8"
                ) from None
            self._query = dict(pairs)
            if len(self._query) != len(pairs):
                raise HttpError(400, "query", "a query parameter occurs twice; keep one", "查询参数重复；请只保留一个")
        return self._query

    def known_query(self, *names: str) -> dict[str, str]:
        """The parameters, all of which must be known."""
        if not self.query_string:
            return {}
        for name in self.query:
            if name not in names:
                raise HttpError(
                    400, "query", f"unknown query parameter; known are: {', '.join(names) or 'none'}",
                    f"未知的查询参数；可用：{'、'.join(names) or '无'}", name[:60],
                )  # fmt: skip
        return self.query

    @property
    def content_type(self) -> bytes:
        """As it was sent, in small letters."""
        return self.headers.get(b"content-type", b"").lower()

    def source(self, desk: Desk, *names: str) -> str | None:
        """The declared source in whose form the records are. HttpError 422 for one that the policy does not have; NotAllowed (403) for one
        that carries labels, when the caller may not label."""
        if not self.query_string:
            return None
        name = self.known_query(*(names or ("source", "deadline_ms"))).get("source")
        if name is None:
            return None
        known = {source.name: source for source in desk.live.opened.policy.sources}
        if name not in known:
            raise HttpError(
                422, "source", f"the policy has no such source; it has: {', '.join(known) or 'none'}",
                f"策略中没有该数据源；已有：{'、'.join(known) or '无'}", "source",
            )  # fmt: skip
        if known[name].label is not None and self.grant is not None:
            self.grant.require("labels")
        return name

    def deadline(self) -> float:
        """When the answer should be ready, on the desk's clock: from Zhiyu-Deadline-Ms or deadline_ms; NEVER without."""
        given = self.headers.get(b"zhiyu-deadline-ms")
        if given is not None:
            self.limit_s = deadline_of(given, self.site.settings)
        elif self.query_string and (asked := self.query.get("deadline_ms")) is not None:
            self.limit_s = deadline_of(asked.encode(), self.site.settings, header=False)
        return self.started + self.limit_s

    async def answer(
        self, status: int, body: bytes, kind: bytes = JSON, more: Headers = (), code: str = "", field: str = ""
    ) -> None:
        """Send, count, and log what is not a success."""
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (ID_HEADER, self.id), *more]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
        self.done(status, code, field)

    def done(self, status: int, code: str = "", field: str = "") -> None:
        """Count and log an answer that was sent."""
        seconds = self.site.clock() - self.started
        self.site.meters.request(self.route, status, seconds)
        if self.site.tracing is not None:
            self.site.tracing.answered(self, status, code)
        if status >= 400 or self.site.log_all:
            grant = self.grant
            self.site.lines.write(
                "request", "error" if status == 500 else "info", request_id=self.id.decode(), method=self.method, route=self.route,
                status=status, code=code, field=self._loggable(field), ms=round(seconds * 1000, 3),
                tenant=grant.tenant if grant else "", key=grant.key_id if grant else "",
            )  # fmt: skip

    def _loggable(self, field: str) -> str:
        """The name of a field when the policy or we declare it; a caller's own word may be about a person."""
        known = self.desk is not None and field in self.desk.live.opened.compiled.schema.index
        return field if known or field in _OWN_FIELDS else ""

    async def refuse(self, error: ZhiyuError) -> None:
        """Send an error of the house as a problem; that the server has too much to do, when those who are told that have their turn."""
        if error.code == "overloaded":
            await self.site.telling.turn(self.limit_s)
        content = problem_of_error(error, self.language, self.id.decode())
        await self.answer(
            error.status, encoded(content), PROBLEM, headers_of(error), error.code, getattr(error, "field", "")
        )
