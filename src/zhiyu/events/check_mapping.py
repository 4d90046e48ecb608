"""Checks of how a source's words, units and dates become those of the schema: `values`, `units`, `times`.

In: a source and the fields it fills. Out: findings with a path inside the source; the policy's checks and the reader of files share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhiyu.base.errors import NO_HINT, Hint, did_you_mean
from zhiyu.events.declare import Field, Source
from zhiyu.events.kinds.flag import FALSE, TRUE
from zhiyu.events.kinds.in_unit import InUnit, units_of
from zhiyu.events.kinds.time import Time
from zhiyu.events.words import MAPPED_KINDS

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, at a path inside the source."""

    code: str
    path: Path
    en: str
    zh: str
    hint: Hint = NO_HINT


def mapping_findings(source: Source, fields: Mapping[str, Field]) -> list[Finding]:
    """Everything wrong in `values`, `units` and `times` of a source whose event types have these fields."""
    found: list[Finding] = []
    for section in ("values", "units", "times"):
        for name in getattr(source, section):
            if name not in fields:
                hint = did_you_mean(name, fields) or Hint("name a field of the event type", "写事件类型中的字段名")
                found.append(
                    Finding("field.unknown", (section, name), f"unknown field '{name}'", f"未知字段“{name}”", hint)
                )
            elif section != "times" and name not in source.reads:
                en, zh = f"'{name}' is not filled by this source", f"该数据源没有填充“{name}”"
                hint = Hint(f"add `{name}: COLUMN` under `fields`", f"在 fields 下加上 `{name}: 列名`")
                found.append(Finding("source.unused", (section, name), en, zh, hint))
    for name in source.times:
        if name in fields:
            found += _time(source, name, fields[name])
    for name, ours in source.values.items():
        if name in fields:
            found += _values(name, ours, fields[name])
    for name, unit in source.units.items():
        if name in fields:
            found += _unit(name, unit, fields[name])
    return found


def _time(source: Source, name: str, declared: Field) -> list[Finding]:
    path: Path = ("times", name)
    if declared.type != "time":
        en, zh = f"field '{name}' is no time", f"字段“{name}”不是时间"
        return [
            Finding("source.time", path, en, zh, Hint("name its column under `fields`", "请在 fields 下写它的列名"))
        ]
    if name in source.fields:
        en, zh = f"'{name}' stands under both `fields` and `times`", f"“{name}”同时写在 fields 与 times 下"
        return [Finding("source.time", path, en, zh, Hint("keep one of them", "只保留一处"))]
    column = source.times[name]
    if column.formats and column.epoch:
        en, zh = "a time is written either by `formats` or by `epoch`", "时间只能用 formats 或 epoch 之一"
        return [Finding("source.time", path, en, zh, Hint("keep one of them", "只保留一个"))]
    try:
        Time.of_column(column)
    except ValueError as wrong:
        return [Finding("source.time", path, f"'{name}': {wrong}", f"“{name}”：{wrong}")]
    return []


def _values(name: str, ours: Mapping[str, str], declared: Field) -> list[Finding]:
    if declared.type not in MAPPED_KINDS:
        en, zh = f"values of a {declared.type} cannot be translated", f"类型 {declared.type} 的取值不能翻译"
        hint = Hint(f"only {', '.join(MAPPED_KINDS)} can", f"只有 {'、'.join(MAPPED_KINDS)} 可以")
        return [Finding("source.values", ("values", name), en, zh, hint)]
    known = (
        declared.values if declared.type == "enum" else tuple(sorted(TRUE | FALSE)) if declared.type == "bool" else ()
    )
    found = []
    for theirs, word in ours.items():
        if theirs != theirs.strip():
            en, zh = f"'{theirs}' has spaces around it", f"“{theirs}”首尾有空格"
            found.append(Finding("source.values", ("values", name, theirs), en, zh, Hint("leave them out", "去掉空格")))
        if known and word not in known:
            hint = did_you_mean(word, known) or Hint(f"one of {', '.join(known)}", f"可选：{'、'.join(known)}")
            en, zh = f"'{word}' is no value of '{name}'", f"“{word}”不是“{name}”的取值"
            found.append(Finding("source.values", ("values", name, theirs), en, zh, hint))
    return found


def _unit(name: str, unit: str, declared: Field) -> list[Finding]:
    known = units_of(declared)
    path: Path = ("units", name)
    if unit not in known:
        hint = did_you_mean(unit, known) or (
            Hint(f"one of {', '.join(known)}", f"可选：{'、'.join(known)}") if known else Hint("remove it", "去掉它")
        )
        en, zh = f"'{unit}' is no unit that '{name}' can be read in", f"“{name}”不能以“{unit}”为单位读取"
        return [Finding("source.unit", path, en, zh, hint)]
    try:
        InUnit(declared, unit)
    except ValueError as wrong:
        en, zh = f"'{name}' {wrong}", f"“{name}”保留的小数位数不足以容纳单位 {unit}"
        return [Finding("source.unit", path, en, zh, Hint("declare more digits", "增加 digits"))]
    return []
