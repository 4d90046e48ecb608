"""Steps of cases over HTTP: claim, release, assign, note, escalate, close, reopen, answer what waits, claim the next of a queue.

In: JSON; `If-Match` with the version that was read, where a step must not meet a case that has changed meanwhile. Out: the case as it is
then. A finding reaches the log as labels through the outbox; an answer to a decision that waits is an event like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.cases.dealing import Dealing
from zhiyu.cases.model import OPEN, Case
from zhiyu.cases.work import Cases, Finding
from zhiyu.engine.live import REFUSED
from zhiyu.engine.opened import Opened
from zhiyu.server.bodies import read_body
from zhiyu.server.cases import CaseNumber, as_json, by_of, kept, number_of, told_case
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import HttpError, encoded
from zhiyu.server.rest import id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

T = TypeVar("T")
MAX_BODY_BYTES = 64 << 10
QueueName = Annotated[str, Path(description="The queue's name.")]
_VERSION = re.compile(rb'(?:W/)?"([0-9]{1,9})"')
VERDICTS = ("release", "refuse")


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be said about it."""

    text: str = ""


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """To whom: a name, "" for nobody."""

    to: str


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    """What the case came to."""

    disposition: str
    kind: str = ""
    reason: str = ""
    alerts: tuple[str, ...] = ()


class Answered(msgspec.Struct, forbid_unknown_fields=True):
    """The alert whose decision waits, and the verdict: `release` or `refuse`; or which event answers it, and what it says."""

    alert: str
    verdict: str = ""
    type: str = ""
    fields: dict[str, Any] = {}


Does = Callable[[Cases, int, str, Any, int | None], Case]


