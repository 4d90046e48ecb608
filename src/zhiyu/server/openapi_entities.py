"""The description of the routes about one entity: its features, the lists it stands on.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_shapes import Json, Route, many, of_query, ref, shape

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_STATUSES = (400, 401, 403, 404, 422, 429, 503)
_WHOM: tuple[Json, ...] = (
    {"name": "type", "in": "path", "required": True, "schema": _TEXT, "description": "An entity that fields of the policy name."},
    {"name": "id", "in": "path", "required": True, "schema": _TEXT,
     "description": "Its value, percent-encoded; or code: and the 16 hex digits that were told."},
)  # fmt: skip


def entity_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    features = "What is counted about a person, a card, a device alone: now, or at an earlier moment as far back as windows are whole"
    lists = "The lists on which a person, a card, a device stands now"
    as_of = of_query("as_of", "An earlier moment: a date (UTC) or a time with its offset; now without.", **_TEXT)
    own = {
        "features": Route("entityFeatures", "decisions", features, "EntityFeatures", _STATUSES, parameters=(*_WHOM, as_of)),
        "lists": Route("entityLists", "lists", lists, "EntityLists", _STATUSES, parameters=_WHOM),
    }  # fmt: skip
    return {f"/v1/entities/{{type}}/{{id}}/{name}": {"get": route.described(problems)} for name, route in own.items()}


def entity_schemas() -> Json:
    """The schemas that the paths name."""
    whole: Json = {"type": "boolean", "description": "False: what the window held then is not kept any more."}
    lost: Json = {"type": "boolean", "description": "There were more entries than are kept of one key."}
    feature = shape(
        "name en zh by over type whole lost missing said_en said_zh", name=_TEXT, en=_TEXT, zh=_TEXT, by=_TEXT, over=_TEXT, type=_TEXT,
        whole=whole, lost=lost, missing=_FLAG, said_en=_TEXT, said_zh=_TEXT,
    )  # fmt: skip
    entry = shape(
        "list value code since reason author kind en zh", list=_TEXT, value=_TEXT, code=_TEXT, since=_TEXT, until=_TEXT, reason=_TEXT,
        author=_TEXT, kind=_TEXT, en=_TEXT, zh=_TEXT,
    )  # fmt: skip
    return {
        "EntityFeature": feature,
        "EntityFeatures": shape(
            "entity code as_of now position features", entity=_TEXT, code=_TEXT, as_of=_TEXT, now=_TEXT, position={"type": "integer"},
            features=many(ref("EntityFeature")),
        ),
        "EntityLists": shape("entity code lists", entity=_TEXT, code=_TEXT, lists=many(entry)),
    }  # fmt: skip
