"""What the answers of routes for people tell browsers to keep to.

In: the headers of an answer. Out: the same and more. It is what its type says, tells nobody where one came from, is in no frame and no
cache, and over TLS it stays TLS.
"""

from __future__ import annotations

from collections.abc import Iterable

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"), (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)  # fmt: skip
_TLS = ((b"strict-transport-security", b"max-age=31536000"),)


def protected(headers: Iterable[tuple[bytes, bytes]], request_id: bytes, tls: bool) -> list[tuple[bytes, bytes]]:
    """The headers, the request's id, and what a browser must keep to; a route's own word about cache or page stands.

    >>> dict(protected([(b"cache-control", b"max-age=60")], b"r1", False))[b"cache-control"]
    b'max-age=60'
    """
    found = list(headers)
    named = {name for name, _ in found}
    own = _ALWAYS + (_TLS if tls else ())
    return [*found, *((name, value) for name, value in own if name not in named), (b"zhiyu-request-id", request_id)]
