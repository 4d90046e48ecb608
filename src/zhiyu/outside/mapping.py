"""From an event to a request, and from an answer to fields, as the policy says.

In: a `Service`, the values that it may be sent; the bytes that came back. Out: target and body; the fields, or `Invalid` when the answer is
not in the declared form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from zhiyu.outside.endpoints import Endpoint
from zhiyu.policy.check_services import fits
from zhiyu.policy.declare_services import Service

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
MAX_ANSWER_DEPTH = 64


class Invalid(Exception):
    """The answer is not in the declared form; says which field, never its value."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `content`: what makes two questions the same."""

    method: str
    target: str
    body: bytes

    @property
    def content(self) -> bytes:
        """Everything that is sent."""
        return f"{self.method} {self.target}\n".encode() + self.body


def question(service: Service, endpoint: Endpoint, values: Mapping[str, Any]) -> Question:
    """What is sent: only what the mapping names; a missing value is null in a body and left out of a query."""
    request = service.request
    pairs = [(name, _text(values[field])) for name, field in request.query.items() if values[field] is not None]
    target = quote(endpoint.base, safe="/~!$&'()*+,;=:@%") + request.path
    if pairs:
        target += "?" + urlencode(pairs)
    if request.method == "GET":
        return Question("GET", target, b"")
    body: dict[str, Any] = {}
    for name, value in [*((n, values[f]) for n, f in request.body.items()), *request.constant.items()]:
        *around, last = name.split(".")
        here = body
        for part in around:
            here = here.setdefault(part, {})
        here[last] = value
    return Question("POST", target, _encode(body))


def answer_of(service: Service, body: bytes) -> dict[str, Any]:
    """The declared fields of an answer; Invalid when it is no JSON, lacks what is required, or has another type, digits or range."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("no JSON") from None
    found: dict[str, Any] = {}
    for name, told in service.answer.items():
        value = _at(content, told.at)
        if value is None:
            if told.required:
                raise Invalid(f"{name} is missing")
        elif not fits(told, value):
            raise Invalid(f"{name} is of another form")
        else:
            found[name] = value
    return found


def _at(content: Any, path: str) -> Any:
    here = content
    for part in path.split("."):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()
