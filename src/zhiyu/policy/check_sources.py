"""Sources and clocks: does every file column reach a field that exists, and is every duration one?

In: a policy and its known event types. Out: problems at the source entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.check_mapping import mapping_findings
from zhiyu.events.declare import Field, Source, TimeColumn
from zhiyu.policy.checked import Checked
from zhiyu.policy.places import Path


def sources(checked: Checked) -> None:
    """Check every source, the clock and the feedback lag."""
    for number, source in enumerate(checked.policy.sources):
        _source(checked, source, ("sources", number))
    clock = checked.policy.clock
    for part in ("lateness", "max_ahead", "idempotency", "skew"):
        _duration(checked, getattr(clock, part), ("clock", part))
    if checked.policy.deadline.within:
        _duration(checked, checked.policy.deadline.within, ("deadline", "within"))
    if checked.policy.feedback.lag_events < 0:
        en, zh = "lag_events cannot be negative", "lag_events 不能为负"
        checked.error("feedback.lag", ("feedback", "lag_events"), en, zh)


def _duration(checked: Checked, text: str, path: Path) -> None:
    try:
        parse_duration_ms(text)
    except ValueError as fault:
        checked.error(
            "duration",
            path,
            str(fault),
            f"“{text}”不是时长；应为整数加单位，如 24h",
            Hint("write e.g. 30m, 24h or 7d", "例如 30m、24h 或 7d"),
        )


def _source(checked: Checked, source: Source, path: Path) -> None:
    if bool(source.event) == bool(source.type_column):
        en = f"source '{source.name}' needs either `event` (one type) or `type_column` (the type stands in a column)"
        checked.error("source.event", path, en, f"数据源“{source.name}”须写 event 或 type_column 之一")
    targets = [(source.event, (*path, "event"))] if source.event else []
    targets += [(name, (*path, "types", value)) for value, name in source.types.items()]
    declared = {event.name: event for event in checked.policy.events}
    events = []
    for name, place in targets:
        if name in declared:
            events.append(declared[name])
        else:
            hint = did_you_mean(name, declared) or Hint(
                f"event types: {', '.join(declared)}", f"事件类型：{'、'.join(declared)}"
            )
            checked.error("event.unknown", place, f"unknown event type '{name}'", f"未知的事件类型“{name}”", hint)
    if source.type_column and not source.types:
        events = list(declared.values())
    fields = {name: field for event in events for name, field in event.fields.items()}
    if events:
        _mapping(checked, source, path, fields)
        for found in mapping_findings(source, fields):
            checked.error(found.code, (*path, *found.path), found.en, found.zh, found.hint, key=len(found.path) == 2)
        for name, field in fields.items():
            required = field.required and all(name in event.fields for event in events)
            if required and name not in source.reads and source.reads:
                en = f"source '{source.name}' does not say where the required field '{name}' comes from"
                zh = f"数据源“{source.name}”没有说明必填字段“{name}”来自哪一列"
                checked.error(
                    "source.required",
                    (*path, "fields"),
                    en,
                    zh,
                    Hint(f"add `{name}: COLUMN`", f"加上 `{name}: 列名`"),
                    key=True,
                )
    _times(checked, source, path)


def _mapping(checked: Checked, source: Source, path: Path, fields: Mapping[str, Field]) -> None:
    for name, column in source.fields.items():
        place = (*path, "fields", name)
        field = fields.get(name)
        if field is None:
            hint = did_you_mean(name, fields) or Hint(
                f"fields: {', '.join(list(fields)[:12])}", f"字段：{'、'.join(list(fields)[:12])}"
            )
            checked.error("field.unknown", place, f"unknown field '{name}'", f"未知字段“{name}”", hint, key=True)
        elif not isinstance(column, str) and field.type != "geo":
            en, zh = (
                f"'{name}' takes one column; only a geo field takes two",
                f"“{name}”只对应一列；只有 geo 字段对应两列",
            )
            checked.error("source.columns", place, en, zh)


def _times(checked: Checked, source: Source, path: Path) -> None:
    time = source.time or TimeColumn(column="")
    if time.formats and time.epoch:
        en, zh = "a time is written either by `formats` or by `epoch`", "时间只能用 formats 或 epoch 之一"
        checked.error("source.time", (*path, "time"), en, zh, Hint("keep one of them", "只保留一个"))
    try:
        if not time.timezone.startswith(("+", "-")):
            ZoneInfo(time.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        en, zh = f"unknown time zone '{time.timezone}'", f"未知时区“{time.timezone}”"
        checked.error(
            "source.timezone",
            (*path, "time", "timezone"),
            en,
            zh,
            Hint("write e.g. Asia/Shanghai or UTC", "例如 Asia/Shanghai 或 UTC"),
        )
    if source.order == "time" and source.time is None:
        en, zh = (
            f"source '{source.name}' has no `time` to be sorted by",
            f"数据源“{source.name}”没有 time，无法按时间排序",
        )
        checked.error(
            "source.order",
            (*path, "order"),
            en,
            zh,
            Hint("declare `time`, or leave `order` out", "请声明 time，或去掉 order"),
        )
    if len(source.delimiter) > 1:
        en, zh = (
            f"a delimiter is one character, not {source.delimiter!r}",
            f"分隔符须为一个字符，不是 {source.delimiter!r}",
        )
        checked.error(
            "source.delimiter", (*path, "delimiter"), en, zh, Hint('write e.g. ";" or "\\t"', '例如 ";" 或 "\\t"')
        )
    if source.label is not None:
        _duration(checked, source.label.delay, (*path, "label", "delay"))
        both = [
            v for v in source.label.fraud if any(v is w or (v == w and type(v) is type(w)) for w in source.label.legit)
        ]
        if both:
            en, zh = f"{both[0]!r} means both fraud and legit", f"{both[0]!r} 同时表示欺诈与正常"
            checked.error("source.label", (*path, "label"), en, zh, Hint("list it once", "只归入其中一类"))
