"""Proposals over HTTP: what is proposed, and each step of it, from the draft to what came of it.

In: JSON. Out: JSON. Who proposed something cannot approve it; who approved it stands in the release beside who proposed it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.access.proposals import STAGES, STATES, Proposal, Proposals
from zhiyu.base.errors import InputError
from zhiyu.engine.list_desk import read_moment
from zhiyu.server.backtests import MAX_DAYS, require_backtest
from zhiyu.server.bodies import read_body
from zhiyu.server.exchange import Exchange
from zhiyu.server.lists import page_size
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.releasing import Releasing
from zhiyu.server.rest import exchange_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff
from zhiyu.server.staging import figures_of, short_figures, step_of

ProposalNumber = Annotated[str, Path(description="The proposal's number.")]
MAX_BODY_BYTES = 16 << 10
_JSON = "application/json"


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why; for an approval also when: a time, or a duration from now."""

    reason: str = ""
    at: str = ""


class Further(msgspec.Struct, forbid_unknown_fields=True):
    """The next stage: `to` shadow, percentage (`percent` of the values of `by`) or live; why, if there is anything to say."""

    to: str
    percent: str | int | float = ""
    by: str = ""
    reason: str = ""


class Back(msgspec.Struct, forbid_unknown_fields=True):
    """Over the events of how many days back."""

    days: int = 30


def add_proposals(app: FastAPI, site: Site, staff: Staff, releasing: Releasing) -> None:
    """The routes under /v1/proposals."""

    @app.get("/v1/proposals", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "policies")
        query = exchange.known_query("state", "limit", "before", "owed")
        limit, before, states = (
            page_size(query.get("limit")),
            _whole(query.get("before"), "before"),
            _states(query.get("state")),
        )
        owed = query.get("owed") == "true"
        found = await staff.aside(lambda: kept.all(states, before, limit + 1, owed))
        more = found[limit - 1].number if len(found) > limit else None
        backtests = releasing.backtests
        listed = [_told(each) | _brief(backtests.told(kept.tenant, each)) for each in found[:limit]]
        return _json({"proposals": listed, "next": more})

    @app.get("/v1/proposals/{number}", include_in_schema=False)
    async def one(number: ProposalNumber, request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "policies")
        exchange.known_query()
        found = await staff.aside(lambda: kept.one(_number(number)))
        beside = figures_of(site.desks[kept.tenant].live, found.payload.get("policy", "none"))
        tested = releasing.backtests.told(kept.tenant, found)
        own = _told(found) | ({"backtest": tested} if tested is not None else {})
        return _json(own | ({"beside": beside} if beside is not None and found.state in STAGES else {}))

    _add_steps(app, site, staff, releasing)
    _add_stages(app, site, staff, releasing)


Does = Callable[[Proposals, int, str, Why], Proposal]


def _add_steps(app: FastAPI, site: Site, staff: Staff, releasing: Releasing) -> None:
    """One route for each step; what is approved with it is carried out at once when it is due."""

    def approved(kept: Proposals, number: int, by: str, why: Why) -> Proposal:
        now = staff.wall()
        return kept.approve(number, by, now, why.reason, read_moment(why.at, now, "at") if why.at else 0)

    def submitted(kept: Proposals, number: int, by: str, why: Why) -> Proposal:
        if site.settings.require_backtest and (own := kept.one(number)).kind == "policy":
            require_backtest(own, own.base)
        return kept.submit(number, by, staff.wall())

    steps: dict[str, tuple[str, Does]] = {
        "submit": ("propose", submitted),
        "withdraw": ("propose", lambda kept, number, by, why: kept.withdraw(number, by, staff.wall())),
        "emergency": ("propose", lambda kept, number, by, why: kept.go_ahead(number, by, staff.wall(), why.reason)),
        "approve": ("approve", approved),
        "refuse": ("approve", lambda kept, number, by, why: kept.refuse(number, by, staff.wall(), why.reason)),
        "review": ("approve", lambda kept, number, by, why: kept.review(number, by, staff.wall(), why.reason)),
    }

    def add(name: str, permission: str, does: Does) -> None:
        @app.post(f"/v1/proposals/{{number}}:{name}", include_in_schema=False)
        async def step(number: ProposalNumber, request: Request) -> Response:
            exchange, kept = _kept(request, site, staff, permission)
            exchange.known_query()
            why = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Why)
            asked, by = _number(number), exchange.who
            try:
                found = await staff.aside(lambda: does(kept, asked, by, why))
            except InputError as wrong:
                raise HttpError(422, "reason", wrong.en, wrong.zh, "reason") from None
            return _json(_told(await releasing.do(kept.tenant, found.number) if found.state == "approved" else found))

    for name, (permission, does) in steps.items():
        add(name, permission, does)


