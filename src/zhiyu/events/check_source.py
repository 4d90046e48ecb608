"""Checks that a source fits the schema: its event types, the fields it fills, its time and its labels.

In: a schema and a source. Out: the reader of the event time, or problems in the finder.
"""

from __future__ import annotations

import re
from typing import Any

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.check_mapping import mapping_findings
from zhiyu.events.declare import EventType, Source
from zhiyu.events.kinds.time import Time
from zhiyu.events.problems import Finder
from zhiyu.events.schema import EventSchema

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def label_key(value: object) -> Any:
    """What makes two raw labels the same: numbers and booleans by value, also when a file has only texts ("1", "True"); other texts
    without case and surrounding spaces.

    >>> label_key(" 1 ") == label_key(1) == label_key(True), label_key("Fraud")
    (True, 'fraud')
    """
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "false"):
            return float(text == "true")
        return float(text) if _NUMBER.fullmatch(text) else text
    return float(value) if isinstance(value, (bool, int, float)) and abs(value) < 1 << 53 else None


def check_source(schema: EventSchema, source: Source, finder: Finder) -> Time | None:
    """The reader of the source's event time, None where it has no time; problems in `finder` when the source does not fit."""
    at = ("sources", source.name)
    used: list[EventType] = []
    if bool(source.event) == bool(source.type_column):
        finder.add(
            "bad_source",
            at,
            f"source '{source.name}' needs either `event` or `type_column`",
            f"数据源“{source.name}”须且只须声明 event 或 type_column 之一",
            Hint("declare one of them", "声明其中一个"),
        )
    for name in [source.event] if source.event else (source.types.values() or schema.outside):
        if name in schema.outside:
            used.append(schema.types[schema.type_index[name]])
        else:
            finder.add(
                "unknown_name",
                (*at, "event"),
                f"no event type '{name}' is declared",
                f"没有声明事件类型“{name}”",
                did_you_mean(name, schema.outside),
            )
    fields = {n: f for e in used for n, f in e.fields.items()}
    for name, column in source.fields.items():
        if used and name not in fields:
            finder.add(
                "unknown_name",
                (*at, "fields", name),
                f"source '{source.name}' fills '{name}', which no event type declares",
                f"数据源“{source.name}”填充了未声明的字段“{name}”",
                did_you_mean(name, fields),
            )
        elif used and not isinstance(column, str) and fields[name].type != "geo":
            finder.add(
                "bad_source",
                (*at, "fields", name),
                f"field '{name}' is no place and takes one column",
                f"字段“{name}”不是位置，只能对应一列",
                Hint("name one column", "只写一列"),
            )
    for event in used:
        for name, f in event.fields.items():
            if f.required and name not in source.reads:
                finder.add(
                    "missing",
                    (*at, "fields"),
                    f"source '{source.name}' does not fill '{name}', which '{event.name}' requires",
                    f"数据源“{source.name}”没有填充“{event.name}”必填的“{name}”",
                    Hint(f"add `{name}: COLUMN`", f"加上 `{name}: 列名`"),
                )
    for finding in mapping_findings(source, fields) if used else ():
        finder.add(finding.code, (*at, *finding.path), finding.en, finding.zh, finding.hint)
    if source.label and set(map(label_key, source.label.fraud)) & set(map(label_key, source.label.legit)):
        finder.add(
            "bad_source",
            (*at, "label"),
            "a label value means both fraud and legit",
            "同一标签值既表示欺诈又表示正常",
            Hint("remove it from one side", "从其中一边删除"),
        )
    return _check_times(source, finder, at)


def _check_times(source: Source, finder: Finder, at: tuple[Any, ...]) -> Time | None:
    try:
        if source.label:
            parse_duration_ms(source.label.delay)
    except ValueError as wrong:
        finder.add("bad_source", (*at, "label", "delay"), str(wrong), str(wrong))
    try:
        return Time.of_column(source.time) if source.time else None
    except ValueError as wrong:
        finder.add("bad_source", (*at, "time"), f"source '{source.name}': {wrong}", f"数据源“{source.name}”：{wrong}")
    return None
