"""The shapes of what is told about decisions, the words of a policy, and the network: what the answers of these routes look like.

In: nothing. Out: schemas of the OpenAPI document, and which path answers with which.
"""

from __future__ import annotations

from zhiyu.server.openapi_shapes import Json, many, ref, shape

_STR: Json = {"type": "string"}
_STRS: Json = {"type": "array", "items": _STR}
_INT: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_MAYBE: Json = {"type": ["string", "null"]}
_NO_INT: Json = {"type": ["integer", "null"]}
_NUMBER: Json = {"type": "number"}
ANSWERS = {
    "/v1/decisions": "DecisionPage", "/v1/decisions:count": "CountLine",
    "/v1/decisions/{id}": "Decision", "/v1/decisions/{id}/explanation": "Explanation",
    "/v1/decisions/{id}/trace": "Trace", "/v1/decisions/{id}:replay": "Replayed", "/v1/vocabulary": "Vocabulary",
    "/v1/network/{type}/{id}": "Nest", "/v1/gangs": "GangPage", "/v1/gangs/{id}": "Gang",
    "/v1/metrics": "MetricNames", "/v1/metrics/query": "MetricLines",
    "/v1/studies": "Studies", "/v1/studies/{number}": "StudyResult",
}  # fmt: skip
"""Path → schema of its answer, for routes that FastAPI knows of."""


def decision_schemas() -> Json:
    """The schemas that `ANSWERS` names, and their parts."""
    return _lists() | _counts() | _explanations() | _traces() | _words() | _gangs() | _metrics()


def _lists() -> Json:
    subject = shape("field entity shown code", field=_STR, entity=_STR, shown=_STR, code=_STR)
    amount = shape("minor currency", minor=_INT, currency=_STR) | {"type": ["object", "null"]}
    required = "id type position status outcome enforced mark limit score rules reasons shadow time received_at amount subjects policy"
    listed = shape(
        required, id=_STR, type=_STR, position=_INT, status=_STR, outcome=_STR, enforced=_STR, mark=_STR, limit=_STR, score=_INT,
        rules=_STRS, reasons=_STRS, shadow=_STRS, actions=many({"type": "object"}), late=_FLAG, approximate=_FLAG, fallback=_FLAG,
        policy=_STR, receipt=_STR, time=_STR, received_at=_STR, amount=amount, subjects=many(ref("Subject")),
    )  # fmt: skip
    page = shape(
        "decisions next looked unknown position", decisions=many(ref("ListedDecision")), next=_NO_INT, looked=_INT, unknown=_INT,
        position=_INT,
    )  # fmt: skip
    return {"Subject": subject, "ListedDecision": listed, "DecisionPage": page}


def _counts() -> Json:
    money = many(shape("minor currency", minor=_INT, currency=_STR))
    line = shape("name n money", name=_STR, n=_INT, money=money)
    lines = shape("lines others", lines=many(ref("CountedName")), others=_INT)
    about = shape("code shown n money", code=_STR, shown=_STR, n=_INT, money=money)
    subjects = shape("entity fields lines others", entity=_STR, fields=_STRS, lines=many(about), others=_INT)
    counted = shape(
        "kind found looked unknown money first last outcomes types rules reasons subjects full step bars earlier position",
        kind={"const": "counted"}, found=_INT, looked=_INT, unknown=_INT, money=money, first=_MAYBE, last=_MAYBE,
        outcomes=ref("CountedLines"), types=ref("CountedLines"), rules=ref("CountedLines"), reasons=ref("CountedLines"),
        subjects=many(ref("CountedSubjects")), full=_FLAG, step={"enum": ["hour", "day"]}, bars=many(shape("at n", at=_STR, n=_INT)),
        earlier=_INT, position=_INT,
    )  # fmt: skip
    progress = shape("kind done found", kind={"const": "progress"}, done=_NUMBER, found=_INT)
    failed = shape("kind en zh", kind={"const": "failed"}, en=_STR, zh=_STR)
    return {
        "CountedName": line, "CountedLines": lines, "CountedSubjects": subjects, "Counted": counted, "CountProgress": progress,
        "CountFailed": failed, "CountLine": {"anyOf": [ref(name) for name in ("CountProgress", "Counted", "CountFailed")]},
    }  # fmt: skip


def _explanations() -> Json:
    hit = shape(
        "rule set score reason en zh shadow",
        rule=_STR,
        set=_STR,
        score=_INT,
        reason=_STR,
        en=_STR,
        zh=_STR,
        shadow=_FLAG,
    )
    push = shape("input value contribution", input=_STR, value={}, contribution=_NUMBER)
    score = shape(
        "model score contributions en zh",
        model=_STR,
        package=_STR,
        score=_NUMBER,
        contributions=many(push),
        en=_STR,
        zh=_STR,
    )
    row = shape(
        "table row outcome score reason en zh",
        table=_STR,
        row=_INT,
        outcome=_STR,
        score=_INT,
        reason=_STR,
        en=_STR,
        zh=_STR,
    )
    card = shape(
        "scorecard total outcome losses en zh", scorecard=_STR, total=_INT, outcome=_STR, reasons=_STRS, en=_STR, zh=_STR,
        losses={"type": "array", "description": "Characteristic, its points, the best possible."},
    )  # fmt: skip
    action = shape("action parameters by", action=_STR, parameters={"type": "object"}, by=_STR)
    both = shape("en zh", en=_STRS, zh=_STRS)
    told = shape(
        "id type position time outcome enforced mark score rules quiet tables scorecards scores path actions reasons to_customer text",
        id=_STR, type=_STR, position=_INT, time=_STR, outcome=_STR, enforced=_STR, mark=_STR, limit=_STR, score=_INT,
        rules=many(hit), quiet=many(hit), tables=many(row), scorecards=many(card), scores=many(score), path=_STRS, actions=many(action),
        reasons=_STRS, to_customer=both, en=_STR, zh=_STR, text=_STR, seen={"type": "object"}, values_kept=_FLAG, late=_FLAG,
        approximate=_FLAG, policy_hash=_STR, counterfactual={"type": ["object", "null"]}, calls=many({"type": "object"}),
    )  # fmt: skip
    return {"Explanation": told}


