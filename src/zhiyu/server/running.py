"""A server from its first line to its last: bind, recover, serve, stop.

In: what `zhiyu serve` was given. Out: nothing; returns when SIGTERM or SIGINT came and everything that was taken is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from zhiyu.access.gate import Gate, OpenGate, SignInGate
from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.outside.asking import Asker
from zhiyu.server.connection import Guarded, guarded
from zhiyu.server.counting import Counting
from zhiyu.server.desk import Desk
from zhiyu.server.gang_reports import GangReports
from zhiyu.server.hourly import HourlyReports
from zhiyu.server.lane import Lane, Route
from zhiyu.server.log_lines import LogLines, ServerMessages
from zhiyu.server.meters import Meters, TenantMeters
from zhiyu.server.metric_alerts import MetricAlerts
from zhiyu.server.metric_reports import MetricReports
from zhiyu.server.network_alarms import NetworkAlarms
from zhiyu.server.problems import HttpError
from zhiyu.server.reads import Rest
from zhiyu.server.settings import Settings
from zhiyu.server.site import Site
from zhiyu.server.studying import Studies
from zhiyu.server.thin import App, Thin
from zhiyu.server.tracing import Tracing
from zhiyu.server.trying import Trying
from zhiyu.server.watching import Watching

if TYPE_CHECKING:
    from zhiyu.access.sign_on_file import Provider
    from zhiyu.evaluation.cube.declared import Declared
    from zhiyu.server.staff import Staff


GC_ALLOCATIONS = 20_000
"""Containers more than before, from which on the collector looks for garbage."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve. `opens` opens a tenant's log, again after a failure of the disk; `staff` opens the records of
    people who may sign in; `ready` is called once requests are taken; `front` may put an app before ours, `express` routes into the
    fast lane; `tracing` makes spans of requests."""

    opens: Mapping[str, Callable[[], Live]]
    gate: Gate | OpenGate | SignInGate
    settings: Settings = field(default_factory=Settings)
    tls: tuple[Path, Path] | None = None
    log_all: bool = False
    lines: LogLines | None = None
    ready: Callable[[Site], None] = lambda site: None
    front: Callable[[App], App] = lambda app: app
    staff: Callable[[], Staff] | None = None
    express: Mapping[bytes, Route] = field(default_factory=dict)
    tracing: Callable[[LogLines], Tracing | None] = lambda lines: None
    watch_s: float = 3600.0
    """Between two looks at the models of policies that declare `model_drift`; 0 for never."""
    tls_in_front: bool = False
    """Something in front ends TLS."""
    providers: tuple[Provider, ...] = ()
    """Where people may sign in beside here."""
    asker: Callable[[], Asker] = Asker
    """Makes what asks the services of a tenant."""
    hourly: int | None = None
    """Hours that a report on the variables holds in full, made every hour; None: no such reports."""
    metrics: bool = False
    """Whether the metric cube is counted."""
    monitored: Declared | None = None
    """Reports and alerts of the metrics; None for none."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that holds the address and does not listen yet. InputError when it is taken or not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
    except OSError as wrong:
        found.close()
        raise InputError(
            f"cannot listen on {host} port {port}: {wrong.strerror or wrong}; choose another --host or --port",
            f"无法监听 {host} 端口 {port}：{wrong.strerror or wrong}；请更换 --host 或 --port",
        ) from None
    return found


def run(plan: Plan, sockets: Sequence[socket.socket]) -> None:
    """Serve until a signal comes, in a process of its own: sets the switch interval, tunes the garbage collector.

    The event loop takes one new connection per socket and round; copies of the sockets let it take more, so that newcomers are not kept out
    by a busy server. As many files as the system allows may be open: every segment of the log is one, and every connection.
    """
    import uvloop

    sys.setswitchinterval(plan.settings.switch_interval_s)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def ready(site: Site) -> None:
        gc.collect()
        gc.freeze()  # what was built until now lives for good, so the collector need not look at it again
        gc.set_threshold(
            GC_ALLOCATIONS
        )  # thousands of requests under way are no garbage: looking at them was a tenth of turning them away
        plan.ready(site)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        copies = [each.dup() for each in sockets for _ in range(plan.settings.accepts_a_round - 1)]
        runner.run(serve(replace(plan, ready=ready), [*sockets, *copies]))


