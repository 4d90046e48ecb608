"""Many cases at once over HTTP: claimed, assigned, noted, escalated, closed after a count; free ones dealt out; what people can do.

In: which cases, what to do. Out: how many, and which were skipped, with why. What a filter finds may have changed since it was counted, so
nothing is done with it unless the count that was told is told back; of cases that are named, fewer may be left, never others.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.access.people import NoSuchPerson
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.cases.bulk import Bulk, Doing, Recount
from zhiyu.cases.dealing import DEFAULT_MOST, Dealing, Worker
from zhiyu.cases.model import UNCLEAR
from zhiyu.cases.work import MAX_BULK, Cases, Finding
from zhiyu.server.bodies import read_body
from zhiyu.server.case_steps import QueueName, worker_of
from zhiyu.server.cases import FILTERS, as_json, by_of, kept, wanted_of
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange
from zhiyu.server.problems import HttpError
from zhiyu.server.rest import id_of
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

MAX_BODY_BYTES = 256 << 10
STEPS = ("claim", "assign", "note", "escalate", "close")
WorkerName = Annotated[str, Path(description="The person's name, percent-encoded.")]


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """`do`: one of STEPS; `cases`: their numbers, or `filter`: as for a list. `dry_run`: only count, for which the text, or what the cases
    came to, need not be known yet; else `expect` is the count that was told, -1 for any number of cases that are named."""

    do: str
    cases: tuple[int, ...] = ()
    filter: dict[str, str] = {}
    to: str = ""
    text: str = ""
    disposition: str = ""
    kind: str = ""
    dry_run: bool = True
    expect: int = -1


class Described(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody can do."""

    skills: tuple[str, ...] = ()
    most: int = DEFAULT_MOST
    away: bool = False


class Deal(msgspec.Struct, forbid_unknown_fields=True):
    """`dry_run`: only count."""

    dry_run: bool = True


def add_case_many(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes."""
    _add_bulk(app, site, staff)
    _add_workers(app, site, staff)


def _add_bulk(app: FastAPI, site: Site, staff: Staff) -> None:
    @app.post("/v1/cases:bulk", include_in_schema=False)
    async def bulk(request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "assign")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Many)
        if body.do not in STEPS:
            raise HttpError(422, "do", f"is one of {', '.join(STEPS)}", f"应为 {'、'.join(STEPS)} 之一", "do")
        by = by_of(exchange)

        def work() -> Bulk:
            if not body.dry_run and body.filter and body.expect < 0:
                raise InputError("give `expect`, the count that was told", "请在 expect 中给出所告知的数量")
            numbers, doing = _chosen(body, exchange, desk, cases, staff), _doing(body, cases, by, staff)
            return cases.many(numbers, by, staff.wall(), doing, body.dry_run, body.expect)

        try:
            found = await staff.aside(work)
        except Recount as wrong:
            raise HttpError(409, wrong.code, wrong.en, wrong.zh, "expect") from None
        except (InputError, LimitExceeded) as wrong:
            raise HttpError(422, wrong.code, wrong.en, wrong.zh) from None
        return as_json(_told(found, body.dry_run))


def _chosen(body: Many, exchange: Exchange, desk: Desk, cases: Cases, staff: Staff) -> list[int]:
    if bool(body.cases) == bool(body.filter):
        raise InputError("give `cases`, or a `filter`", "请给出 cases 或 filter 之一")
    if body.cases:
        return list(body.cases)
    unknown = [name for name in body.filter if name not in FILTERS or name in ("after", "limit")]
    if unknown:
        name = unknown[0][:60]
        raise InputError(
            f"the filter has no '{name}'; it has what GET /v1/cases takes",
            f"filter 没有“{name}”；可用项同 GET /v1/cases",
        )
    wanted = wanted_of(body.filter, exchange, desk, staff.wall())
    found, more = cases.page(msgspec.structs.replace(wanted, limit=MAX_BULK))
    if more:
        raise LimitExceeded(
            f"the filter finds more than {MAX_BULK:,} cases; narrow it", f"筛选结果超过 {MAX_BULK:,} 个案件；请缩小范围"
        )
    return [case.number for case in found]


def _doing(body: Many, cases: Cases, by: str, staff: Staff) -> Doing:
    now = staff.wall()
    text = body.text if body.text.strip() or not body.dry_run else "?"
    if body.do == "claim":
        return cases.claiming(by, body.text, now)
    if body.do == "assign":
        return cases.assigning(by, worker_of(staff, cases.tenant, body.to), now, body.text)
    if body.do == "note":
        return cases.noting(by, text, now)
    if body.do == "escalate":
        return cases.escalating(by, text, now)
    disposition = body.disposition or (UNCLEAR if body.dry_run else "")
    return cases.closing(by, Finding(disposition=disposition, kind=body.kind, reason=body.text), now)


def _told(found: Bulk, dry_run: bool) -> dict[str, Any]:
    because: dict[tuple[str, str, str], list[int]] = {}
    for each in found.because:
        because.setdefault((each.code, each.en, each.zh), []).append(each.number)
    return {
        "count": len(found.numbers), "cases": found.numbers, "skipped": found.skipped, "money": found.money, "dry_run": dry_run,
        "because": [{"code": code, "en": en, "zh": zh, "cases": numbers} for (code, en, zh), numbers in because.items()],
    }  # fmt: skip


def _add_workers(app: FastAPI, site: Site, staff: Staff) -> None:
    def dealing(cases: Cases) -> Dealing:
        office = staff.offices[cases.tenant]
        return Dealing(staff.records, office.audit, cases)

    def names(cases: Cases) -> list[str]:
        people = staff.offices[cases.tenant].people.all()
        return [each.name for each in people if each.active and "investigate" in each.permissions]

    @app.get("/v1/workers", include_in_schema=False)
    async def workers(request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "assign")
        exchange.known_query()
        found = await staff.aside(lambda: dealing(cases).workers(names(cases)))
        return as_json({"workers": [_worker(each) for each in found]})

    @app.put("/v1/workers/{name}", include_in_schema=False)
    async def describe(name: WorkerName, request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "assign")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Described)
        whom, by = id_of(name), by_of(exchange)

        def change() -> Worker:
            if whom not in [each.name for each in staff.offices[cases.tenant].people.all()]:
                raise NoSuchPerson(f"there is nobody named '{whom[:64]}'", f"没有名为“{whom[:64]}”的人员")
            worker_of(staff, cases.tenant, whom)
            return dealing(cases).describe(whom, body.skills, body.most, body.away, by, staff.wall())

        try:
            return as_json(_worker(await staff.aside(change)))
        except InputError as wrong:
            raise HttpError(422, "worker", wrong.en, wrong.zh) from None

    @app.post("/v1/queues/{name}:deal", include_in_schema=False)
    async def deal(name: QueueName, request: Request) -> Response:
        exchange, _, cases = kept(request, site, staff, "assign")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES) or b"{}", Deal)
        queue, by = id_of(name), by_of(exchange)
        if cases.declared.queue(queue) is None:
            raise HttpError(
                404, "no_queue", "there is no such queue; see GET /v1/queues", "没有该队列；见 GET /v1/queues", "name"
            )
        done, counts = await staff.aside(
            lambda: dealing(cases).deal(queue, names(cases), by, staff.wall(), body.dry_run)
        )
        return as_json(_told(done, body.dry_run) | {"to": counts})


def _worker(worker: Worker) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(worker)
    return told
