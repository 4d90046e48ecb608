"""What a decision came to after services were asked, as JSON: the shape of any decision, and which calls were made.

In: decisions that went on. Out: one JSON object each. The receipt is that of the frame in which the decision went on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from zhiyu.decisions.explain import Explanation
from zhiyu.decisions.resumed import Resumed
from zhiyu.decisions.values import to_python
from zhiyu.engine.answers import Answers
from zhiyu.engine.opened import Opened
from zhiyu.engine.receipts import Receipt
from zhiyu.events.batch import EventBatch
from zhiyu.policy.calls import end_field

_json = msgspec.json.Encoder(decimal_format="string").encode


def final_body(answers: Answers, part: Resumed, at: int, chain: bytes, state: dict[str, Any]) -> bytes:
    """Decision number `at` of what went on; `chain`: of the frame in which it did; `state`: what else is to be said about how it stands."""
    body = answers.bodies(part.decisions.at(np.array([at])), chain)[0]
    first, own = Receipt.parse(msgspec.json.decode(body)["receipt"]), int(part.revision[at])
    body = body.replace(str(first).encode(), str(replace(first, revision=own)).encode())
    told = {"calls": calls_told(answers.opened, part.events, int(part.decisions.rows[at]))} | state
    return body[:-1] + b"," + _json(told)[1:]


def calls_in_json(opened: Opened, part: Resumed, at: int) -> list[dict[str, Any]]:
    """The calls that decision number `at` of what went on was told of, as its answer has them."""
    found: list[dict[str, Any]] = msgspec.json.decode(
        _json(calls_told(opened, part.events, int(part.decisions.rows[at])))
    )
    return found


def called(opened: Opened, part: Resumed, at: int) -> bool:
    """Whether a service was asked about what decision number `at` decides."""
    columns = [opened.compiled.schema.index.get(end_field(service.name), -1) for service in opened.policy.services]
    row = int(part.decisions.rows[at])
    return any(column >= 0 and not part.events.nulls[column, row] for column in columns)


def explained_call(part: Resumed, at: int, answers: Answers) -> Explanation:
    """Why the decision came out as it did, with the calls that were made."""
    d, opened = part.decisions, answers.opened
    lines = np.flatnonzero(d.kept == at).tolist()
    found = opened.explain_kept(d, part.events, lines[0]) if lines else opened.explain_pass(d, at)
    return replace(found, calls=tuple(calls_told(opened, part.events, int(d.rows[at]))))


def calls_told(opened: Opened, events: EventBatch, row: int) -> list[dict[str, Any]]:
    """The calls that were made about one event, with what was told, as the columns of its row hold them."""
    schema, found = opened.compiled.schema, []

    def value(name: str) -> Any:
        at = schema.index.get(name)
        if at is None or events.nulls[at, row]:
            return None
        if name in events.shown:
            shown: Any = events.shown[name][row]
            return shown.as_py() if hasattr(shown, "as_py") else shown
        return to_python(schema.columns[at].type, events.values[at, row], 0)

    for service in opened.policy.services:
        end = value(end_field(service.name))
        if end is None:
            continue
        facts = {word: value(f"{service.name}_{word}") for word in ("cost", "cached", "tries", "ms", "again")}
        told = {name: each for name in service.answer if (each := value(name)) is not None}
        found.append(
            {"service": service.name, "outcome": end, **{k: v for k, v in facts.items() if v is not None}, "told": told}
        )
    return found
