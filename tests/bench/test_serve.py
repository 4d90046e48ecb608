"""The serving benchmark at a tiny size: every promised key is there; the client counts from when a request was due."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from zhiyu.bench.serve import RATES, ServeSizes, run_serve
from zhiyu.bench.serve_load import Client
from zhiyu.bench.serve_records import Records
from zhiyu.bench.serve_report import show_serve

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def test_every_promised_figure_is_there(tmp_path: Path) -> None:
    told = run_serve(ServeSizes.tiny())
    keys = {
        "http", "saturation_rps", "trivial_rps", "ratio", "batch_events_per_s", "stream_events_per_s", "inprocess_p99_us", "recovery_s",
        "flatness", "overload", "conditions",
    }  # fmt: skip
    assert keys <= set(told)
    assert set(told["http"]) == {str(rate) for rate in RATES}
    assert all({"p50_ms", "p95_ms", "p99_ms", "p999_ms"} <= set(found) for found in told["http"].values())
    sizes = ServeSizes.tiny()
    sent = sizes.state + 3 * (sizes.stream + 100 * sizes.batches) + sizes.flat
    assert told["recovered"]["position"] == told["recovered"]["replayed"] > sent  # nothing that was answered is lost
    console = Console(record=True, width=200)
    show_serve(told, console)
    assert "whole decisions/s, one NDJSON stream" in console.export_text()


def test_records_go_on_where_they_stopped() -> None:
    whole, parts = Records("a"), Records("a")
    assert whole.take(300) == [*parts.take(1), *parts.take(99), *parts.take(200)]


@pytest.mark.parametrize("stalls", [0.0, 0.4])
def test_a_stall_is_seen_by_everybody_who_was_due_in_it(stalls: float) -> None:
    """One connection, a server that stalls once: in an open loop all that were due meanwhile have waited."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            first = True
            while data := connection.recv(65_536):
                if first:
                    time.sleep(stalls)
                first = False
                connection.sendall(ANSWER * data.count(b"POST "))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    order = {
        "kind": "open",
        "path": "/",
        "rate": 200,
        "count": 100,
        "connections": 1,
        "port": listening.getsockname()[1],
    }
    found = Client("c").obey(order)
    thread.join(60)
    listening.close()
    assert found["statuses"] == {200: 100}
    waited = sum(latency > 0.1 for latency in found["latencies"])
    assert waited > 20 if stalls else True
    assert min(found["latencies"]) > 0
