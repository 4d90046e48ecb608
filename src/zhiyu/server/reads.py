"""What is asked rather than told: decisions, explanations, health, metrics, the description of the API; and the app of all routes that are
not thin. FastAPI.

In: requests. Out: JSON, text, a page. Path values stay percent-encoded until here, so that an id may hold any character, `/` included.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from zhiyu.base.errors import ZhiyuError
from zhiyu.server.bodies import Gone
from zhiyu.server.browser_headers import protected
from zhiyu.server.console import add_console
from zhiyu.server.decision_counts import add_decision_counts
from zhiyu.server.decision_reads import EventId, add_decision_reads, no_decision
from zhiyu.server.drafts import add_drafts
from zhiyu.server.entities import add_entities
from zhiyu.server.exchange import PROBLEM, Exchange, Receive, Scope, Send, headers_of
from zhiyu.server.experiments import add_experiments
from zhiyu.server.features import add_features
from zhiyu.server.gang_reports import add_gang_reports
from zhiyu.server.gang_stream import add_gang_stream
from zhiyu.server.gangs import add_gangs
from zhiyu.server.hourly import add_hourly
from zhiyu.server.lists import add_lists, add_snoozes
from zhiyu.server.meters import registry_of
from zhiyu.server.metric_alerts import add_metric_alerts
from zhiyu.server.metric_reports import add_metric_reports
from zhiyu.server.metrics import add_metrics
from zhiyu.server.models import add_models
from zhiyu.server.network import add_network
from zhiyu.server.network_acts import add_network_acts
from zhiyu.server.network_alarms import add_hubs
from zhiyu.server.openapi import described
from zhiyu.server.policies import add_policies
from zhiyu.server.problems import HttpError, encoded, problem_of_error, unexpected
from zhiyu.server.rest import admitted, exchange_of, id_of
from zhiyu.server.site import Site
from zhiyu.server.studies import add_studies
from zhiyu.server.timelines import add_timelines
from zhiyu.server.versions import add_versions
from zhiyu.server.vocabulary import add_vocabulary

if TYPE_CHECKING:
    from zhiyu.server.staff import Staff

_JSON = "application/json"
_PAGE_POLICY = (
    "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def make_reads(site: Site) -> FastAPI:
    """The FastAPI app of a server."""
    app = FastAPI(title="Zhiyu 智御", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    add_decision_reads(app, site)
    add_decision_counts(app, site)
    _add_decisions(app, site)
    add_vocabulary(app, site)
    add_lists(app, site)
    add_snoozes(app, site)
    add_policies(app, site)
    add_versions(app, site)
    add_drafts(app, site)
    add_experiments(app, site)
    add_hourly(app, site)
    add_features(app, site)
    add_models(app, site)
    add_studies(app, site)
    add_timelines(app, site)
    add_entities(app, site)
    add_network(app, site)
    add_hubs(app, site)
    add_gang_stream(app, site)
    add_gang_reports(app, site)
    add_gangs(app, site)
    add_network_acts(app, site)
    add_metrics(app, site)
    add_metric_reports(app, site)
    add_metric_alerts(app, site)
    _add_retention(app, site)
    _add_waiting(app, site)
    _add_health(app, site)
    if site.staff is not None:
        _add_records(app, site, site.staff)
    _add_description(app)
    add_console(app)
    _add_handlers(app)
    return app


def _add_records(app: FastAPI, site: Site, staff: Staff) -> None:
    """What people do; the database's library is loaded here, since a server without people does not need it."""
    from zhiyu.server.case_files import add_case_files
    from zhiyu.server.case_many import add_case_many
    from zhiyu.server.case_pack import add_case_pack
    from zhiyu.server.case_referrals import add_case_referrals
    from zhiyu.server.case_steps import add_case_steps
    from zhiyu.server.cases import add_cases
    from zhiyu.server.following import Following
    from zhiyu.server.investigations import add_investigations
    from zhiyu.server.machine_keys import add_machine_keys
    from zhiyu.server.outgoing import Outgoing
    from zhiyu.server.people import add_people
    from zhiyu.server.persons import add_persons
    from zhiyu.server.proposals import add_proposals
    from zhiyu.server.releasing import Releasing
    from zhiyu.server.sign_on import add_sign_on
    from zhiyu.server.vault import add_vault
    from zhiyu.server.webhooks import add_webhooks

    site.releasing = Releasing(site, staff)
    site.outgoing |= {tenant: Outgoing(site, staff, tenant) for tenant in site.desks}
    add_machine_keys(app, site)
    add_people(app, site, staff, add_sign_on(app, site, staff))
    add_webhooks(app, site, staff)
    add_proposals(app, site, staff, site.releasing)
    site.following = Following(site, staff)
    add_cases(app, site, staff)
    add_case_steps(app, site, staff)
    add_vault(app, site, staff)
    add_persons(app, site, staff)
    add_case_files(app, site, staff)
    add_case_pack(app, site, staff)
    add_case_referrals(app, site, staff)
    add_case_many(app, site, staff)
    add_investigations(app, site, staff)


