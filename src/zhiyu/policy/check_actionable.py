"""What a customer can act on: inputs that can be moved step by step, few enough to be searched.

In: the examination so far. Out: problems at `actionable` and `step`.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from zhiyu.base.errors import Hint
from zhiyu.base.limits import MAX_ACTIONABLE
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.checked import Checked
from zhiyu.policy.places import Path

_FIELDS = ("int", "number", "money", "bool", "enum")
_STEPPED = (Kind.INT, Kind.FIXED, Kind.DURATION)


def actionable(checked: Checked) -> None:
    """Check every field and feature that is called actionable."""
    count = 0
    for number, event in enumerate(checked.policy.events):
        for name, field in event.fields.items():
            path: Path = ("events", number, "fields", name)
            count += bool(field.actionable)
            if field.actionable and field.type not in _FIELDS:
                _unfit(checked, path, f"a field of type {field.type}", f"{field.type} 类型的字段")
            elif field.type not in ("bool", "enum"):
                _step(checked, path, checked.known.names.get(name), field.actionable, field.step)
    for number, feature in enumerate(checked.policy.features):
        path = ("features", number)
        count += bool(feature.actionable)
        found = checked.features.get(feature.name)
        if feature.actionable and feature.expr:
            _unfit(checked, path, "a derived feature", "派生特征")
        elif feature.actionable and found is not None and found.type.kind not in _STEPPED:
            _unfit(checked, path, f"a feature of kind {found.type.kind.value}", f"{found.type.kind.value} 类型的特征")
        else:
            _step(checked, path, found.type if found else None, feature.actionable, feature.step)
    if count > MAX_ACTIONABLE:
        en, zh = f"{count} actionable inputs; at most {MAX_ACTIONABLE}", f"可行动输入 {count} 个，上限 {MAX_ACTIONABLE}"
        checked.error("limit.actionable", ("events",), en, zh)


def _unfit(checked: Checked, path: Path, what: str, what_zh: str) -> None:
    hint = Hint(
        "fields: int, number, money, bool, enum; features: counts, sums, whole numbers and durations",
        "字段：int、number、money、bool、enum；特征：计数、求和、整数与时长",
    )
    checked.error(
        "actionable.type", (*path, "actionable"), f"{what} cannot be moved step by step", f"{what_zh}无法逐步改变", hint
    )


def _step(checked: Checked, path: Path, type_: Type | None, direction: str, step: Any) -> None:
    if type_ is None:
        return
    if not direction:
        if step is not None:
            hint = Hint("add `actionable: down`, `up` or `any`", "加上 `actionable: down`、`up` 或 `any`")
            checked.error(
                "actionable.step", (*path, "step"), "`step` needs `actionable`", "`step` 需要 `actionable`", hint
            )
        return
    if step_units(type_, step) <= 0:
        hint = Hint("write e.g. `step: 100`", "例如 `step: 100`")
        if type_.kind is Kind.DURATION:
            hint = Hint("write e.g. `step: 1h`", "例如 `step: 1h`")
        at = (*path, "step") if step is not None else (*path, "actionable")
        checked.error(
            "actionable.step",
            at,
            "it needs a `step` above 0 that its digits can hold",
            "需要大于 0 且精度相符的 `step`",
            hint,
        )


def step_units(type_: Type, step: Any) -> int:
    """A declared step in the units of a register; 0 when it is none that fits. Whole numbers move by 1 without one.

    >>> step_units(Type(Kind.FIXED, 2, "CNY"), "100")
    10000
    """
    if type_.kind is Kind.BOOL or (step is None and type_.kind is Kind.INT):
        return 1
    try:
        if type_.kind is Kind.DURATION:
            return max(parse_duration_ms(str(step)), 0)
        scaled = Decimal(str(step)).scaleb(type_.scale)
    except (ValueError, InvalidOperation):
        return 0
    return int(scaled) if scaled.is_finite() and scaled == scaled.to_integral_value() and scaled > 0 else 0
