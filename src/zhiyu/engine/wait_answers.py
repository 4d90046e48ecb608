"""What callers are told about waits: whether their decision waits and until when, what it came to, what an answer did.

In: the open and ended waits of an engine, the outcome of a batch, answers as JSON. Out: the same answers with one more key. These keys say
how things stand when they are said; the receipt is about the decision alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from zhiyu.base.jit import Array
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.answers import Answer
from zhiyu.engine.engine import Outcome
from zhiyu.engine.holds import ANSWER_WORDS, Code, Held
from zhiyu.engine.resuming import Resuming
from zhiyu.events.batch import EventBatch
from zhiyu.policy.declare import OUTCOMES

_json = msgspec.json.Encoder().encode
SAID_LATER = ("waiting", "final", "answer", "about")
"""Keys of an answer that are no part of the decision."""


def told_of_waits(
    resuming: Resuming, outcome: Outcome, batch: EventBatch, first: int, answers: list[Answer | None]
) -> None:
    """Say to each decision of the batch that began to wait that it does, or what it has already come to."""
    wanted = {*outcome.held, *outcome.turned_away}
    if not wanted:
        return
    away = set(outcome.turned_away)
    for row, position in enumerate(batch.positions.tolist()):
        if position not in wanted:
            continue
        state = (
            {"waiting": {"turned_away": True}}
            if position in away
            else _state(resuming, _code(batch.id_code[row]), position)
        )
        _add(answers, position - first, state)


def told_of_answers(outcome: Outcome, first: int, answers: list[Answer | None]) -> None:
    """Say to each answer what it did, and the position of the event it is about when that is known."""
    for position, status, about in outcome.answered:
        _add(answers, position - first, {"answer": ANSWER_WORDS[status]} | ({"about": about} if about >= 0 else {}))


def with_state(resuming: Resuming, codes: Iterable[Array], position: int, body: bytes) -> bytes:
    """An answer about the event at a position (`codes`: those its id may have) with how it stands now."""
    for code in codes:
        state = _state(resuming, _code(code), position)
        if state:
            return _spliced(body, state)
    return body


def waits_listed(resuming: Resuming, after: int, limit: int) -> list[dict[str, Any]]:
    """Open waits at positions past `after`, by position, at most `limit`."""
    found = sorted((held for held in resuming.holds if held.position > after), key=lambda held: held.position)
    return [
        {"id": held.event_id, "type": resuming.waits.plans[held.plan].wait.event, "position": held.position}
        | _waiting(resuming, held)
        for held in found[:limit]
    ]


def _state(resuming: Resuming, code: Code, position: int) -> dict[str, Any]:
    held, ended = resuming.holds.open(code), resuming.holds.ended(code)
    if held is not None and held.position == position:
        return {"waiting": _waiting(resuming, held)}
    if ended is not None and ended.position == position:
        return {
            "final": {
                "outcome": OUTCOMES[ended.outcome], "enforced": OUTCOMES[ended.enforced], "at": _time(ended.at_ms),
                "cause": CAUSES[ended.cause],
            }
        }  # fmt: skip
    return {}


def _waiting(resuming: Resuming, held: Held) -> dict[str, Any]:
    wait = resuming.waits.plans[held.plan].wait
    since, until = _time(held.opened_ms), _time(held.deadline_ms)
    return {"node": wait.node, "outcome": wait.outcome, "since": since, "until": until, "answers": sorted(wait.answers)}


def _add(answers: list[Answer | None], at: int, state: dict[str, Any]) -> None:
    answer = answers[at]
    if answer is not None and answer.body and state:
        answers[at] = msgspec.structs.replace(answer, body=_spliced(answer.body, state))


def _spliced(body: bytes, more: dict[str, Any]) -> bytes:
    return body[:-1] + b"," + _json(more)[1:]


def _code(words: Array) -> Code:
    return int(words[0]), int(words[1])


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
