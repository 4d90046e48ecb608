"""POST /v1/labels: what became known about events.

In: one label, an array, or NDJSON. Out: for one label its answer; for several `answers` in order, a bad one refused alone. On disk before
it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from zhiyu.engine.live import REFUSED, Answer, Label, Live
from zhiyu.events.refusals import Refusal
from zhiyu.server.bodies import limited, read_body, records_of
from zhiyu.server.desk import Desk
from zhiyu.server.exchange import PROBLEM, Exchange, Receive
from zhiyu.server.many import told
from zhiyu.server.problems import encoded, problem_of_refusal
from zhiyu.server.shapes import Misshapen, shaped


async def labels(exchange: Exchange, receive: Receive, desk: Desk) -> None:
    """Take labels."""
    exchange.known_query()
    settings = exchange.site.settings
    body = await read_body(exchange, receive, settings.max_body_bytes)
    single = b"ndjson" not in exchange.content_type and body.lstrip(b" \t\r\n")[:1] != b"["
    records = limited(records_of(body, exchange.content_type, arrays=True), settings.max_batch)
    by_person = exchange.grant is not None and bool(exchange.grant.person)
    read = [_read(record, number, exchange.who, by_person) for number, record in records]
    found = await _take(desk, read)
    if single and len(records) == 1:
        await _tell_one(exchange, found[0], body)
        return
    answers = b",".join(told(answer, record, exchange, number) for (number, record), answer in zip(records, found))
    await exchange.answer(200, b'{"answers":[' + answers + b"]}")


async def _take(desk: Desk, read: Sequence[Label | Answer]) -> list[Answer]:
    """One answer each; nothing is written when none is a label."""
    good = [each for each in read if isinstance(each, Label)]

    def take(live: Live) -> list[Answer]:
        return live.label(good)

    answers = iter(await desk.durably(take) if good else [])
    return [each if isinstance(each, Answer) else next(answers) for each in read]


def _read(record: bytes, number: int, author: str, by_person: bool) -> Label | Answer:
    try:
        label = shaped(record, Label)
    except Misshapen as wrong:
        bad = wrong.bad
        return Answer(REFUSED, b"", Refusal(number, "", wrong.field, bad.code, bad.en, bad.zh))
    return label if not author or (label.author and not by_person) else msgspec.structs.replace(label, author=author)


async def _tell_one(exchange: Exchange, answer: Answer, body: bytes) -> None:
    if answer.refusal is None:
        await exchange.answer(200, answer.body)
        return
    content: dict[str, Any] = problem_of_refusal(answer.refusal, body, exchange.language, exchange.id.decode())
    await exchange.answer(content["status"], encoded(content), PROBLEM, (), content["code"], answer.refusal.field)
