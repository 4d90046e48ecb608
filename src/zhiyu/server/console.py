"""GET /console/…: the browser console, as it was built from `console/` into this package.

In: a path. Out: files, compressed where the browser takes it. What is named by its content (assets/) may be kept for good; the page itself
is asked for each time and carries a fresh nonce, under which alone styles that scripts make are let in: no script runs that is not a file
of ours. Where nothing was built, one sentence says how.
"""

from __future__ import annotations

import gzip
import mimetypes
import secrets
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from zhiyu.server.exchange import language_of

NONCE = b"__NONCE__"
"""Stands in the page where the nonce goes."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_MISSING = (
    "The console is not built. In the project's folder say `make console` (it needs Node 20 or newer, or fetches one with pip), then start "
    "the server again. The API is described at /docs.",
    "控制台尚未构建。请在项目目录运行 `make console`（需要 Node 20 或更新版本，或由 pip 自动获取），然后重启服务。接口文档见 /docs。",
)
_COMMON = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
_FOR_GOOD = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
_LEAST_PACKED = 1_024


@dataclass(frozen=True, slots=True)
class Built:
    """One file: its kind, its bytes, the same compressed (None where that gains nothing)."""

    kind: str
    plain: bytes
    packed: bytes | None


def add_console(app: FastAPI) -> None:
    """The routes."""

    @app.get("/console", include_in_schema=False)
    async def to_console() -> Response:
        return RedirectResponse("/console/", 308)

    @app.get("/console/{path:path}", include_in_schema=False)
    async def console(path: str, request: Request) -> Response:
        files = built_files()
        if not files:
            zh = language_of(request.headers.get("accept-language", "").encode()) == "zh"
            return Response(_MISSING[zh], 503, _COMMON, "text/plain; charset=utf-8")
        if path.startswith("assets/") or "." in path.rpartition("/")[2]:
            return _file(files.get(path), request)
        nonce = secrets.token_urlsafe(16)
        page = files["index.html"].plain.replace(NONCE, nonce.encode())
        headers = {"content-security-policy": _POLICY.format(nonce), "cache-control": "no-store", **_COMMON}
        return Response(page, 200, headers, "text/html; charset=utf-8")


def _file(found: Built | None, request: Request) -> Response:
    if found is None:
        return Response("no such file", 404, _COMMON, "text/plain; charset=utf-8")
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, 200, {"content-encoding": "gzip", **_FOR_GOOD, **_COMMON}, found.kind)
    return Response(found.plain, 200, {**_FOR_GOOD, **_COMMON}, found.kind)


@cache
def built_files() -> dict[str, Built]:
    """Every file by its path, read once; empty when nothing was built."""
    folder = resources.files("zhiyu.server").joinpath("console")
    found: dict[str, Built] = {}
    if folder.joinpath("index.html").is_file():
        _collect(folder, "", found)
    return found


def _collect(folder: Traversable, path: str, found: dict[str, Built]) -> None:
    for each in folder.iterdir():
        name = f"{path}{each.name}"
        if each.is_dir():
            _collect(each, f"{name}/", found)
        elif not name.endswith(".gz"):
            plain = each.read_bytes()
            beside = folder.joinpath(f"{each.name}.gz")
            packed = beside.read_bytes() if beside.is_file() else gzip.compress(plain, 6, mtime=0)
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            kind += "; charset=utf-8" if kind.startswith("text/") else ""
            found[name] = Built(kind, plain, packed if _LEAST_PACKED < len(packed) < len(plain) else None)
