"""The description of the routes about cases, which a server has when people may sign in.

In: what makes the answers of a set of statuses. Out: paths and schemas of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.cases.intake import MAX_SUBJECTS
from zhiyu.cases.model import CASE_KINDS, DISPOSITIONS, ORDERS, STATES
from zhiyu.events.vocabulary.service_fields import FRAUD_KINDS
from zhiyu.server.openapi_shapes import Json, Route, many, of_query, shape

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_WHOLE: Json = {"type": "integer"}
_WHEN: Json = {"type": ["string", "null"], "description": "ISO-8601 with its offset"}
_MAYBE: Json = {"type": ["string", "null"]}
_ASKED = (400, 401, 403, 422, 429, 503)
_SENT = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 503)
_NUMBER: Json = {
    "name": "number", "in": "path", "required": True, "description": "The case's number.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}  # fmt: skip
_QUEUE: Json = {"name": "name", "in": "path", "required": True, "schema": _TEXT, "description": "The queue's name."}
_IF_MATCH: Json = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string", "examples": ['"7"']},
    "description": "The version that was read, as ETag told it; 412 when the case has changed since.",
}  # fmt: skip
_LIMIT = of_query("limit", "Entries of a page.", type="integer", minimum=1, maximum=1000, default=100)


def case_paths(problems: Callable[..., Json]) -> Json:
    """The paths. `problems` makes the answers of a set of statuses."""
    found: dict[str, Json] = {}
    for path, method, route in (*_reads(), *_steps(), *_files(), *_ways(), *_many()):
        found.setdefault(path, {})[method] = route.described(problems)
    zipped = {"schema": {"type": "string", "format": "binary"}}
    found["/v1/cases/{number}:report"]["post"]["responses"]["200"]["content"] = {"application/zip": zipped}
    file = found["/v1/cases/{number}/files/{file}"]["get"]["responses"]["200"]
    file["content"] = dict.fromkeys(
        ("application/pdf", "image/png", "image/jpeg", "text/plain", "application/octet-stream"), zipped
    )
    sent = {"required": True, "content": {"application/octet-stream": zipped}}
    found["/v1/cases/{number}/files"]["post"]["requestBody"] = sent
    return found


def _reads() -> list[tuple[str, str, Route]]:
    filters = (
        of_query("queue", "Only this queue.", **_TEXT), of_query("state", "Default: open.", enum=list(STATES)),
        of_query("assignee", "`me`, `none`, or person:NAME.", **_TEXT), of_query("kind", "What it is about.", enum=list(CASE_KINDS)),
        of_query("entity", "Cases that name entity:value, or entity:code:16 hex digits.", **_TEXT),
        of_query("gang", "Cases about this gang.", type="integer", minimum=0, maximum=999_999_999),
        of_query("disposition", "Closed ones that came to this.", enum=list(DISPOSITIONS)),
        of_query("min_money", "At least so much at risk, minor units.", type="integer", minimum=0, maximum=999_999_999),
        of_query("overdue", "Only those past their deadline.", type="boolean"), of_query("order", "Default: priority.", enum=list(ORDERS)),
        of_query("after", "The `next` of the page before.", **_TEXT), _LIMIT,
    )  # fmt: skip
    before = of_query("before", "Steps before this number.", type="integer", minimum=0, maximum=999_999_999)
    address, newest, page = "/v1/cases/{number}", "What happened to a case, newest first", (_NUMBER, _LIMIT, before)
    return [
        ("/v1/queues", "get", Route("queues", "cases", "Every queue, and how it stands", "Queues", _ASKED)),
        ("/v1/cases", "get", Route("cases", "cases", "Cases, in the order of work", "Cases", _ASKED, parameters=filters)),
        ("/v1/cases", "post", Route("referCase", "cases", "Open a case by hand, or join one", "CaseReferred", _SENT, "CaseReferral")),
        (address, "get", Route("case", "cases", "One case with all that leads to it", "Case", (*_ASKED, 404), parameters=(_NUMBER,))),
        (f"{address}/timeline", "get", Route("caseTimeline", "cases", newest, "CaseTimeline", (*_ASKED, 404), parameters=page)),
    ]  # fmt: skip


def _steps() -> list[tuple[str, str, Route]]:
    steps = {
        "claim": ("Work on it; the claim lapses when nothing is done with it", "Nothing"), "release": ("Not any more", "Nothing"),
        "assign": ("Give it to somebody", "Given"), "note": ("Write something down", "Said"),
        "escalate": ("Somebody more experienced should look, and why", "Said"),
        "close": ("What it came to; labels go to the log", "CaseClosed"), "reopen": ("Look at it again, and why", "Said"),
        "answer": ("Release or turn down a decision that waits", "CaseAnswer"),
    }  # fmt: skip
    address, both = "/v1/cases/{number}", (_NUMBER, _IF_MATCH)
    following = "Claim the first case of a queue that nobody works on"
    return [
        ("/v1/queues/{name}:next", "post", Route("nextCase", "cases", following, "NextCase", _SENT, "Nothing", False, (_QUEUE,))),
        *(
            (f"{address}:{name}", "post", Route(f"{name}Case", "cases", said, "Case", _SENT, body, False, both))
            for name, (said, body) in steps.items()
        ),
    ]  # fmt: skip


def _files() -> list[tuple[str, str, Route]]:
    number = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    file: Json = {"name": "file", "in": "path", "required": True, "description": "The file's number.", "schema": number}
    name: Json = {
        "name": "name",
        "in": "query",
        "required": True,
        "description": "What the file is called.",
        "schema": _TEXT,
    }
    address, put = "/v1/cases/{number}/files", "Put a file into a case: its bytes are the body"
    pack = "A case with all that leads to it as a signed ZIP, for the police or a regulator"
    return [
        (address, "post", Route("putCaseFile", "cases", put, "CaseFile", _SENT, parameters=(_NUMBER, name))),
        (address, "get", Route("caseFiles", "cases", "The files of a case", "CaseFiles", (*_ASKED, 404), parameters=(_NUMBER,))),
        (f"{address}/{{file}}", "get", Route("caseFile", "cases", "One file, to be saved", "CaseFile", (*_ASKED, 404),
                                             parameters=(_NUMBER, file))),
        ("/v1/cases/{number}:report", "post", Route("reportCase", "cases", pack, "CaseFile", _SENT, "CasePack", False, (_NUMBER,))),
    ]  # fmt: skip


def _ways() -> list[tuple[str, str, Route]]:
    as_of = of_query(
        "as_of", "As of this moment: ISO-8601 with its offset, or ms since 1970; now without one.", **_TEXT
    )
    hops = of_query("hops", "How many rings.", type="integer", minimum=1, maximum=12, default=6)
    who: Json = {"name": "entity", "in": "query", "required": True, "schema": _TEXT,
                 "description": "entity:value, or entity:code:16 hex digits."}  # fmt: skip
    question: Json = {"name": "number", "in": "path", "required": True, "description": "The question's number.",
                      "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999}}  # fmt: skip
    page = (
        of_query("case", "Only those of a case.", type="integer", minimum=0, maximum=999_999_999),
        of_query("before", "Those before this number.", type="integer", minimum=0, maximum=999_999_999), _LIMIT,
    )  # fmt: skip
    everything = "Everything that somebody or something ever touched, and the cases about it"
    said = {
        "behind": "Who is behind a case: what it shares with others, the rarest first",
        "nest": "From a case to the whole nest, ring by ring",
    }
    again = "Ask a question again as of when it was asked; `same` tells whether the answer is"
    own, asked, address = "/v1/cases/{number}", (*_ASKED, 404), "/v1/investigations/person"
    return [
        (address, "get", Route("fromPerson", "investigation", everything, "Answer", _ASKED, parameters=(who, as_of))),
        *(
            (f"{own}/{way}", "get", Route(f"{way}Case", "investigation", said[way], "Answer", asked, parameters=(_NUMBER, as_of, hops)))
            for way in ("behind", "nest")
        ),
        ("/v1/questions", "post", Route("ask", "investigation", "Ask, and keep the question", "Question", _SENT, "NewQuestion")),
        ("/v1/questions", "get", Route("questions", "investigation", "Questions that were kept", "Questions", _ASKED, parameters=page)),
        ("/v1/questions/{number}", "get", Route("askAgain", "investigation", again, "Question", asked, parameters=(question,))),
    ]  # fmt: skip


def _many() -> list[tuple[str, str, Route]]:
    who: Json = {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": _TEXT,
        "description": "The person's name, percent-encoded.",
    }
    bulk = "Do one thing with many cases: first a dry run that counts, then with the count that was told"
    deal = "Deal the free cases of a queue out to people, by skill and load"
    return [
        ("/v1/cases:bulk", "post", Route("bulkCases", "cases", bulk, "CasesDone", _SENT, "ManyCases")),
        ("/v1/queues/{name}:deal", "post", Route("dealCases", "cases", deal, "CasesDone", _SENT, "Deal", False, (_QUEUE,))),
        ("/v1/workers", "get", Route("workers", "cases", "Who works on cases: skills, load", "Workers", _ASKED)),
        ("/v1/workers/{name}", "put", Route(
            "describeWorker", "cases", "Say what somebody can do", "Worker", (*_SENT, 404), "NewWorker", False, (who,))),
    ]  # fmt: skip


def case_schemas() -> Json:
    """The schemas that the paths name."""
    both = shape("en zh", en=_TEXT, zh=_TEXT)
    step = shape(
        "number at by verb text detail",
        number=_WHOLE,
        at=_WHEN,
        by=_TEXT,
        verb=_TEXT,
        text=_TEXT,
        detail={"type": "object"},
    )
    who = shape(
        "entity code shown alerts", entity=_TEXT, code=_TEXT, shown=_TEXT, alerts=_WHOLE, first=_WHEN, last=_WHEN
    )
    reason = shape("code en zh count", code=_TEXT, en=_TEXT, zh=_TEXT, count=_WHOLE)
    case = shape(
        "number version kind subject shown why queue state level assignee money currency deadline overdue alerts_count", number=_WHOLE,
        version=_WHOLE, kind={"enum": list(CASE_KINDS)}, subject=_TEXT, shown=_TEXT, why=both, queue=_TEXT, state={"enum": list(STATES)},
        level=_WHOLE, assignee=_MAYBE, claimed_until=_WHEN, money=_WHOLE, currency=_TEXT, deadline=_WHEN, overdue=_FLAG,
        alerts_count=_WHOLE, waiting=_WHOLE, outcomes={"type": "object"}, reasons=many(reason), opened=_WHEN, changed=_WHEN, closed=_WHEN,
        disposition=_MAYBE, fraud_kind=_MAYBE, alerts=many({"type": "object"}), entities=many(who), gangs=many(_WHOLE), timeline=many(step),
    )  # fmt: skip
    queue = shape(
        "name en zh within open free overdue money", name=_TEXT, en=_TEXT, zh=_TEXT, kinds=many(_TEXT), outcomes=many(_TEXT), within=_TEXT,
        skill=_MAYBE, escalates_to=_MAYBE, open=_WHOLE, free=_WHOLE, overdue=_WHOLE, money=_WHOLE, earliest_deadline=_WHEN,
    )  # fmt: skip
    because = shape("code en zh cases", code=_TEXT, en=_TEXT, zh=_TEXT, cases=many(_WHOLE))
    file = shape(
        "case number name kind size digest by at", case=_WHOLE, number=_WHOLE, name=_TEXT, kind=_TEXT, size=_WHOLE, digest=_TEXT, by=_TEXT,
        at=_WHEN,
    )  # fmt: skip
    question = shape(
        "number way whom position by at digest", number=_WHOLE, way=_TEXT, name=_TEXT, whom=many({"type": "object"}), position=_WHOLE,
        as_of=_WHEN, by=_TEXT, at=_WHEN, digest=_TEXT, answer={"type": "object"}, same=_FLAG,
    )  # fmt: skip
    worker = shape("name skills most away load", name=_TEXT, skills=many(_TEXT), most=_WHOLE, away=_FLAG, load=_WHOLE)
    closed = shape(
        "disposition", True, disposition={"enum": list(DISPOSITIONS)}, kind={"enum": ["", *FRAUD_KINDS]}, reason=_TEXT,
        alerts=many(_TEXT, maxItems=1000),
    )  # fmt: skip
    return {
        "Case": case, "Queue": queue, "Queues": shape("queues", queues=many({"$ref": "#/components/schemas/Queue"})),
        "Cases": shape("cases next", cases=many({"$ref": "#/components/schemas/Case"}), next=_MAYBE),
        "CaseTimeline": shape("timeline next", timeline=many(step), next={"type": ["integer", "null"]}),
        "CaseReferral": shape("whom text", True, whom=many(_TEXT, maxItems=MAX_SUBJECTS), text=_TEXT, queue=_TEXT),
        "CaseReferred": shape("case opened", case={"$ref": "#/components/schemas/Case"}, opened=_FLAG),
        "NextCase": shape("case", case={"anyOf": [{"$ref": "#/components/schemas/Case"}, {"type": "null"}]}),
        "Nothing": shape("", True), "Said": shape("", True, text=_TEXT), "Given": shape("to", True, to=_TEXT), "CaseClosed": closed,
        "CaseFile": file, "CaseFiles": shape("files", files=many(file)), "Answer": {"type": "object"},
        "CasePack": shape("purpose", True, purpose=_TEXT, files=_FLAG, hops=_WHOLE, lang={"enum": ["", "en", "zh"]}),
        "Question": question, "Questions": shape("questions next", questions=many(question), next={"type": ["integer", "null"]}),
        "NewQuestion": shape("way", True, way={"enum": ["person", "behind", "nest"]}, entity=_TEXT, case=_WHOLE, hops=_WHOLE,
                             as_of={"type": ["string", "integer", "null"]}, name=_TEXT),
        "Deal": shape("", True, dry_run=_FLAG), "Worker": worker, "Workers": shape("workers", workers=many(worker)),
        "NewWorker": shape("", True, skills=many(_TEXT, maxItems=50), most=_WHOLE, away=_FLAG),
        "CasesDone": shape("count cases skipped because money dry_run", count=_WHOLE, cases=many(_WHOLE), skipped=many(_WHOLE),
                           because=many(because), money=_WHOLE, dry_run=_FLAG, to={"type": "object"}),
        "ManyCases": shape("do", True, do={"enum": ["claim", "assign", "note", "escalate", "close"]}, cases=many(_WHOLE, maxItems=1000),
                           filter={"type": "object", "additionalProperties": _TEXT}, to=_TEXT, text=_TEXT,
                           disposition={"enum": ["", *DISPOSITIONS]}, kind={"enum": ["", *FRAUD_KINDS]}, dry_run=_FLAG,
                           expect={"type": "integer"}),
        "CaseAnswer": shape("alert", True, alert=_TEXT, verdict={"enum": ["", "release", "refuse"]}, type=_TEXT, fields={"type": "object"}),
    }  # fmt: skip
