"""Policies over HTTP: which one decides, publish another, roll back, read one that was released.

In: an artifact, or the files of a policy folder. Out: what became of it: in force at once, or counting first. Compiling runs in a thread
beside the event loop. A release is on disk before it is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.access.roles import ALLOWED_BY
from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_POLICY_FILES
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_artifact, open_policy
from zhiyu.events.refusals import Bad
from zhiyu.log.ndjson import read_line
from zhiyu.policy.artifact import Artifact
from zhiyu.policy.load import Loaded, load_texts
from zhiyu.policy.patch import Operation, Pointers, patched, policy_of
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import MAX_FINDINGS, HttpError, encoded, finding_of
from zhiyu.server.rest import admitted
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staging import (
    LIVE,
    Step,
    aside,
    both_of,
    figures_of,
    release_told,
    released,
    require_spared,
    step_of,
    taken,
)

T = TypeVar("T")
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_JSON = "application/json"
PolicyHash = Annotated[str, Path(description="The version: 64 hex digits.")]


class Patch(msgspec.Struct, forbid_unknown_fields=True):
    """Operations (JSON Patch) on the version of hash `base`."""

    base: str
    patch: list[Operation]


class Folder(msgspec.Struct, forbid_unknown_fields=True):
    """The files of a policy folder by name: *.yaml, and *.csv for the rows of tables."""

    files: dict[str, str]


def add_policies(app: FastAPI, site: Site) -> None:
    """The routes under /v1/policy and /v1/policies."""

    @app.get("/v1/policy", include_in_schema=False)
    async def policy(request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        await desk.durable()
        return _json(_standing(desk.live))

    @app.post("/v1/policy", include_in_schema=False)
    async def publish(request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        query = exchange.known_query("dry_run", "propose", "title", "stage", "percent", "by")
        step = step_of(query)
        dry_run, propose = _flag(query.get("dry_run"), "dry_run"), _flag(query.get("propose"), "propose")
        body = await read_body(exchange, request.receive, site.settings.max_body_bytes)
        like, yaml = desk.live.opened, b"yaml" in exchange.content_type
        opened = await aside(lambda: opened_of(body, yaml, like, lambda version: opened_version(desk.live, version)))
        both = await aside(lambda: both_of(desk.live, opened, step))
        require_spared(desk.live, opened)
        warnings = [finding_of(each, exchange.language) for each in opened.warnings[:MAX_FINDINGS]]
        if dry_run:
            why = desk.live.why_not_at_once(both or opened)
            told: dict[str, Any] = {"status": "checked", "at_once": not why} | ({"why": why} if why else {})
        elif propose or not may_publish(exchange):
            told = await proposed(site, exchange, desk, opened, query.get("title", ""), step)
        else:
            told = await durably(desk, lambda live: taken(live, opened, both, step, by_whom(exchange)))
        return _json({**told, "policy": opened.artifact.hash, "name": opened.policy.name, "warnings": warnings})

    @app.post("/v1/policy:rollback", include_in_schema=False)
    async def roll_back(request: Request) -> Response:
        exchange, desk = admitted(request, site, "rollback")
        exchange.known_query()
        await _open_previous(desk)
        await _in_audit(site, exchange, desk, "policy.rollback")
        told = await desk.durably(lambda live: released(live, live.roll_back(by_whom(exchange))))
        return _json({**told, **_now(desk.live)})

    @app.post("/v1/policy:stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        exchange, desk = admitted(request, site, "rollback")
        exchange.known_query()
        figures = figures_of(desk.live)
        await _in_audit(site, exchange, desk, "policy.stop")
        told = await durably(desk, lambda live: released(live, live.stop(by_whom(exchange))))
        return _json({**told, **_now(desk.live), "beside": figures})

    @app.get("/v1/policies/{hash}", include_in_schema=False)
    async def artifact(hash: PolicyHash, request: Request) -> Response:
        exchange, desk = admitted(request, site, "policies")
        exchange.known_query()
        found = desk.live.releases.artifact(hash) if HASH.fullmatch(hash) else None
        if found is None:
            raise HttpError(404, "no_policy", "no policy of this hash was released here", "此处未发布过该哈希的策略")
        return Response(found, media_type=_JSON)


async def _in_audit(site: Site, exchange: Exchange, desk: Desk, verb: str) -> None:
    """What a person does in one call and alone stands in the audit first. What a machine does stands in the log alone, whose frames are
    chained as well: it goes through while the records are away."""
    staff = site.staff
    if staff is None or not exchange.who.startswith("person:"):
        return
    office, detail = staff.offices[desk.live.tenant], {"policy": desk.live.opened.artifact.hash}

    def write() -> None:
        with staff.records.writing() as connection:
            office.audit.add(connection, staff.wall(), exchange.who, verb, "policy", detail)

    await staff.aside(write)


def opened_of(body: bytes, yaml: bool, like: Opened, version_of: Callable[[str], Opened]) -> Opened:
    """The policy that a body brings, checked and compiled for the tenant of `like`; `version_of`: one that is kept, by its hash, which a
    patch begins with. DeclarationError with every finding; HttpError."""
    if yaml:
        return open_policy(load_texts({"policy.yaml": body}), like.tenant, like.codes.key)
    try:
        content = read_line(body)
    except Bad as bad:
        raise HttpError(400, bad.code, bad.en, bad.zh, "body") from None
    if "patch" in content:
        asked = read_object(body, Patch)
        return _patched(version_of(asked.base), asked.patch)
    if "files" in content:
        files = read_object(body, Folder).files
        if not 1 <= len(files) <= MAX_POLICY_FILES:
            raise HttpError(
                422,
                "limit",
                f"a policy has 1 to {MAX_POLICY_FILES} files",
                f"策略应有 1 至 {MAX_POLICY_FILES} 个文件",
                "files",
            )
        texts = {name: files[name].encode() for name in sorted(files)}
        return open_policy(load_texts(texts), like.tenant, like.codes.key)
    try:
        return open_artifact(Artifact.from_json(body), like.tenant, like.codes.key)
    except InputError as wrong:
        raise HttpError(422, "policy", wrong.en, wrong.zh) from None


def _patched(base: Opened, operations: list[Operation]) -> Opened:
    try:
        document = json.loads(base.artifact.canonical)["policy"]
        policy = policy_of(patched(document, operations))
    except InputError as wrong:
        raise HttpError(422, "patch", wrong.en, wrong.zh, "patch") from None
    return open_policy(Loaded(policy, Pointers()), base.tenant, base.codes.key)


async def _open_previous(desk: Desk) -> None:
    """Compile the policy before the one in force beside the loop, when that has not been done yet."""
    live, before = desk.live, desk.live.releases.previous
    back = live.whole if live.opened.policy.versions is not None else before.hash if before is not None else ""
    if not back:
        raise HttpError(409, "no_release", "there is no earlier release to go back to", "没有可回退的更早版本")
    await aside(lambda: live.releases.open(back, live.opened))


def opened_version(live: Live, policy: str) -> Opened:
    """A version that is kept here. HttpError 404."""
    try:
        if HASH.fullmatch(policy):
            return live.releases.open(policy, live.opened)
    except InputError:
        pass
    raise HttpError(404, "no_policy", "no policy of this hash is kept here", "此处未保存该哈希的策略")


async def durably(desk: Desk, does: Callable[[Live], T]) -> T:
    """As the desk does it; HttpError 409 when it cannot be done as things stand."""
    try:
        return await desk.durably(does)
    except InputError as wrong:
        raise HttpError(409, "stage", wrong.en, wrong.zh) from None


def _now(live: Live) -> dict[str, str]:
    """The policy that decides, or is about to."""
    found = live.warming.opened if live.warming is not None else live.opened
    return {"policy": found.artifact.hash, "name": found.policy.name}


def by_whom(exchange: Exchange) -> str:
    """Who asks, for the release: the person, the key, or that none was needed."""
    return exchange.who or "api"


def may_publish(exchange: Exchange) -> bool:
    """Whether who asks may release without anybody's approval."""
    return exchange.grant is not None and bool(exchange.grant.scopes & ALLOWED_BY["policy"])


