"""Drafts over HTTP: a version as people read it, a patch of one checked and tried on the last 30 days while somebody types.

In: a version's hash, operations (JSON Patch). Out: the version's parts with their sentences; for a draft a stream of lines: what the checks
found and what changed, how far the trial is, its figures. Nothing is kept: a draft that is worth keeping is proposed. The work is done in a
process beside the server (`trying`); who closes the connection cancels it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from zhiyu.engine.opened import Opened
from zhiyu.policy.patch import MAX_OPERATIONS
from zhiyu.policy.written import document_of, sentences_of
from zhiyu.server.bodies import read_body
from zhiyu.server.features import FeatureName, feature_of
from zhiyu.server.policies import Patch, PolicyHash, opened_version
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staging import aside
from zhiyu.server.trying import Trying

LINES = "application/x-ndjson"
_JSON = "application/json"


class Tried(Patch, forbid_unknown_fields=True):
    """`figures`: whether the draft is also tried."""

    figures: bool = True


def add_drafts(app: FastAPI, site: Site) -> None:
    """The routes."""
    kept: dict[str, bytes] = {}

    @app.get("/v1/policies/{hash}/written", include_in_schema=False)
    async def written(hash: PolicyHash, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        opened, key = await aside(lambda: opened_version(desk.live, hash)), f"{desk.live.tenant}/{hash}"
        if key not in kept:
            while len(kept) >= 8:
                del kept[next(iter(kept))]
            kept[key] = await aside(lambda: encoded(written_out(opened)))
        return Response(kept[key], media_type=_JSON)

    @app.post("/v1/policy:try", include_in_schema=False)
    async def tried(request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        exchange.known_query()
        asked = read_object(await read_body(exchange, request.receive, site.settings.max_body_bytes), Tried)
        if len(asked.patch) > MAX_OPERATIONS:
            raise HttpError(
                422,
                "limit",
                f"a patch has at most {MAX_OPERATIONS:,} operations",
                f"一次最多 {MAX_OPERATIONS:,} 个操作",
                "patch",
            )
        await aside(lambda: opened_version(desk.live, asked.base))
        operations = msgspec.to_builtins(asked.patch)
        content = {"base": asked.base, "operations": operations, "figures": asked.figures}
        await desk.durable()
        return stream_of(site.trying[desk.live.tenant], "try", content)

    @app.get("/v1/features/{name}/spread", include_in_schema=False)
    async def spread(name: FeatureName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        own = id_of(name)
        feature_of(desk.live.opened, own)
        await desk.durable()
        return stream_of(site.trying[desk.live.tenant], "spread", {"feature": own})


def written_out(opened: Opened) -> dict[str, Any]:
    """A version in full, for reading and changing."""
    sentences = [{"path": path, "en": en, "zh": zh} for path, en, zh in sentences_of(opened.compiled.checked)]
    return {"policy": opened.artifact.hash, "document": document_of(opened.artifact), "said": sentences}


def stream_of(trying: Trying, kind: str, content: dict[str, Any]) -> Response:
    """The answer in which every message of the process beside the server is one line."""

    async def lines() -> AsyncIterator[bytes]:
        async for said, told in trying.ask(kind, content):
            yield encoded({"kind": said, **told}) + b"\n"

    return StreamingResponse(
        lines(), media_type=LINES, headers={"cache-control": "no-store", "x-accel-buffering": "no"}
    )
