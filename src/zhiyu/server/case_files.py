"""Files of cases over HTTP: put in as they are, listed, read again.

In: the bytes of one file as the body, its name in the query. Out: JSON; or the file, as something to be saved and never shown by a browser.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Path, Request, Response

from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.cases.files import MAX_FILE_BYTES, CaseFile, Files
from zhiyu.server.bodies import read_body
from zhiyu.server.cases import CaseNumber, as_json, by_of, kept, number_of, said
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError
from zhiyu.server.site import Site
from zhiyu.server.staff import Staff

FileNumber = Annotated[str, Path(description="The file's number.")]
FOLDER = "case_files"
"""In the folder of the tenant."""


def add_case_files(app: FastAPI, site: Site, staff: Staff) -> None:
    """The routes."""

    @app.post("/v1/cases/{number}/files", include_in_schema=False)
    async def put(number: CaseNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "investigate")
        query = exchange.known_query("name")
        content = await read_body(exchange, request.receive, MAX_FILE_BYTES)
        files, asked, by = files_of(staff, desk, cases.tenant), number_of(number), by_of(exchange)
        try:
            made = await staff.aside(lambda: files.add(asked, query.get("name", ""), content, by, staff.wall()))
        except (InputError, LimitExceeded) as wrong:
            raise HttpError(422, wrong.code, wrong.en, wrong.zh, "name") from None
        return as_json(told_file(made))

    @app.get("/v1/cases/{number}/files", include_in_schema=False)
    async def listed(number: CaseNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "cases")
        exchange.known_query()
        files, asked = files_of(staff, desk, cases.tenant), number_of(number)
        return as_json({"files": [told_file(each) for each in await staff.aside(lambda: files.of(asked))]})

    @app.get("/v1/cases/{number}/files/{file}", include_in_schema=False)
    async def read(number: CaseNumber, file: FileNumber, request: Request) -> Response:
        exchange, desk, cases = kept(request, site, staff, "cases")
        exchange.known_query()
        files, asked, wanted, by = (
            files_of(staff, desk, cases.tenant),
            number_of(number),
            number_of(file, "file"),
            by_of(exchange),
        )
        found, content = await staff.aside(lambda: files.read(asked, wanted, by, staff.wall()))
        return as_download(content, found.kind, found.name)


def files_of(staff: Staff, desk: Desk, tenant: str) -> Files:
    """The files of a tenant, beside its log."""
    return Files(staff.records, staff.offices[tenant].audit, desk.live.folder / FOLDER)


def as_download(content: bytes, kind: str, name: str) -> Response:
    """Bytes to be saved under a name; no browser runs or shows them."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}", "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'", "cache-control": "no-store",
    }  # fmt: skip
    return Response(content, media_type=kind, headers=headers)


def told_file(file: CaseFile) -> dict[str, Any]:
    """A file as JSON."""
    told: dict[str, Any] = msgspec.structs.asdict(file)
    case, at_ms = told.pop("case_number"), told.pop("at_ms")
    return {"case": case, **told, "at": said(at_ms)}