def _add_stages(app: FastAPI, site: Site, staff: Staff, releasing: Releasing) -> None:
    """From one stage to the next, and back; the figures of both versions at that moment go into the audit."""

    @app.post("/v1/proposals/{number}:advance", include_in_schema=False)
    async def advance(number: ProposalNumber, request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "approve")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Further)
        step = step_of({"to": body.to, "percent": body.percent, "by": body.by})
        return await _taken_on(exchange, kept, _number(number), "advance", msgspec.to_builtins(step), body.reason)

    @app.post("/v1/proposals/{number}:stop", include_in_schema=False)
    async def stop(number: ProposalNumber, request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "rollback")
        exchange.known_query()
        why = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Why)
        return await _taken_on(exchange, kept, _number(number), "stop", {"to": "stop"}, why.reason)

    @app.post("/v1/proposals/{number}:backtest", include_in_schema=False)
    async def backtest(number: ProposalNumber, request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "propose")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Back)
        if not 1 <= body.days <= MAX_DAYS:
            raise HttpError(422, "days", f"is 1 to {MAX_DAYS:,}", f"应为 1 至 {MAX_DAYS:,}", "days")
        own, desk = await staff.aside(lambda: kept.one(_number(number))), site.desks[kept.tenant]
        found = await releasing.backtests.begin(staff.offices[kept.tenant], desk, own, exchange.who, body.days)
        return _json(_told(found) | {"backtest": releasing.backtests.told(kept.tenant, found)})

    @app.post("/v1/proposals/{number}:cancel", include_in_schema=False)
    async def cancel(number: ProposalNumber, request: Request) -> Response:
        exchange, kept = _kept(request, site, staff, "propose")
        exchange.known_query()
        await staff.aside(lambda: kept.one(_number(number)))
        await releasing.backtests.cancel(staff.offices[kept.tenant], _number(number))
        found = await staff.aside(lambda: kept.one(_number(number)))
        return _json(_told(found) | {"backtest": releasing.backtests.told(kept.tenant, found)})

    async def _taken_on(
        exchange: Exchange, kept: Proposals, number: int, verb: str, step: dict[str, Any], reason: str
    ) -> Response:  # fmt: skip
        desk = site.desks[kept.tenant]
        policy = (await staff.aside(lambda: kept.one(number))).payload.get("policy", "none")
        figures = figures_of(desk.live, policy)
        told = {**step, "reason": reason, "figures": short_figures(figures)}
        found = await staff.aside(
            lambda: kept.take_on(number, exchange.who, staff.wall(), verb, step, told, own=verb == "stop")
        )
        done = await releasing.do(kept.tenant, found.number)
        return _json({**_told(done), "beside": figures})


def _kept(request: Request, site: Site, staff: Staff, permission: str) -> tuple[Exchange, Proposals]:
    exchange = exchange_of(request)
    site.admit(exchange, permission)
    assert exchange.grant is not None
    return exchange, staff.offices[exchange.grant.tenant].proposals


def _told(proposal: Proposal) -> dict[str, Any]:
    owed = proposal.emergency and not proposal.reviewed_by and proposal.state in ("done", "failed")
    return {
        "number": proposal.number, "kind": proposal.kind, "about": proposal.about, "title": proposal.title, "state": proposal.state,
        "base": proposal.base, **_payload(proposal), "by": proposal.by, "made": _time(proposal.made_ms),
        "decided_by": proposal.decided_by, "decided": _time(proposal.decided_ms), "reason": proposal.reason, "due": _time(proposal.due_ms),
        "emergency": proposal.emergency, "reviewed_by": proposal.reviewed_by, "review_owed": owed, "outcome": proposal.outcome,
    }  # fmt: skip


def _brief(backtest: dict[str, Any] | None) -> dict[str, Any]:
    """A backtest as a list tells it: its sentences, not every figure."""
    if backtest is None or "result" not in backtest:
        return {"backtest": backtest} if backtest is not None else {}
    return {"backtest": backtest | {"result": {"summary": backtest["result"]["summary"]}}}


def _payload(proposal: Proposal) -> dict[str, Any]:
    """What is proposed, as far as people are told."""
    return {name: value for name, value in proposal.payload.items() if name not in ("stood", "stopped_by", "entries")}


def _time(ms: int) -> str | None:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") if ms else None


def _number(text: str) -> int:
    found = _whole(text, "number")
    assert found is not None
    return found


def _whole(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HttpError(422, field, "is no number of a proposal", "不是提案编号", field)
    return int(text)


def _states(text: str | None) -> tuple[str, ...]:
    found = tuple(text.split(",")) if text else ()
    for each in found:
        if each not in STATES:
            raise HttpError(
                422,
                "state",
                f"is no state; known are {', '.join(STATES)}",
                f"没有该状态；可用：{'、'.join(STATES)}",
                "state",
            )
    return found


def _json(content: Any) -> Response:
    return Response(encoded(content), media_type=_JSON)
