"""The description of the routes about models and studies of them.

In: nothing. Out: routes and schemas of the OpenAPI document.
"""

from __future__ import annotations

from zhiyu.server.openapi_backtests import backtest_route, backtest_schemas
from zhiyu.server.openapi_shapes import Json, of_query
from zhiyu.server.openapi_shapes import Route as _Route
from zhiyu.server.openapi_shapes import many as _many
from zhiyu.server.openapi_shapes import ref as _ref
from zhiyu.server.openapi_shapes import shape as _object

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_WHOLE: Json = {"type": "integer"}
_ASKED = (400, 401, 403, 429, 503)
_SENT = (400, 401, 403, 408, 413, 415, 422, 429, 503)


def model_routes() -> list[tuple[str, str, _Route]]:
    """(path, method, route)."""
    name = {
        "name": "name", "in": "path", "required": True, "schema": _TEXT, "description": "The model's name, percent-encoded.",
    }  # fmt: skip
    said = {
        "promote": ("A model speaks in its cell; the champion so far goes on in shadow", "InCell"),
        "challenge": ("A model speaks for a stable share of the values", "Share"),
        "shadow": ("A model scores and is recorded, and no longer speaks", "InCell"),
        "retire": ("A model leaves all cells and the policy; a champion cannot", "Nothing"),
    }
    studied = {
        "compare": ("Two models over what this server decided, on labels that have matured: a study", "CompareWith"),
        "drift": ("A model held against its training, by day and hour: a study", "Watched"),
    }
    number = {
        "name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}, "description": "The study's number.",
    }  # fmt: skip
    changed, added = (*_SENT, 409), "A new package, in shadow in a cell"
    title = of_query("title", "What it is about, for those who approve it.", type="string", maxLength=200)
    return [
        (
            "/v1/models",
            "get",
            _Route("models", "models", "The models of the policy in force, and the matrix", "Models", _ASKED),
        ),
        (
            "/v1/models",
            "post",
            _Route("addModel", "models", added, "Published", changed, "NewModel", parameters=(title,)),
        ),
        (
            "/v1/models/{name}",
            "get",
            _Route("model", "models", "One model: roles, card, figures", "Model", (*_ASKED, 404), parameters=(name,)),
        ),
        *(
            (
                f"/v1/models/{{name}}:{action}",
                "post",
                _Route(
                    f"{action}Models", "models", words, "Study", (*_SENT, 404), body, parameters=(name,), status=202
                ),
            )
            for action, (words, body) in studied.items()
        ),
        backtest_route(),
        (
            "/v1/studies/{number}:cancel",
            "post",
            _Route(
                "cancelStudy",
                "models",
                "A study ends; what is done stays done",
                "Study",
                (*_ASKED, 404, 422),
                parameters=(number,),
            ),
        ),
        *(
            (
                "/v1/models/{name}:" + action,
                "post",
                _Route(f"{action}Model", "models", words, "Published", changed, body, parameters=(name, title)),
            )
            for action, (words, body) in said.items()
        ),
    ]


def model_schemas() -> Json:
    """By name."""
    number: Json = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    role = _object("cell role", cell=_TEXT, role={"enum": ["champion", "challenger", "shadow"]})
    model = _object(
        "name kind hash roles", name=_TEXT, stage=_TEXT, fraud=_TEXT, kind=_TEXT, inputs=_WHOLE, on=_TEXTS, auc=number,
        average_precision=number, hash=_TEXT, roles=_many(role),
    )  # fmt: skip
    cell = _object(
        "name stage fraud champion", name=_TEXT, stage=_TEXT, fraud=_TEXT, champion=_TEXT, by=_TEXT, label=_TEXT, shadow=_TEXTS,
        challengers=_many(_object("model percent", model=_TEXT, percent=_TEXT)), thresholds={"type": "object"},
        packages={"type": "object"}, auc=number, average_precision=number,
    )  # fmt: skip
    percent: Json = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, _TEXT]}
    above: Json = {"type": "number", "exclusiveMinimum": 0}
    why: Json = {"anyOf": [_object("en zh", en=_TEXT, zh=_TEXT), {"type": "null"}]}
    study = _object(
        "study kind models versions by begun begins ends state progress why", study=_WHOLE, kind={"enum": ["compare", "drift", "backtest"]},
        models=_TEXTS, versions=_TEXTS, by=_TEXT, begun={"type": ["string", "null"]}, begins=_TEXT, ends=_TEXT,
        state={"enum": ["waiting", "running", "done", "failed", "cancelled"]}, progress={"type": "number"}, why=why,
    )  # fmt: skip
    result = _object("result", result={"anyOf": [_ref("Backtest"), {"type": "object"}, {"type": "null"}]})
    weight = _object("name share", name=_TEXT, share={"type": "number"})
    package: Json = {"type": "object", "description": "As `zhiyu train` writes it."}
    return {
        "Models": _object("policy models matrix", policy=_TEXT, models=_many(model), matrix=_many(cell)),
        "Model": {"allOf": [model, _object("package importance", package={"type": "object"}, importance=_many(weight))]},
        "NewModel": _object("name cell package", True, name=_TEXT, cell=_TEXT, package=package),
        "InCell": _object("", True, cell=_TEXT), "Nothing": _object("", True),
        "CompareWith": _object("beside", True, beside=_TEXT, begins=_TEXT, ends=_TEXT),
        "Watched": _object("", True, begins=_TEXT, ends=_TEXT, stability=above, missing=above, calibration=above),
        "Study": study, "Studies": _object("studies", studies=_many(_ref("Study"))),
        "StudyResult": {"allOf": [_ref("Study"), result]},
        "HeldAgainst": _object("candidate", True, candidate=_TEXT, live=_TEXT, begins=_TEXT, ends=_TEXT), **backtest_schemas(),
        "Share": _object("percent", True, percent=percent, cell=_TEXT, by=_TEXT),
    }  # fmt: skip
