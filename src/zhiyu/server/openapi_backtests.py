"""The description of backtests of two versions: how one is begun, and the shape of what it found.

In: nothing. Out: a route and schemas of the OpenAPI document.
"""

from __future__ import annotations

from zhiyu.server.openapi_shapes import Json, Route, many, ref, shape

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_MAYBE: Json = {"type": ["number", "null"]}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}


def backtest_route() -> tuple[str, str, Route]:
    """(path, method, route)."""
    words = "A version held against another, or the one in force, over what this server decided: a study"
    statuses = (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
    return (
        "/v1/backtests",
        "post",
        Route("beginBacktest", "policies", words, "Study", statuses, "HeldAgainst", status=202),
    )


def backtest_schemas() -> Json:
    """By name. `live` is the version that is held against, `candidate` the one that is tried."""
    said = shape("en zh", en=_TEXT, zh=_TEXT)
    both = {"live": _MAYBE, "candidate": _MAYBE}
    estimate = shape("live candidate difference low high", **both, difference=_MAYBE, low=_MAYBE, high=_MAYBE)
    side = shape("name en zh hash", name=_TEXT, en=_TEXT, zh=_TEXT, hash=_TEXT, folder=_TEXT)
    record = shape("hits labelled precision", hits=_WHOLE, labelled=_WHOLE, precision=_MAYBE) | {
        "type": ["object", "null"]
    }
    rule = shape(
        "rule difference live candidate",
        rule=_TEXT,
        difference=_WHOLE,
        live=record,
        candidate=record,
        en=_TEXT,
        zh=_TEXT,
    )
    sentence = shape("outcome en zh", outcome=_TEXT, en=_TEXT, zh=_TEXT)
    example = shape(
        "id time money label live candidate", id=_TEXT, time=_TEXT, money=_WHOLE, label={"enum": ["fraud", "good", None]}, live=sentence,
        candidate=sentence,
    )  # fmt: skip
    pair = shape("live candidate", **both)
    of_day = ("reviews", "fraud_caught", "fraud_missed", "fraud_money_missed", "good_stopped", "good_declined")
    day = shape("date " + " ".join(of_day), date=_TEXT, labels={"type": "object"}, **dict.fromkeys(of_day, pair))
    matrix = shape(
        "outcomes events money", outcomes=many(_TEXT), events=many(many(_WHOLE)), money=many(many(_WHOLE)),
    )  # fmt: skip
    figure = shape(
        "name kind better en zh", name=_TEXT, kind={"enum": ["count", "money", "rate", "load"]}, better=_WHOLE, en=_TEXT, zh=_TEXT,
    )  # fmt: skip
    facts = shape(
        "summary compared moved score_moved identical currency first_time last_time figures said matrix days rules rules_of examples",
        live=ref("BacktestSide"), candidate=ref("BacktestSide"), summary=many(said), compared=_WHOLE, moved=_WHOLE,
        score_moved=_WHOLE, identical=_FLAG, currency=_TEXT, first_time=_TEXT, last_time=_TEXT, said=many(figure),
        figures={"type": "object", "additionalProperties": ref("BacktestEstimate")}, matrix=matrix, days=many(ref("BacktestDay")),
        rules=many(ref("BacktestRule")), rules_of=_WHOLE, examples=many(ref("BacktestExample")), seconds={"type": "number"},
        **{"from": _MAYBE_TEXT, "until": _MAYBE_TEXT},
    )  # fmt: skip
    return {
        "Backtest": facts, "BacktestSide": side, "BacktestEstimate": estimate, "BacktestRule": rule, "BacktestExample": example,
        "BacktestDay": day,
    }  # fmt: skip
