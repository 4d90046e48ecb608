"""The type of a feature's result, and which values an aggregate can take.

In: an aggregate, the type of the field it reads (`of`), the window. Out: the `Type` that expressions see, or why it
does not fit. Counting never gives null: nothing seen is 0. Everything that needs at least one value is null without
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.declare import Feature

WITHOUT_FIELD = frozenset({"count", "since_first", "since_last"})
"""Aggregates that may stand without `of`: they look at the events themselves."""
_SUMMED = (Kind.INT, Kind.FIXED, Kind.BOOL)
_ORDERED = (Kind.INT, Kind.FIXED, Kind.TIME, Kind.DURATION)


class HasNames(Protocol):
    """The part of an event schema that is read here: the type of every column and derived name."""

    @property
    def names(self) -> Mapping[str, Type]:
        """Type by name."""


def feature_type(feature: Feature, schema: HasNames) -> Type:
    """The result type of an aggregate feature; `ValueError` when it does not fit, `KeyError` for an unknown field."""
    of = schema.names[feature.of] if feature.of else None
    unfit = misfit(feature.aggregate, of)
    if unfit:
        raise ValueError(unfit[0])
    return aggregate_type(feature.aggregate, of, parse_duration_ms(feature.over))


def aggregate_type(aggregate: str, of: Type | None, window_ms: int | None = None) -> Type:
    """The result type of a fitting aggregate over a field of type `of`.

    >>> str(aggregate_type("sum", Type(Kind.FIXED, 2, "CNY")))
    'fixed[CNY]'
    """
    if aggregate in ("count", "distinct"):
        return Type(Kind.INT, nullable=False, minimum=0)
    if aggregate in ("since_first", "since_last"):
        return Type(Kind.DURATION, minimum=0, maximum=window_ms)
    if aggregate == "speed_kmh" or of is None:
        return Type(Kind.FLOAT, minimum=0)
    if aggregate == "sum":
        kind = Kind.INT if of.kind is Kind.BOOL else of.kind
        positive = 0 if of.kind is Kind.BOOL or (of.minimum is not None and of.minimum >= 0) else None
        return Type(kind, of.scale, of.unit, nullable=False, minimum=positive)
    if aggregate in ("mean", "std"):
        return Type(Kind.FLOAT, unit=of.unit, minimum=0 if aggregate == "std" or of.kind is Kind.BOOL else None)
    return replace(of, nullable=True)


def misfit(aggregate: str, of: Type | None) -> tuple[str, str] | None:
    """Why this aggregate cannot read this field (en, zh), or None when it can.

    >>> misfit("sum", Type(Kind.STRING))[0]
    'sum needs a number, and this is a string'
    """
    if of is None:
        if aggregate in WITHOUT_FIELD:
            return None
        return f"{aggregate} needs `of`: the field it reads", f"{aggregate} 需要 `of`：要读取的字段"
    if of.is_list:
        return f"{aggregate} cannot read a list", f"{aggregate} 不能读取列表"
    kind = of.kind.value
    if aggregate in ("sum", "mean", "std") and of.kind not in _SUMMED:
        return (
            f"{aggregate} needs {_number(of)}, and this is a {kind}",
            f"{aggregate} 需要{_number_zh(of)}，实为 {kind}",
        )
    if aggregate in ("min", "max") and of.kind not in _ORDERED:
        word = "a declared number" if of.kind is Kind.FLOAT else "a number, time or duration"
        word_zh = "定点数" if of.kind is Kind.FLOAT else "数值、时间或时长"
        return f"{aggregate} needs {word}, and this is a {kind}", f"{aggregate} 需要{word_zh}，实为 {kind}"
    if aggregate == "speed_kmh" and of.kind is not Kind.GEO:
        return f"speed_kmh needs a place (geo), and this is a {kind}", f"speed_kmh 需要位置（geo），实为 {kind}"
    return None


def _number(of: Type) -> str:
    return "a declared number (round(x) makes a whole one)" if of.kind is Kind.FLOAT else "a number"


def _number_zh(of: Type) -> str:
    return "定点数（可用 round(x) 取整）" if of.kind is Kind.FLOAT else "数值"
