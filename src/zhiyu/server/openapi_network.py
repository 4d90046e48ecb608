"""The description of the routes about the network that take a body.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document, with examples.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_shapes import Json, Route, many, of_query, ref, shape

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
    nest = Route("nest", "network", said, "Nest", _SENT, "NestOf", parameters=form).described(problems)
    nest["responses"]["200"]["content"] |= {media: {"schema": _TEXT} for media in FILES}
    return {"/v1/network:nest": {"post": nest}, **_acts(problems)}


def _acts(problems: Callable[..., Json]) -> dict[str, Json]:
    number = {"name": "id", "in": "path", "required": True, "schema": _TEXT, "description": "The gang's number."}
    said = "Put the people of a gang on a list, at most as many as the policy lets one call; only counted unless `dry_run` is false"
    listed = Route("listGang", "network", said, "GangListed", (*_SENT, 409), "ListGang", parameters=(number,))
    said = "Erase a person from the network, or un-link a thing that was wrongly shared, from the next event on"
    forgot = Route("forget", "network", said, "Forgotten", _SENT, "Forget")
    return {
        "/v1/gangs/{id}:list": {"post": listed.described(problems)},
        "/v1/network:forget": {"post": forgot.described(problems)},
    }


def network_schemas() -> Json:
    """The schemas that the paths name."""
    case = shape(
        "of", True, of={"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 50}, hops=_WHOLE, as_of=_TEXT
    )
    gang: Json = {"type": ["integer", "null"]}
    person = shape("name code hops bad gang", name=_TEXT, code=_TEXT, hops=_WHOLE, bad=_FLAG, gang=gang)
    nest = shape(
        "component gangs people things links cut position", component={"type": "object"}, gangs=many(_WHOLE),
        people=many(person), things=many(ref("Thing")), links=many(ref("Link")), cut=_FLAG, position=_WHOLE,
    )  # fmt: skip
    words = {"reason": _TEXT, "author": _TEXT, "dry_run": _FLAG}
    return {
        "ListGang": shape("list", True, list=_TEXT, until=_TEXT, **words) | {"examples": [{"list": "watched", "until": "90d"}]},
        "GangListed": shape(
            "gang list people new existing max_listed listed_1h max_listed_1h within dry_run", gang=_WHOLE, list=_TEXT, people=_WHOLE,
            new=_WHOLE, existing=_WHOLE, max_listed=_WHOLE, listed_1h=_WHOLE, max_listed_1h=_WHOLE, within=_FLAG, dry_run=_FLAG,
        ),
        "Forget": shape("what", True, what=_TEXT, **words) | {"examples": [{"what": "phone:13800138000", "reason": "reassigned"}]},
        "Forgotten": shape("field code events dry_run position", field=_TEXT, code=_TEXT, events=_WHOLE, dry_run=_FLAG, position=_WHOLE),
        "Thing": shape("name code people", name=_TEXT, code=_TEXT, people=_WHOLE),
        "Link": shape(
            "person thing first last events person_code thing_code", person=_TEXT, thing=_TEXT, first=_TEXT, last=_TEXT, events=_WHOLE,
            person_code=_TEXT, thing_code=_TEXT,
        ),
        "NestOf": case | {"examples": [{"of": ["person:c1", "device:d7"], "hops": 2}]}, "Nest": nest,
    }  # fmt: skip
