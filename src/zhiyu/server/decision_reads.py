"""GET /v1/decisions, /v1/decisions/{id}/trace, POST /v1/decisions/{id}:replay: decisions to look through, and one to look into.

In: filters, an id. Out: JSON. A list is read from the log in pieces of a few milliseconds, between which events are decided; a request that
has looked for so long answers with what it found and a `next`, so that a rare decision in a long log is found page by page.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from zhiyu.base.errors import DeclarationError, InputError, did_you_mean
from zhiyu.base.limits import MAX_EXPRESSION_CHARS
from zhiyu.engine.decision_list import Sought, outcomes_of
from zhiyu.engine.decision_query import DecisionQuery
from zhiyu.engine.live import Live
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.site import Site
from zhiyu.server.staging import aside
from zhiyu.server.timelines import code_asked, moment_asked

MAX_LISTED, DEFAULT_LISTED = 200, 50
_PIECE_S, _LOOK_S = 0.01, 0.5
_JSON = "application/json"
EventId = Annotated[str, Path(description="The event's id, percent-encoded.", examples=["a-001"])]


def no_decision() -> HttpError:
    """No such event, or one that is no longer remembered."""
    return HttpError(404, "no_decision", "no decision of this id is kept", "没有保存该 id 的决策", "id")


def add_decision_reads(app: FastAPI, site: Site) -> None:
    """The routes."""
    _add_list(app, site)
    _add_trace(app, site)


def _add_list(app: FastAPI, site: Site) -> None:
    @app.get("/v1/decisions", tags=["decisions"], summary="Decisions, newest first")
    async def decisions(
        request: Request,
        type: Annotated[str, Query(description="Event types, separated by commas.", max_length=400)] = "",
        outcome: Annotated[str, Query(description="Outcomes as decided, separated by commas.", max_length=100)] = "",
        rule: Annotated[str, Query(description="A rule that hit, in shadow too.", max_length=200)] = "",
        reason: Annotated[str, Query(description="A reason code.", max_length=200)] = "",
        min_score: Annotated[int | None, Query(description="At least this score.")] = None,
        max_score: Annotated[int | None, Query(description="At most this score.")] = None,
        since: Annotated[
            str | None, Query(description="Event time from then on: ISO-8601, or ms.", max_length=40)
        ] = None,
        until: Annotated[str | None, Query(description="Event time before then.", max_length=40)] = None,
        differing: Annotated[bool, Query(description="Only where something else was done than decided.")] = False,
        of: Annotated[str, Query(description="About this: entity:value, or entity:code:HEX.", max_length=500)] = "",
        where: Annotated[
            str, Query(description="A condition in the language of rules.", max_length=MAX_EXPRESSION_CHARS)
        ] = "",
        before: Annotated[int | None, Query(description="The `next` of the page before.", ge=0, lt=2**62)] = None,
        after: Annotated[
            int, Query(description="Only what came since: the `position` of a page before.", ge=0, lt=2**62)
        ] = 0,
        limit: Annotated[int, Query(description="At most so many.", ge=1, le=MAX_LISTED)] = DEFAULT_LISTED,
    ) -> Response:
        """Each as it was answered, with times, amount and whom it is about. `next`: what to ask `before` for more, null at the end; a page
        may be short, or empty, and have a `next`: so far was looked. `looked`: decisions that were looked at. `where` is checked against
        the policy in force; what was counted is kept with a decision only where it did not simply pass: `unknown` tells of how many the
        condition cannot be told."""
        exchange, desk = admitted(request, site, "read")
        query = exchange.known_query(
            "type", "outcome", "rule", "reason", "min_score", "max_score", "since", "until", "differing", "of", "where",
            "before", "after", "limit",
        )  # fmt: skip
        live = desk.live
        sought = Sought(
            _types(live, type), _outcomes(outcome), rule, reason, min_score, max_score, moment_asked(query, "since"),
            moment_asked(query, "until"), differing, _of(live, of), await _where(live, where), after - 1,
        )  # fmt: skip
        told = await _listed(live, sought, before, limit)
        await desk.durable()
        return Response(encoded(told), media_type=_JSON)


async def _listed(live: Live, sought: Sought, before: int | None, limit: int) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    looked, unknown, until = 0, 0, time.monotonic() + _LOOK_S
    position = live.position
    place: int | None = position if before is None else min(before, position)
    while place is not None:
        piece = live.archive.decisions.piece(sought, place, limit - len(entries), _PIECE_S)
        entries, looked, place = entries + piece.entries, looked + piece.looked, piece.next
        unknown += piece.unknown
        if len(entries) == limit or time.monotonic() >= until:
            break
        await asyncio.sleep(0)  # others have their turn in between
    return {"decisions": entries, "next": place, "looked": looked, "unknown": unknown, "position": position}


def _add_trace(app: FastAPI, site: Site) -> None:
    @app.get("/v1/decisions/{id}/trace", tags=["decisions"], summary="Everything about one decision")
    async def trace(id: EventId, request: Request) -> Response:
        """Every rule with what became of it (hit, shadow, snoozed, error, missed, not_reached) and the values it saw; what the score
        consists of; the flow and the way through it; every value with its words."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        position = desk.live.position_of(id_of(id))
        found = None if position is None else desk.live.archive.trace(position)
        if found is None:
            raise no_decision()
        await desk.durable()
        return Response(encoded(found), media_type=_JSON)

    @app.post("/v1/decisions/{id}:replay", tags=["decisions"], summary="Make a decision again, now")
    async def replay(id: EventId, request: Request) -> Response:
        """From the values it saw, under the policy that made it, with the lists as they are now. `same`: outcome, score, rules and way are
        what they were. Nothing is changed by it. 422 when no values were kept (of a pass)."""
        exchange, desk = admitted(request, site, "read")
        exchange.known_query()
        position = desk.live.position_of(id_of(id))
        try:
            made = None if position is None else desk.live.archive.again(position, desk.live.engine.lists)
        except InputError as cannot:
            raise HttpError(422, "no_values", cannot.en, cannot.zh, "id") from None
        if made is None:
            raise no_decision()
        told = {name: getattr(made, name) for name in ("same", "outcome", "score", "policy", "read_us", "decide_us")}
        return Response(encoded(told), media_type=_JSON)


