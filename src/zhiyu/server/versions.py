"""Versions over HTTP: every one that was released, what changed from one to another, what each decided, who uses a part of one.

In: hashes, names. Out: JSON. Every version is kept; comparing two runs beside the event loop.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from zhiyu.engine.live import Live
from zhiyu.engine.of_version import decided_by
from zhiyu.policy.declare_versions import Versions
from zhiyu.policy.diff import diff_policies
from zhiyu.server.lists import page_size
from zhiyu.server.policies import PolicyHash, opened_version
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted
from zhiyu.server.site import Site
from zhiyu.server.staging import aside, release_told

_JSON = "application/json"
MAX_CHANGES = 1_000


class _Named(msgspec.Struct):
    name: str = ""
    versions: Versions | None = None


class _Written(msgspec.Struct):
    """The little of an artifact that a list tells."""

    policy: _Named


def add_versions(app: FastAPI, site: Site) -> None:
    """The routes under /v1/policies, and /v1/policy/uses."""

    @app.get("/v1/policies", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        query = exchange.known_query("limit", "before")
        limit, before, live = page_size(query.get("limit")), _whole(query.get("before"), "before"), desk.live
        history = [each for each in live.releases.history if before is None or each.number < before][::-1]
        rows = await aside(lambda: [_told(live, each.hash) | release_told(each) for each in history[:limit]])
        return _json({"policies": rows, "next": history[limit - 1].number if len(history) > limit else None})

    @app.get("/v1/policies/{hash}/changes", include_in_schema=False)
    async def changes(hash: PolicyHash, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        since, live = exchange.known_query("since").get("since", ""), desk.live
        fresh = await aside(lambda: opened_version(live, hash))
        old = await aside(lambda: opened_version(live, since or _before(live, hash)))
        found = await aside(lambda: diff_policies(old.policy, fresh.policy).changes)
        told = [
            {"kind": each.kind, "section": each.section, "en": each.en, "zh": each.zh} for each in found[:MAX_CHANGES]
        ]
        return _json({"policy": hash, "since": old.artifact.hash, "count": len(found), "changes": told})

    @app.get("/v1/policies/{hash}/decisions", include_in_schema=False)
    async def decisions(hash: PolicyHash, request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        query, live = exchange.known_query("limit", "after"), desk.live
        limit, after = page_size(query.get("limit")), _whole(query.get("after"), "after")
        opened_version(live, hash)
        positions, more = decided_by(
            live.log, live.releases.history, hash, lambda each: live.releases.open(each, live.opened),
            -1 if after is None else after, limit,
        )  # fmt: skip
        bodies = [body for body in map(live.at, positions) if body is not None]
        await desk.durable()
        ends = b"null" if more is None else b"%d" % more
        return Response(b'{"decisions":[%b],"next":%b}' % (b",".join(bodies), ends), media_type=_JSON)

    @app.get("/v1/policy/uses", include_in_schema=False)
    async def uses(request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        name = exchange.known_query("name").get("name", "")
        if not name:
            raise HttpError(
                422, "name", "say which part: a list, a feature, a model …", "请指明名单、特征或模型等的名称", "name"
            )
        opened = desk.live.opened
        found = await aside(lambda: opened.uses.get(name, ()))
        entries = desk.live.engine.lists.counts(desk.live.moment()).get(name, 0)
        return _json({"name": name, "uses": [each.to_dict() for each in found], "entries": entries})


def _before(live: Live, policy: str) -> str:
    """The version that was released before this one first was."""
    history = live.releases.history
    at = next((number for number, each in enumerate(history) if each.hash == policy), 0)
    return next((each.hash for each in reversed(history[:at]) if not each.live), policy)


def _told(live: Live, policy: str) -> dict[str, Any]:
    """What a version is called, read off its file: nothing is compiled for a list."""
    content = live.releases.artifact(policy)
    if content is None:
        return {"name": "", "kept": False}
    written = msgspec.json.decode(content, type=_Written).policy
    versions = written.versions
    share = (
        {"next_policy": versions.next, "percent": str(versions.percent), "split_by": versions.by} if versions else {}
    )
    return {"name": written.name, "kept": True, **share}


def _whole(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HttpError(422, field, "is no whole number", "不是整数", field)
    return int(text)


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
