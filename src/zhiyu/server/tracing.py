"""Traces of requests in the terms of OpenTelemetry: one span per request, with its stages below it.

In: requests that were answered, and when their records were queued, decoded, decided and synced. Out: spans, made once all is known, handed
to the exporter that OpenTelemetry's own variables name. When tracing is off nobody calls here. No attribute says anything about a person:
method, route template, status, code, tenant, number of records.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from zhiyu.base.errors import InputError
from zhiyu.server.log_lines import LogLines, ServerMessages

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from zhiyu.server.exchange import Exchange
    from zhiyu.server.work import Work

STAGES = ("receive", "desk wait", "decode", "decide", "fsync", "answer")
MAX_PIECES = 50
"""Pieces of one request whose stages are told; a long stream has more."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Piece:
    """Records that went through the desk together: when they were queued, taken, decoded, decided, on disk; seconds, 0 for not."""

    __slots__ = ("began", "decided", "decoded", "queued", "records", "synced")

    def __init__(self, queued: float, records: int) -> None:
        self.queued, self.records = queued, records
        self.began = self.decoded = self.decided = self.synced = 0.0

    def stages(self) -> list[tuple[str, float, float]]:
        """(stage, from, to) of those it went through."""
        marks = (self.queued, self.began, self.decoded, self.decided, self.synced)
        return [(name, a, b) for name, a, b in zip(STAGES[1:-1], marks, marks[1:]) if b]


_pieces: ContextVar[list[Piece] | None] = ContextVar("pieces", default=None)


class Tracing:
    """Of one server. `clock`: that of the desks, in seconds; `provider` makes the spans."""

    def __init__(self, provider: TracerProvider, clock: Callable[[], float] = time.monotonic) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider, self._clock = provider, clock
        self._tracer = provider.get_tracer("zhiyu")
        self._caller = TraceContextTextMapPropagator()

    def begin(self) -> list[Piece]:
        """A request comes the ordinary way; what its task queues is kept in the list."""
        found: list[Piece] = []
        _pieces.set(found)
        return found

    def queued(self, records: int) -> Piece:
        """Records were put into a desk's queue."""
        piece, pieces = Piece(self._clock(), records), _pieces.get()
        if pieces is not None and len(pieces) < MAX_PIECES:
            pieces.append(piece)
        return piece

    def decided(self, run: Sequence[Work], began: float, decode_s: float) -> None:
        """A batch went through the engine."""
        now = self._clock()
        for work in run:
            piece = work.piece
            piece.began, piece.decoded, piece.decided = began, began + decode_s, now

    def synced(self, work: Work) -> None:
        """Its answers are on disk."""
        work.piece.synced = self._clock()

    def answered(self, exchange: Exchange, status: int, code: str) -> None:
        """The answer was sent: make the spans."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        now, pieces = self._clock(), exchange.pieces or ()
        since = time.time_ns() - int(now * 1e9)
        whole: Span = self._tracer.start_span(
            f"{exchange.method} {exchange.route}", self._caller.extract(_carrier(exchange.headers)), SpanKind.SERVER,
            start_time=since + int(exchange.started * 1e9),
        )  # fmt: skip
        if whole.is_recording():
            whole.set_attributes(_attributes(exchange, status, code, sum(piece.records for piece in pieces)))
            if status >= 500:
                whole.set_status(Status(StatusCode.ERROR))
            for name, start, stop in _stages(exchange.started, pieces, now):
                self._stage(whole, name, since + int(start * 1e9), since + int(stop * 1e9))
        whole.end(since + int(now * 1e9))

    def _stage(self, whole: Span, name: str, start_ns: int, stop_ns: int) -> None:
        from opentelemetry.trace import set_span_in_context

        self._tracer.start_span(name, set_span_in_context(whole), start_time=start_ns).end(stop_ns)

    def close(self) -> None:
        """Hand over what is left."""
        self._provider.shutdown()


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables ask for traces: an endpoint is named, and nothing switches them off."""
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not off and any(environment.get(name) for name in _ENDPOINTS)


def require(environment: Mapping[str, str]) -> None:
    """InputError when traces are asked for and the packages are missing."""
    if not wanted(environment):
        return
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError:
        raise InputError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's packages are missing; install them with pip install 'zhiyu[otel]'",
            "已设置 OTEL_EXPORTER_OTLP_ENDPOINT，但缺少 OpenTelemetry 软件包；请执行 pip install 'zhiyu[otel]'",
        ) from None


def exporting(environment: Mapping[str, str], lines: LogLines) -> Tracing | None:
    """Traces to where the variables say, by OTLP over HTTP; None when they do not ask."""
    if not wanted(environment):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    messages = logging.getLogger("opentelemetry")
    messages.handlers[:] = [ServerMessages(lines)]
    messages.propagate = False
    named = {} if environment.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "zhiyu"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def _stages(started: float, pieces: Sequence[Piece], now: float) -> list[tuple[str, float, float]]:
    if not pieces:
        return []
    first, last = pieces[0], pieces[-1]
    middle = [stage for piece in pieces for stage in piece.stages()]
    done = last.synced or last.decided
    ends = [(STAGES[-1], done, now)] if done else []
    return [(STAGES[0], started, first.queued), *middle, *ends]


def _carrier(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The caller's trace, when it names one."""
    names = ("traceparent", "tracestate")
    return {name: headers[name.encode()].decode("latin-1") for name in names if name.encode() in headers}


def _attributes(exchange: Exchange, status: int, code: str, records: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "http.request.method": exchange.method, "http.route": exchange.route, "http.response.status_code": status,
        "zhiyu.records": records,
    }  # fmt: skip
    if exchange.grant is not None:
        found["zhiyu.tenant"] = exchange.grant.tenant
    return found | ({"error.type": code} if code else {})
