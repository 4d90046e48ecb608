"""The words in which routes are described by hand: an operation, an object, an array, a query parameter.

In: names and schemas. Out: pieces of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `body`: name of its schema, "" without; `many`: or an array of it, or NDJSON. `status`: of the answer when it is
    well."""

    name: str
    tag: str
    summary: str
    answer: str
    statuses: Sequence[int]
    body: str = ""
    many: bool = False
    parameters: Sequence[Json] = ()
    status: int = 200
    lines: bool = False
    """Whether the answer is a stream of such objects, one a line."""

    def described(self, problems: Callable[..., Json]) -> Json:
        """The operation; `problems` makes the answers of a set of statuses."""
        content = {"application/x-ndjson" if self.lines else "application/json": {"schema": ref(self.answer)}}
        said = "Begun" if self.status == 202 else "Done, and on disk" if self.body else "As it is now"
        done = {"description": said, "content": content}
        found: Json = {
            "operationId": self.name, "summary": self.summary, "tags": [self.tag],
            "responses": {str(self.status): done, **problems(*self.statuses)},
        }  # fmt: skip
        if self.body:
            found["requestBody"] = {"required": True, "content": self._bodies()}
        return found | ({"parameters": list(self.parameters)} if self.parameters else {})

    def _bodies(self) -> Json:
        one = ref(self.body)
        if self.many:
            both = {"anyOf": [one, many(one, minItems=1, maxItems=1000)]}
            return {"application/json": {"schema": both}, "application/x-ndjson": {"schema": _TEXT}}
        yaml = {"application/yaml": {"schema": _TEXT}} if self.body == "NewPolicy" else {}
        return {"application/json": {"schema": one}, **yaml}


def ref(name: str) -> Json:
    """A schema of the document, by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(required: str, closed: bool = False, /, **properties: Any) -> Json:
    """An object; `required`: names, separated by spaces; `closed`: no other keys."""
    made: Json = {"type": "object", "properties": properties}
    if required:
        made["required"] = required.split()
    return made | ({"additionalProperties": False} if closed else {})


def many(schema: Json, **more: int) -> Json:
    """An array."""
    return {"type": "array", "items": schema, **more}


def of_query(name: str, description: str, **schema: Any) -> Json:
    """A parameter of the address that may be left out."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
