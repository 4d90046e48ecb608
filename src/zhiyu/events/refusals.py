"""Why an event was refused: one finding about one value (`Bad`), and the record of it that the reader gets (`Refusal`).

In: what was wrong with a value, in en and zh, and what to do. Out: `Refusal`, one per refused event, naming the first
field at fault in the order of the declaration. A refused event touches no other event of its batch. Personal values
are never quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from zhiyu.base.errors import EventRefused
from zhiyu.events.declare import GANG, LABEL

SHOWN_CHARS = 60


class Bad(Exception):
    """One value that cannot be taken. `code` is stable; the field's name is added by whoever reads the field."""

    def __init__(self, code: str, en: str, zh: str) -> None:
        super().__init__(en)
        self.code = code
        self.en = en
        self.zh = zh


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that was not taken: where it stood, which field, why, and what the record said (personal fields
    masked).
    """

    position: int
    event_id: str
    field: str
    code: str
    en: str
    zh: str
    record: Mapping[str, Any] = default(default_factory=dict)
    line: int = 0

    def error(self) -> EventRefused:
        """The same finding as an exception, for a caller that handed in one event."""
        return EventRefused(self.field, self.en, self.zh)


def quote(value: object) -> str:
    """A value as a message may show it: Python spelling, cut at 60 characters.

    >>> quote("x" * 100)[-3:]
    "…x'"
    """
    if isinstance(value, str):
        text = repr(value[: SHOWN_CHARS + 1])
    elif isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    elif isinstance(value, (bytes, list, tuple, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    else:
        text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 3]}…{text[-2:]}"


def missing() -> Bad:
    """A required value is absent, null or empty."""
    return Bad(
        "missing",
        "is required and missing; send a value or declare the field optional",
        "必填但缺失；请传值，或在声明中改为非必填",
    )


def not_sent(name: str) -> Bad:
    """`name` is a type of `FACTS`, which come from inside only."""
    if name == LABEL:
        en = "labels are not sent as events; send them to POST /v1/labels, or name the column of a source that holds them (`label`)"
        zh = "标签不作为事件发送；请使用 POST /v1/labels，或在数据源中用 label 声明标签列"
    elif name == GANG:
        en = "alerts about gangs come from the network and are not sent; declare `network.gang.alert_people` to count them"
        zh = "团伙告警由关系网络产生，不能发送；如需统计请声明 network.gang.alert_people"
    else:
        en = "decisions come back by themselves and are not sent; turn on `feedback.decisions` to count them"
        zh = "决策结果由系统自行回流，不能发送；如需统计请开启 feedback.decisions"
    return Bad("not_sent", en, zh)


def wrong_type(value: object, wanted_en: str, wanted_zh: str, personal: bool = False) -> Bad:
    """The value is of a kind that cannot mean what the field declares."""
    seen = f"a {type(value).__name__}" if personal else quote(value)
    return Bad("wrong_type", f"{seen} is not {wanted_en}", f"{seen} 不是{wanted_zh}")
