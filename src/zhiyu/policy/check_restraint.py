"""What a policy declares of restraint, held against what it has: names, types, conditions, shares.

In: the examination so far. Out: problems with their places. None of it takes part in deciding.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare_restraint import FairGroups, Independence
from zhiyu.policy.exact import exact
from zhiyu.policy.examine import known_on, typed_expression
from zhiyu.policy.places import Path

RANKED = (Kind.BOOL, Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.DURATION)
DECIDED = ("outcome", "score")


def restraint(checked: Checked) -> None:
    """Check the section."""
    found = checked.policy.restraint
    if found is None:
        return
    for number, groups in enumerate(found.groups):
        _groups(checked, groups, ("restraint", "groups", number))
    for number, each in enumerate(found.independence):
        _independence(checked, each, ("restraint", "independence", number))
    for number, lending in enumerate(found.over_lending):
        path: Path = ("restraint", "over_lending", number)
        on = known_on(checked, lending.on, (*path, "on")) or checked.known.deciding
        typed_expression(checked, lending.when, (*path, "when"), checked.typed_on(on), Kind.BOOL)
        _share(checked, lending.share, (*path, "share"))


def _groups(checked: Checked, groups: FairGroups, path: Path) -> None:
    type_ = _named(checked, groups.of, groups.on, path, "of")
    _share(checked, groups.ratio, (*path, "ratio"))
    if type_ is None:
        return
    if type_.kind in RANKED and type_.kind is not Kind.BOOL and not groups.bands:
        en, zh = f"'{groups.of}' is a number and needs `bands`", f"“{groups.of}”是数值，需要 bands"
        checked.error(
            "restraint.bands",
            path,
            en,
            zh,
            Hint("cut it, e.g. `bands: [25, 35, 60]`", "给出分段，例如 `bands: [25, 35, 60]`"),
        )
    elif type_.kind not in (*RANKED, Kind.STRING) or type_.is_list:
        checked.error("restraint.of", (*path, "of"), f"'{groups.of}' makes no groups", f"“{groups.of}”无法分组", _USE)
    elif list(groups.bands) != sorted(set(groups.bands)):
        checked.error("restraint.bands", (*path, "bands"), "bands rise from left to right", "分段应从小到大")


_USE = Hint("use a text, a yes/no or a number", "使用文本、是否或数值")


def _independence(checked: Checked, each: Independence, path: Path) -> None:
    type_ = _named(checked, each.of, each.on, path, "of")
    if type_ is not None and (type_.kind not in RANKED or type_.is_list):
        en, zh = f"'{each.of}' has no order", f"“{each.of}”没有大小顺序"
        checked.error("restraint.of", (*path, "of"), en, zh, Hint("use a number or a yes/no", "使用数值或是否"))
    for number, name in enumerate(each.what):
        if name not in DECIDED:
            found = _named(checked, name, each.on, (*path, "what"), number)
            if found is not None and (found.kind not in RANKED or found.is_list):
                en, zh = f"'{name}' is no number", f"“{name}”不是数值"
                checked.error(
                    "restraint.what",
                    (*path, "what", number),
                    en,
                    zh,
                    Hint("outcome, score, or a number", "outcome、score 或数值"),
                )
    for number, name in enumerate(each.given):
        _named(checked, name, each.on, (*path, "given"), number)
    fields = {column.name for column in checked.known.schema.columns if column.role == "field"}
    if each.values and each.of not in fields:
        en, zh = f"'{each.of}' is made of other values and cannot be set", f"“{each.of}”由其他值得出，无法设定"
        checked.error("restraint.values", (*path, "values"), en, zh, Hint("name a field of the event", "使用事件字段"))
    if len(each.values) == 1:
        checked.error(
            "restraint.values",
            (*path, "values"),
            "one value compares with nothing",
            "只有一个值无法比较",
            Hint("give two", "至少两个"),
        )
    for key in ("correlation", "differ"):
        _share(checked, getattr(each, key), (*path, key))
    for number, value in enumerate(each.values):
        if value not in ("true", "false", True, False):
            exact(checked, value, (*path, "values", number))


def _share(checked: Checked, value: str | int | float, path: Path) -> None:
    number = exact(checked, value, path)
    if number is not None and not 0 <= number <= 1:
        checked.error(
            "restraint.share", path, f"a share is between 0 and 1, not {value}", f"比例应在 0 与 1 之间，不是 {value}"
        )


def _named(checked: Checked, name: str, on: Sequence[str], path: Path, key: str | int) -> Type | None:
    types = known_on(checked, tuple(on), (*path, "on")) or checked.known.deciding
    scope = checked.typed_on(types)
    if name in scope:
        return scope[name]
    hint = did_you_mean(name, scope) or Hint("name a field or a feature", "请指定字段或特征")
    checked.error("restraint.unknown", (*path, key), f"unknown name '{name}'", f"未知的名称“{name}”", hint)
    return None
