"""One connection, guarded: heads of bounded size, and no client that dribbles or does not read; everyday requests go by the fast lane.

In: bytes from a client, a tick every second. Out: uvicorn's protocol with limits it does not have; every refusal in the one shape. What the
lane takes the parser never sees: it stands between two messages meanwhile, and what comes before the answer waits, unread or held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zhiyu.server.exchange import READ_AT
from zhiyu.server.lane import Lane
from zhiyu.server.pace import Pace
from zhiyu.server.problems import HttpError, encoded, problem_of_error
from zhiyu.server.settings import Settings

_ANSWER, _END, _LENGTH = b"HTTP/1.1 ", b"\r\n\r\n", b"\r\ncontent-length: "


class Joined:
    """A transport that sends the head of an answer with its body, in one call of the system instead of two. A head that announces no
    length (a stream) goes out at once: its client may wait for it; one that stays without a body (HEAD), when the answer is complete."""

    __slots__ = (
        "_head",
        "_transport",
        "abort",
        "get_extra_info",
        "is_closing",
        "pause_reading",
        "resume_reading",
        "set_protocol",
    )

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head = transport, b""
        self.abort, self.get_extra_info, self.is_closing = (
            transport.abort,
            transport.get_extra_info,
            transport.is_closing,
        )
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.set_protocol = transport.set_protocol

    def write(self, data: bytes) -> None:
        """Send, or keep a head until what follows it."""
        if self._head:
            self._transport.write(self._head + data)
            self._head = b""
        elif data.startswith(_ANSWER) and data.endswith(_END) and _LENGTH in data:
            self._head = data
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Send a head that nothing follows."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what is left, and close."""
        self.flush()
        self._transport.close()


class Guarded(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with limits and a fast lane. A subclass per server (`guarded`) says which."""

    limits: Settings
    pace: Pace
    lane: Lane
    refused: Any
    """Called with the `HttpError` of each connection that was ended here."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came; one too many is told so."""
        self._wire = transport
        self._head_bytes = self._head_count = 0
        self._head_since = self._heard = self.loop.time()
        self._body_since = self._unread_since = self._rest_since = 0.0
        self._inside = self._in_lane = self._taking = self.ending = False
        self._held = self._kept = b""
        self._joined = Joined(transport)
        super().connection_made(self._joined)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.max_connections:
            self._end(HttpError(503, "connections", "too many connections; try again later", "连接过多；请稍后重试"))

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._heard = self.loop.time()
        if self.transport.is_closing():
            return
        if self._in_lane:
            self._held += data
            self.flow.pause_reading()
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        kept, self._kept = self._kept, b""
        data = kept + data
        if self._between() and self._by_lane(data, again=kept != b""):
            return
        if self._rest_since:  # as a connection that was just opened
            self._rest_since, self._head_since = 0.0, self._heard
        super().data_received(data)

    def _between(self) -> bool:
        """Whether no request is under way, and the last answer is read."""
        cycle = self.cycle
        return (
            not self._inside
            and (cycle is None or cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
        )

    def _by_lane(self, data: bytes, again: bool) -> bool:
        """Whether the lane has the request. A head whose body does not come with it is kept until more comes: once, so that what dribbles
        is not joined again and again."""
        head_since, rest_since = self._head_since, self._rest_since
        self._in_lane, self._head_since, self._rest_since, self._body_since = True, 0.0, 0.0, 0.0
        self._taking = True
        taken = self.lane.takes(self, data)
        self._taking = False
        if taken:
            return True
        self._in_lane = False
        if taken is None and not again:
            self._kept, self._body_since, self.url = data, self._heard, b""
            return True
        self._head_since, self._rest_since = head_since or self._heard, rest_since
        return False

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that every answer begins with."""
        return self.server_state.default_headers

    def finish(self, answer: bytes, close: bool) -> None:
        """Send the whole answer to the request that the lane has; then what came meanwhile has its turn."""
        if self._taking:
            self._at_once = answer, close
            self.lane.after_turn(self)
            return
        self._in_lane = False
        if self._wire.is_closing():
            return
        self._wire.write(answer)
        if close:
            self._wire.close()
            return
        self._rest_since = self.loop.time()
        if self._held:
            self.loop.call_soon(self._go_on)

    def tell(self) -> None:
        """Send what was answered at once; close when the server stops meanwhile."""
        answer, close = self._at_once
        self.finish(answer, close or self.ending)

    def _go_on(self) -> None:
        data, self._held = self._held, b""
        self.flow.resume_reading()
        self.data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes = self._head_count = 0
        self._head_since, self._inside = self._heard, True
        super().on_message_begin()
        self.scope[READ_AT] = self.pace.readable_s()  # type: ignore[literal-required]

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        if len(self.url) > self.limits.max_url_bytes:
            self._refuse_head(414, "url", "the address is too long", "地址过长")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._head_bytes += len(name) + len(value)
        self._head_count += 1
        if self._head_bytes > self.limits.max_header_bytes or self._head_count > self.limits.max_headers:
            self._refuse_head(431, "headers", "the headers are too many or too long", "请求头过多或过长")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete; the body may follow."""
        self._head_since = 0.0
        self._body_since = self._heard
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._body_since, self._inside = 0.0, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; the next request may come."""
        self._joined.flush()
        if not self.pipeline:
            self._head_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread_since = 0.0
        super().resume_writing()

    def shutdown(self) -> None:
        """The server stops: wake a route that waits for more of a body, so that it can say so."""
        if self._in_lane:
            self.ending = True
            return
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self.cycle.message_event.set()

    def tick(self, now: float) -> None:
        """End the connection when its client is too slow. Called about once a second."""
        limits = self.limits
        if self.transport.is_closing():
            return
        if self._rest_since and now - self._rest_since > limits.keep_alive_s:
            self.transport.close()
        elif self._unread_since and now - self._unread_since > limits.idle_s:
            self.transport.abort()
            self.refused(HttpError(408, "not_reading", "the client did not read its answer", "客户端未读取响应"))
        elif self._body_since and not self.flow.read_paused:
            whole = 0.0 if self.url.partition(b"?")[0].endswith(b":stream") else limits.body_s
            if now - self._heard > limits.idle_s or (whole and now - self._body_since > whole):
                self._end(HttpError(408, "slow_body", "the body took too long to arrive", "请求体传输超时"))
        elif self._head_since and now - self._head_since > limits.headers_s and self._heard >= self._head_since:
            if self.timeout_keep_alive_task is None:  # idle between requests is keep-alive's matter
                self._end(HttpError(408, "slow_head", "the request took too long to arrive", "请求头传输超时"))

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no HTTP."""
        if not self.transport.is_closing():
            self._end(HttpError(400, "http", "this is no HTTP/1.1 request", "不是合法的 HTTP/1.1 请求"))

    def _refuse_head(self, status: int, code: str, en: str, zh: str) -> None:
        self._end(HttpError(status, code, en, zh))
        raise ValueError(code)  # stops the parser

    def _end(self, error: HttpError) -> None:
        """Say why, unless an answer is under way, and close."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = encoded(problem_of_error(error, "en", ""))
            head = b"HTTP/1.1 %d \r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(head % (error.status, len(body)) + body)
        self.transport.close()
        self.refused(error)


def guarded(lane: Lane, refused: Callable[[HttpError], None]) -> type[Guarded]:
    """The connections of one server."""
    site = lane.site
    return type(
        "Connection", (Guarded,), {"lane": lane, "limits": site.settings, "pace": site.pace, "refused": staticmethod(refused)}
    )  # fmt: skip