MAX_PAGE = 1_000
"""Open waits that one answer lists."""


def _add_decisions(app: FastAPI, site: Site) -> None:
    @app.get("/v1/decisions/{id}", tags=["decisions"], summary="A decision that was made")
    async def decision(id: EventId, request: Request) -> Response:
        """The answer as it was given; 404 when the id is not known or no longer remembered."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        found = desk.live.decision(id_of(id))
        if found is None:
            raise no_decision()
        await desk.durable()
        return Response(found, media_type=_JSON)

    @app.get("/v1/decisions/{id}/explanation", tags=["decisions"], summary="Why a decision came out as it did")
    async def explanation(
        id: EventId,
        request: Request,
        lang: Annotated[Literal["en", "zh"] | None, Query(description="Language of `text`.")] = None,
    ) -> Response:
        """Reasons, rules with the values they saw, scorecards, the way through the flow; `text` in the language asked for. Of a decision
        that waited also `went_on`: step by step why it went on (an answer, time, a change), what was decided then, its receipt."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("lang")
        found = desk.live.explanation(id_of(id))
        if found is None:
            raise no_decision()
        steps = desk.live.went_on(id_of(id))
        later = {"went_on": steps} if steps else {}
        await desk.durable()
        return Response(
            encoded(found.to_dict() | {"text": found.sentence(lang or exchange.language)} | later), media_type=_JSON
        )


def _add_retention(app: FastAPI, site: Site) -> None:
    @app.get("/v1/retention", tags=["operation"], summary="What is kept, and for how long it was promised")
    async def retention(request: Request) -> Response:
        """The promise; from which position on decisions can be explained, and decided again; sizes."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        return Response(
            encoded({**desk.live.retention.facts(), "packing_problem": desk.live.packing.problem}), media_type=_JSON
        )


def _add_waiting(app: FastAPI, site: Site) -> None:
    @app.get("/v1/waiting", tags=["decisions"], summary="Decisions that wait")
    async def waiting(
        request: Request,
        after: Annotated[int, Query(description="Go on after this position.", ge=-1)] = -1,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_PAGE)] = 100,
    ) -> Response:
        """Open waits by position: what waits where, since when, until when, for which answers. `next`: what to ask `after`
        for more, null at the end."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query("after", "limit")
        found = desk.live.waiting(after, limit + 1)
        more = found[limit - 1]["position"] if len(found) > limit else None
        await desk.durable()
        return Response(encoded({"waiting": found[:limit], "next": more}), media_type=_JSON)


