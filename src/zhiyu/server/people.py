"""People over HTTP: sign in and out, who am I, who is there, what the audit says.

In: JSON. Out: JSON. A session travels in a cookie that scripts cannot read and other sites cannot send; every change made with it also
needs `forgery_proof`, told at sign-in, as a header. A program may carry the token as a bearer instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.access.audit import told_entry
from zhiyu.access.people import Person
from zhiyu.access.roles import PERMISSIONS, ROLES
from zhiyu.access.sessions import LONGEST_MS
from zhiyu.access.tokens import forgery_proof, token_of
from zhiyu.base.errors import InputError
from zhiyu.log.list_journal import said_time
from zhiyu.server.bodies import read_body
from zhiyu.server.cookies import session_cookie
from zhiyu.server.exchange import Exchange
from zhiyu.server.lists import page_size
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import exchange_of, id_of
from zhiyu.server.shapes import Because, read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Office, Staff

PersonName = Annotated[str, Path(description="The name, percent-encoded.")]
MAX_BODY_BYTES = 16 << 10
_JSON = "application/json"


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Name and password; `tenant` where a server has several."""

    name: str
    password: str
    tenant: str = ""


class TakeOver(msgspec.Struct, forbid_unknown_fields=True):
    """The token of a session that was begun elsewhere."""

    token: str


