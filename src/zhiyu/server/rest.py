"""What the routes of the FastAPI app share: the exchange of a request, the caller's desk, path values.

In: a Starlette request. Out: what `Exchange` and `Desk` give, or an error of the house.
"""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import Request

from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import HttpError
from zhiyu.server.site import Site

MAX_ID_CHARS = 4_096


def exchange_of(request: Request) -> Exchange:
    """The exchange that `Rest` put into the scope."""
    found: Exchange = request.scope["zhiyu"]
    return found


def admitted(request: Request, site: Site, scope: str) -> tuple[Exchange, Desk]:
    """The caller's exchange and desk. Errors of the gate; HttpError 503 when the log stopped."""
    exchange = exchange_of(request)
    desk = site.admit(exchange, scope)
    if desk.broken or desk.closing:
        raise desk.unavailable()
    return exchange, desk


def id_of(encoded_id: str) -> str:
    """The id that a path value stands for. HttpError 400 when it is no percent-encoded UTF-8.

    >>> id_of("a%2Fb%20%E6%99%BA")
    'a/b 智'
    """
    try:
        found = unquote(encoded_id, errors="strict")
    except UnicodeDecodeError:
        found = ""
    if not found or len(found) > MAX_ID_CHARS:
        raise HttpError(
            400, "path", f"the id is no percent-encoded UTF-8 of 1 to {MAX_ID_CHARS} characters",
            f"id 不是 1 至 {MAX_ID_CHARS} 个字符的百分号编码 UTF-8", "id",
        )  # fmt: skip
    return found
