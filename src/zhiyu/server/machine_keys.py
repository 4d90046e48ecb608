"""Keys of machines over HTTP, to be looked at: what each may do and until when.

In: the gate of a server. Out: JSON. A key is made and revoked where its file is (`zhiyu keys`), so that nobody can give a machine more than
their own roles allow by way of a browser; the key itself is told once, when it is made, and stands nowhere.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from zhiyu.access.gate import Gate
from zhiyu.access.keys import StoredKey
from zhiyu.log.list_journal import said_time
from zhiyu.server.problems import encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site


def add_machine_keys(app: FastAPI, site: Site) -> None:
    """The route /v1/keys."""

    @app.get("/v1/keys", include_in_schema=False)
    async def keys(request: Request) -> Response:
        exchange, _ = admitted(request, site, "people")
        exchange.known_query()
        assert exchange.grant is not None
        gate = site.gate
        found = gate.of(exchange.grant.tenant) if isinstance(gate, Gate) else []
        content = {"file": isinstance(gate, Gate), "keys": [_told(each) for each in found]}
        return Response(encoded(content), media_type="application/json")


def _told(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id, "scopes": list(key.scopes), "created": said_time(key.created),
        "expires": said_time(key.expires) if key.expires else None, "note": key.note,
    }  # fmt: skip
