"""Studies over HTTP: two models compared, one model watched, two versions of the policy held against each other, over what this server
decided.

In: names of models, hashes of versions. Out: the number of a study at once; its progress; its result as JSON or as a page. It runs beside
the server and can be cancelled.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.engine.live import Live
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.studies.study import PAGE, Asked, result_of
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.models import ModelName
from zhiyu.server.policies import by_whom, opened_version
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staging import aside
from zhiyu.server.studying import Studies

StudyNumber = Annotated[int, Path(description="The study's number.", ge=1)]
MAX_BODY_BYTES = 16 << 10
_JSON = "application/json"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Beside(msgspec.Struct, forbid_unknown_fields=True):
    """The other model; the span of events, "" for open ends."""

    beside: str
    begins: str = ""
    ends: str = ""


class Watched(msgspec.Struct, forbid_unknown_fields=True):
    """The span of events; from when on a stability index, a change of missing values, frauds over those expected are alerts."""

    begins: str = ""
    ends: str = ""
    stability: float = 0.25
    missing: float = 0.05
    calibration: float = 1.5


class Held(msgspec.Struct, forbid_unknown_fields=True):
    """The version that is tried; the one it is held against, "" for the one in force; the span of events."""

    candidate: str
    live: str = ""
    begins: str = ""
    ends: str = ""


def add_studies(app: FastAPI, site: Site) -> None:
    """The routes."""
    _add_beginning(app, site)
    _add_backtest(app, site)
    _add_reading(app, site)


def _add_beginning(app: FastAPI, site: Site) -> None:
    @app.post("/v1/models/{name}:compare", include_in_schema=False)
    async def compare(name: ModelName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Beside)
        models = (_known(desk, id_of(name), "name"), _known(desk, body.beside, "beside"))
        if models[0] == models[1]:
            raise HttpError(422, "beside", "is the same model; name another", "是同一个模型；请指定另一个", "beside")
        _span(body.begins, body.ends)
        return _begun(
            site,
            desk,
            asked_of(desk, by_whom(exchange), kind="compare", models=models, begins=body.begins, ends=body.ends),
        )

    @app.post("/v1/models/{name}:drift", include_in_schema=False)
    async def drift(name: ModelName, request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Watched)
        _span(body.begins, body.ends)
        for field in ("stability", "missing", "calibration"):
            if not getattr(body, field) > 0:
                raise HttpError(422, field, "is above 0", "应大于 0", field)
        models = (_known(desk, id_of(name), "name"),)
        return _begun(
            site, desk, asked_of(desk, by_whom(exchange), kind="drift", models=models, **msgspec.structs.asdict(body))
        )


def _add_backtest(app: FastAPI, site: Site) -> None:
    @app.post("/v1/backtests", include_in_schema=False)
    async def backtest(request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Held)
        versions = (body.live or desk.live.whole, body.candidate)
        for version, field in zip(versions, ("live", "candidate")):
            await aside(partial(kept_version, desk.live, version, field))
        if versions[0] == versions[1]:
            raise HttpError(
                422, "candidate", "is the version it would be held against; name another",
                "与对照的是同一版本；请指定另一个", "candidate",
            )  # fmt: skip
        _span(body.begins, body.ends)
        asked = asked_of(
            desk, by_whom(exchange), kind="backtest", versions=versions, begins=body.begins, ends=body.ends
        )
        return _begun(site, desk, asked)


def kept_version(live: Live, version: str, field: str) -> None:
    """HttpError 404 that names the field where no such version is kept here."""
    try:
        opened_version(live, version)
    except HttpError as wrong:
        raise HttpError(wrong.status, wrong.code, wrong.en, wrong.zh, field) from None


def _add_reading(app: FastAPI, site: Site) -> None:
    @app.get("/v1/studies", tags=["models"], summary="Studies, newest first")
    async def listed(request: Request) -> Response:
        """What was asked, by whom, and where each stands: waiting, running, done, failed, cancelled. The newest 50 are kept."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        return _json({"studies": [each.told() for each in _studies(site, desk).all()]})

    @app.get("/v1/studies/{number}", tags=["models"], summary="One study: where it stands, and its result")
    async def one(number: StudyNumber, request: Request) -> Response:
        """`progress` from 0 to 1; `result` once it is done; `why` when it failed."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        study = _studies(site, desk).one(number)
        return _json(study.told() | {"result": result_of(study.folder) if study.state == "done" else None})

    @app.get("/v1/studies/{number}/report", tags=["models"], summary="The result of a study as a page")
    async def report(
        number: StudyNumber,
        request: Request,
        form: Annotated[str, Query(alias="format", description="html or json.")] = "html",
    ) -> Response:
        """A page in both languages that opens anywhere, or the same figures as JSON."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("format")
        if form not in ("json", "html"):
            raise HttpError(422, "format", "is json or html", "应为 json 或 html", "format")
        study = _studies(site, desk).one(number)
        if study.state != "done":
            raise HttpError(
                409,
                "not_done",
                f"the study is {study.state}; its result comes when it is done",
                "分析尚未完成，完成后才有结果",
            )
        if form == "json":
            return _json(result_of(study.folder))
        page = (study.folder / PAGE).read_bytes()
        return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": _PAGE_POLICY})

    @app.post("/v1/studies/{number}:cancel", include_in_schema=False)
    async def cancel(number: StudyNumber, request: Request) -> Response:
        exchange, desk = admitted(request, site, "propose")
        exchange.known_query()
        studies = _studies(site, desk)
        study = studies.one(number)
        if study.state in ("waiting", "running"):
            studies.cancel(study)
            await study.ended.wait()
        return _json(study.told())


def _studies(site: Site, desk: Desk) -> Studies:
    return site.studies[desk.live.tenant]


def _begun(site: Site, desk: Desk, asked: Asked) -> Response:
    return Response(encoded(_studies(site, desk).begin(asked).told()), 202, media_type=_JSON)


def asked_of(desk: Desk, by: str, **asked: Any) -> Asked:
    """What is asked of the log of this desk."""
    folder = desk.live.folder
    return Asked(data=str(folder.parent), tenant=folder.name, by=by, begun_ms=round(time.time() * 1000), **asked)


def _known(desk: Desk, name: str, field: str) -> str:
    names = [each.name for each in desk.live.opened.compiled.models]
    if name not in names:
        hint = did_you_mean(name, names)
        raise HttpError(
            404, "no_model", f"no model of this name is in the policy; {hint.en}".rstrip("; "),
            f"策略中没有该名称的模型；{hint.zh}".rstrip("；"), field,
        )  # fmt: skip
    return name


def _span(begins: str, ends: str) -> None:
    try:
        Span.read(begins, ends)
    except InputError as wrong:
        raise HttpError(422, "begins", wrong.en, wrong.zh, "begins") from None


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