def _add_health(app: FastAPI, site: Site) -> None:
    @app.get("/healthz", tags=["operation"], summary="The process lives")
    async def healthz() -> Response:
        """Always 200 while the process answers."""
        return Response(b'{"status":"alive"}', media_type=_JSON)

    @app.get("/readyz", tags=["operation"], summary="Events are taken")
    async def readyz() -> Response:
        """200 when recovered, the disk is good and the policy loaded; 503 with the reasons otherwise."""
        reasons = site.not_ready()
        policies = {tenant: desk.live.opened.artifact.hash for tenant, desk in site.desks.items()} if site.open else {}
        content: dict[str, Any] = {"status": "not_ready" if reasons else "ready", "policies": policies}
        if reasons:
            content["reasons"] = reasons if site.open else sorted(set(reasons.values()))
        only_keys = set(reasons) == {"keys"}
        return Response(encoded(content), 503 if reasons and not only_keys else 200, media_type=_JSON)

    @app.get("/metrics", tags=["operation"], summary="Figures for Prometheus")
    async def metrics(request: Request) -> Response:
        """Requests of the server; of the tenant that asks: stages, batches, queue, sheds, counts of the engine, services."""
        exchange = exchange_of(request)
        site.admit(exchange, "metrics")
        assert exchange.grant is not None
        registry = registry_of(site.meters, site.desks, exchange.grant.tenant)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_description(app: FastAPI) -> None:
    page = resources.files("zhiyu.server").joinpath("page/docs.html").read_bytes()
    document: list[bytes] = []

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        """The description of every route, OpenAPI 3.1."""
        if not document:
            document.append(encoded(described(app)))
        return Response(document[0], media_type=_JSON)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """A page about the API that loads nothing from outside."""
        return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": _PAGE_POLICY})


def _add_handlers(app: FastAPI) -> None:
    """Every error in the one shape."""

    @app.exception_handler(ZhiyuError)
    async def of_the_house(request: Request, error: Exception) -> Response:
        assert isinstance(error, ZhiyuError)
        return _refused(request, error)

    @app.exception_handler(RequestValidationError)
    async def wrong_parameter(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        name = str(error.errors()[0]["loc"][-1])[:60]
        return _refused(
            request,
            HttpError(422, "parameter", f"'{name}' has a value that cannot be", f"参数“{name}”的值不合法", name),
        )

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _refused(request, plain(error))

    @app.exception_handler(Gone)
    async def client_left(request: Request, error: Exception) -> Response:
        return Response(status_code=499)

    @app.exception_handler(Exception)
    async def unexpected_error(request: Request, error: Exception) -> Response:
        return _refused(request, unexpected())


def _refused(request: Request, error: ZhiyuError) -> Response:
    exchange = exchange_of(request)
    exchange.told = (error.code, getattr(error, "field", ""))
    content = problem_of_error(error, exchange.language, exchange.id.decode())
    headers = {name.decode(): value.decode() for name, value in headers_of(error)}
    return Response(encoded(content), error.status, headers, PROBLEM.decode())


def plain(error: HTTPException) -> HttpError:
    """What the framework says, in our shape."""
    more = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    if error.status_code == 404:
        return HttpError(
            404, "no_route", "there is nothing at this address; see /docs", "该地址不存在；请查看 /docs", headers=more
        )
    if error.status_code == 405:
        return HttpError(405, "method", "this address does not take that method", "该地址不支持此方法", headers=more)
    return HttpError(error.status_code, "request", "the request cannot be answered", "无法处理该请求", headers=more)


class Rest:
    """The FastAPI app with what the thin app has: request id, counts, log lines, one shape of problems."""

    def __init__(self, site: Site) -> None:
        self._site, self._app = site, make_reads(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw: bytes = scope["raw_path"]
        scope["path"] = raw.decode("ascii").replace("%3A", ":").replace("%3a", ":")
        answered: list[int] = []
        exchange = Exchange(self._site, scope, send, "")
        if self._site.tracing is not None:
            exchange.pieces = self._site.tracing.begin()
        scope["zhiyu"] = exchange

        async def tell(message: Scope) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
                message["headers"] = protected(message.get("headers", ()), exchange.id, self._site.tls)
            await send(message)

        try:
            await self._site.recognise(exchange)
        except ZhiyuError as refused:
            await exchange.refuse(refused)
            return
        try:
            await self._app(scope, receive, tell)
        except Exception as error:  # answered already, in the one shape
            self._site.lines.failed(error, request_id=exchange.id.decode(), route=_template(scope))
        exchange.route = _template(scope)
        exchange.done(answered[0] if answered else 499, *exchange.told)


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "unknown")
