"""What every request of one server shares: settings, desks by tenant, the gate, meters, log lines, the clock.

In: what `zhiyu serve` was given. Out: the desk that a caller may use, or the reason why not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zhiyu.access.exposure import check_origin
from zhiyu.access.gate import Gate, OpenGate
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import Meters
from zhiyu.server.problems import HttpError
from zhiyu.server.settings import Settings


@dataclass(slots=True)
class Site:
    """One server. `stopping` is set when no more work is taken; `log_all`: also successes get a log line."""

    desks: Mapping[str, Desk]
    gate: Gate | OpenGate
    settings: Settings = field(default_factory=Settings)
    meters: Meters = field(default_factory=Meters)
    lines: LogLines = field(default_factory=LogLines)
    clock: Callable[[], float] = time.monotonic
    log_all: bool = False
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def open(self) -> bool:
        """Whether there are no keys."""
        return isinstance(self.gate, OpenGate)

    def admit(self, exchange: Exchange, scope: str) -> Desk:
        """The desk of the caller's tenant. Errors of the gate; HttpError 403 when the tenant is not served here."""
        headers = exchange.headers
        if self.open:
            check_origin(headers)
        grant = self.gate.grant(headers.get(b"authorization", b""), exchange.address, scope)
        exchange.grant = grant
        desk = self.desks.get(grant.tenant)
        if desk is None:
            raise HttpError(403, "tenant", "the tenant of this key is not served here", "此服务不提供该密钥所属的租户")
        exchange.desk = desk
        return desk

    def not_ready(self) -> dict[str, str]:
        """Reasons by tenant why events are not taken; empty when all is well."""
        found = {tenant: desk.broken for tenant, desk in self.desks.items() if desk.broken}
        if self.gate.problem:
            found["keys"] = "the file of keys cannot be read; the keys as last read stay in force"
        if self.stopping.is_set():
            found["server"] = "stopping"
        return found