def add_case_steps(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes that change something."""

    @app.post("/v1/queues/{name}:next", include_in_schema=False)
    async def following(name: QueueName, request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "investigate")
        exchange.known_query()
        read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Nothing)
        queue, by, now = id_of(name), by_of(exchange), staff.wall()
        if cases.declared.queue(queue) is None:
            raise HttpError(
                404, "no_queue", "there is no such queue; see GET /v1/queues", "没有该队列；见 GET /v1/queues", "name"
            )
        grant = exchange.grant
        if grant is not None and grant.person and "assign" not in grant.scopes:
            office = staff.offices[cases.tenant]
            if not await staff.aside(lambda: Dealing(staff.records, office.audit, cases).able(queue, grant.person)):
                raise HttpError(
                    403, "skill", "the queue asks for a skill that you do not have; ask a supervisor",
                    "该队列要求您不具备的技能；请联系主管",
                )  # fmt: skip
        found = await staff.aside(lambda: cases.next(queue, by, now))
        return as_json({"case": told_case(found, now) if found is not None else None})

    _add_steps(app, site, staff)
    _add_answer(app, site, staff)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body that says nothing."""


def _add_steps(app: FastAPI, site: Site, staff: Staff) -> None:
    def close(cases: Cases, number: int, by: str, body: Closed, version: int | None) -> Case:
        finding = Finding(disposition=body.disposition, kind=body.kind, reason=body.reason, alerts=body.alerts)
        return cases.close(number, by, finding, staff.wall(), version)

    def assign(cases: Cases, number: int, by: str, body: Given, version: int | None) -> Case:
        return cases.assign(number, by, worker_of(staff, cases.tenant, body.to), staff.wall(), version)

    steps: dict[str, tuple[str, type[msgspec.Struct], Does]] = {
        "claim": ("investigate", Nothing, lambda c, n, by, body, v: c.claim(n, by, staff.wall(), v)),
        "release": ("investigate", Nothing, lambda c, n, by, body, v: c.release(n, by, staff.wall(), v)),
        "assign": ("assign", Given, assign),
        "note": ("investigate", Said, lambda c, n, by, body, v: c.note(n, by, body.text, staff.wall(), v)),
        "escalate": ("investigate", Said, lambda c, n, by, body, v: c.escalate(n, by, body.text, staff.wall(), v)),
        "close": ("investigate", Closed, close),
        "reopen": ("investigate", Said, lambda c, n, by, body, v: c.reopen(n, by, body.text, staff.wall(), v)),
    }

    def add(name: str, permission: str, shape: type[msgspec.Struct], does: Does) -> None:
        @app.post(f"/v1/cases/{{number}}:{name}", include_in_schema=False)
        async def step(number: CaseNumber, request: Request) -> Response:
            exchange, _, cases = kept(request, site, staff, permission)
            exchange.known_query()
            body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", shape)
            asked, by, version = number_of(number), by_of(exchange), _version(exchange)
            case = await doing(staff, lambda: does(cases, asked, by, body, version))
            return as_json(told_case(case, staff.wall()), case.version)

    for name, (permission, shape, does) in steps.items():
        add(name, permission, shape, does)


async def doing(staff: Staff, does: Callable[[], T]) -> T:
    """What a caller asks cannot be: HttpError 422."""
    try:
        return await staff.aside(does)
    except (InputError, LimitExceeded) as wrong:
        raise HttpError(422, wrong.code, wrong.en, wrong.zh) from None


def _version(exchange: Exchange) -> int | None:
    """The version that the caller has seen; HttpError 422 for an If-Match that is none."""
    given = exchange.headers.get(b"if-match")
    if given is None or given == b"*":
        return None
    found = _VERSION.fullmatch(given)
    if found is None:
        raise HttpError(422, "if_match", "is no version as ETag told it", "不是 ETag 给出的版本", "If-Match")
    return int(found[1])


def worker_of(staff: Staff, tenant: str, name: str) -> str:
    """As journals name somebody who may work on cases; InputError for anybody else."""
    if not name:
        return ""
    name = name.removeprefix("person:")
    for person in staff.offices[tenant].people.all():
        if person.name == name and person.active and "investigate" in person.permissions:
            return f"person:{name}"
    raise InputError("'to' names nobody who may work on cases", "to 不是可处理案件的人员")


def _add_answer(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.post("/v1/cases/{number}:answer", include_in_schema=False)
    async def answer(number: CaseNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "investigate")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Answered)
        asked, by, version, now = number_of(number), by_of(exchange), _version(exchange), staff.wall()
        case = await staff.aside(lambda: cases.require(asked, by, now, version))
        _, alerts, _, _ = await staff.aside(lambda: cases.one(asked))
        alert = next((each for each in alerts if each["id"] == body.alert and each["waits"] == OPEN), None)
        if alert is None:
            raise HttpError(
                422, "alert", "names no decision of this case that still waits", "不是该案件中仍在等待的决策", "alert"
            )
        record = _answer_event(desk, alert, body, f"case-{asked}-{alert['position']}-{case.steps}")
        given = (await desk.submit((encoded(record),)))[0]
        if given.kind >= REFUSED and given.refusal is not None:
            refusal = given.refusal
            raise HttpError(422, refusal.code, refusal.en, refusal.zh, "fields")
        told = msgspec.json.decode(given.body).get("answer", "unknown")
        detail = {"type": record["type"], "verdict": body.verdict, "event": record["id"], "answer": told}
        after = await staff.aside(lambda: cases.answered(asked, by, body.alert, staff.wall(), detail))
        return as_json(told_case(after, staff.wall()) | {"answer": told, "event": record["id"]}, after.version)


def _answer_event(desk: Desk, alert: dict[str, Any], body: Answered, event_id: str) -> dict[str, Any]:
    """The event that answers a decision that waits. HttpError 422, with what would answer it, when that cannot be told."""
    live = desk.live
    held = next(
        (each for code in live.opened.id_codes(alert["event_id"])
         if live.engine.resuming is not None
         and (each := live.engine.resuming.holds.open((int(code[0]), int(code[1])))) is not None
         and each.position == alert["position"]),
        None,
    )  # fmt: skip
    if held is None or live.engine.resuming is None:
        raise HttpError(409, "ended", "the decision does not wait any more", "该决策已不再等待")
    takes = live.engine.resuming.waits.plans[held.plan].wait.answers
    kind = body.type or _answering(live.opened, dict(takes))
    if kind not in takes:
        raise HttpError(
            422, "type", f"does not answer it; these do: {', '.join(sorted(takes))}",
            f"不能答复该决策；可用：{'、'.join(sorted(takes))}", "type",
        )  # fmt: skip
    fields = dict(body.fields)
    if body.verdict:
        name, value = _verdict_of(live.opened, kind, body.verdict)
        fields.setdefault(name, value)
    when = datetime.fromtimestamp(live.moment() / 1000, UTC).isoformat(timespec="milliseconds")
    return {"type": kind, "id": event_id, "time": when, takes[kind]: alert["event_id"], **fields}


def _answering(opened: Opened, takes: dict[str, str]) -> str:
    """The type of event that carries a verdict, where one does; else the only one, or ""."""
    with_verdict = [kind for kind in takes if _verdict_field(opened, kind)]
    return with_verdict[0] if with_verdict else next(iter(takes)) if len(takes) == 1 else ""


def _verdict_field(opened: Opened, kind: str) -> str:
    """The field of an event type that can say `release` and `refuse`."""
    for event in opened.policy.events:
        if event.name == kind:
            for name, field in event.fields.items():
                if set(VERDICTS) <= set(field.values or ()):
                    return name
    return ""


def _verdict_of(opened: Opened, kind: str, verdict: str) -> tuple[str, str]:
    if verdict not in VERDICTS:
        raise HttpError(422, "verdict", "is release or refuse", "应为 release 或 refuse", "verdict")
    name = _verdict_field(opened, kind)
    if not name:
        raise HttpError(
            422, "verdict", f"'{kind}' has no field with the values release and refuse; say what it says in `fields`",
            f"“{kind}”没有取值 release 与 refuse 的字段；请在 fields 中给出内容", "verdict",
        )  # fmt: skip
    return name, verdict
