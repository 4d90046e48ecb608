"""The description of the routes about the network that take a body.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document, with examples.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_shapes import Json, Route, many, of_query, shape

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_SENT = (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
FILES = ("application/graphml+xml", "text/csv")
"""What the network is told as besides JSON."""


def network_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    form = (of_query("format", "json, graphml or csv.", enum=["json", "graphml", "csv"]),)
    said = "From a case, several people and things, to the whole nest: who is connected, over what, since when"
    nest = Route("nest", "network", said, "Nest", _SENT, "Case", parameters=form).described(problems)
    nest["responses"]["200"]["content"] |= {media: {"schema": _TEXT} for media in FILES}
    return {"/v1/network:nest": {"post": nest}}


def network_schemas() -> Json:
    """The schemas that the paths name."""
    case = shape("of", True, of={"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 50}, hops=_WHOLE)
    nest = shape(
        "component gangs people things links cut position", component={"type": "object"}, gangs=many(_WHOLE),
        people=many(shape("name code hops bad gang")), things=many(shape("name code people")),
        links=many(shape("person thing first last events")), cut=_FLAG, position=_WHOLE,
    )  # fmt: skip
    return {"Case": case | {"examples": [{"of": ["person:c1", "device:d7"], "hops": 2}]}, "Nest": nest}