async def proposed(
    site: Site, exchange: Exchange, desk: Desk, opened: Opened, title: str, step: Step = LIVE
) -> dict[str, Any]:  # fmt: skip
    """A draft about releasing `opened`. HttpError 422 on a server that nobody signs in to, 409 when it is in force already."""
    if site.staff is None:
        raise HttpError(
            422,
            "propose",
            "nobody could approve it: start the server with --people",
            "无人可审批：请以 --people 启动服务",
            "propose",
        )
    from zhiyu.server.releasing import draft  # loads the database's library

    return await draft(site.staff, desk, opened, title, by_whom(exchange), step)


def _flag(text: str | None, name: str) -> bool:
    if text in (None, "", "false", "true"):
        return text == "true"
    raise HttpError(422, name, "is neither true nor false", "应为 true 或 false", name)


def _standing(live: Live) -> dict[str, Any]:
    releases, warming = live.releases, live.warming
    content: dict[str, Any] = {
        "in_force": {**release_told(releases.current), "name": live.opened.policy.name} if releases.current else None,
        "previous": release_told(releases.previous) if releases.previous else None,
        "warming": None,
        "beside": figures_of(live),
    }
    if warming is not None:
        content["warming"] = {
            "policy": warming.opened.artifact.hash, "name": warming.opened.policy.name, "why": live.warming_why,
            "progress": round(warming.progress, 4),
        }  # fmt: skip
    return content


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
