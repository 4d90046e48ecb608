"""What the door says of a row that it does not take, in words.

In: a batch, the number of a row, what the door found. Out: a `Refusal` with the cleaned, masked texts of the row.
"""

from __future__ import annotations

from typing import Any

from zhiyu.engine.admit import CONFLICT
from zhiyu.events.batch import EventBatch
from zhiyu.events.refusals import Refusal


def door_refusal(batch: EventBatch, row: int, status: int, first: int, clock: int) -> Refusal:
    """The refusal of a row whose `status` is CONFLICT (`first`: position of the event with its id) or AHEAD of the clock (ms)."""
    if status == CONFLICT:
        code, name = "id_conflict", "id"
        en = f"the same id came at position {first} with other content; send a new id, or the same content"
        zh = f"位置 {first} 已有相同编号但内容不同的事件；请使用新编号或相同内容"
    else:
        code, name = "too_far_ahead", "time"
        ahead = (int(batch.time_ms[row]) - clock) // 86_400_000
        en = f"{ahead} days ahead of every event so far; correct the time, or raise `clock.max_ahead`"
        zh = f"比此前所有事件晚 {ahead} 天；请更正时间或调大 clock.max_ahead"
    return Refusal(int(batch.positions[row]), str(batch.ids[row]), name, code, en, zh, _shown(batch, row))


def _shown(batch: EventBatch, row: int) -> dict[str, Any]:
    """The row's cleaned, masked texts, for the dead-letter file."""
    found: dict[str, Any] = {name: column[row] for name, column in batch.shown.items()}
    return {name: value.as_py() if hasattr(value, "as_py") else value for name, value in found.items()}