class NewPerson(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody who may sign in from now on."""

    name: str
    roles: tuple[str, ...]
    password: str
    reason: Because = ""


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What changes about somebody."""

    roles: tuple[str, ...] | None = None
    active: bool | None = None
    password: str | None = None
    reason: Because = ""


class SignOut(msgspec.Struct, forbid_unknown_fields=True):
    """Why somebody's sessions end."""

    reason: Because = ""


Leaving = Callable[[str], Awaitable[str]]
"""Provider → where a browser goes to sign out there too; "" for nowhere."""


def add_people(app: FastAPI, site: Site, staff: Staff, leaving: Leaving) -> None:
    """The routes about people, sessions and the audit."""
    _add_sessions(app, site, staff, leaving)
    _add_administration(app, site, staff)
    _add_audit(app, site, staff)


def _add_sessions(app: FastAPI, site: Site, staff: Staff, leaving: Leaving) -> None:
    @app.post("/v1/sessions", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        exchange = exchange_of(request)
        exchange.known_query()
        given = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), SignIn)
        site.check_page(exchange)
        person, token = await staff.sign_in(_tenant(staff, given.tenant), given.name, given.password)
        answer = _json({"token": token, **_about(person, token)})
        answer.headers["set-cookie"] = session_cookie(token, LONGEST_MS // 1000, site.tls)
        return answer

    @app.post("/v1/sessions:take", include_in_schema=False)
    async def take(request: Request) -> Response:
        exchange = exchange_of(request)
        exchange.known_query()
        given = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), TakeOver)
        site.check_page(exchange)
        person = await staff.whose(given.token) if given.token else None
        if person is None:
            raise HttpError(
                401, "session", "this link was used already, or is over; sign in instead", "该链接已使用或已失效；请改用密码登录", "token"
            )  # fmt: skip
        token = await staff.take_over(given.token, person)
        answer = _json({"token": token, **_about(person, token)})
        answer.headers["set-cookie"] = session_cookie(token, LONGEST_MS // 1000, site.tls)
        return answer

    @app.delete("/v1/session", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        exchange, person, token = await _signed_in(request, site, staff)
        exchange.known_query()
        further = await leaving(await staff.sign_out(token, person))
        answer = _json({"status": "ended"} | ({"further": further} if further else {}))
        answer.headers["set-cookie"] = session_cookie("", 0, site.tls)
        return answer

    @app.get("/v1/me", include_in_schema=False)
    async def me(request: Request) -> Response:
        exchange, person, token = await _signed_in(request, site, staff)
        exchange.known_query()
        return _json(_about(person, token))

    @app.post("/v1/me/password", include_in_schema=False)
    async def own_password(request: Request) -> Response:
        exchange, person, _ = await _signed_in(request, site, staff)
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), OwnPassword)
        office, by = staff.offices[person.tenant], f"person:{person.name}"
        await staff.slowly(lambda: office.people.proved(person.name, body.old, staff.wall()))
        with _refused():
            await staff.slowly(lambda: office.people.change(person.name, staff.wall(), by, password=body.new))
        staff.forget()
        return _json({"status": "changed"})


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The password until now, and the one from now on."""

    old: str
    new: str


def _add_administration(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/people", include_in_schema=False)
    async def people(request: Request) -> Response:
        exchange, office = _office(request, site, staff, "people")
        exchange.known_query()
        found = await staff.aside(office.people.all)
        sessions = await staff.aside(lambda: office.sessions.open(staff.wall()))
        return _json({"people": [_shown(each) | _present(*sessions.get(each.id, (0, 0))) for each in found]})

    @app.post("/v1/people", include_in_schema=False)
    async def add(request: Request) -> Response:
        exchange, office = _office(request, site, staff, "people")
        exchange.known_query()
        new = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), NewPerson)
        by = exchange.who
        with _refused():
            person = await staff.slowly(
                lambda: office.people.add(new.name, new.roles, new.password, staff.wall(), by, new.reason)
            )
        return _json(_shown(person), 201)

    @app.patch("/v1/people/{name}", include_in_schema=False)
    async def change(name: PersonName, request: Request) -> Response:
        exchange, office = _office(request, site, staff, "people")
        exchange.known_query()
        new = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Change)
        whom, by = id_of(name), exchange.who
        with _refused():
            person = await staff.slowly(
                lambda: office.people.change(
                    whom, staff.wall(), by, roles=new.roles, active=new.active, password=new.password, reason=new.reason
                )
            )
        staff.forget()
        return _json(_shown(person))

    @app.post("/v1/people/{name}:sign-out", include_in_schema=False)
    async def end(name: PersonName, request: Request) -> Response:
        exchange, office = _office(request, site, staff, "people")
        exchange.known_query()
        why = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), SignOut).reason
        whom, by = id_of(name), exchange.who
        ended = await staff.aside(lambda: office.people.sign_out(whom, staff.wall(), by, why))
        staff.forget()
        return _json({"ended": ended})

    @app.get("/v1/roles", include_in_schema=False)
    async def roles(request: Request) -> Response:
        exchange, _ = _office(request, site, staff, "people")
        exchange.known_query()
        told = [{"name": name, "en": en, "zh": zh, "permissions": sorted(may)} for name, (en, zh, may) in ROLES.items()]
        permissions = [{"name": name, "en": en, "zh": zh} for name, (en, zh) in PERMISSIONS.items()]
        return _json({"roles": told, "permissions": permissions})


def _add_audit(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.get("/v1/audit", include_in_schema=False)
    async def audit(request: Request) -> Response:
        exchange, office = _office(request, site, staff, "audit")
        query = exchange.known_query("limit", "before", "about", "by", "verb")
        limit, before = page_size(query.get("limit")), _number(query.get("before"))

        about, by, verb = query.get("about", ""), query.get("by", ""), query.get("verb", "")

        def page() -> list[dict[str, Any]]:
            with staff.records.reading() as connection:
                return [
                    told_entry(entry) for entry in office.audit.page(connection, before, limit + 1, about, by, verb)
                ]

        found = await staff.aside(page)
        more = found[limit - 1]["number"] if len(found) > limit else None
        return _json({"entries": found[:limit], "next": more})

    @app.get("/v1/audit/proof", include_in_schema=False)
    async def proof(request: Request) -> Response:
        exchange, office = _office(request, site, staff, "audit")
        exchange.known_query()

        def verified() -> dict[str, Any]:
            with staff.records.reading() as connection:
                found = office.audit.verify(connection)
            told: dict[str, Any] = {
                "holds": not found.broken,
                "entries": found.number,
                "head": f"{found.number}:{found.chain.hex()}",
            }
            return told | (
                {"broken": found.broken, "why_en": found.why[0], "why_zh": found.why[1]} if found.broken else {}
            )

        return _json(await staff.aside(verified))


def _office(request: Request, site: Site, staff: Staff, permission: str) -> tuple[Exchange, Office]:
    exchange = exchange_of(request)
    site.admit(exchange, permission)
    assert exchange.grant is not None
    return exchange, staff.offices[exchange.grant.tenant]


async def _signed_in(request: Request, site: Site, staff: Staff) -> tuple[Exchange, Person, str]:
    exchange = exchange_of(request)
    token, _ = token_of(exchange.headers, site.tls)
    person = await staff.whose(token) if token else None
    if person is None:
        raise HttpError(401, "session", "sign in first: POST /v1/sessions", "请先登录：POST /v1/sessions")
    return exchange, person, token


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """What cannot be about a person is a refusal of the request, in the same words."""
    try:
        yield
    except InputError as wrong:
        raise HttpError(422, "person", wrong.en, wrong.zh) from None


def _tenant(staff: Staff, given: str) -> str:
    if not given and len(staff.offices) == 1:
        return next(iter(staff.offices))
    if given not in staff.offices:
        raise HttpError(
            422,
            "tenant",
            "say which tenant; it is none that is served here",
            "请指明租户；此服务不提供该租户",
            "tenant",
        )
    return given


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 19):
        raise HttpError(422, "before", "is no number of an entry", "不是条目编号", "before")
    return int(text)


def _about(person: Person, token: str) -> dict[str, Any]:
    return {
        "name": person.name, "tenant": person.tenant, "roles": list(person.roles), "permissions": sorted(person.permissions),
        "forgery_proof": forgery_proof(token),
    }  # fmt: skip


def _shown(person: Person) -> dict[str, Any]:
    return {"name": person.name, "roles": list(person.roles), "active": person.active}


def _present(sessions: int, seen_ms: int) -> dict[str, Any]:
    return {"sessions": sessions, "seen": said_time(seen_ms) if sessions else None}


def _json(content: Any, status: int = 200) -> Response:
    return Response(encoded(content), status, media_type=_JSON)
