"""The description of the API holds for what the server does: schemathesis makes requests of it, good and bad; none may end in 5xx."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from starlette.routing import Route

from tests.server.served import Served
from zhiyu.server.openapi_cases import case_schemas
from zhiyu.server.openapi_changes import change_schemas
from zhiyu.server.openapi_decisions import decision_schemas
from zhiyu.server.openapi_network import network_schemas
from zhiyu.server.openapi_people import people_schemas
from zhiyu.server.openapi_privacy import privacy_schemas
from zhiyu.server.openapi_studio import studio_schemas
from zhiyu.server.reads import make_reads
from zhiyu.server.thin import ROUTES

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 10, 10)
CHECKS = [getattr(schemathesis.checks, name) for name in (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
)]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("described"), log_all=False) as made:
        yield made


def test_every_route_is_described(server: Served) -> None:
    """What the two apps answer is what the document names; `/docs` and the document itself aside."""
    described = set(server.client.get("/openapi.json").json()["paths"])
    thin = {template for template, _, _ in ROUTES.values()}
    assert thin <= described
    routes = {route.path for route in make_reads(server.site).routes if isinstance(route, Route)}
    assert described - thin == routes - {"/docs", "/openapi.json", "/console", "/console/{path:path}"} - thin


def test_no_two_shapes_have_one_name() -> None:
    """Later ones would stand in the place of earlier ones, and a route would be described with the shape of another."""
    known: dict[str, Any] = {}
    for shapes in (
        change_schemas(), network_schemas(), decision_schemas(), studio_schemas(), people_schemas(), case_schemas(), privacy_schemas(),
    ):  # fmt: skip
        for name, shape in shapes.items():
            assert known.setdefault(name, shape) == shape, name


def test_every_reference_in_the_document_leads_somewhere(server: Served) -> None:
    document = server.client.get("/openapi.json")
    names = set(re.findall(r'"#/components/(\w+)/(\w+)"', document.text))
    components = document.json()["components"]
    assert names
    assert [name for kind, name in names if name not in components[kind]] == []


def deep(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the policy's own events, so that good requests get as far as a decision."""
    texts = {"type": "string", "minLength": 1, "maxLength": 8}
    event = {
        "type": "object", "required": ["type", "id", "time", "card", "amount"], "properties": {
            "type": {"enum": ["payment", "login", "loan"]}, "id": texts, "time": {"type": "string", "format": "date-time"}, "card": texts,
            "amount": {"anyOf": [{"type": "number"}, {"type": "string"}]}, "city": {"type": ["string", "null"]}, "phone": {},
        },
    }  # fmt: skip
    schemas = document["components"]["schemas"] | {"Event": event}
    schemas["NewSnooze"] = _with(schemas["NewSnooze"], rule=["large", "many", "none"], field=["card", "city", "none"])
    schemas["Label"] = _with(schemas["Label"], type=["", "payment", "none"])
    for path, item in document["paths"].items():
        for operation in item.values() if "/lists/{name}" in path else ():
            operation["parameters"][0]["schema"] = {"enum": ["watched_cards", "watched_cards", "none"]}
    return document | {"components": document["components"] | {"schemas": schemas}}


def _with(schema: dict[str, Any], **choices: list[str]) -> dict[str, Any]:
    return schema | {"properties": schema["properties"] | {name: {"enum": each} for name, each in choices.items()}}


@schemathesis.serializer("application/x-ndjson")
def as_lines(context: Any, value: Any) -> bytes:
    """NDJSON is generated as a text; as often as not it is one."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_made_of_the_description_ends_in_a_server_error(
    server: Served, mode: schemathesis.GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(deep(server.client.get("/openapi.json").json()))
    statuses: Counter[tuple[str, int]] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            strategy = operation.as_strategy(generation_mode=mode)
            run_cases(strategy, server, statuses)
        except Unsatisfiable:  # nothing about this operation can be wrong
            assert mode.name == "NEGATIVE"
    assert {status for _, status in statuses} >= ({200, 422} if mode.name == "POSITIVE" else {400, 422})
    assert max(status for _, status in statuses) < 500, statuses
    assert server.client.get("/readyz").status_code == 200
    assert [line for line in server.log_lines() if line["event"] == "unexpected"] == []


def run_cases(strategy: Any, server: Served, statuses: Counter[tuple[str, int]]) -> None:
    """Send examples of a strategy and check each answer against the document."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy)
    def run(case: schemathesis.Case) -> None:
        response = case.call(base_url=f"http://127.0.0.1:{server.port}")
        statuses[case.operation.label, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    run()
