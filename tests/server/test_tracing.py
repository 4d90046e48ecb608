"""Traces: what a request went through, stage by stage, in OpenTelemetry's terms, and nothing about a person in it."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler
from opentelemetry.trace import SpanKind, StatusCode

from tests.server.served import Served, payment
from zhiyu.base.errors import InputError
from zhiyu.server.tracing import STAGES, Tracing, exporting, require, wanted
from zhiyu.server.work import Work

KNOWN = {
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "zhiyu.records",
    "zhiyu.tenant",
    "error.type",
}
PERSONAL = ("13912345678", "110101199003074012", "张三丰", "62220212345678", "secret-id-77")
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Traced(Served):
    """A server whose spans stay in memory."""

    def __init__(self, folder: Path, sampler: Sampler | None = None, **more: Any) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler) if sampler else TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        super().__init__(folder, tracing=lambda lines: Tracing(provider), **more)

    def spans(self) -> tuple[ReadableSpan, list[ReadableSpan]]:
        """The one request since the last call, and its stages in order."""
        found = [*self.exporter.get_finished_spans()]
        self.exporter.clear()
        [whole] = [span for span in found if span.kind is SpanKind.SERVER]
        stages = [span for span in found if span is not whole]
        assert all(span.parent and span.parent.span_id == whole.context.span_id for span in stages)
        assert all(span.context.trace_id == whole.context.trace_id for span in stages)
        return whole, stages


@pytest.fixture(scope="module", params=[True, False], ids=["log_all", "quiet"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    with Traced(tmp_path_factory.mktemp("traced"), log_all=request.param) as made:
        yield made


@pytest.mark.parametrize("address", ["/v1/decisions", "/v1/decisions?deadline_ms=5000"], ids=["lane", "ordinary"])
def test_a_decision_tells_its_stages(server: Traced, address: str) -> None:
    answer = server.client.post(address, content=payment(f"t{address}"), headers={"traceparent": CALLER})
    assert answer.status_code == 200
    whole, stages = server.spans()
    assert (whole.name, whole.status.status_code) == ("POST /v1/decisions", StatusCode.UNSET)
    assert dict(whole.attributes or {}) == {
        "http.request.method": "POST", "http.route": "/v1/decisions", "http.response.status_code": 200, "zhiyu.records": 1,
        "zhiyu.tenant": "default",
    }  # fmt: skip
    assert [span.name for span in stages] == list(STAGES)
    assert f"{whole.context.trace_id:032x}" == CALLER.split("-")[1]
    assert whole.parent is not None
    assert f"{whole.parent.span_id:016x}" == CALLER.split("-")[2]
    edges = [whole.start_time, *(span.end_time for span in stages)]
    assert [span.start_time for span in stages] == edges[:-1]  # each begins where the one before ends
    assert edges == sorted(edges)  # type: ignore[type-var]
    assert edges[-1] == whole.end_time


def test_requests_of_many_records(server: Traced) -> None:
    bodies = [payment(f"m{number}") for number in range(40)]
    lines = b"\n".join(bodies)
    server.client.post("/v1/decisions:batch", content=b"[" + b",".join(bodies) + b"]")
    whole, stages = server.spans()
    assert (whole.attributes or {})["zhiyu.records"] == 40
    assert [span.name for span in stages] == list(STAGES)
    server.client.post("/v1/decisions:stream", content=lines)
    whole, stages = server.spans()
    assert whole.name == "POST /v1/decisions:stream"
    assert [span.name for span in stages][:: len(stages) - 1] == ["receive", "answer"]
    server.client.post("/v1/events", content=lines)
    assert server.spans()[0].name == "POST /v1/events"
    server.client.post("/v1/labels", json={"event": "pm1", "fraud": True})
    assert server.spans()[0].name == "POST /v1/labels"


def test_what_is_refused_or_only_asked(server: Traced) -> None:
    server.decide(b"{")
    whole, stages = server.spans()
    assert (whole.attributes or {})["http.response.status_code"] == 400
    assert (whole.attributes or {})["error.type"] == "bad_json"
    assert "fsync" not in [span.name for span in stages]
    server.client.get("/v1/decisions/nobody")
    whole, stages = server.spans()
    assert (whole.name, stages) == ("GET /v1/decisions/{id}", [])
    assert (whole.attributes or {})["http.response.status_code"] == 404


def test_no_span_tells_of_a_person(tmp_path: Path) -> None:
    person = {"phone": "13912345678", "city": "张三丰", "card": "62220212345678", "id": "secret-id-77"}
    with Traced(tmp_path) as server:
        client = server.client
        client.headers["baggage"] = "who=13912345678"
        for body in (
            payment(1, **person),
            payment(2, **person | {"amount": "110101199003074012"}),
            payment(3, **person).replace(b"}", b""),
        ):
            for route in ("decisions", "decisions:batch", "decisions:stream", "events", "decisions?13912345678=1"):
                client.post(f"/v1/{route}", content=body)
        for address in (
            "/v1/decisions/secret-id-77",
            "/v1/110101199003074012",
            "/v1/entities/card/62220212345678/timeline",
        ):
            client.get(address)
        client.post("/v1/labels", json={"event": "secret-id-77", "fraud": True, "reason": "张三丰"})
        spans = server.exporter.get_finished_spans()
    assert len([span for span in spans if span.kind is SpanKind.SERVER]) == 19
    for span in spans:
        assert set(span.attributes or {}) <= KNOWN
        assert not span.events
        told = span.to_json()
        assert not [word for word in PERSONAL if word in told or word in json.loads(json.dumps(told))]


def test_what_is_not_sampled_costs_no_stages(tmp_path: Path) -> None:
    with Traced(tmp_path, ALWAYS_OFF) as server:
        assert server.decide(payment(1)).status_code == 200
        assert server.exporter.get_finished_spans() == ()


def test_nothing_is_noted_while_nobody_asks(tmp_path: Path) -> None:
    seen: list[Work] = []
    with Served(tmp_path) as server:
        desk = server.site.desks["default"]
        put = desk.put
        desk.put = lambda work, patient=False: (seen.append(work), put(work, patient))[1]  # type: ignore[method-assign]
        server.decide(payment(1))
        server.client.post("/v1/events", content=payment(2))
        assert server.site.tracing is None
    assert len(seen) == 2
    assert not any(hasattr(work, "piece") for work in seen)


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, False), ({ENDPOINT: "http://127.0.0.1:4318"}, True), ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x/v1/traces"}, True),
        ({ENDPOINT: ""}, False), ({ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://x", "OTEL_TRACES_EXPORTER": "none"}, False), ({"OTEL_SERVICE_NAME": "decisions"}, False),
    ],
)  # fmt: skip
def test_the_variables_of_opentelemetry_ask_for_traces(variables: dict[str, str], asked: bool) -> None:
    assert wanted(variables) is asked


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    require({})
    with pytest.raises(InputError, match=r"zhiyu\[otel\]"):
        require({ENDPOINT: "http://127.0.0.1:4318"})


def test_spans_arrive_where_the_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Quiet."""

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    variables = {ENDPOINT: f"http://127.0.0.1:{collector.server_port}", "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Served(tmp_path, tracing=lambda lines: exporting(variables, lines)) as server:
        assert server.decide(payment(1)).status_code == 200
    collector.shutdown()
    spans = [span for each in got for part in each.resource_spans for scope in part.scope_spans for span in scope.spans]
    assert {span.name for span in spans} == {"POST /v1/decisions", *STAGES}
    named = {
        pair.key: pair.value.string_value
        for each in got
        for part in each.resource_spans
        for pair in part.resource.attributes
    }
    assert named["service.name"] == "zhiyu"


def test_a_collector_that_is_away_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {ENDPOINT: "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Served(tmp_path, tracing=lambda lines: exporting(variables, lines)) as server:
        assert [server.decide(payment(number)).status_code for number in range(3)] == [200] * 3
