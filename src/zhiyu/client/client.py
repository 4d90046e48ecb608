"""The client: one object per server, for any number of threads.

In: events, labels, values of lists. Out: what the server says. A request that was shed (429), met a server that stops or whose log stopped
(503), or was cut off, is sent again as it was: ids make that safe. When the total time is over, the default answer stands in, if one was
declared.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from zhiyu.client.patience import Patience
from zhiyu.client.told import Decision, Refused, Unavailable
from zhiyu.client.wire import Lost, Reply, Wire

Event = Mapping[str, Any]
AGAIN = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same request may be sent again."""


class Client:
    """Calls the server at `url`.

    `timeout_s` is for a whole call, tries and pauses included; at most `tries` are made. `default`: what `decide` answers when the server
    cannot: an outcome, or a function of the event that gives one; without it `Unavailable` is raised. `source`: the declared source in
    whose form events are. `context`: for TLS with a certificate of your own.

    >>> shop = Client("http://127.0.0.1:9", timeout_s=0.1, default="review")
    >>> given = shop.decide({"type": "payment", "id": "p-1", "amount": 10})
    >>> given.outcome, given.is_default
    ('review', True)
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8420", key: str = "", *, timeout_s: float = 2.0, tries: int = 4,
        default: str | Callable[[Event], str] | None = None, source: str = "", context: ssl.SSLContext | None = None,
        patience: Callable[[float, int], Patience] = Patience,
    ) -> None:  # fmt: skip
        self.url, self.timeout_s, self.tries = url, timeout_s, tries
        self._default, self._source, self._context, self._patience = default, source, context, patience
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._own = threading.local()
        Wire(url, self._headers)  # says at once when the address is none

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decide(self, event: Event, deadline_ms: int | None = None) -> Decision:
        """Decide one event. `deadline_ms`: past it in the server's queue, the policy's fallback answers. Refused when the event is."""
        headers = {"zhiyu-deadline-ms": str(deadline_ms)} if deadline_ms is not None else {}
        try:
            return Decision(self._json("POST", self._with_source("/v1/decisions"), event, headers=headers))
        except Unavailable as gone:
            if self._default is None:
                raise
            outcome = self._default if isinstance(self._default, str) else self._default(event)
            told = {"id": event.get("id"), "outcome": outcome, "enforced": outcome, "status": "default"}
            return Decision(told, True, gone.en)

    def decide_many(self, events: Sequence[Event]) -> list[Decision | Refused]:
        """Decide up to 1,000 events in their order; a bad one is `Refused` alone (returned, not raised)."""
        answers = self._json("POST", self._with_source("/v1/decisions:batch"), list(events))["answers"]
        return [Refused(each["status"], each) if "detail_en" in each else Decision(each) for each in answers]

    def tell(self, events: Sequence[Event]) -> dict[str, Any]:
        """Facts that need no decision: {"taken", "repeated", "refused"}."""
        return self._json("POST", self._with_source("/v1/events"), list(events))

    def label(self, event: str, fraud: bool, **more: Any) -> dict[str, Any]:
        """What became known about an event; `more`: type, position, known_at, id, reason, author."""
        return self._json("POST", "/v1/labels", {"event": event, "fraud": fraud, **more})

    def label_many(self, labels: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Up to 1,000 labels: an answer or a problem each."""
        found: list[dict[str, Any]] = self._json("POST", "/v1/labels", list(labels))["answers"]
        return found

    def put(
        self, name: str, values: Sequence[Any], *, until: str = "", reason: str = "", author: str = ""
    ) -> dict[str, Any]:
        """Put values on a list: how many were new, renewed, existing, and what was refused."""
        words = {word: text for word, text in (("until", until), ("reason", reason), ("author", author)) if text}
        return self._json("POST", self._entries(name, words), [{"value": value} for value in values])

    def remove(self, name: str, values: Sequence[Any], reason: str = "") -> dict[str, Any]:
        """Take values off a list."""
        return self._json("POST", self._entries(name, {}, ":remove"), {"values": list(values), "reason": reason})

    def entries(self, name: str) -> Iterator[dict[str, Any]]:
        """Who is on a list, newest first."""
        return self._pages(lambda words: self._entries(name, words))

    def timeline(self, entity: str, value: str, *, since: str = "", until: str = "") -> Iterator[dict[str, Any]]:
        """What happened to a person, card or device, newest first."""
        path = f"/v1/entities/{quote(entity, safe='')}/{quote(value, safe='')}/timeline"
        span = {word: text for word, text in (("since", since), ("until", until)) if text}
        return self._pages(lambda words: f"{path}?{urlencode(span | words)}")

    def decision(self, event_id: str) -> Decision:
        """The decision about an event as it was given. Refused (404) when there is none."""
        return Decision(self._json("GET", f"/v1/decisions/{quote(event_id, safe='')}"))

    def explanation(self, event_id: str, language: str = "en") -> dict[str, Any]:
        """Why a decision came out as it did; `text` in "en" or "zh"."""
        return self._json("GET", f"/v1/decisions/{quote(event_id, safe='')}/explanation?lang={language}")

    def policy(self) -> dict[str, Any]:
        """Which policy decides, which did before, which is counting."""
        return self._json("GET", "/v1/policy")

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """One request with all tries: the last answer, whatever its status. Unavailable when there was none, or time is over."""
        patience = self._patience(self.timeout_s, self.tries)
        while True:
            try:
                reply = self._wire().ask(method, path, body, headers or {}, max(patience.left_s, 0.001))
            except Lost as lost:
                if not lost.fresh and patience.left_s > 0:  # the server had closed a connection that was idle
                    continue
                why, asked = str(lost), None
            else:
                if reply.status not in AGAIN:
                    return reply
                why, asked = self._why(reply), reply.retry_after_s
            if not patience.pause(asked):
                raise Unavailable(
                    f"no answer from {self.url} after {patience.tried} tries: {why}",
                    f"{self.url} 在 {patience.tried} 次尝试后仍无应答：{why}",
                )

    def close(self) -> None:
        """End this thread's connection; those of other threads end with them."""
        self._wire().close()

    @staticmethod
    def _why(reply: Reply) -> str:
        problem = reply.json()
        said = problem.get("detail_en", "") if isinstance(problem, dict) else ""
        return f"{reply.status} {said}".strip()

    def _json(
        self, method: str, path: str, content: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False, default=_plain).encode()
        kind = {"content-type": "application/json"} if body else {}
        reply = self.ask(method, path, body, {**kind, **(headers or {})})
        found = reply.json()
        if reply.status >= 400 or not isinstance(found, dict):
            raise Refused(reply.status, found if isinstance(found, dict) else {})
        return found

    def _pages(self, path: Callable[[dict[str, str]], str]) -> Iterator[dict[str, Any]]:
        words: dict[str, str] = {}
        while True:
            page = self._json("GET", path(words))
            yield from page["entries"]
            if "next" not in page:
                return
            words = {"before": str(page["next"])}

    def _entries(self, name: str, words: Mapping[str, str], verb: str = "") -> str:
        query = f"?{urlencode(words)}" if words else ""
        return f"/v1/lists/{quote(name, safe='')}/entries{verb}{query}"

    def _with_source(self, path: str) -> str:
        return f"{path}?source={quote(self._source, safe='')}" if self._source else path

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self._own, "wire", None)
        if wire is None:
            wire = self._own.wire = Wire(self.url, self._headers, self._context)
        return wire


def _plain(value: object) -> str:
    """Times and exact numbers as the server reads them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"an event cannot hold a {type(value).__name__}; use text, numbers, booleans, times, lists")
