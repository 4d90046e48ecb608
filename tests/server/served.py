"""A real server in a thread of the test, on a free port, over a real log in a folder (or on a simulated disk)."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import httpx
import uvloop

from tests.engine.live_stream import live_opened
from zhiyu.access.gate import Gate, OpenGate, SignInGate
from zhiyu.access.sign_on_file import Provider
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.cube.declared import Declared
from zhiyu.log.disk import Disk
from zhiyu.outside.asking import Asker
from zhiyu.server.log_lines import LogLines
from zhiyu.server.running import Plan, bound, serve
from zhiyu.server.settings import Settings
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff
from zhiyu.server.tracing import Tracing

WAIT_S = 60


class Served:
    """`with Served(folder) as server: server.client.post(...)`. `makes`: another way to open the log; `tenants`: several, each
    with its policy."""

    def __init__(
        self, folder: Path, opened: Opened | None = None, *, gate: Gate | OpenGate | SignInGate | None = None,
        settings: Settings | None = None, staff: Callable[[], Staff] | None = None, disk: Disk | None = None,
        makes: Callable[[], Live] | None = None, log_all: bool = True, tenant: str = "default",
        tracing: Callable[[LogLines], Tracing | None] = lambda lines: None,
        asker: Callable[[], Asker] = Asker, hourly: int | None = None, metrics: bool = True, monitored: Declared | None = None,
        providers: tuple[Provider, ...] = (), tls_in_front: bool = False, tenants: Mapping[str, Opened] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        policies = tenants or {tenant: opened or live_opened()}
        self.log = io.StringIO()
        self.site: Site
        self._ready = threading.Event()
        self._socket = bound("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=WAIT_S)

        def opener(name: str) -> Callable[[], Live]:
            return makes or (lambda: Live(folder / name, policies[name], clock="events", disk=disk))

        self._plan = Plan(
            {name: opener(name) for name in policies},
            gate or OpenGate(tenant),
            settings or Settings(),
            log_all=log_all,
            lines=LogLines(self.log),
            ready=self._started,
            tracing=tracing,
            staff=staff,
            asker=asker,
            hourly=hourly,
            metrics=metrics,
            monitored=monitored,
            providers=providers,
            tls_in_front=tls_in_front,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(serve(self._plan, [self._socket]))

    def _started(self, site: Site) -> None:
        self.site = site
        self._ready.set()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.stop()

    def run(self, does: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine gives, run in the server's own loop."""
        return asyncio.run_coroutine_threadsafe(does, self._loop).result(WAIT_S)

    def ask_to_stop(self) -> None:
        """As a signal does; returns at once."""
        self._loop.call_soon_threadsafe(self.site.stopping.set)

    def stop(self) -> None:
        """Stop gently and wait."""
        if self._thread.is_alive():
            self.ask_to_stop()
            self._thread.join(WAIT_S)
            assert not self._thread.is_alive()

    def decide(self, body: bytes, **more: Any) -> httpx.Response:
        """POST one event."""
        return self.client.post("/v1/decisions", content=body, **more)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), WAIT_S)

    def log_lines(self) -> list[dict[str, Any]]:
        """What was logged so far."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def payment(number: int | str, **changes: Any) -> bytes:
    """One good event of the policy of `live_stream`."""
    content = {
        "type": "payment",
        "id": f"p{number}",
        "time": "2027-01-15T08:00:00+08:00",
        "card": "c1",
        "amount": 20,
        "city": "北京",
    }
    return json.dumps(content | changes, ensure_ascii=False).encode()


def until_closed(connection: socket.socket) -> bytes:
    """Everything the server still says."""
    found = b""
    while piece := connection.recv(65_536):
        found += piece
    return found
