"""What callers are told about waits: whether their decision waits and until when, what it came to, what an answer did.

In: the open and ended waits of an engine, the outcome of a batch, answers as JSON. Out: the same answers with one more key. These keys say
how things stand when they are said; the receipt is about the decision alone.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from zhiyu.base.jit import Array
from zhiyu.decisions.resumed import CAUSES, Resumed
from zhiyu.engine.answers import Answer
from zhiyu.engine.engine import Outcome
from zhiyu.engine.holds import ANSWER_WORDS, Code, Held
from zhiyu.engine.resuming import Resuming
from zhiyu.events.batch import EventBatch
from zhiyu.policy.declare import OUTCOMES

_json = msgspec.json.Encoder().encode
SAID_LATER = ("waiting", "final", "answer", "about", "calls")
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
        asked = answers[position - first]
        if asked is not None and resuming.is_asked(_code(batch.id_code[row])):
            answers[position - first] = msgspec.structs.replace(asked, asked=position)


def came_to(
    resuming: Resuming | None, outcome: Outcome, asked: Container[int]
) -> list[tuple[int, Resumed, int, dict[str, Any]]]:
    """What went on about the events at positions `asked` and waits for no service any more: position, the part and number of the decision,
    and how it stands."""
    found: dict[int, tuple[int, Resumed, int, dict[str, Any]]] = {}
    for part in outcome.resumed if resuming is not None and asked else ():
        for at, position in enumerate(part.decisions.positions.tolist()):
            code = _code(part.decisions.id_code[at])
            if resuming is not None and position in asked and not resuming.is_asked(code):
                state = _state(resuming, code, position) if part.waits[at] else {}
                found[position] = position, part, at, state  # the last of several steps
    return list(found.values())


def told_of_answers(outcome: Outcome, first: int, answers: list[Answer | None]) -> None:
    """Say to each answer what it did, and the position of the event it is about when that is known."""
    for position, status, about in outcome.answered:
        _add(answers, position - first, {"answer": ANSWER_WORDS[status]} | ({"about": about} if about >= 0 else {}))


def with_state(
    resuming: Resuming, codes: Iterable[Array], position: int, body: bytes, later: Callable[[int, int], bytes | None]
) -> bytes:
    """An answer about the event at a position (`codes`: those its id may have) with how it stands now. `later`: the decision that an answer
    (the second position) led to, where services were asked: that is what the caller was told."""
    for code in codes:
        state = _state(resuming, _code(code), position)
        if state:
            told = later(position, answer_of(resuming, _code(code)))
            if told is None:
                return _spliced(body, state)
            again = {"repeated": True} if body.endswith(b',"repeated":true}') else {}
            return _spliced(told, again | {name: each for name, each in state.items() if name == "waiting"})
    return body


def answer_about(resuming: Resuming | None, codes: Iterable[Array], position: int | None) -> int:
    """The position of the last answer about the event at a position; -1 without."""
    for code in codes if resuming is not None else ():
        if resuming is not None and position is not None and _state(resuming, _code(code), position):
            return answer_of(resuming, _code(code))
    return -1


def answer_of(resuming: Resuming, code: Code) -> int:
    """The position of the last answer that let the event of this code go on; -1 without."""
    held, ended = resuming.holds.open(code), resuming.holds.ended(code)
    return held.answer if held is not None else ended.answer if ended is not None else -1


def waits_listed(resuming: Resuming, after: int, limit: int) -> list[dict[str, Any]]:
    """Open waits at positions past `after`, by position, at most `limit`."""
    found = sorted((held for held in resuming.holds if held.position > after), key=lambda held: held.position)
    return [
        {"id": held.event_id, "type": resuming.waits.plans[held.plan].wait.of, "position": held.position}
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
    if wait.call:
        return {
            "call": wait.call,
            "node": wait.node.removesuffix(f"@{wait.call}"),
            "outcome": wait.outcome,
            "since": since,
            "until": until,
        }
    return {"node": wait.node, "outcome": wait.outcome, "since": since, "until": until, "answers": sorted(wait.answers)}


def _add(answers: list[Answer | None], at: int, state: dict[str, Any]) -> None:
    answer = answers[at]
    if answer is not None and answer.body and state:
        answers[at] = msgspec.structs.replace(answer, body=_spliced(answer.body, state))


def _spliced(body: bytes, more: dict[str, Any]) -> bytes:
    if not more:
        return body
    return body[:-1] + b"," + _json(more)[1:]


def _code(words: Array) -> Code:
    return int(words[0]), int(words[1])


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
