"""One connection to a server, kept open between requests.

In: a request. Out: `Reply`; `Lost` when there was none. Why http.client: one request in flight per thread needs no more, and a library that
others put into their services should bring no dependency. Addresses of proxies in the environment are not looked at.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from zhiyu.base.errors import InputError

MAX_REPLY_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered. `retry_after_s`: when it asks to come again, None when it does not say."""

    status: int
    body: bytes
    retry_after_s: float | None = None

    def json(self) -> Any:
        """The body; an empty object when it is no JSON, as something in between may answer."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Lost(Exception):
    """No answer. `fresh`: on a connection that was opened for this request, so that trying again at once is no use."""

    def __init__(self, why: str, fresh: bool) -> None:
        super().__init__(why)
        self.fresh = fresh


class Wire:
    """A connection to `url`, opened when it is needed. Not for several threads at once."""

    def __init__(self, url: str, headers: Mapping[str, str], context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.path.strip("/"):
            raise InputError(
                f"'{url}' is no address of a server; write for example http://127.0.0.1:8420",
                f"“{url}”不是服务地址；例如 http://127.0.0.1:8420",
            )
        self._secure, self._host = parts.scheme == "https", parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._headers, self._context = dict(headers), context
        self._open: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Reply:
        """Send one request and read its answer; `timeout_s` is for each silence."""
        fresh = self._open is None
        try:
            connection = self._connected(timeout_s)
            connection.request(method, path, body or None, {**self._headers, **headers})
            answer = connection.getresponse()
            content = answer.read(MAX_REPLY_BYTES)
            if answer.will_close:
                self.close()
            after = answer.headers.get("retry-after", "")
            return Reply(answer.status, content, float(after) if after.isdecimal() and len(after) < 7 else None)
        except (OSError, http.client.HTTPException) as wrong:
            self.close()
            raise Lost(_said(wrong), fresh) from None

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._open is None:
            if self._secure:
                context = self._context or ssl.create_default_context()
                self._open = http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=context)
            else:
                self._open = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
            self._open.connect()
            self._open.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.sock.settimeout(timeout_s)
        return self._open

    def close(self) -> None:
        """End the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None


def _said(wrong: Exception) -> str:
    if isinstance(wrong, TimeoutError):
        return "no answer in time"
    if isinstance(wrong, ConnectionRefusedError):
        return "nobody listens there"
    return str(wrong) or type(wrong).__name__
