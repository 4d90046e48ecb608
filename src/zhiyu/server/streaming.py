"""NDJSON in, NDJSON out, line for line, while the body is still coming.

In: a body of any length. Out: one decision or problem per line, in order. One task reads and submits, the other writes what is durable; a
bounded queue stands between them: a client that does not read its answers stops being read, and a busy desk stops the reading too.
When the log or the server stops, a last line says from which line on nothing was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from zhiyu.base.errors import ZhiyuError
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.engine.live import REFUSED, Answer
from zhiyu.events.refusals import Refusal
from zhiyu.server.bodies import Gone, require_plain
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import ID_HEADER, NDJSON, Exchange, Receive
from zhiyu.server.many import told
from zhiyu.server.problems import HttpError, encoded, problem_of_error

_PIECES = 4
"""Pieces decided and not yet written."""
_LINES = 512
"""Lines of one piece."""
_SPACE = b" \t\r"

Lines = list[tuple[int, bytes | None]]
"""(line, record); None for a line that is too long."""
Piece = tuple[Lines, "asyncio.Future[list[Answer]] | ZhiyuError | None"]


async def stream(exchange: Exchange, receive: Receive, desk: Desk) -> None:
    """POST /v1/decisions:stream."""
    source = exchange.source(desk, "source")
    require_plain(exchange)
    if desk.broken or desk.closing:
        raise desk.unavailable()
    headers = [(b"content-type", NDJSON), (ID_HEADER, exchange.id)]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
    pieces: asyncio.Queue[Piece | None] = asyncio.Queue(_PIECES)
    reader = asyncio.ensure_future(_submit(exchange, receive, desk, source, pieces))
    try:
        code = await _write(exchange, pieces)
    finally:
        reader.cancel()
    await exchange.send({"type": "http.response.body", "body": b""})
    exchange.done(200, code)


async def _submit(
    exchange: Exchange, receive: Receive, desk: Desk, source: str | None, pieces: asyncio.Queue[Piece | None]
) -> None:
    """Read, submit, and put what is under way into the queue; a last `None`."""
    number = 0
    try:
        async for lines in _lines(exchange, receive):
            number = lines[-1][0]
            good = [record for _, record in lines if record is not None]
            future = None
            if good:
                await desk.room()
                future = desk.submit(good, source, patient=True)
            await pieces.put((lines, future))
    except ZhiyuError as error:
        await pieces.put(([(number + 1, None)], error))
    except Gone:
        pass
    except Exception as error:
        exchange.site.lines.failed(error, request_id=exchange.id.decode(), route=exchange.route)
        stopped = HttpError(
            500,
            "internal",
            "an error inside the server; nothing from this line on was acknowledged",
            "服务器内部错误；从本行起均未确认",
        )
        await pieces.put(([(number + 1, None)], stopped))
    await pieces.put(None)


async def _lines(exchange: Exchange, receive: Receive) -> AsyncIterator[Lines]:
    """Lines as they come, in pieces; the rest of a line that is too long is skipped."""
    cut, found, number, too_long = b"", [], 0, False  # type: bytes, Lines, int, bool
    more, stopping = True, exchange.site.stopping
    while more:
        if stopping.is_set():
            raise HttpError(
                503, "stopping", "the server is stopping; nothing from this line on was taken, send it again",
                "服务正在停止；从本行起均未接收，请重新发送",
            )  # fmt: skip
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        more = bool(message.get("more_body"))
        whole = (cut + message.get("body", b"")).split(b"\n")
        cut = whole.pop() if more else b""
        for line in whole:
            number += 1
            if too_long or len(line) > MAX_EVENT_BYTES:
                found.append((number, None))
                too_long = False
            elif line.strip(_SPACE):
                found.append((number, line))
            if len(found) >= _LINES:
                yield found
                found = []
        if len(cut) > MAX_EVENT_BYTES:
            cut, too_long = b"", True
        if found:
            yield found
            found = []


async def _write(exchange: Exchange, pieces: asyncio.Queue[Piece | None]) -> str:
    """Write answers in order; returns the code of the error that ended the stream, "" at its end."""
    while (piece := await pieces.get()) is not None:
        lines, result = piece
        if isinstance(result, ZhiyuError):
            return await _end(exchange, result, lines[0][0])
        try:
            answers = iter(await result if result is not None else ())
        except ZhiyuError as error:
            return await _end(exchange, error, lines[0][0])
        out = [
            told(_too_long() if record is None else next(answers), record or b"", exchange, number)
            for number, record in lines
        ]
        await exchange.send({"type": "http.response.body", "body": b"\n".join(out) + b"\n", "more_body": True})
    return ""


async def _end(exchange: Exchange, error: ZhiyuError, line: int) -> str:
    content = problem_of_error(error, exchange.language, exchange.id.decode(), line)
    await exchange.send({"type": "http.response.body", "body": encoded(content) + b"\n", "more_body": True})
    return error.code


def _too_long() -> Answer:
    return Answer(
        REFUSED, b"",
        Refusal(
            0, "", "", "too_long", f"the line is longer than {MAX_EVENT_BYTES} bytes; send less in one event",
            f"该行超过 {MAX_EVENT_BYTES} 字节；请减少单个事件的内容",
        ),
    )  # fmt: skip