def _traces() -> Json:
    state = {"enum": ["hit", "shadow", "snoozed", "error", "missed", "not_reached"]}
    rule = shape(
        "rule set state shadow score outcome reason name_en name_zh when reads en zh", rule=_STR, set=_STR, state=state, shadow=_FLAG,
        score=_INT, outcome=_MAYBE, reason=_STR, name_en=_STR, name_zh=_STR, when=_STR, reads=_STRS, en=_STR, zh=_STR,
    )  # fmt: skip
    rule_set = shape("set mode points en zh", set=_STR, mode=_STR, points=_INT, en=_STR, zh=_STR)
    part = shape(
        "kind name points en zh",
        kind={"enum": ["rule", "table", "rest"]},
        name=_STR,
        points=_INT,
        en=_STR,
        zh=_STR,
    )
    node = shape("node kind of en zh visited", node=_STR, kind=_STR, of=_STR, en=_STR, zh=_STR, visited=_FLAG)
    edge = shape("from to when taken", **{"from": _STR, "to": _STR, "when": _STRS, "taken": _FLAG})
    flow = shape(
        "flow en zh nodes edges",
        flow=_STR,
        en=_STR,
        zh=_STR,
        nodes=many(ref("FlowNode")),
        edges=many(ref("FlowEdge")),
    )
    value = shape(
        "name role missing en zh said_en said_zh",
        name=_STR,
        role=_STR,
        missing=_FLAG,
        en=_STR,
        zh=_STR,
        said_en=_STR,
        said_zh=_STR,
    )
    trace = shape(
        "rules sets waterfall flow values values_kept", rules=many(ref("TracedRule")),
        sets=many(rule_set), waterfall=many(ref("ScorePart")),
        flow={"anyOf": [ref("Flow"), {"type": "null"}]}, values=many(ref("SeenValue")), values_kept=_FLAG,
    )  # fmt: skip
    replayed = shape(
        "same outcome score policy read_us decide_us", same=_FLAG, outcome=_STR, score=_INT, policy=_STR, read_us=_INT,
        decide_us=_INT,
    )  # fmt: skip
    return {
        "TracedRule": rule, "ScorePart": part, "FlowNode": node, "FlowEdge": edge, "Flow": flow, "SeenValue": value, "Trace": trace,
        "Replayed": replayed,
    }  # fmt: skip


def _words() -> Json:
    word = shape("name en zh", name=_STR, en=_STR, zh=_STR)
    rule = shape("name en zh set shadow", name=_STR, en=_STR, zh=_STR, set=_STR, shadow=_FLAG)
    kind = shape("name en zh decide", name=_STR, en=_STR, zh=_STR, decide=_FLAG)
    policy = shape("name en zh hash", name=_STR, en=_STR, zh=_STR, hash=_STR)
    words = many(ref("Word"))
    found = shape(
        "policy types fields asked named entities outcomes marks reasons rules sets actions person links", policy=policy, types=many(kind),
        fields=words, asked=words, named={"type": "object", "additionalProperties": _STR, "description": "The entity that a field names."},
        entities=_STRS, outcomes=words, marks=words, reasons=words, rules=many(rule), sets=words, actions=words, person=_MAYBE, links=_STRS,
    )  # fmt: skip
    return {"Word": word, "Vocabulary": found}


def _gangs() -> Json:
    required = "gang people since age_s changed alerted score amount bad events"
    summary: Json = {
        "gang": _INT, "people": _INT, "since": _MAYBE, "age_s": _NO_INT, "changed": _MAYBE, "alerted": _FLAG, "score": _NUMBER,
        "amount": _INT, "bad": _INT, "events": _INT,
    }  # fmt: skip
    page = shape("gangs next position", gangs=many(ref("GangLine")), next=_NO_INT, position=_INT)
    member = shape("name code bad", name=_STR, code=_STR, bad=_FLAG)
    change = shape("time what gang other people", time=_STR, what=_STR, gang=_INT, other=_NO_INT, people={}, who=_STR)
    moment = shape("time person thing", time=_STR, person=_STR, thing=_STR)
    gang = shape(
        f"{required} members things links lineage timeline cut position", **summary, members=many(member), things=many(ref("Thing")),
        links=many(ref("Link")), lineage=many(change), timeline=many(moment), cut=_FLAG, position=_INT,
    )  # fmt: skip
    return {"GangLine": shape(required, **summary), "GangPage": page, "Gang": gang}


def _metrics() -> Json:
    table = {"enum": ["decisions", "rules", "models"]}
    measure = shape("name en zh table money", name=_STR, en=_STR, zh=_STR, table=table, money=_FLAG)
    names = shape(
        "newest measures dimensions currency position", newest=_MAYBE, measures=many(measure), dimensions=_STRS, currency=_STR,
        position=_INT,
    )  # fmt: skip
    line: Json = {"type": "object", "additionalProperties": True}
    lines = shape(
        "measures by lines more total currency from until grain position", measures=_STRS, by=_STRS, lines=many(line), more=_INT,
        total=line, currency=_STR, until=_STR, grain={"enum": ["minutes", "hours"]}, position=_INT, **{"from": _STR},
    )  # fmt: skip
    return {"MetricNames": names, "MetricLines": lines}
