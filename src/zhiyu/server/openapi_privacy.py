"""The description of the routes about the vault and about what is held about a person, which a server has when people may sign in.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.access.reveals import MAX_NOTE_CHARS, MIN_NOTE_CHARS, PURPOSES
from zhiyu.server.openapi_shapes import Json, Route, many, shape

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_WHOLE: Json = {"type": "integer"}
_ASKED = (400, 401, 403, 409, 429, 503)
_SENT = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)


def privacy_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    rotate = "A fresh data key; people's keys are wrapped under it, then the older one is destroyed"
    reveal = "Personal values of events in clear, for a purpose, written to the audit first"
    propose = "Ask somebody else to approve that many values are shown"
    export = "Everything held about one person, masked unless `reveal`; as JSON or a page"
    clear = "Ask somebody else to approve that what is held about one person is exported in clear"
    erase = "Destroy what the vault holds about a person, from the next event on"
    routes = [
        ("/v1/vault", "get", Route("vault", "privacy", "What the vault holds, and its keys", "Vault", _ASKED)),
        ("/v1/vault:rotate", "post", Route("rotateVault", "privacy", rotate, "Rotated", _ASKED)),
        ("/v1/vault:purposes", "get", Route("purposes", "privacy", "What values may be shown for", "Purposes", _ASKED)),
        ("/v1/vault:reveal", "post", Route("reveal", "privacy", reveal, "Revealed", _SENT, "Reveal")),
        ("/v1/vault:propose", "post", Route("proposeReveal", "privacy", propose, "RevealProposed", _SENT, "Reveal")),
        (
            "/v1/persons:export",
            "post",
            Route("exportPerson", "privacy", export, "HeldAboutPerson", _SENT, "ExportPerson"),
        ),
        (
            "/v1/persons:propose",
            "post",
            Route("proposeExport", "privacy", clear, "RevealProposed", _SENT, "ProposeExport"),
        ),
        ("/v1/persons:erase", "post", Route("erasePerson", "privacy", erase, "ErasedPerson", _SENT, "ErasePerson")),
    ]
    return {path: {method: route.described(problems)} for path, method, route in routes}


def privacy_schemas() -> Json:
    """The schemas that the paths name."""
    purpose: Json = {"enum": list(PURPOSES)}
    note: Json = {"type": "string", "minLength": MIN_NOTE_CHARS, "maxLength": MAX_NOTE_CHARS}
    value = shape(
        "field shown", event=_TEXT, field=_TEXT, shown=_TEXT, status={"enum": ["revealed", "not_kept"]}, value=_TEXT
    )
    named = shape("name en zh", name=_TEXT, en=_TEXT, zh=_TEXT)
    who: Json = {"type": _TEXT, "id": {"type": "string", "minLength": 1}}
    return {
        "Vault": shape(
            "people texts data_keys master_key problem unfiled promise", people=_WHOLE, texts=_WHOLE, data_keys=many(_WHOLE),
            master_key=_TEXT, problem=_TEXT, unfiled=_FLAG, promise=_TEXT,
        ),
        "Rotated": shape("data_key", data_key=_WHOLE),
        "Purposes": shape("purposes at_once by_the_hour", purposes=many(named), at_once=_WHOLE, by_the_hour=_WHOLE),
        "Reveal": shape(
            "", True, events=many(_TEXT, maxItems=1000), fields=many(_TEXT), purpose=purpose, note=note,
            proposal={"type": "integer", "minimum": 1},
        ),
        "Revealed": shape("values left_this_hour", values=many(value), left_this_hour=_WHOLE),
        "RevealProposed": shape("proposal state count", proposal=_WHOLE, state=_TEXT, count=_WHOLE),
        "ExportPerson": shape(
            "", True, **who, purpose=purpose, note=note, reveal=_FLAG, format={"enum": ["json", "html"]},
            proposal={"type": "integer", "minimum": 1},
        ),
        "ProposeExport": shape("type id purpose note", True, **who, purpose=purpose, note=note),
        "HeldAboutPerson": shape(
            "type code made purpose revealed vault personal timeline older_before retention", type=_TEXT, code=_TEXT, made=_TEXT,
            purpose=_TEXT, revealed=_FLAG, vault=_FLAG, personal=many(value), timeline=many({"type": "object"}),
            older_before={"type": ["integer", "null"]}, retention={"type": "object"},
        ),
        "ErasePerson": shape("type id", True, **who, reason=_TEXT, dry_run=_FLAG),
        "ErasedPerson": shape(
            "type code texts events dry_run", type=_TEXT, code=_TEXT, texts=_WHOLE, events=_WHOLE, position=_WHOLE, dry_run=_FLAG,
            stays={"type": "object"},
        ),
    }  # fmt: skip
