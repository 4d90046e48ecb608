"""The description of the routes that a policy is read, changed and tried with: features, drafts.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_shapes import Json, Route, many, ref, shape

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_WHOLE: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "number"}
_MAYBE: Json = {"type": ["string", "null"]}
_SOME: Json = {"type": ["number", "null"]}
_NO_WHOLE: Json = {"type": ["integer", "null"]}
_SENT = (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
_ASKED = (400, 401, 403, 429, 503)
_FEATURE: Json = {
    "name": "name", "in": "path", "required": True, "schema": _TEXT, "description": "The feature's name, percent-encoded.",
}  # fmt: skip


def studio_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    found: dict[str, Json] = {}
    for path, method, route in (*_features(), *_drafts()):
        found.setdefault(path, {})[method] = route.described(problems)
    return found


def _features() -> list[tuple[str, str, Route]]:
    listed, one = "The features of the policy in force", "One feature: its definition, what it is made of, who uses it"
    return [
        ("/v1/features", "get", Route("features", "policies", listed, "Features", _ASKED)),
        ("/v1/features/{name}", "get", Route("feature", "policies", one, "Feature", (*_ASKED, 404), parameters=(_FEATURE,))),
    ]  # fmt: skip


def _drafts() -> list[tuple[str, str, Route]]:
    read = "A version as people read and change it: its parts, expressions plainly written, every part as a sentence"
    tried = "A draft checked, compared and tried on the last 30 days: a stream of lines; closing it cancels"
    spread = "How a feature is distributed over the decisions of the last 30 days: a stream of lines"
    version: Json = {
        "name": "hash", "in": "path", "required": True, "schema": _TEXT, "description": "The version: 64 hex digits.",
    }  # fmt: skip
    return [
        ("/v1/policies/{hash}/written", "get", Route("written", "policies", read, "Written", (*_ASKED, 404), parameters=(version,))),
        ("/v1/policy:try", "post", Route("try", "policies", tried, "TriedLine", _SENT, "TriedPatch", lines=True)),
        (
            "/v1/features/{name}/spread", "get",
            Route("spread", "policies", spread, "SpreadLine", (*_ASKED, 404), parameters=(_FEATURE,), lines=True),
        ),
    ]  # fmt: skip


def studio_schemas() -> Json:
    """The schemas that the paths name."""
    return _feature_schemas() | _draft_schemas()


def _draft_schemas() -> Json:
    sentence = shape("path en zh", path=_TEXT, en=_TEXT, zh=_TEXT)
    written = shape("policy document said", policy=_TEXT, document={"type": "object"}, said=many(sentence))
    operation = shape(
        "op path", True, op={"enum": ["add", "replace", "remove", "move"]}, path={"type": "string", "description": "A JSON pointer."},
        value={}, **{"from": _TEXT},
    )  # fmt: skip
    base = {"type": "string", "description": "The version that it starts from."}
    patch = shape("base patch", True, base=base, patch=many(operation))
    tried = shape("base patch", True, base=base, patch=many(operation), figures=_FLAG)
    found = shape(
        "severity code path column en zh suggestion_en suggestion_zh", severity={"enum": ["error", "warning"]}, code=_TEXT, path=_TEXT,
        column=_WHOLE, en=_TEXT, zh=_TEXT, suggestion_en=_TEXT, suggestion_zh=_TEXT,
    )  # fmt: skip
    change = shape(
        "kind section en zh", kind={"enum": ["added", "removed", "changed"]}, section=_TEXT, en=_TEXT, zh=_TEXT
    )
    checked = shape(
        "kind policy findings changes count said", kind={"const": "checked"}, policy=_MAYBE, findings=many(ref("DraftFinding")),
        changes=many(ref("DraftChange")), count=_WHOLE, said=many(sentence),
    )  # fmt: skip
    progress = shape("kind stage done", kind={"const": "progress"}, stage={"enum": ["record", "decide"]}, done=_NUMBER)
    failed = shape("kind code en zh", kind={"const": "failed"}, code=_TEXT, en=_TEXT, zh=_TEXT)
    figure = shape(
        "name kind better en zh live candidate difference low high", name=_TEXT, kind={"enum": ["count", "money", "rate", "load"]},
        better=_WHOLE, en=_TEXT, zh=_TEXT, live=_SOME, candidate=_SOME, difference=_SOME, low=_SOME, high=_SOME,
    )  # fmt: skip
    labels = shape(
        "decisions arrived pending young missing share_arrived", decisions=_WHOLE, arrived=_WHOLE, pending=_WHOLE, young=_WHOLE,
        missing=_WHOLE, share_arrived=_NUMBER,
    )  # fmt: skip
    moved = shape("live draft decisions money", live=_TEXT, draft=_TEXT, decisions=_WHOLE, money=_WHOLE)
    rule = shape(
        "rule live draft frauds goods unknown money", rule=_TEXT, live=_NO_WHOLE, draft=_NO_WHOLE, frauds=_WHOLE, goods=_WHOLE,
        unknown=_WHOLE, money=_WHOLE,
    )  # fmt: skip
    figures = shape(
        "kind from until position decisions currency labels figures moved rules", kind={"const": "figures"}, until=_TEXT, position=_WHOLE,
        decisions=_WHOLE, currency=_TEXT, labels={"anyOf": [labels, {"type": "null"}]}, figures=many(ref("TriedFigure")),
        moved=many(moved), rules=many(rule), **{"from": _TEXT},
    )  # fmt: skip
    bar = shape("low high all frauds goods", low=_NUMBER, high=_NUMBER, all=_WHOLE, frauds=_WHOLE, goods=_WHOLE)
    spread = shape(
        "kind feature from until decisions missing errors value unit frauds goods quantiles mean bars distinct", kind={"const": "spread"},
        feature=_TEXT, until=_TEXT, decisions=_WHOLE, missing=_WHOLE, errors=_WHOLE, value=_TEXT, unit=_TEXT, frauds=_WHOLE, goods=_WHOLE,
        quantiles={"type": ["object", "null"], "additionalProperties": _NUMBER}, mean=_SOME, bars=many(bar), distinct=_WHOLE,
        **{"from": _TEXT},
    )  # fmt: skip
    said = {
        "DraftChecked": checked,
        "TrialProgress": progress,
        "TrialFailed": failed,
        "TriedFigures": figures,
        "Spread": spread,
    }
    return {
        "Written": written, "Patch": patch, "TriedPatch": tried, "DraftFinding": found, "DraftChange": change,
        "TriedFigure": figure, **said,
        "TriedLine": {"anyOf": [ref(name) for name in ("DraftChecked", "TrialProgress", "TriedFigures", "TrialFailed")]},
        "SpreadLine": {"anyOf": [ref(name) for name in ("TrialProgress", "Spread", "TrialFailed")]},
    }  # fmt: skip


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
