"""The description of the routes about people, sessions and the audit, which a server has when people may sign in.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zhiyu.access.proposals import STATES
from zhiyu.access.roles import ROLES
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.server.openapi_shapes import Json, Route, many, of_query, shape

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_WHOLE: Json = {"type": "integer"}
_ASKED = (400, 401, 403, 429, 503)
_SENT = (400, 401, 403, 408, 413, 415, 422, 429, 503)
_NAME: Json = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": _TEXT,
    "description": "The name, percent-encoded.",
}
_ROLES: Json = {"type": "array", "items": {"enum": list(ROLES)}, "minItems": 1, "uniqueItems": True}
_REASON: Json = {"type": "string", "maxLength": MAX_REASON_CHARS}
_SECRET: Json = {"type": "string", "minLength": 12, "maxLength": 128, "format": "password"}


def people_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    found: dict[str, Json] = {}
    for path, method, route in (*_sessions(), *_people(), *_audit(), *_proposals(), *_webhooks()):
        found.setdefault(path, {})[method] = route.described(problems)
    found |= _sign_on(problems)
    made = found["/v1/people"]["post"]["responses"]
    made["201"] = made.pop("200")
    found["/v1/sessions"]["post"]["security"] = found["/v1/sessions:take"]["post"]["security"] = []
    return found


def _sessions() -> list[tuple[str, str, Route]]:
    sign_in = "Sign in: the answer sets a cookie, and tells what every change made with it has to carry"
    take = "Go on with a session that was begun elsewhere: its token is over, the answer sets a cookie"
    return [
        ("/v1/sessions", "post", Route("signIn", "people", sign_in, "SignedIn", _SENT, "SignIn")),
        ("/v1/sessions:take", "post", Route("takeSession", "people", take, "SignedIn", _SENT, "TakeOver")),
        (
            "/v1/session",
            "delete",
            Route("signOut", "people", "End the session; `further`: where to sign out as well", "SignedOut", _ASKED),
        ),
        ("/v1/me", "get", Route("me", "people", "Who is signed in, and what they may do", "Me", _ASKED)),
        (
            "/v1/me/password",
            "post",
            Route("ownPassword", "people", "Another password; all sessions end", "Done", _SENT, "OwnPassword"),
        ),
    ]


def _sign_on(problems: Callable[..., Json]) -> Json:
    """Routes of browsers, which are led on, and of providers, which send a form."""
    name: Json = {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": _TEXT,
        "description": "The provider's name.",
    }
    listed = Route("signOn", "people", "Where people may sign in beside here", "SignOn", (400,)).described(problems)
    led = {"description": "Led on", "headers": {"location": {"schema": _TEXT}}}
    there: Json = {
        "operationId": "signOnThere", "summary": "Lead a browser to an identity provider", "tags": ["people"], "parameters": [name],
        "responses": {"302": led, **problems(400, 401, 404, 503)}, "security": [],
    }  # fmt: skip
    answered = [of_query(each, "As the provider gives it.", **_TEXT) for each in ("code", "state", "iss", "error")]
    back: Json = {
        "operationId": "signOnBack", "summary": "Take a browser back from an identity provider: a session begins", "tags": ["people"],
        "parameters": [name, *answered], "responses": {"303": led, **problems(400, 401, 403, 404, 409, 422, 503)}, "security": [],
    }  # fmt: skip
    form = {"application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/SignedOutThere"}}}
    over = Route(
        "signedOutThere",
        "people",
        "The provider says that a session there is over",
        "SignedOutHere",
        (400, 401, 404, 408, 413, 415, 503),
    )
    described = over.described(problems) | {
        "parameters": [name],
        "requestBody": {"required": True, "content": form},
        "security": [],
    }
    address = "/v1/sign-on/{name}"
    return {
        "/v1/sign-on": {"get": listed | {"security": []}}, address: {"get": there}, f"{address}/back": {"get": back},
        f"{address}/signed-out": {"post": described},
    }  # fmt: skip


def _people() -> list[tuple[str, str, Route]]:
    change = "Other roles, another password, stopped or back; the person is signed out"
    return [
        ("/v1/people", "get", Route("people", "people", "Everybody who may sign in", "People", _ASKED)),
        ("/v1/people", "post", Route("addPerson", "people", "Add somebody", "Person", _SENT, "NewPerson")),
        (
            "/v1/people/{name}",
            "patch",
            Route("changePerson", "people", change, "Person", (*_SENT, 404), "PersonChange", False, (_NAME,)),
        ),
        (
            "/v1/people/{name}:sign-out",
            "post",
            Route(
                "signOutPerson",
                "people",
                "All sessions of somebody end",
                "SessionsEnded",
                (*_SENT, 404),
                "Because",
                parameters=(_NAME,),
            ),
        ),
        (
            "/v1/keys",
            "get",
            Route("keys", "people", "Keys of machines: what each may do and until when; never the key", "Keys", _ASKED),
        ),
        ("/v1/roles", "get", Route("roles", "people", "Every role, and what it may do", "Roles", _ASKED)),
    ]


def _audit() -> list[tuple[str, str, Route]]:
    page = (
        of_query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100),
        of_query("before", "Entries before this number.", type="integer", minimum=1),
        of_query("about", "Only what was done to this.", **_TEXT),
        of_query("by", "Only what was done by person:NAME, key:ID, or system.", **_TEXT),
        of_query("verb", "Only this, such as vault.reveal; `proposal.` for all that begin so.", **_TEXT),
    )
    newest, proof = (
        "What was changed and revealed, newest first",
        "Whether every entry is what was written, and all are there",
    )
    return [
        ("/v1/audit", "get", Route("audit", "audit", newest, "Audit", (*_ASKED, 422), parameters=page)),
        ("/v1/audit/proof", "get", Route("auditProof", "audit", proof, "Proof", _ASKED)),
    ]


def _webhooks() -> list[tuple[str, str, Route]]:
    page = (
        of_query("state", "Only these states, separated by commas.", **_TEXT),
        of_query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100),
        of_query("before", "Those before this number.", type="integer", minimum=0),
    )
    name: Json = {"name": "name", "in": "path", "required": True, "schema": _TEXT}
    number: Json = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
    why = of_query("reason", "Why, for the audit.", **_REASON)
    hooks, hook, tag = "/v1/webhooks", "/v1/webhooks/{name}", "webhooks"
    declare = "Declare one, or change the one of this name; the secret is told once"
    left, again = (
        "What left, or is to leave, newest first; `dead`: what nobody took",
        "Send once more what is at its end",
    )
    return [
        (hooks, "get", Route("webhooks", tag, "Who is told of what", "Webhooks", _ASKED)),
        (hooks, "post", Route("putWebhook", tag, declare, "Webhook", _SENT, "NewWebhook")),
        (hook, "delete", Route("removeWebhook", tag, "Not any more", "Done", (*_ASKED, 404), parameters=(name, why))),
        (f"{hook}:renew", "post", Route("renewWebhook", tag, "Another secret", "Webhook", (*_ASKED, 404), parameters=(name, why))),
        (f"{hook}:test", "post", Route("testWebhook", tag, "Send something", "Key", (*_ASKED, 404), parameters=(name,))),
        ("/v1/outbox", "get", Route("outbox", tag, left, "Deliveries", (*_ASKED, 422), parameters=page)),
        ("/v1/outbox/{number}:replay", "post", Route("replay", tag, again, "Key", (*_ASKED, 404, 422), parameters=(number, why))),
    ]  # fmt: skip


def _proposals() -> list[tuple[str, str, Route]]:
    page = (
        of_query("state", "Only these states, separated by commas.", **_TEXT),
        of_query("owed", "Only those whose review is owed.", type="boolean"),
        of_query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100),
        of_query("before", "Those before this number.", type="integer", minimum=0, maximum=999_999_999),
    )
    number: Json = {
        "name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    }  # fmt: skip
    steps = {
        "submit": "Ask for approval; whoever made it", "withdraw": "Not any more; whoever made it",
        "approve": "Let it be done, now or `at` a time; anybody but whoever made it", "refuse": "Do not let it be done, and why",
        "emergency": "Let it be done at once without approval, and why; a review is owed then",
        "review": "Say what is to be said about an emergency, afterwards; anybody but whoever made it",
    }  # fmt: skip
    newest = "What is proposed, newest first"
    test = "Decide the events of the last days again with it and with the policy in force; in the background"
    end = "End the backtest that runs"
    further = "From shadow or a share to the next stage; anybody but whoever made it"
    back = "From shadow or a share back: the live version is alone again"
    address, statuses = "/v1/proposals/{number}", (*_SENT, 404, 409)
    return [
        ("/v1/proposals", "get", Route("proposals", "proposals", newest, "Proposals", (*_ASKED, 422), parameters=page)),
        (address, "get", Route("proposal", "proposals", "One of them", "Proposal", (*_ASKED, 404, 422), parameters=(number,))),
        *(
            (f"{address}:{name}", "post", Route(name, "proposals", said, "Proposal", statuses, "Why", False, (number,)))
            for name, said in steps.items()
        ),
        (f"{address}:backtest", "post", Route("backtest", "proposals", test, "Proposal", (*statuses, 429), "Back", False, (number,))),
        (f"{address}:cancel", "post", Route("cancelBacktest", "proposals", end, "Proposal", statuses, parameters=(number,))),
        (f"{address}:advance", "post", Route("advance", "proposals", further, "Proposal", statuses, "Further", False, (number,))),
        (f"{address}:stop", "post", Route("stop", "proposals", back, "Proposal", statuses, "Why", False, (number,))),
    ]  # fmt: skip


def people_schemas() -> Json:
    """The schemas that the paths name."""
    me: dict[str, Any] = {
        "name": _TEXT,
        "tenant": _TEXT,
        "roles": many(_TEXT),
        "permissions": many(_TEXT),
        "forgery_proof": _TEXT,
    }
    person = shape(
        "name roles active",
        name=_TEXT,
        roles=many(_TEXT),
        active=_FLAG,
        sessions=_WHOLE,
        seen={"type": ["string", "null"]},
    )
    key = shape(
        "id scopes created expires note", id=_TEXT, scopes=many(_TEXT), created=_TEXT, expires={"type": ["string", "null"]}, note=_TEXT,
    )  # fmt: skip
    named = shape("name en zh", name=_TEXT, en=_TEXT, zh=_TEXT, permissions=many(_TEXT))
    entry = shape(
        "number at by verb about detail chain", number=_WHOLE, at=_TEXT, by=_TEXT, verb=_TEXT, about=_TEXT, detail={"type": "object"},
        chain=_TEXT,
    )  # fmt: skip
    when = {"type": ["string", "null"]}
    change = shape("kind section en zh", kind=_TEXT, section=_TEXT, en=_TEXT, zh=_TEXT)
    proposal = shape(
        "number kind about title state by made", number=_WHOLE, kind=_TEXT, about=_TEXT, title=_TEXT, state={"enum": list(STATES)},
        base=_TEXT,
        policy=_TEXT, name=_TEXT, changes=many(change), count=_WHOLE, at_once=_FLAG, why=_TEXT, by=_TEXT, made=when, decided_by=_TEXT,
        decided=when, reason=_TEXT, due=when, emergency=_FLAG, reviewed_by=_TEXT, review_owed=_FLAG, outcome={"type": "object"},
        backtest={"type": ["object", "null"]}, list=_TEXT, op=_TEXT, examples=many(_TEXT), author=_TEXT, stated=many(_TEXT),
        events=many(_TEXT), fields=many(_TEXT), purpose=_TEXT, note=_TEXT, type=_TEXT, code=_TEXT,
        step=shape("to", to=_TEXT, percent={"type": ["string", "number"]}, by=_TEXT),
        beside={"anyOf": [{"$ref": "#/components/schemas/Beside"}, {"type": "null"}]},
    )  # fmt: skip
    new = {
        "name": {"type": "string", "minLength": 1, "maxLength": 64},
        "roles": _ROLES,
        "password": _SECRET,
        "reason": _REASON,
    }
    return {
        "SignIn": shape("name password", True, name=_TEXT, password={"type": "string", "format": "password"}, tenant=_TEXT),
        "TakeOver": shape("token", True, token=_TEXT),
        "SignedIn": shape("token name tenant roles permissions forgery_proof", token=_TEXT, **me),
        "SignOn": shape("providers passwords", providers=many(shape("name en zh", name=_TEXT, en=_TEXT, zh=_TEXT)), passwords=_FLAG),
        "SignedOutThere": shape("logout_token", logout_token=_TEXT), "SignedOutHere": shape("ended", ended=_WHOLE),
        "SignedOut": shape("status", status=_TEXT, further=_TEXT),
        "Me": shape("name tenant roles permissions forgery_proof", **me), "Done": shape("status", status=_TEXT),
        "OwnPassword": shape("old new", True, old=_TEXT, new=_SECRET), "Person": person, "People": shape("people", people=many(person)),
        "NewPerson": shape("name roles password", True, **new),
        "PersonChange": shape("", True, roles=_ROLES, active=_FLAG, password=_SECRET, reason=_REASON),
        "Because": shape("", True, reason=_REASON), "SessionsEnded": shape("ended", ended=_WHOLE),
        "Keys": shape("file keys", file=_FLAG, keys=many(key)),
        "Roles": shape("roles permissions", roles=many(named), permissions=many(named)),
        "Audit": shape("entries next", entries=many(entry), next={"type": ["integer", "null"]}),
        "Proposal": proposal, "Proposals": shape("proposals next", proposals=many(proposal), next={"type": ["integer", "null"]}),
        "Back": shape("", True, days={"type": "integer", "minimum": 1, "maximum": 3650, "default": 30}),
        "Further": shape(
            "to", True, to={"enum": ["shadow", "percentage", "live"]}, percent={"type": ["number", "string"]}, by=_TEXT, reason=_TEXT,
        ),
        "Why": shape("", True, reason={"type": "string", "maxLength": 2000}, at=_TEXT),
        "Proof": shape("holds entries head", holds=_FLAG, entries=_WHOLE, head=_TEXT, broken=_WHOLE, why_en=_TEXT, why_zh=_TEXT),
    } | _webhook_schemas()  # fmt: skip


def _webhook_schemas() -> Json:
    when = {"type": ["string", "null"]}
    hook = shape(
        "name url kinds private active by made", name=_TEXT, url=_TEXT, kinds=many(_TEXT), private=_FLAG, active=_FLAG, by=_TEXT, made=when,
        secret=_TEXT,
    )  # fmt: skip
    delivery = shape(
        "number key target kind about body made due state tries last ended", number=_WHOLE, key=_TEXT, target=_TEXT, kind=_TEXT,
        about=_TEXT, body={"type": "object"}, made=when, due=when, state=_TEXT, tries=_WHOLE, last=_TEXT, ended=when,
    )  # fmt: skip
    return {
        "NewWebhook": shape("name url kinds", True, name=_TEXT, url=_TEXT, kinds=many(_TEXT), private=_FLAG, active=_FLAG, reason=_REASON),
        "Webhook": hook, "Webhooks": shape("webhooks", webhooks=many(hook)), "Key": shape("key", key=_TEXT),
        "Deliveries": shape("deliveries next", deliveries=many(delivery), next={"type": ["integer", "null"]}),
    }  # fmt: skip
