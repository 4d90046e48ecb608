"""The description of the routes that change what is decided: labels, lists, snoozes, policies.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document, with examples.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.server.openapi_models import model_routes, model_schemas
from zhiyu.server.openapi_shapes import Json
from zhiyu.server.openapi_shapes import Route as _Route
from zhiyu.server.openapi_shapes import many as _many
from zhiyu.server.openapi_shapes import of_query as _query
from zhiyu.server.openapi_shapes import shape as _object

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_WHOLE: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_MOMENT: Json = {"type": "string", "description": "ISO-8601 with its offset"}
_VALUE: Json = {"type": ["string", "number"]}
_REASON: Json = {"type": "string", "maxLength": 1000}
_NAME: Json = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": _TEXT,
    "description": "The list's name, percent-encoded.",
}
_HASH: Json = {
    "name": "hash",
    "in": "path",
    "required": True,
    "schema": _TEXT,
    "description": "The version: 64 hex digits.",
}
_PROBLEM: Json = {"$ref": "#/components/schemas/Problem"}
_FINDING: Json = {"$ref": "#/components/schemas/Finding"}
_ASKED = (400, 401, 403, 429, 503)
_SENT = (400, 401, 403, 408, 413, 415, 422, 429, 503)


def change_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    found: dict[str, Json] = {}
    for path, method, route in (*_labels(), *_lists(), *_policies(), *model_routes(), *_timelines()):
        found.setdefault(path, {})[method] = route.described(problems)
    return found


def _labels() -> list[tuple[str, str, _Route]]:
    said = "What became known about events: one label, an array, or NDJSON; in effect from the next event on"
    return [("/v1/labels", "post", _Route("label", "labels", said, "Labelled", (*_SENT, 404, 409), "Label", True))]


def _lists() -> list[tuple[str, str, _Route]]:
    page = (
        _query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100),
        _query("before", "The `next` of the page before.", **_TEXT),
    )
    words = (
        _query("until", "Until when, where an entry says nothing: a time, or a duration such as 90d.", **_TEXT),
        _query("reason", "Why, where an entry says nothing.", **_REASON),
        _query("author", "Who says so; the id of the key without.", **_REASON),
    )
    of_list, put = (
        (*_SENT, 404),
        "Put values on a list: an array, one object, or NDJSON; what is there already makes no change",
    )
    entries = "/v1/lists/{name}/entries"
    newest = "Who is on a list, newest first, page by page"
    return [
        (
            "/v1/lists",
            "get",
            _Route("lists", "lists", "The lists of the policy, and how many are on each", "Lists", _ASKED),
        ),
        (entries, "get", _Route("entries", "lists", newest, "Entries", (*_ASKED, 404, 422), parameters=(_NAME, *page))),
        (entries, "post", _Route("put", "lists", put, "Brought", of_list, "NewEntry", True, (_NAME, *words))),
        (
            f"{entries}:remove",
            "post",
            _Route("remove", "lists", "Take values off", "Removed", of_list, "Values", False, (_NAME,)),
        ),
        (
            f"{entries}:find",
            "post",
            _Route("find", "lists", "Which of some values are on it", "Found", of_list, "Values", False, (_NAME,)),
        ),
        ("/v1/snoozes", "get", _Route("snoozes", "lists", "Rules that are quiet for one value now", "Snoozes", _ASKED)),
        (
            "/v1/snoozes",
            "post",
            _Route("snooze", "lists", "Let a rule be quiet for a value", "Snoozed", _SENT, "NewSnooze"),
        ),
        (
            "/v1/snoozes:end",
            "post",
            _Route("endSnooze", "lists", "End it before its time", "Ended", _SENT, "NewSnooze"),
        ),
    ]


def _policies() -> list[tuple[str, str, _Route]]:
    publish = "Let another policy decide: an artifact, the files of a folder, one YAML file, or a patch of a version"
    standing = "Which policy decides, which did before, which is counting"
    dry = (
        _query("dry_run", "Only check.", type="boolean"),
        _query("propose", "Make a draft that somebody else approves; always so for people.", type="boolean"),
        _query("title", "What it is about, for those who approve it.", type="string", maxLength=200),
        _query(
            "stage",
            "How far: live for all, percentage for a share, shadow beside the live one.",
            enum=["shadow", "percentage", "live"],
        ),
        _query(
            "percent",
            "With stage percentage: of the values of `by`.",
            type="number",
            exclusiveMinimum=0,
            exclusiveMaximum=100,
        ),
        _query("by", "With stage percentage: the field whose values are divided.", **_TEXT),
    )
    stop = "The live version is alone again: no shadow, no share"
    kept, diff = "Every version that was released, newest first", "What changed, in sentences"
    decided, uses = (
        "What one version decided, in order",
        "Who uses a list, a feature, a model; and how many stand on a list",
    )
    page = (_query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100),)
    before = _query("before", "Releases before this number.", type="integer", minimum=0)
    after = _query("after", "The `next` of the page before.", type="integer", minimum=0)
    since = _query("since", "The version to compare with; the one released before without.", **_TEXT)
    part = _query("name", "What the part is called.", **_TEXT) | {"required": True}
    back = "Let the policy decide again that decided before"
    read = "A policy that was released here, as an artifact"
    return [
        ("/v1/policy", "get", _Route("policy", "policies", standing, "Standing", _ASKED)),
        (
            "/v1/policy",
            "post",
            _Route("publish", "policies", publish, "Published", (*_SENT, 404), "NewPolicy", False, dry),
        ),
        ("/v1/policy:rollback", "post", _Route("rollBack", "policies", back, "Published", (*_ASKED, 409))),
        ("/v1/policy:stop", "post", _Route("stopStage", "policies", stop, "Published", (*_ASKED, 409))),
        (
            "/v1/policies",
            "get",
            _Route("versions", "policies", kept, "Versions", (*_ASKED, 422), parameters=(*page, before)),
        ),
        (
            "/v1/policies/{hash}/changes",
            "get",
            _Route("changes", "policies", diff, "Changes", (*_ASKED, 404), parameters=(_HASH, since)),
        ),
        (
            "/v1/policies/{hash}/decisions",
            "get",
            _Route("decidedBy", "policies", decided, "Decided", (*_ASKED, 404, 422), parameters=(_HASH, *page, after)),
        ),
        ("/v1/policy/uses", "get", _Route("uses", "policies", uses, "Uses", (*_ASKED, 422), parameters=(part,))),
        (
            "/v1/policies/{hash}",
            "get",
            _Route("artifact", "policies", read, "Artifact", (*_ASKED, 404), parameters=(_HASH,)),
        ),
    ]


def _timelines() -> list[tuple[str, str, _Route]]:
    said = "What happened to a person, a card, a device: events with decisions, labels, changes of lists; newest first"
    options = (
        {"name": "type", "in": "path", "required": True, "schema": _TEXT, "description": "An entity that fields of the policy name."},
        {"name": "id", "in": "path", "required": True, "schema": _TEXT,
         "description": "Its value, percent-encoded; or code: and the 16 hex digits that were told."},
        _query("since", "Only what happened from then on: ISO-8601 or ms since 1970.", **_TEXT),
        _query("until", "Only what happened before then.", **_TEXT),
        _query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=50),
        _query("before", "The `next` of the page before.", type="integer", minimum=0),
    )  # fmt: skip
    route = _Route("timeline", "decisions", said, "Timeline", (*_ASKED, 404, 422), parameters=options)
    return [("/v1/entities/{type}/{id}/timeline", "get", route)]


def change_schemas() -> Json:
    """The schemas that the paths name."""
    return _label_schemas() | _list_schemas() | _policy_schemas() | model_schemas()


def _label_schemas() -> Json:
    label = _object(
        "fraud", True, fraud=_FLAG, event={"type": "string", "description": "The event's id."},
        type={"type": "string", "description": "Its type, where two types share ids."},
        position={"type": ["integer", "null"], "description": "Its place in the log, instead of its id."},
        known_at={"type": ["string", "integer", "null"], "description": "When it became known, ISO-8601 or ms since 1970; now without."},
        id={"type": "string", "description": "Of the label itself, for a finding that changed later."}, reason=_REASON, author=_REASON,
    )  # fmt: skip
    told = _object(
        "event position fraud status", event=_TEXT, event_position=_WHOLE, fraud=_FLAG, position=_WHOLE,
        status={"enum": ["taken", "known"]}, repeated=_FLAG,
    )  # fmt: skip
    several = _object("answers", answers=_many({"anyOf": [told, _PROBLEM]}))
    example = {"event": "l-001", "fraud": True, "reason": "chargeback"}
    entry = _object(
        "kind time position", kind={"enum": ["event", "label", "list", "snooze"]}, time=_TEXT, position=_WHOLE
    )
    timeline = _object("entries", entries=_many(entry), next=_WHOLE)
    return {"Timeline": timeline, "Label": label | {"examples": [example]}, "Labelled": {"anyOf": [told, several]}}


def _list_schemas() -> Json:
    words = {"value": _TEXT, "code": _TEXT, "since": _TEXT, "until": _TEXT, "reason": _TEXT, "author": _TEXT}
    entry = _object("list value code since", False, list=_TEXT, **words)
    snooze = _object("rule field value code since", False, rule=_TEXT, field=_TEXT, **words)
    listed = _object(
        "name of kind en zh entries uses", name=_TEXT, of=_TEXT, kind={"enum": ["deny", "allow", "watch"]}, en=_TEXT, zh=_TEXT,
        entries=_WHOLE, uses=_many(_ref("Use")),
    )  # fmt: skip
    alone = {
        "type": ["integer", "null"],
        "description": "Changes at once above which a person's wait for approval; null for no limit.",
    }
    new_entry = _object("", True, value=_VALUE, code=_TEXT, until=_MOMENT, reason=_REASON)
    values = _object("", True, values=_many(_VALUE), codes=_TEXTS, reason=_REASON, author=_REASON)
    new_snooze = _object(
        "rule field",
        True,
        rule=_TEXT,
        field=_TEXT,
        value=_VALUE,
        code=_TEXT,
        until=_TEXT,
        reason=_REASON,
        author=_REASON,
    )
    card = "6222000000000000005"
    stolen = {"value": card, "until": "2026-06-30T00:00:00+08:00", "reason": "reported stolen"}
    traveller = {"rule": "many_logins", "field": "customer", "value": "c1", "until": "30d", "reason": "known traveller"}
    brought = _object(
        "list new renewed existing refused",
        list=_TEXT,
        new=_WHOLE,
        renewed=_WHOLE,
        existing=_WHOLE,
        refused=_many(_PROBLEM),
        status=_TEXT,
        proposal=_WHOLE,
    )
    return {
        "Lists": _object("lists alone", lists=_many(listed), alone=alone), "Entries": _object("entries", entries=_many(entry), next=_TEXT),
        "NewEntry": new_entry | {"examples": [stolen]}, "Brought": brought,
        "Values": values | {"examples": [{"values": [card], "reason": "found again"}]},
        "Removed": _object("list removed absent", list=_TEXT, removed=_WHOLE, absent=_TEXTS, status=_TEXT, proposal=_WHOLE),
        "Found": _object("entries absent", entries=_many(entry), absent=_TEXTS), "Snoozes": _object("snoozes", snoozes=_many(snooze)),
        "NewSnooze": new_snooze | {"examples": [traveller]},
        "Snoozed": {"allOf": [snooze, _object("status", status={"enum": ["new", "renewed", "existing"]})]},
        "Ended": _object("status", status={"enum": ["ended", "absent"]}),
    }  # fmt: skip


def _policy_schemas() -> Json:
    release = _object(
        "number policy position by",
        number=_WHOLE,
        policy=_TEXT,
        position=_WHOLE,
        by=_TEXT,
        at=_TEXT,
        name=_TEXT,
        live_policy=_TEXT,
    )
    warming = _object("policy name why progress", policy=_TEXT, name=_TEXT, why=_TEXT, progress={"type": "number"})
    artifact = _object("hash format policy", hash=_TEXT, format=_TEXT, policy={"type": "object"})
    files = _object("files", True, files={"type": "object", "additionalProperties": _TEXT})
    small = "name: p\nevents: [{name: login, fields: {who: {type: string}}}]\n"
    return {
        "Finding": _object(
            "severity code file line column detail detail_en detail_zh suggestion", severity={"enum": ["error", "warning"]}, code=_TEXT,
            file=_TEXT, line=_WHOLE, column=_WHOLE, detail=_TEXT, detail_en=_TEXT, detail_zh=_TEXT, suggestion=_TEXT,
        ),
        "NewPolicy": {"anyOf": [files, artifact, _ref("Patch")], "examples": [{"files": {"policy.yaml": small}}]},
        "Published": _object(
            "status policy name", proposal=_WHOLE, status={"enum": ["in_force", "warming", "checked", "draft", "shadow"]}, policy=_TEXT,
            name=_TEXT, release=release, position=_WHOLE, percent=_TEXT, by=_TEXT, beside=_ref("Beside", null=True),
            why={"type": "string", "description": "Why it counts from the log first."}, at_once=_FLAG, warnings=_many(_FINDING),
        ),
        "Standing": _object(
            "in_force previous warming", in_force=release, previous={"anyOf": [release, {"type": "null"}]},
            warming={"anyOf": [warming, {"type": "null"}]}, beside=_ref("Beside", null=True),
        ),
        "Beside": _beside(),
        "Versions": _object("policies next", policies=_many(_version(release)), next={"type": ["integer", "null"]}),
        "Changes": _object(
            "policy since count changes", policy=_TEXT, since=_TEXT, count=_WHOLE,
            changes=_many(_object("kind section en zh", kind=_TEXT, section=_TEXT, en=_TEXT, zh=_TEXT)),
        ),
        "Decided": _object("decisions next", decisions=_many({"type": "object"}), next={"type": ["integer", "null"]}),
        "Uses": _object(
            "name uses entries", name=_TEXT, entries=_WHOLE,
            uses=_many(_ref("Use")),
        ),
        "Use": _object("section name en zh", section=_TEXT, name=_TEXT, en=_TEXT, zh=_TEXT),
        "Artifact": artifact,
    }  # fmt: skip


def _version(release: Json) -> Json:
    """A release with what it is called."""
    own = {"kept": _FLAG, "next_policy": _TEXT, "percent": _TEXT, "split_by": _TEXT}
    return release | {"properties": release["properties"] | own}


def _ref(name: str, null: bool = False) -> Json:
    found: Json = {"$ref": f"#/components/schemas/{name}"}
    return {"anyOf": [found, {"type": "null"}]} if null else found


def _beside() -> Json:
    """Figures of the version in shadow, or of both versions of a share."""
    outcome = _object("decisions share money_minor", decisions=_WHOLE, share={"type": "number"}, money_minor=_WHOLE)
    side = _object(
        "decisions alerts money_minor money_held_minor outcomes", decisions=_WHOLE, alerts=_WHOLE, money_minor=_WHOLE,
        money_held_minor=_WHOLE, outcomes={"type": "object", "additionalProperties": outcome},
    )  # fmt: skip
    moved = _object("live next decisions money_minor", live=_TEXT, next=_TEXT, decisions=_WHOLE, money_minor=_WHOLE)
    sample = _object("position live next", position=_WHOLE, live=_TEXT, next=_TEXT)
    return _object(
        "stage policy since live next behind", stage={"enum": ["shadow", "percentage"]}, policy=_TEXT, live_policy=_TEXT, name=_TEXT,
        percent=_TEXT, by=_TEXT, since=_WHOLE, behind=_WHOLE, failed=_TEXT, currency=_TEXT, live=side, next=side, moved=_many(moved),
        decided_by_one_only=_WHOLE, newest=_many(sample),
    )  # fmt: skip
