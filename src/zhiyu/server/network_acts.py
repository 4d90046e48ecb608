"""POST /v1/gangs/{id}:list and /v1/network:forget: act on what the network shows.

In: a gang and a list; or somebody to be erased, a thing to be un-linked. Out: how many it is about; with `dry_run`, which is how a gang is
put on a list unless it is said otherwise, nothing is changed. A change is on disk before it is told, and in effect from the next event on.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from fastapi import FastAPI, Request, Response

from zhiyu.base.errors import InputError
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.forget_frames import NotedForgotten, would_forget
from zhiyu.engine.list_desk import read_moment
from zhiyu.engine.live import Live
from zhiyu.entities.lists import NEVER, ListChange
from zhiyu.evaluation.network_files import code_text
from zhiyu.server.bodies import read_body
from zhiyu.server.desk import Desk
from zhiyu.server.gangs import gang_number, no_gang
from zhiyu.server.lists import author_of, list_of, said_in
from zhiyu.server.network import live_network, names_of
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import admitted, id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site

HOUR_MS = 3_600_000
BY_GANG = "gang "
"""How the reason of an entry begins that came with its gang: it says which, and the hour's are counted by it."""


class ListGang(msgspec.Struct, forbid_unknown_fields=True):
    """The list for the people of a gang; until when (a time or a duration), why, who says so. `dry_run`: only count."""

    list: str
    until: str = ""
    reason: str = ""
    author: str = ""
    dry_run: bool = True


class Forget(msgspec.Struct, forbid_unknown_fields=True):
    """`what`: person:… to erase somebody, field:… to un-link a thing; a value may be code: and 16 hex digits. `dry_run`: only count."""

    what: str
    reason: str = ""
    author: str = ""
    dry_run: bool = False


def add_network_acts(app: FastAPI, site: Site) -> None:
    """The routes."""

    @app.post("/v1/gangs/{id}:list", tags=["network"], summary="Put a gang on a list", include_in_schema=False)
    async def put(request: Request, id: str) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, site.settings.max_event_bytes), ListGang)
        gang, reason = gang_number(id_of(id)), said_in("reason", wanted.reason)
        told = _fits(desk, list_of(wanted.list, desk))
        people = asked_people(desk, gang)
        names = (
            {}
            if wanted.dry_run
            else await names_of(live_network(desk), {key: (0, code) for key, code in people.items()})
        )
        author = author_of(exchange, wanted.author)

        def change(live: Live) -> dict[str, Any]:
            now, moment = asked_people(desk, gang), live.moment()
            until = _until(wanted.until, moment)
            held = live.engine.lists.held(told, np.array(list(now.values()), np.int64), moment)
            fresh = {key: code for key, code in now.items() if code not in held}
            found = {
                "gang": gang,
                "list": told,
                "people": len(now),
                "new": len(fresh),
                "existing": len(now) - len(fresh),
            }
            found |= _within(live, len(fresh), moment, wanted.dry_run) | {"dry_run": wanted.dry_run}
            if wanted.dry_run:
                return found
            shown = {key: names.get(key, "").partition(":")[2] or code_text(code) for key, code in fresh.items()}
            why = f"{BY_GANG}{gang}: {reason}" if reason else f"{BY_GANG}{gang}"
            live.change_lists(
                [ListChange(moment, told, "add", code, until, why, author, shown[key]) for key, code in fresh.items()]
            )
            return found

        return Response(encoded(await desk.durably(change)), media_type="application/json")

    @app.post(
        "/v1/network:forget", tags=["network"], summary="Erase a person, un-link a thing", include_in_schema=False
    )
    async def forget(request: Request) -> Response:
        exchange, desk = admitted(request, site, "lists")
        exchange.known_query()
        wanted = read_object(await read_body(exchange, request.receive, site.settings.max_event_bytes), Forget)
        note, author = _noted(desk, wanted), author_of(exchange, wanted.author)
        note.author = author

        def change(live: Live) -> dict[str, Any]:
            events = would_forget(live.engine, note) if wanted.dry_run else live.forget(note)
            return {
                "field": note.field,
                "code": code_text(note.code),
                "events": events,
                "dry_run": wanted.dry_run,
                "position": live.position,
            }

        return Response(encoded(await desk.durably(change)), media_type="application/json")


def asked_people(desk: Desk, gang: int) -> dict[int, int]:
    """Key → code of a gang's people; HttpError 404 when there is none."""
    gangs = live_network(desk).state.gangs
    people = gangs.people_of(gang) if gangs is not None and gang > 0 else {}
    if not people:
        raise no_gang(gang)
    return people


def _most(live: Live) -> tuple[int, int]:
    """People that one call may put on a list, and all calls of an hour."""
    network = live.opened.policy.network
    gang = network.gang if network is not None else None
    return (gang.max_listed, gang.max_listed_1h) if gang is not None else (0, 0)


def _within(live: Live, fresh: int, moment: int, dry_run: bool) -> dict[str, Any]:
    """Whether so many people may come onto a list now, and the limits; HttpError 409 when they may not and it is meant."""
    most, most_1h = _most(live)
    before = live.engine.lists.came_since(moment - HOUR_MS, BY_GANG)
    within = fresh <= most and (not fresh or before + fresh <= most_1h)
    if not within and not dry_run:
        if fresh > most:
            raise HttpError(
                409, "blast_radius", f"{fresh} people, and one call may put {most} (network.gang.max_listed); nothing changed",
                f"涉及 {fresh} 人，而一次最多 {most} 人（network.gang.max_listed）；未作任何更改",
            )  # fmt: skip
        raise HttpError(
            409, "blast_radius",
            f"{fresh} people after {before} within the hour, and it is {most_1h} an hour (network.gang.max_listed_1h); nothing changed",
            f"涉及 {fresh} 人，近一小时已列入 {before} 人，每小时最多 {most_1h} 人（network.gang.max_listed_1h）；未作任何更改",
        )  # fmt: skip
    return {"max_listed": most, "listed_1h": before, "max_listed_1h": most_1h, "within": within}


def _fits(desk: Desk, name: str) -> str:
    """The list's name, when it holds what names a person; HttpError 422 otherwise."""
    policy = desk.live.opened.policy
    assert policy.network is not None or live_network(desk)
    person = policy.network.person if policy.network is not None else ""
    held = next(each.of for each in policy.lists if each.name == name)
    if held not in (person, *entities_of(desk.live.opened).get(person, ())):
        raise HttpError(
            422, "list", f"the list holds '{held}', and the network's people are named by '{person}'",
            f"名单存放“{held}”，而关系网络的人由“{person}”标识", "list",
        )  # fmt: skip
    return name


def _until(text: str, moment: int) -> int:
    if not text:
        return NEVER
    try:
        until = read_moment(text, moment, "until")
    except InputError as wrong:
        raise HttpError(422, "until", wrong.en, wrong.zh, "until") from None
    if until <= moment:
        raise HttpError(422, "until", "has passed; give a later time", "已过期；请填写更晚的时间", "until")
    return until


def _noted(desk: Desk, wanted: Forget) -> NotedForgotten:
    asked = live_network(desk, gangs=False)
    name, colon, value = wanted.what.partition(":")
    try:
        if not colon:
            raise InputError("say what it is: person:… or field:…", "请指明对象：person:… 或 字段:…")
        field, _ = asked.field_of(name)
        return NotedForgotten(field, asked.code_of(field, value), said_in("reason", wanted.reason))
    except InputError as wrong:
        raise HttpError(422, "input", wrong.en, wrong.zh, "what") from None
