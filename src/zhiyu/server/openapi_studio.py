"""The description of the routes that a policy is read, changed and tried with: features.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_shapes import Json, Route, many, ref, shape

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_WHOLE: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_ASKED = (400, 401, 403, 429, 503)
_FEATURE: Json = {
    "name": "name", "in": "path", "required": True, "schema": _TEXT, "description": "The feature's name, percent-encoded.",
}  # fmt: skip


def studio_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    found: dict[str, Json] = {}
    for path, method, route in _features():
        found.setdefault(path, {})[method] = route.described(problems)
    return found


def _features() -> list[tuple[str, str, Route]]:
    listed, one = "The features of the policy in force", "One feature: its definition, what it is made of, who uses it"
    return [
        ("/v1/features", "get", Route("features", "policies", listed, "Features", _ASKED)),
        ("/v1/features/{name}", "get", Route("feature", "policies", one, "Feature", (*_ASKED, 404), parameters=(_FEATURE,))),
    ]  # fmt: skip


def studio_schemas() -> Json:
    """The schemas that the paths name."""
    return _feature_schemas()


def _feature_schemas() -> Json:
    kind = {"enum": ["counted", "derived", "network", "score", "cell"]}
    brief: Json = {
        "name": _TEXT, "en": _TEXT, "zh": _TEXT, "kind": kind, "type": _TEXT, "by": _TEXTS, "over": _TEXT, "on": _TEXTS,
    }  # fmt: skip
    line = shape("name en zh kind type by over on uses", **brief, uses=_WHOLE)
    part = shape("section name depth en zh", section=_TEXT, name=_TEXT, depth=_WHOLE, en=_TEXT, zh=_TEXT)
    pair = {"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2}
    lineage = shape("parts links cut", parts=many(ref("LineagePart")), links=many(pair), cut=_FLAG)
    word = ref("Word")
    whole = shape(
        "name en zh kind type by over on uses said_en said_zh expr aggregate of where current from_grid events lineage", **brief,
        uses=many(ref("Use")), said_en=_TEXT, said_zh=_TEXT, expr=_TEXT, aggregate=_TEXT, of=_TEXT, where=_TEXT, current=_TEXT,
        from_grid=_FLAG, events=many(word), lineage=lineage,
    )  # fmt: skip
    return {
        "FeatureLine": line, "Features": shape("policy features", policy=_TEXT, features=many(ref("FeatureLine"))), "LineagePart": part,
        "Feature": whole,
    }  # fmt: skip
