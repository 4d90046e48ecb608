"""The description of the routes of experiments inside flows.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.server.openapi_shapes import Json, Route, many, ref, shape

_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_WHOLE: Json = {"type": "integer"}
_NUMBER: Json = {"type": "number"}
_SOME: Json = {"type": ["number", "null"]}
_FLAG: Json = {"type": "boolean"}
_ASKED = (400, 401, 403, 404, 429, 503)
_COUNTS = (
    "decisions", "keys", "labels", "reviews", "frauds", "goods", "fraud_caught", "good_stopped", "fraud_money", "fraud_money_caught",
    "good_stopped_money",
)  # fmt: skip


def experiment_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    listed = "The experiments inside the flows of the version in force"
    arms = "What came of each arm of an experiment since it went live, within the last 30 days: a stream of lines"
    named: tuple[Json, ...] = tuple(
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _TEXT,
            "description": f"The {name}'s name, percent-encoded.",
        }
        for name in ("flow", "node")
    )
    return {
        "/v1/experiments": {"get": Route("experiments", "policies", listed, "Experiments", _ASKED).described(problems)},
        "/v1/experiments/{flow}/{node}/arms": {
            "get": Route("arms", "policies", arms, "ArmsLine", _ASKED, parameters=named, lines=True).described(problems)
        },
    }


def experiment_schemas() -> Json:
    """The schemas that the paths name."""
    arm = shape("name percent to", name=_TEXT, percent=_NUMBER, to=_TEXT)
    rest = shape("percent to", percent=_NUMBER, to=_TEXT)
    one = shape(
        "flow flow_en flow_zh node en zh by salt arms rest said_en said_zh asked", flow=_TEXT, flow_en=_TEXT, flow_zh=_TEXT, node=_TEXT,
        en=_TEXT, zh=_TEXT, by=_TEXT, salt=_TEXT, arms=many(arm), rest={"anyOf": [rest, {"type": "null"}]}, said_en=_TEXT, said_zh=_TEXT,
        asked={"type": "boolean", "description": "Whether decisions come to it before they wait or ask a service."},
    )  # fmt: skip
    difference = shape(
        "name kind better en zh arm base difference low high", name=_TEXT, kind={"enum": ["rate", "money"]}, better=_WHOLE, en=_TEXT,
        zh=_TEXT, arm=_SOME, base=_SOME, difference=_SOME, low=_SOME, high=_SOME,
    )  # fmt: skip
    outcomes: Json = shape(" ".join(OUTCOMES), **dict.fromkeys(OUTCOMES, _WHOLE))
    told = shape(
        f"name to percent rest outcomes differences {' '.join(_COUNTS)}",
        name={"type": "string", "description": "Empty for the rest."}, to=_TEXT, percent=_NUMBER, rest=_FLAG, outcomes=outcomes,
        differences=many(ref("ArmDifference")), **dict.fromkeys(_COUNTS, _WHOLE),
    )  # fmt: skip
    split = shape(
        "keys expected chi_square p fits", keys=many(_WHOLE), expected=many(_NUMBER), chi_square=_NUMBER, p=_NUMBER,
        fits={"type": "boolean", "description": "False: a sample ratio mismatch; the arms cannot be compared."},
    )  # fmt: skip
    labels = shape(
        "decisions arrived pending young missing share_arrived", decisions=_WHOLE, arrived=_WHOLE, pending=_WHOLE, young=_WHOLE,
        missing=_WHOLE, share_arrived=_NUMBER,
    )  # fmt: skip
    since = shape(
        "number policy position by", number=_WHOLE, policy=_TEXT, position=_WHOLE, by=_TEXT, at=_TEXT, live_policy=_TEXT
    )
    arms = shape(
        "kind flow node by base decisions unsplit first until currency labels arms split since policy", kind={"const": "arms"},
        flow=_TEXT, node=_TEXT, by=_TEXT, base={"type": "integer", "description": "The arm that the others are held against."},
        decisions=_WHOLE, unsplit={"type": "integer", "description": "Decisions without a value to split by; in no figure."},
        first=_MAYBE, until=_TEXT, currency=_TEXT, labels={"anyOf": [labels, {"type": "null"}]}, arms=many(ref("Arm")), split=split,
        since={"anyOf": [since, {"type": "null"}]}, policy=_TEXT,
    )  # fmt: skip
    return {
        "Experiment": one, "Experiments": shape("policy experiments", policy=_TEXT, experiments=many(ref("Experiment"))),
        "ArmDifference": difference, "Arm": told, "Arms": arms,
        "ArmsLine": {"anyOf": [ref(name) for name in ("TrialProgress", "Arms", "TrialFailed")]},
    }  # fmt: skip
