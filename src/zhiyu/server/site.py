"""What every request of one server shares: settings, desks by tenant, the gate, meters, log lines, the clock.

In: what `zhiyu serve` was given. Out: the desk that a caller may use, or the reason why not.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zhiyu.access.exposure import check_origin
from zhiyu.access.gate import Gate, Grant, OpenGate, SignInGate
from zhiyu.access.tokens import forgery_proof, token_of
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import Meters
from zhiyu.server.pace import Pace
from zhiyu.server.past import Past
from zhiyu.server.problems import HttpError
from zhiyu.server.settings import Settings
from zhiyu.server.telling import Telling

if TYPE_CHECKING:
    from zhiyu.access.sign_on_file import Provider
    from zhiyu.evaluation.cube.declared import Declared
    from zhiyu.server.counting import Counting
    from zhiyu.server.following import Following
    from zhiyu.server.outgoing import Outgoing
    from zhiyu.server.provided import Provided
    from zhiyu.server.releasing import Releasing
    from zhiyu.server.staff import Staff
    from zhiyu.server.studying import Studies
    from zhiyu.server.tracing import Tracing
    from zhiyu.server.trying import Trying

PROOF_HEADER = b"zhiyu-forgery-proof"


@dataclass(slots=True)
class Site:
    """One server. `stopping` is set when no more work is taken; `log_all`: also successes get a log line; `staff`: people who may sign in,
    `releasing`: what does what they approved, `following`: what makes cases of the log; all None on a server that nobody signs in to;
    `studies`: those of each tenant; `outgoing`: what leaves, by tenant, where people sign in; `tracing`: None when requests are not traced;
    `past`: answers about earlier moments; `tls`: browsers come over TLS, which ends here or in front; `providers`: where people may sign in
    beside here, `provided`: those, as the server reaches them."""

    desks: Mapping[str, Desk]
    gate: Gate | OpenGate | SignInGate
    settings: Settings = field(default_factory=Settings)
    meters: Meters = field(default_factory=Meters)
    lines: LogLines = field(default_factory=LogLines)
    clock: Callable[[], float] = time.monotonic
    log_all: bool = False
    staff: Staff | None = None
    pace: Pace = field(default_factory=Pace)
    tracing: Tracing | None = None
    releasing: Releasing | None = None
    following: Following | None = None
    counting: Counting | None = None
    """Counts the metrics of all tenants; None on a server that does not."""
    monitored: Declared | None = None
    """Reports and alerts of the metrics; None where none are declared."""
    hourly: bool = False
    """Whether hourly reports on the variables are made."""
    studies: dict[str, Studies] = field(default_factory=dict)
    trying: dict[str, Trying] = field(default_factory=dict)
    """What tries drafts on the recent past, by tenant."""
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    past: Past = field(default_factory=Past)
    tls: bool = False
    providers: tuple[Provider, ...] = ()
    provided: dict[str, Provided] = field(default_factory=dict)
    telling: Telling = field(init=False)

    def __post_init__(self) -> None:
        self.telling = Telling(self.pace)

    @property
    def open(self) -> bool:
        """Whether there are no keys."""
        return isinstance(self.gate, OpenGate)

    def admit(self, exchange: Exchange, scope: str) -> Desk:
        """The desk of the caller's tenant. Errors of the gate; HttpError 403 when the tenant is not served here."""
        headers = exchange.headers
        self.check_origin(headers)
        grant = exchange.grant
        if grant is None:
            grant = exchange.grant = self.gate.grant(headers.get(b"authorization", b""), exchange.address, scope)
        else:
            grant.require(scope)
        exchange.desk = self.desk_of(grant)
        return exchange.desk

    def check_origin(self, headers: Mapping[bytes, bytes]) -> None:
        """Foreign when there are no keys and the request does not come from this machine."""
        if self.open:
            check_origin(headers)

    def desk_of(self, grant: Grant) -> Desk:
        """The desk of a tenant. HttpError 403 when it is not served here."""
        desk = self.desks.get(grant.tenant)
        if desk is None:
            raise HttpError(403, "tenant", "the tenant of this key is not served here", "此服务不提供该密钥所属的租户")
        return desk

    async def recognise(self, exchange: Exchange) -> None:
        """Give the exchange the grant of whoever is signed in, if somebody is. HttpError 403 for a change that another page might have
        sent; RecordsAway."""
        token, by_itself = token_of(exchange.headers, self.tls)
        person = await self.staff.whose(token) if self.staff is not None and token else None
        if person is None:
            return
        if by_itself and exchange.method not in ("GET", "HEAD"):
            given = exchange.headers.get(PROOF_HEADER, b"")
            if not hmac.compare_digest(given, forgery_proof(token).encode()):
                raise HttpError(
                    403, "forgery_proof", "a change made with a cookie needs the header Zhiyu-Forgery-Proof, told at sign-in",
                    "凭 Cookie 进行的变更需要请求头 Zhiyu-Forgery-Proof（登录时给出）", "Zhiyu-Forgery-Proof",
                )  # fmt: skip
        exchange.grant = Grant(person.tenant, person.permissions, person=person.name)

    def check_page(self, exchange: Exchange) -> None:
        """HttpError 403 for a sign-in that a page of another origin sends."""
        origin, host = exchange.headers.get(b"origin"), exchange.headers.get(b"host", b"")
        if origin is not None and origin.lower() not in (b"http://" + host.lower(), b"https://" + host.lower()):
            raise HttpError(403, "foreign", "sign in from the server's own pages", "请从本服务的页面登录")

    def not_ready(self) -> dict[str, str]:
        """Reasons by tenant why events are not taken; empty when all is well."""
        found = {tenant: desk.broken for tenant, desk in self.desks.items() if desk.broken}
        if self.gate.problem:
            found["keys"] = "the file of keys cannot be read; the keys as last read stay in force"
        if self.stopping.is_set():
            found["server"] = "stopping"
        return found