async def serve(plan: Plan, sockets: Sequence[socket.socket]) -> None:
    """Recover, serve, and on the way out decide what is queued, sync and close."""
    lines = plan.lines or LogLines()
    meters = Meters()
    desks: dict[str, Desk] = {}
    staff = plan.staff() if plan.staff is not None else None
    tracing = plan.tracing(lines)
    site = Site(desks, plan.gate, plan.settings, meters, lines, time.monotonic, plan.log_all, staff, tracing=tracing)
    site.hourly = plan.hourly is not None
    site.tls, site.providers = plan.tls is not None or plan.tls_in_front, plan.providers
    rounds: list[asyncio.Task[None]] = []
    try:
        for tenant, opens in plan.opens.items():
            meters.tenants[tenant] = _Told(tenant, lines)
            desks[tenant] = Desk(
                opens, plan.settings, meters.tenants[tenant], site.clock, site.pace, tracing, plan.asker()
            )
        turn = asyncio.Lock()
        site.studies |= {tenant: Studies(desk.live.folder, turn) for tenant, desk in desks.items()}
        site.trying |= {tenant: Trying(desk) for tenant, desk in desks.items()}
        site.pace.start()
        server = _Server(_config(plan, site), site, plan.ready)
        rounds += [asyncio.create_task(each.rounds()) for each in (GangReports(site), NetworkAlarms(site))]
        if plan.metrics:
            site.counting, site.monitored = Counting(site), plan.monitored
            rounds += [
                asyncio.create_task(each.rounds()) for each in (site.counting, MetricReports(site), MetricAlerts(site))
            ]
        if plan.hourly is not None:
            rounds.append(asyncio.create_task(HourlyReports(site, plan.hourly).rounds()))
        if site.releasing is not None:
            rounds.append(asyncio.create_task(site.releasing.rounds()))
        if site.following is not None:
            rounds.append(asyncio.create_task(site.following.rounds()))
        if plan.watch_s:
            rounds.append(asyncio.create_task(Watching(site, plan.watch_s).rounds()))
        rounds += [asyncio.create_task(each.rounds()) for each in site.outgoing.values()]
        await server.serve(list(sockets))
    finally:
        site.pace.stop()
        site.past.close()
        for each in rounds:
            each.cancel()
        if rounds:
            await asyncio.wait(rounds)
        if site.counting is not None:
            await site.counting.close()
        for studies in site.studies.values():
            await studies.close()
        for trying in site.trying.values():
            await trying.close()
        if site.releasing is not None:
            await site.releasing.backtests.close()
        for tenant, desk in desks.items():
            await desk.close()
            lines.write("closed", tenant=tenant, position=desk.live.durable)
        if staff is not None:
            staff.close()
        if tracing is not None:
            await asyncio.get_running_loop().run_in_executor(None, tracing.close)


class _Told(TenantMeters):
    """Meters that also write a log line when the log stops and when it is opened again."""

    def __init__(self, tenant: str, lines: LogLines) -> None:
        super().__init__()
        self._tenant, self._lines = tenant, lines

    def broke(self, why: str) -> None:
        """The log stopped."""
        super().broke(why)
        self._lines.write("log_stopped", "error", tenant=self._tenant, why=why[:200])

    def reopened(self, ok: bool, why: str) -> None:
        """The log was opened again, or could not be."""
        super().reopened(ok, why)
        self._lines.write(
            "log_reopened" if ok else "log_not_reopened", "warning" if ok else "error", tenant=self._tenant, why=why
        )


def _config(plan: Plan, site: Site) -> uvicorn.Config:
    messages = logging.getLogger("uvicorn.error")
    messages.handlers[:] = [ServerMessages(site.lines)]
    messages.propagate = False
    settings = plan.settings

    def refused(error: HttpError) -> None:
        site.meters.request("connection", error.status, 0.0)
        site.lines.write("connection_ended", status=error.status, code=error.code)

    cert, key = plan.tls or (None, None)
    return uvicorn.Config(
        plan.front(Thin(site, Rest(site))), http=guarded(Lane(site, plan.express), refused), ws="none",
         lifespan="off", log_config=None, log_level=logging.WARNING,
        access_log=False,
        server_header=False, date_header=True, proxy_headers=False, timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.stop_s, ssl_certfile=cert, ssl_keyfile=str(key) if key else None, backlog=2_048,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """uvicorn's server with signals that end it with exit code 0, and a tick for slow clients."""

    def __init__(self, config: uvicorn.Config, site: Site, ready: Callable[[Site], None]) -> None:
        super().__init__(config)
        self._site, self._ready = site, ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop gently; a second one stops waiting for clients."""
        loop = asyncio.get_running_loop()
        try:
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(each, self.handle_exit, each, None)
        except (ValueError, RuntimeError):  # not in the main thread: whoever runs us there stops us
            yield
            return
        try:
            yield
        finally:
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(each)

    def handle_exit(self, sig: int, frame: object) -> None:
        """One signal."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._ready(self._site)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        for desk in self._site.desks.values():
            desk.tick()
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Guarded):
                    connection.tick(now)
        return await super().on_tick(counter) or self._site.stopping.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, finish what is under way."""
        self._site.stopping.set()
        self._site.lines.write("stopping")
        await super().shutdown(sockets)