def _types(live: Live, text: str) -> frozenset[str]:
    names = [each for each in text.split(",") if each]
    known = [event.name for event in live.opened.compiled.schema.types]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise HttpError(
                422, "type", f"the policy has no such event type; {hint.en or 'GET /v1/vocabulary lists them'}".rstrip("; "),
                f"策略中没有该事件类型；{hint.zh or '可用 GET /v1/vocabulary 查看'}".rstrip("；"), "type",
            )  # fmt: skip
    return frozenset(names)


def _outcomes(text: str) -> frozenset[int]:
    try:
        return outcomes_of(text)
    except KeyError:
        known = ", ".join(OUTCOMES)
        raise HttpError(422, "outcome", f"outcomes are {known}", f"结果应为：{known}", "outcome") from None


async def _where(live: Live, text: str) -> DecisionQuery | None:
    """HttpError 422 with every finding: where it is, what is wrong, what was meant."""
    if not text.strip():
        return None
    try:
        return await aside(lambda: DecisionQuery(text, live.opened))
    except DeclarationError as wrong:
        first = wrong.problems[0]
        hint, hint_zh = first.suggestion, first.suggestion_zh or first.suggestion
        raise HttpError(
            422, "where", f"character {first.place.column}: {first.en}" + (f"; {hint}" if hint else ""),
            f"第 {first.place.column} 个字符：{first.zh}" + (f"；{hint_zh}" if hint_zh else ""), "where", problems=wrong.problems,
        ) from None  # fmt: skip


def _of(live: Live, text: str) -> tuple[str, int] | None:
    entity, colon, value = text.partition(":")
    if not text:
        return None
    if not colon or not value:
        raise HttpError(422, "of", "is entity:value, or entity:code:HEX", "应为 实体:值 或 实体:code:HEX", "of")
    return entity, code_asked(live, entity, value)
