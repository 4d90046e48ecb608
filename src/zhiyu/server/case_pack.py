"""POST /v1/cases/{n}:report: a case with all that leads to it, as a signed pack for the police or a regulator.

In: what for. Out: a ZIP: a page, the data, the files, a signed manifest. Who made it and its digest stand in the timeline and the audit.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from zhiyu.cases.pack_page import pack_page
from zhiyu.server.bodies import read_body
from zhiyu.server.case_files import as_download, files_of, told_file
from zhiyu.server.cases import CaseNumber, by_of, kept, number_of, said, told_whole
from zhiyu.server.investigations import DEFAULT_HOPS, answered, question_of, whom_of
from zhiyu.server.problems import HttpError
from zhiyu.server.shapes import read_object
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

MAX_BODY_BYTES = 16 << 10
MAX_PURPOSE_CHARS = 200


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What the pack is for; without the files, when `files` is false; the language that its page shows first."""

    purpose: str
    files: bool = True
    hops: int = DEFAULT_HOPS
    lang: str = ""


def add_case_pack(app: FastAPI, site: Site, staff: Staff) -> None:
    """The route."""

    @app.post("/v1/cases/{number}:report", include_in_schema=False)
    async def report(number: CaseNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "assign")
        exchange.known_query()
        body = read_object(await read_body(exchange, request.receive, MAX_BODY_BYTES), Wanted)
        if not 1 <= len(body.purpose.strip()) <= MAX_PURPOSE_CHARS:
            en, zh = (
                f"say what it is for, in 1 to {MAX_PURPOSE_CHARS} characters",
                f"请说明用途（1 至 {MAX_PURPOSE_CHARS} 个字符）",
            )
            raise HttpError(422, "purpose", en, zh, "purpose")
        asked, by, now, office = number_of(number), by_of(exchange), staff.wall(), staff.offices[cases.tenant]
        whom = await whom_of(staff, cases, asked)
        behind = await answered(desk, question_of(desk, "behind", whom, None))
        nest = await answered(desk, question_of(desk, "nest", whom, None, body.hops))
        files = files_of(staff, desk, cases.tenant)
        facts = {
            "tenant": cases.tenant,
            "case": asked,
            "by": by,
            "at": said(now),
            "purpose": body.purpose,
            "position": desk.live.position,
        }
        language = body.lang if body.lang in ("en", "zh") else exchange.language

        def made() -> tuple[bytes, str]:
            there = files.of(asked)
            case = told_whole(cases.one(asked), now) | {"files": [told_file(each) for each in there]}
            contents = {
                "report.html": pack_page(case, behind, nest, facts, language).encode(),
                **{
                    f"{name}.json": _indented(each)
                    for name, each in (("case", case), ("behind", behind), ("nest", nest))
                },
            }
            for each in there if body.files else ():
                contents[f"files/{each.number:03d}_{each.name}"] = files.read(asked, each.number, by, now)[1]
            pack, digest = office.signer.pack(facts, contents)
            cases.reported(asked, by, now, {"purpose": body.purpose, "manifest": digest, "files": len(contents)})
            return pack, digest

        pack, _ = await staff.aside(made)
        return as_download(pack, "application/zip", f"case-{asked}.zip")


def _indented(content: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1)
