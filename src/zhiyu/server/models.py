"""Models over HTTP: the matrix, one model, and what people change about it: add, promote, challenge, shadow, retire.

In: the name of a model, its cell. Out: facts; or what became of the changed policy, which is released as any other: it decides from a
position of the log on, is on disk before it is told, and can be rolled back. A change that somebody else overtook is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.models.importance import importance
from zhiyu.models.package import hash_of, read, written
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_models import Model
from zhiyu.policy.load import Loaded
from zhiyu.policy.model_roles import added, challenging, promoted, retired, shadowed, standing
from zhiyu.policy.places import Places
from zhiyu.server.bodies import read_body
from zhiyu.server.policies import by_whom, may_publish, proposed
from zhiyu.server.problems import MAX_FINDINGS, HttpError, encoded, finding_of
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staging import released

_JSON = "application/json"
ModelName = Annotated[str, Path(description="The model's name in the policy, percent-encoded.")]


class InCell(msgspec.Struct, forbid_unknown_fields=True):
    """The cell that is meant; "" where the model stands in one only."""

    cell: str = ""


class Share(msgspec.Struct, forbid_unknown_fields=True):
    """For which share of the values of `by` a challenger speaks."""

    percent: str | int | float
    cell: str = ""
    by: str = ""


class Retire(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing more is needed."""


class NewModel(msgspec.Struct, forbid_unknown_fields=True):
    """A model package, as `zhiyu train` writes it, and the cell in which it scores in shadow."""

    name: str
    cell: str
    package: dict[str, Any]


def add_models(app: FastAPI, site: Site) -> None:
    """The routes under /v1/models."""

    @app.get("/v1/models", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        opened = desk.live.opened
        return _json({"policy": opened.artifact.hash, **standing(opened.compiled.checked)})

    @app.get("/v1/models/{name}", include_in_schema=False)
    async def shown(name: ModelName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        return _json(_card(desk.live.opened, id_of(name)))

    @app.post("/v1/models", include_in_schema=False)
    async def new(request: Request) -> Response:
        def change(policy: Policy, body: NewModel) -> Policy:
            package = written(read(msgspec.json.encode(body.package))).decode()
            return added(policy, Model(name=body.name, package=package), body.cell)

        return await _changed(request, site, NewModel, change)

    @app.post("/v1/models/{name}:promote", include_in_schema=False)
    async def promote(name: ModelName, request: Request) -> Response:
        return await _changed(request, site, InCell, lambda policy, body: promoted(policy, id_of(name), body.cell))

    @app.post("/v1/models/{name}:challenge", include_in_schema=False)
    async def challenge(name: ModelName, request: Request) -> Response:
        def change(policy: Policy, body: Share) -> Policy:
            return challenging(policy, id_of(name), str(body.percent), body.cell, body.by)

        return await _changed(request, site, Share, change)

    @app.post("/v1/models/{name}:shadow", include_in_schema=False)
    async def shadow(name: ModelName, request: Request) -> Response:
        return await _changed(request, site, InCell, lambda policy, body: shadowed(policy, id_of(name), body.cell))

    @app.post("/v1/models/{name}:retire", include_in_schema=False)
    async def retire(name: ModelName, request: Request) -> Response:
        return await _changed(request, site, Retire, lambda policy, body: retired(policy, id_of(name)))


async def _changed(request: Request, site: Site, shape: Any, change: Callable[[Policy, Any], Policy]) -> Response:
    """Release the policy with the change; HttpError 422 when it cannot be, 409 when the policy changed meanwhile."""
    exchange, desk = admitted(request, site, "propose")
    title = exchange.known_query("title").get("title", "")
    body = read_object(await read_body(exchange, request.receive, site.settings.max_body_bytes), shape)
    like = desk.live.opened
    opened = await asyncio.get_running_loop().run_in_executor(None, lambda: _opened(like, change, body))

    def release(live: Live) -> dict[str, Any]:
        if live.opened.artifact.hash != like.artifact.hash or live.warming is not None:
            raise HttpError(
                409, "policy_changed", "another policy was released meanwhile, or is counting; look again, then repeat",
                "期间已有其他策略发布或正在补算；请查看后重试",
            )  # fmt: skip
        return released(live, live.release(opened, by_whom(exchange)))

    if may_publish(exchange):
        told = await desk.durably(release)
    else:
        told = await proposed(site, exchange, desk, opened, title)
    warnings = [finding_of(each, exchange.language) for each in opened.warnings[:MAX_FINDINGS]]
    return _json({**told, "policy": opened.artifact.hash, "name": opened.policy.name, "warnings": warnings})


def _opened(like: Opened, change: Callable[[Policy, Any], Policy], body: Any) -> Opened:
    try:
        policy = change(like.policy, body)
    except InputError as wrong:
        raise HttpError(422, "model", wrong.en, wrong.zh) from None
    return open_policy(Loaded(policy, Places()), like.tenant, like.codes.key)


def _card(opened: Opened, name: str) -> dict[str, Any]:
    """Everything of a package but what scores; with the roles of the model."""
    known = {each["name"]: each for each in standing(opened.compiled.checked)["models"]}
    if name not in known:
        raise HttpError(404, "no_model", "no model of this name is in the policy", "策略中没有该名称的模型", "name")
    package = next(each.package for each in opened.compiled.models if each.name == name)
    facts = msgspec.to_builtins(msgspec.structs.replace(package, trees=None, additive=None, baseline=()))
    told = [{"name": each, "share": share} for each, share in importance(package)]
    return known[name] | {"package": {"hash": hash_of(package), **facts}, "importance": told}


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
