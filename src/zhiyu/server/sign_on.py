"""Signing in at an identity provider: there, back, and out again.

In: a browser. Out: redirects, and a session as after a password. What went along with the browser comes back in a cookie that is sealed:
the server remembers nothing of who set out. Whatever goes wrong on the way back is told as a page, since a person looks at it.
"""

from __future__ import annotations

import hmac
import html
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import RedirectResponse

from zhiyu.access.oidc import ATTEMPT_MS, NotProved, address, leaving, new_attempt, sealed, unsealed
from zhiyu.access.sessions import LONGEST_MS
from zhiyu.access.sign_on_file import Provider
from zhiyu.access.tokens import cookie_name
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.server.bodies import read_body
from zhiyu.server.cookies import SIGN_ON, session_cookie, sign_on_cookie
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import HttpError, encoded, problem_of_error
from zhiyu.server.provided import Provided
from zhiyu.server.rest import exchange_of
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

ProviderName = Annotated[str, Path(description="The provider's name.")]
MAX_BODY_BYTES = 64 << 10
_INSIDE = "/console/"
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>Zhiyu 智御</title><h1>{title}</h1><p lang=en>{en}<p lang=zh>{zh}"
    "<p><a href='/console/'>Sign in again · 重新登录</a>"
)


def add_sign_on(app: FastAPI, site: Site, staff: Staff) -> Callable[[str], Awaitable[str]]:
    """The routes under /v1/sign-on; gives what tells where to sign out at a provider too."""
    provided = site.provided = {each.name: Provided(each, site.clock) for each in site.providers}

    def one(name: str) -> Provided:
        if name not in provided:
            raise HttpError(
                404, "no_provider", "there is no identity provider of this name", "没有该身份提供方", "name"
            )
        return provided[name]

    @app.get("/v1/sign-on", include_in_schema=False)
    async def listed(request: Request) -> Response:
        exchange_of(request).known_query()
        told = [
            {"name": each.name, "en": each.en or each.name, "zh": each.zh or each.en or each.name}
            for each in site.providers
        ]
        return Response(encoded({"providers": told, "passwords": True}), media_type="application/json")

    @app.get("/v1/sign-on/{name}", include_in_schema=False)
    async def there(name: ProviderName, request: Request) -> Response:
        exchange_of(request).known_query()
        found = one(name)
        attempt = new_attempt(staff.wall())
        answer = RedirectResponse(address(await found.metadata(), found.provider, attempt), 302)
        cookie = sealed(attempt, _key(staff, found.provider), name)
        answer.headers["set-cookie"] = sign_on_cookie(cookie, ATTEMPT_MS // 1000, site.tls)
        return answer

    @app.get("/v1/sign-on/{name}/back", include_in_schema=False)
    async def back(name: ProviderName, request: Request) -> Response:
        exchange = exchange_of(request)
        try:
            token = await _arrived(exchange, site, staff, one(name))
        except (NotProved, HttpError, InputError, ZhiyuError) as wrong:
            return _told(exchange, wrong, site.tls)
        answer = RedirectResponse(_INSIDE, 303)
        answer.headers.append("set-cookie", session_cookie(token, LONGEST_MS // 1000, site.tls))
        answer.headers.append("set-cookie", sign_on_cookie("", 0, site.tls))
        return answer

    @app.post("/v1/sign-on/{name}/signed-out", include_in_schema=False)
    async def signed_out(name: ProviderName, request: Request) -> Response:
        exchange = exchange_of(request)
        exchange.known_query()
        found = one(name)
        body = await read_body(exchange, request.receive, MAX_BODY_BYTES)
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20).get("logout_token", [""])[0]
        subject, session = await found.signed_out(given, staff.wall())
        ons = staff.offices[found.provider.tenant].sign_ons
        ended = await staff.aside(lambda: ons.ended(name, subject, session, staff.wall()))
        staff.forget()
        return Response(encoded({"ended": ended}), media_type="application/json")

    async def leave(name: str) -> str:
        if name not in provided:
            return ""
        try:
            return leaving(await provided[name].metadata(), provided[name].provider)
        except ZhiyuError:  # the session here is over in any case
            return ""

    return leave


async def _arrived(exchange: Exchange, site: Site, staff: Staff, found: Provided) -> str:
    """The token of a new session for whoever came back. NotProved, HttpError, NoRole, NameTaken, InputError, RecordsAway."""
    query, provider, now = exchange.query, found.provider, staff.wall()
    attempt = unsealed(_waiting(exchange, site.tls), _key(staff, provider), provider.name, now)
    if attempt is None or not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise NotProved(
            "this sign-in was not begun in this browser, or too long ago", "登录并非由本浏览器发起，或已超时"
        )
    if query.get("iss", provider.issuer) != provider.issuer:
        raise NotProved("another provider answered than was asked", "应答的提供方与请求的不符")
    if "code" not in query:
        raise NotProved("the provider let nobody in", "提供方未允许登录")
    claims = await found.claims(query["code"], attempt, now)
    office = staff.offices[provider.tenant]
    try:
        person = await staff.aside(lambda: office.sign_ons.person(provider, claims, now))
    except InputError as wrong:  # who would not be the last administrator any more
        raise HttpError(409, "person", wrong.en, wrong.zh) from None
    session: Any = claims.get("sid", "")
    began = session if isinstance(session, str) else ""
    staff.forget()
    return await staff.aside(lambda: office.sessions.begin(person, now, provider.name, began))


def _key(staff: Staff, provider: Provider) -> bytes:
    return staff.offices[provider.tenant].audit.derived(b"zhiyu sign-on")


def _waiting(exchange: Exchange, tls: bool) -> str:
    for each in exchange.headers.get(b"cookie", b"").split(b";"):
        name, _, value = each.strip().partition(b"=")
        if name == cookie_name(SIGN_ON, tls):
            return value.decode("latin-1")
    return ""


def _told(exchange: Exchange, wrong: ZhiyuError, tls: bool) -> Response:
    """Why nobody was let in: a page where a browser asks for one, else a problem."""
    content = problem_of_error(wrong, exchange.language, exchange.id.decode())
    cookie = {"set-cookie": sign_on_cookie("", 0, tls)}
    if b"text/html" not in exchange.headers.get(b"accept", b""):
        return Response(encoded(content), wrong.status, cookie, "application/problem+json")
    said = {name: html.escape(str(content[f"detail_{name}"])) for name in ("en", "zh")}
    return Response(
        _PAGE.format(title=html.escape(content["title"]), **said), wrong.status, cookie, "text/html; charset=utf-8"
    )
