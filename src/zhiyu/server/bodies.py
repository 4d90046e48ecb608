"""Bodies of requests: read with a limit, and cut into the raw JSON of single records.

In: ASGI messages. Out: bytes, or slices of them. Records are not parsed here: `Live` parses each one, once, and names what is wrong with
it.
"""

from __future__ import annotations

import msgspec

from zhiyu.server.exchange import Exchange, Receive
from zhiyu.server.problems import HttpError

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(msgspec.Raw)
_SPACE = b" \t\r\n"


class Gone(Exception):
    """The client left before its request was complete; nothing was taken."""


def too_large(most: int, field: str = "") -> HttpError:
    """The body is over the limit."""
    return HttpError(
        413, "too_large", f"the body is longer than {most:,} bytes; send less at once", f"请求体超过 {most:,} 字节；请减少单次内容",
        field, close=True,
    )  # fmt: skip


def require_plain(exchange: Exchange) -> None:
    """HttpError 415 for a compressed body."""
    coding = exchange.headers.get(b"content-encoding", b"identity")
    if coding.lower() != b"identity":
        raise HttpError(
            415, "content_encoding", "compressed bodies are not taken; send it as it is", "不接受压缩的请求体；请直接发送",
            "Content-Encoding", close=True,
        )  # fmt: skip


async def read_body(exchange: Exchange, receive: Receive, most: int) -> bytes:
    """The whole body, at most `most` bytes. HttpError 413 above, Gone when the client left."""
    headers = exchange.headers
    if b"content-encoding" in headers:
        require_plain(exchange)
    declared = headers.get(b"content-length")
    if declared is not None and (len(declared) > 12 or int(declared) > most):
        raise too_large(most)
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large(most)
        body = b"".join(parts)
    if len(body) > most:
        raise too_large(most)
    return body


def lines_of(body: bytes) -> list[tuple[int, bytes]]:
    """(line, record) of NDJSON; empty lines count and are left out.

    >>> lines_of(b'{"a":1}\\n\\n{"a":2}')
    [(1, b'{"a":1}'), (3, b'{"a":2}')]
    """
    return [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip(_SPACE)]


def records_of(body: bytes, kind: bytes, arrays: bool) -> list[tuple[int, bytes]]:
    """(number, record) of a body: NDJSON, one object, or (`arrays`) a JSON array. What is said to be NDJSON is read line by line. A body of
    another type that is one JSON value is one record, however many lines it has; anything else is read line by line too."""
    if b"ndjson" in kind or b"jsonl" in kind:
        return lines_of(body)
    start = body.lstrip(_SPACE)[:1]
    if arrays and start == b"[":
        try:
            return [(number, bytes(raw)) for number, raw in enumerate(_ARRAY.decode(body), 1)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            why = str(wrong)[:120]
            raise HttpError(
                400, "bad_json", f"the body is no JSON array: {why}", f"请求体不是 JSON 数组：{why}", "body"
            ) from None
    if b"\n" in body.strip(_SPACE):
        try:
            _ONE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return lines_of(body)
        return [(1, body)]
    return lines_of(body)


def limited(records: list[tuple[int, bytes]], most: int) -> list[tuple[int, bytes]]:
    """The records; HttpError 422 when there is none or more than `most`."""
    if not records:
        raise HttpError(
            422, "empty", "the body holds no record; send at least one", "请求体中没有记录；请至少发送一条", "body"
        )
    if len(records) > most:
        raise HttpError(
            422, "limit", f"{len(records):,} records in one request; at most {most:,}: send several, or a stream",
            f"单个请求含 {len(records):,} 条记录；最多 {most:,} 条：请分批或使用流式接口", "body",
        )  # fmt: skip
    return records
