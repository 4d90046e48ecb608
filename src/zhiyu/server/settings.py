"""Every limit and choice of the server in one place; `zhiyu serve` sets the few that depend on the place where it runs."""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.limits import MAX_EVENT_BYTES


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of one server. Bytes, seconds, counts."""

    max_wait_s: float = 0.1
    """Expected wait from which on requests are shed with 429: less than what fills every connection with one request each."""
    require_backtest: bool = False
    """A policy that people propose carries a backtest against the one in force before it can be submitted."""
    list_four_eyes: int = 100
    """Changes of one list that a person may make in one request; more become a proposal."""
    private_webhooks: bool = False
    """Webhooks may lead to addresses of a private network, or of this machine."""
    max_drain: int = 1_024
    """Records decided as one batch."""
    max_ahead: int = 2
    """Batches that are decided and not yet on disk; what comes meanwhile waits and is decided together."""
    max_queued: int = 20_000
    max_queued_bytes: int = 64 << 20
    max_batch: int = 1_000
    """Records of one `:batch` request."""
    max_lines: int = 10_000
    """Lines of one request to `/v1/events`."""
    max_event_bytes: int = MAX_EVENT_BYTES
    max_body_bytes: int = 16 << 20
    """Body of a request with many records; a stream has no such limit."""
    max_url_bytes: int = 8_192
    max_header_bytes: int = 16_384
    max_headers: int = 100
    max_connections: int = 4_096
    accepts_a_round: int = 16
    """New connections taken in one round of the event loop."""
    headers_s: float = 10.0
    """Time for the head of a request to arrive."""
    body_s: float = 30.0
    """Time for a whole body, streams excepted."""
    idle_s: float = 10.0
    """Longest silence inside a body, or while a client does not read its answer."""
    keep_alive_s: int = 75
    stop_s: int = 15
    """Time for requests to finish after SIGTERM."""
    max_deadline_ms: int = 60_000
    switch_interval_s: float = 0.0005
    """How soon a thread that waits for the interpreter gets it: the sync thread must not wait 5 ms to tell that it is done."""
