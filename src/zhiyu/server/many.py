"""Requests with many records: batches of events to decide, facts.

In: bodies. Out: one JSON object. A bad record is refused alone, with its number; the others are taken.
"""

from __future__ import annotations

from typing import Any

import msgspec

from zhiyu.engine.live import REPEATED, Answer
from zhiyu.server.bodies import limited, read_body, records_of
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import Exchange, Receive
from zhiyu.server.problems import encoded, problem_of_refusal

_PIECE = 1_000
"""Records of a large body that are decided together."""
Numbered = list[tuple[int, bytes]]


async def batch(exchange: Exchange, receive: Receive, desk: Desk) -> None:
    """POST /v1/decisions:batch: a JSON array or NDJSON; decisions and problems, in order."""
    settings = exchange.site.settings
    deadline, source = exchange.deadline(), exchange.source(desk)
    body = await read_body(exchange, receive, settings.max_body_bytes)
    records = limited(records_of(body, exchange.content_type, arrays=True), settings.max_batch)
    found = await desk.submit([record for _, record in records], source, deadline)
    for at, answer in enumerate(found):
        if answer.asked >= 0:
            found[at] = msgspec.structs.replace(answer, body=await desk.calls.final(answer, deadline))
    answers = b",".join(told(answer, record, exchange, number) for (number, record), answer in zip(records, found))
    await exchange.answer(200, b'{"answers":[' + answers + b"]}")


async def events(exchange: Exchange, receive: Receive, desk: Desk) -> None:
    """POST /v1/events: facts; what was taken, what was known already, what was refused."""
    source = exchange.source(desk, "source")
    settings = exchange.site.settings
    body = await read_body(exchange, receive, settings.max_body_bytes)
    records = limited(records_of(body, exchange.content_type, arrays=True), settings.max_lines)
    answers: list[Answer] = []
    for at in range(0, len(records), _PIECE):
        piece = [record for _, record in records[at : at + _PIECE]]
        if at:  # the first piece may be shed; once some are taken, the rest waits for room
            await desk.room()
        answers += await desk.submit(piece, source, patient=at > 0)
    await exchange.answer(200, encoded(_count(exchange, records, answers)))


def _count(exchange: Exchange, records: Numbered, answers: list[Answer]) -> dict[str, Any]:
    refused = [
        problem_of_refusal(answer.refusal, record, exchange.language, exchange.id.decode(), number)
        for (number, record), answer in zip(records, answers)
        if answer.refusal is not None
    ]
    repeated = sum(answer.kind == REPEATED for answer in answers)
    return {"taken": len(answers) - repeated - len(refused), "repeated": repeated, "refused": refused}


def told(answer: Answer, record: bytes, exchange: Exchange, line: int) -> bytes:
    """One answer of many, as JSON: the decision, or a problem that names its line."""
    if answer.refusal is None:
        return answer.body
    return encoded(problem_of_refusal(answer.refusal, record, exchange.language, exchange.id.decode(), line))
