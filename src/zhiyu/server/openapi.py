"""The description of the whole API: what FastAPI knows of its routes, and the routes of the thin app.

In: the FastAPI app. Out: an OpenAPI 3.1 document as a dictionary.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from zhiyu.server.openapi_changes import change_paths, change_schemas
from zhiyu.server.openapi_decisions import ANSWERS, decision_schemas
from zhiyu.server.openapi_entities import entity_paths, entity_schemas
from zhiyu.server.openapi_experiments import experiment_paths, experiment_schemas
from zhiyu.server.openapi_network import FILES, network_paths, network_schemas
from zhiyu.server.openapi_shapes import ref
from zhiyu.server.openapi_studio import studio_paths, studio_schemas

_EVENT = {"$ref": "#/components/schemas/Event"}
_DECISION = {"$ref": "#/components/schemas/Decision"}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_COUNTS = {"$ref": "#/components/schemas/Counts"}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_DEADLINE = "#/components/parameters/DeadlineMs"
_SOURCE = "#/components/parameters/Source"
ABOUT = (
    "Events in, explained decisions out. An answer is sent when it is on disk. The id of an event is its idempotency key: the same event "
    "again gives the first decision, the same id with other content 409."
)


def described(app: FastAPI) -> dict[str, Any]:
    """The document."""
    made = get_openapi(title=app.title, version=version("zhiyu"), description=ABOUT, routes=app.routes)
    signs_in = any(getattr(route, "path", "") == "/v1/me" for route in app.routes)
    paths, schemas, schemes = change_paths(_problems) | network_paths(_problems), _schemas(), {"key": _KEY}
    paths, schemas = (
        paths | studio_paths(_problems) | experiment_paths(_problems) | entity_paths(_problems),
        schemas | studio_schemas() | experiment_schemas() | entity_schemas(),
    )
    if signs_in:
        from zhiyu.server.openapi_cases import case_paths, case_schemas
        from zhiyu.server.openapi_people import people_paths, people_schemas  # loads the database's library
        from zhiyu.server.openapi_privacy import privacy_paths, privacy_schemas

        paths, schemas, schemes = (
            paths | people_paths(_problems) | case_paths(_problems) | privacy_paths(_problems),
            schemas | people_schemas() | case_schemas() | privacy_schemas(),
            schemes | {"session": _SESSION},
        )
    own = {path: _with_problems(path, item) for path, item in made["paths"].items()}
    made["paths"] = paths | own
    for path, item in _thin_paths().items():
        made["paths"][path] = item | made["paths"].get(path, {})
    made["components"] = {"schemas": schemas, "parameters": _parameters(), "securitySchemes": schemes}
    made["security"] = [{name: []} for name in schemes]
    return made


_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key that `zhiyu keys new` made. A server on loopback may run without.",
}
_SESSION = {"type": "apiKey", "in": "cookie", "name": "zhiyu_session", "description": "Set by `POST /v1/sessions`."}
_READ_STATUSES = {
    "/v1/decisions": (400, 401, 403, 404, 422, 429, 503), "/v1/decisions:count": (400, 401, 403, 404, 422, 429, 503),
    "/v1/decisions/{id}/trace": (400, 401, 403, 404, 429, 503),
    "/v1/decisions/{id}:replay": (400, 401, 403, 404, 422, 429, 503), "/v1/vocabulary": (400, 401, 403, 429, 503),
    "/v1/decisions/{id}": (400, 401, 403, 404, 429, 503), "/v1/decisions/{id}/explanation": (400, 401, 403, 404, 422, 429, 503),
    "/v1/network/{type}/{id}": (400, 401, 403, 404, 422, 429, 503), "/v1/gangs": (400, 401, 403, 404, 422, 429, 503),
    "/v1/network/hubs": (400, 401, 403, 404, 429, 503),
    "/v1/gangs/report": (400, 401, 403, 404, 409, 422, 429, 503), "/v1/gangs/changes:stream": (400, 401, 403, 404, 422, 429, 503),
    "/v1/gangs/reports": (400, 401, 403, 404, 422, 429, 503), "/v1/gangs/reports/{id}": (400, 401, 403, 404, 422, 429, 503),
    "/v1/gangs/changes": (400, 401, 403, 404, 422, 429, 503), "/v1/gangs/{id}": (400, 401, 403, 404, 422, 429, 503),
    "/v1/features/report": (400, 401, 403, 404, 422, 429, 503),
    "/v1/metrics": (400, 401, 403, 404, 429, 503), "/v1/metrics/query": (400, 401, 403, 404, 422, 429, 503),
    "/v1/metrics/reports": (400, 401, 403, 404, 422, 429, 503), "/v1/metrics/reports/{id}": (400, 401, 403, 404, 422, 429, 503),
    "/v1/metrics/report": (400, 401, 403, 404, 422, 429, 503), "/v1/metrics/alerts": (400, 401, 403, 404, 422, 429, 503),
    "/v1/studies": (400, 401, 403, 429, 503), "/v1/studies/{number}": (400, 401, 403, 404, 422, 429, 503),
    "/v1/studies/{number}/report": (400, 401, 403, 404, 409, 422, 429, 503),
    "/metrics": (401, 403, 429), "/v1/retention": (400, 401, 403, 429, 503), "/v1/waiting": (400, 401, 403, 422, 429, 503),
}  # fmt: skip
_WORDS = {
    400: "Not JSON, not UTF-8, a key twice, or an address that cannot be", 401: "No key, or one that is not in force",
    403: "The key is not for this, or a foreign origin", 404: "Not known, or no longer remembered", 405: "Another method is needed",
    408: "The request took too long to arrive", 409: "The id is known with other content, or the state does not allow it",
    412: "It has changed since it was read; read it again", 413: "Too long",
    414: "The address is too long", 415: "A compressed body",
    422: "Refused; `field` names the culprit", 429: "More than the server can do in time, or too many wrong keys; see Retry-After",
    431: "The headers are too many or too long", 503: "Stopping, or the log stopped; nothing was acknowledged",
}  # fmt: skip

_ANY_REQUEST = (414, 431)


def _problems(*statuses: int) -> dict[str, Any]:
    """Descriptions of these problems; with them those that any request to a route of ours may run into."""
    return {
        str(s): {"description": _WORDS[s], "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for s in sorted({*statuses, *_ANY_REQUEST})
    }


def _with_problems(path: str, item: dict[str, Any]) -> dict[str, Any]:
    for operation in item.values():
        answers = operation["responses"]
        answers.pop("422", None)
        answers.update(_problems(*_READ_STATUSES.get(path, ())))
        named = ANSWERS.get(path)
        content: dict[str, Any] = {"application/json": {"schema": ref(named) if named else {"type": "object"}}}
        if path in ("/v1/network/{type}/{id}", "/v1/gangs/{id}"):
            content |= {media: {"schema": _TEXT} for media in FILES}
        if path in ("/v1/gangs/report", "/v1/gangs/reports/{id}", "/v1/features/report", "/v1/studies/{number}/report"):
            content |= {"text/html": {"schema": _TEXT}}
        if path in ("/v1/metrics/report", "/v1/metrics/reports/{id}"):
            content |= {"text/html": {"schema": _TEXT}, "text/csv": {"schema": _TEXT}}
        if path == "/v1/metrics/query":
            content |= {"text/csv": {"schema": _TEXT}}
        if path == "/v1/decisions:count":
            content = {"application/x-ndjson": {"schema": ref("CountLine")}}
        if path == "/v1/gangs/changes:stream":
            content = {"text/event-stream": {"schema": _TEXT}}
        if path == "/metrics":
            content = {"text/plain": {"schema": _TEXT}}
        answers["200"]["content"] = content
        if path == "/readyz":
            answers["503"] = {"description": "Not ready, and why", "content": content}
        if path in ("/healthz", "/readyz"):
            operation["security"] = []
    return item


def _thin_paths() -> dict[str, Any]:
    one, many = (
        {"application/json": {"schema": _EVENT}},
        {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": 1000},
    )
    lines = {"application/x-ndjson": {"schema": _TEXT}}
    answers = {
        "type": "object",
        "required": ["answers"],
        "properties": {"answers": {"type": "array", "items": {"anyOf": [_DECISION, _PROBLEM]}}},
    }
    both = [{"$ref": _SOURCE}, {"$ref": _DEADLINE}, {"$ref": _DEADLINE + "Query"}]
    return {
        "/v1/decisions": _post(
            "decide", "Decide one event", one, {"application/json": {"schema": _DECISION}}, both,
            (400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
        ),
        "/v1/decisions:batch": _post(
            "decideBatch", "Decide up to 1,000 events; a bad one is refused alone", {"application/json": {"schema": many}, **lines},
            {"application/json": {"schema": answers}}, both, (400, 401, 403, 408, 413, 415, 422, 429, 503),
        ),
        "/v1/decisions:stream": _post(
            "decideStream", "NDJSON in, NDJSON out, line for line while the body is still coming; read while you send", lines, lines,
            [{"$ref": _SOURCE}], (400, 401, 403, 415, 422, 429, 503),
        ),
        "/v1/events": _post(
            "takeEvents", "Take events whose decisions nobody waits for: one object, an array, or NDJSON", {**one, **lines},
            {"application/json": {"schema": _COUNTS}}, both[:1], (400, 401, 403, 408, 413, 415, 422, 429, 503),
        ),
    }  # fmt: skip


def _post(
    name: str, summary: str, body: Any, answer: Any, parameters: list[Any], problems: tuple[int, ...]
) -> dict[str, Any]:
    operation = {
        "operationId": name, "summary": summary, "tags": ["decisions" if name.startswith("decide") else "facts"],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": {"description": "Done, and on disk", "content": answer}, **_problems(*problems)},
    }  # fmt: skip
    if parameters:
        operation["parameters"] = parameters
    return {"post": operation}


def _parameters() -> dict[str, Any]:
    deadline = {"schema": {"type": "integer", "minimum": 1, "maximum": 60_000}, "required": False}
    said = "Milliseconds within which the answer is wanted; past it in the queue, the policy's fallback answers."
    return {
        "Source": {
            "name": "source", "in": "query", "required": False, "schema": _TEXT,
            "description": "A source of the policy whose form the records have.",
        },
        "DeadlineMs": {"name": "Zhiyu-Deadline-Ms", "in": "header", "description": said, **deadline},
        "DeadlineMsQuery": {"name": "deadline_ms", "in": "query", "description": said, **deadline},
    }  # fmt: skip


def _schemas() -> dict[str, Any]:
    event = {
        "type": "object",
        "description": "In the form the policy declares, or that of a source. `time` in ISO 8601 with its offset.",
        "examples": [{"type": "login", "id": "l-001", "time": "2026-03-02T09:03:40+08:00", "customer": "c1"}],
    }  # fmt: skip
    decision = {
        "type": "object", "required": ["position", "status"],
        "description": "`status` is decided; taken (a fact), noise or known where there is nothing to decide. A repeat says `repeated`.",
        "properties": {
            "id": _TEXT, "type": _TEXT, "position": {"type": "integer"}, "status": {"enum": ["decided", "taken", "noise", "known"]},
            "outcome": _TEXT, "enforced": _TEXT, "mark": _TEXT, "limit": _TEXT, "score": {"type": "integer"}, "rules": _TEXTS,
            "reasons": _TEXTS, "shadow": _TEXTS,
            "scores": {"type": "object", "description": "What every model says, by its name; null where it says nothing."},
            "cells": {"type": "object", "description": "Per cell of the matrix its `score`, the `model` that gave it, its `package`."},
            "actions": {"type": "array", "items": {"type": "object"}}, "late": {"type": "boolean"}, "approximate": {"type": "boolean"},
            "fallback": {"type": "boolean"}, "policy": _TEXT, "receipt": _TEXT, "repeated": {"type": "boolean"},
            "calls": {"type": "array", "items": {"type": "object"}, "description": "Services asked: how it ended, cost, what was told."},
            "waiting": {"type": "object", "description": "`node`, `until`, and the service (`call`) or the `answers` that end it."},
            "final": {"type": "object", "description": "What a decision that waited came to."},
        },
    }  # fmt: skip
    problem = {
        "type": "object", "required": ["type", "title", "status", "code", "detail", "detail_en", "detail_zh", "request_id"],
        "properties": {
            "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "code": _TEXT, "detail": _TEXT,
            "detail_en": _TEXT, "detail_zh": _TEXT, "field": _TEXT, "line": {"type": "integer"}, "request_id": _TEXT,
            "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}},
        },
    }  # fmt: skip
    counts = {
        "type": "object", "required": ["taken", "repeated", "refused"],
        "properties": {"taken": {"type": "integer"}, "repeated": {"type": "integer"}, "refused": {"type": "array", "items": _PROBLEM}},
    }  # fmt: skip
    own = {"Event": event, "Decision": decision, "Problem": problem, "Counts": counts}
    return own | decision_schemas() | change_schemas() | network_schemas()
