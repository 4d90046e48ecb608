"""POST /v1/cases: a case that somebody opens by hand, of people and things that were seen together.

In: whom it is about, why, and a queue. Out: the case; the open one that any of them has already, where there is one. Values that the log
knows are shown as it shows them.
"""

from __future__ import annotations

import msgspec
from fastapi import FastAPI, Request, Response

from zhiyu.base.errors import did_you_mean
from zhiyu.cases.intake import MAX_SUBJECTS
from zhiyu.cases.model import Who
from zhiyu.policy.say import labels_of
from zhiyu.server.bodies import read_body
from zhiyu.server.case_steps import doing
from zhiyu.server.cases import as_json, by_of, entity_of, kept, told_case
from zhiyu.server.desk import Desk
from zhiyu.server.lists import code_of, shown_of
from zhiyu.server.problems import HttpError
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

MAX_BODY_BYTES = 64 << 10


class Referred(msgspec.Struct, forbid_unknown_fields=True):
    """`whom`: entity:value, or entity:code:16 hex digits, the one that it is about first. `text`: why. `queue`: of a new case."""

    whom: tuple[str, ...]
    text: str
    queue: str = ""


def add_case_referrals(app: FastAPI, site: Site, staff: Staff) -> None:
    """The route."""

    @app.post("/v1/cases", include_in_schema=False)
    async def refer(request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "investigate")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Referred)
        whom = await _whom(desk, body.whom)
        labels = labels_of(desk.live.opened.compiled.checked)
        called = labels.get(whom[0].entity, (whom[0].entity, whom[0].entity))
        by, now = by_of(exchange), staff.wall()
        case, opened = await doing(staff, lambda: cases.refer(by, whom, body.queue, body.text, now, called))
        return as_json({"case": told_case(case, now), "opened": opened}, case.version)


async def _whom(desk: Desk, texts: tuple[str, ...]) -> list[Who]:
    """Each once. HttpError 422 that says which of them cannot be."""
    if not 1 <= len(texts) <= MAX_SUBJECTS:
        raise HttpError(
            422, "whom", f"name 1 to {MAX_SUBJECTS} people or things", f"请给出 1 至 {MAX_SUBJECTS} 个对象", "whom"
        )
    known, found = desk.live.archive.keys_of("").registers, dict[tuple[str, str], Who]()
    for number, text in enumerate(texts):
        field, kind = f"whom[{number}]", text.partition(":")[0]
        if kind not in known:
            hint, all_ = did_you_mean(kind, known), ", ".join(known)
            en, zh = hint.en or f"it has: {all_}", hint.zh or f"已有：{all_}"
            raise HttpError(
                422,
                "entity",
                f"no entity '{kind[:64]}' in the policy; {en}",
                f"策略中没有实体“{kind[:64]}”；{zh}",
                field,
            )
        try:
            entity, code = entity_of(text, desk)
        except HttpError as wrong:
            raise HttpError(422, wrong.code, wrong.en, wrong.zh, field) from None
        if (entity, code) not in found:
            shown = await shown_of(desk.live, entity, code_of(code))
            found[entity, code] = Who(entity, code, shown or f"#{code}")
    return list(found.values())
