"""A webhook: one signed POST to an address that may be called, and whether it was taken.

In: a URL, a secret, an effect. Out: "" when it was taken, else why not, and whether to try again. Signed as Standard Webhooks says: headers
`webhook-id`, `webhook-timestamp`, `webhook-signature`. Called is https, or http on this machine; the name is looked up once, every address
it has is looked at, and the connection goes to one of those. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import socket
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.outside.endpoints import Endpoint
from zhiyu.outside.http import Failed, send

TIMEOUT_S = 10.0
MAX_URL_CHARS = 2_000
_GONE = (400, 401, 403, 404, 405, 410, 413, 422)
"""Answers that another try does not change; others are tried again."""
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: an endpoint and the path on it. `private`: addresses of a private network, or of this machine, may be called."""

    endpoint: Endpoint
    path: str
    private: bool = False


def target_of(url: str, private: bool = False) -> Target:
    """A URL that may be called, as far as can be said before its name is looked up. InputError."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host.encode("ascii")
        (parts.path + parts.query).encode("ascii")
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.username is not None
        or parts.fragment
        or len(url) > MAX_URL_CHARS
    ):
        raise InputError("a url is like https://host:port/path", "url 应形如 https://主机:端口/路径")
    if not url.isprintable() or " " in url:
        raise InputError("a url has no spaces or control characters", "url 不能含空格或控制字符")
    literal = _literal(host)
    here = host == "localhost" or (literal is not None and literal.is_loopback)
    if parts.scheme == "http" and not here:
        raise InputError("another machine is called with https only", "访问其他机器必须使用 https")
    if (here or (literal is not None and not _public(literal))) and not private:
        raise InputError(
            "this address is of a private network or of this machine; the server must be started with --private-webhooks, and the webhook "
            "say `private`",
            "该地址属于内网或本机；须以 --private-webhooks 启动服务，并在 webhook 中写明 private",
        )
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(Endpoint(host, port or (443 if tls else 80), tls), path, private)


def signed(secret: bytes, key: str, at_s: int, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers that prove who sends this, and when.

    >>> signed(b"secret", "zo_1", 1_800_000_000, b"{}")[2]
    ('webhook-signature', 'v1,+np+Y2mcYYr5fEXlX27ft1B7FRLGjffVAo6UWjsxr8s=')
    """
    proof = hmac.digest(secret, f"{key}.{at_s}.".encode() + body, "sha256")
    return (
        ("webhook-id", key), ("webhook-timestamp", str(at_s)), ("webhook-signature", f"v1,{base64.b64encode(proof).decode()}"),
    )  # fmt: skip


def shown_secret(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def message(kind: str, made: str, data: dict[str, Any]) -> bytes:
    """The body."""
    return _encode({"type": kind, "timestamp": made, "data": data})


async def post(target: Target, secret: bytes, key: str, at_s: int, body: bytes) -> tuple[str, bool]:
    """Send once. (why it was not taken, "" when it was; whether to try again)."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            address = await _address(target)
            headers = (*signed(secret, key, at_s, body), ("user-agent", "zhiyu"))
            reply = await send(replace(target.endpoint, headers=headers), "POST", target.path, body, address)
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:.0f} s", True
    except InputError as refused:
        return refused.en, False
    except (Failed, OSError) as failed:
        return f"cannot be reached: {failed or type(failed).__name__}", True
    if 200 <= reply.status < 300:
        return "", False
    return f"answered {reply.status}", reply.status not in _GONE and not 300 <= reply.status < 400


async def _address(target: Target) -> str:
    """The address that is called. InputError when the name leads to one that must not be."""
    host, port = target.endpoint.host, target.endpoint.port
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0]).split("%")[0]) for each in found]
    if not addresses:
        raise OSError("no address")
    if not target.private and not all(map(_public, addresses)):
        raise InputError(
            "its name leads to an address of a private network or of this machine", "域名解析到内网或本机地址"
        )
    return str(addresses[0])


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody's machine may have it: no private, local, reserved or multicast one, nor one of those inside IPv6."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    teredo = getattr(address, "teredo", None)
    if inner is not None:
        return _public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved and teredo is None
