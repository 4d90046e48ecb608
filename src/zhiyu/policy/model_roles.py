"""Which model stands where in the matrix, and what people change about it: promote, challenge, shadow, retire, add.

In: a policy. Out: its models and cells as facts; or a changed policy, which is released like any other: a promotion takes effect at a
position of the log, and a replay decides with the model that decided then. InputError for what cannot be.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from zhiyu.base.errors import NO_HINT, InputError, did_you_mean
from zhiyu.models.package import Package, hash_of
from zhiyu.policy.checked import Checked, CheckedModel
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_matrix import Challenger, MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.outcomes import OUTCOMES


def standing(checked: Checked) -> dict[str, Any]:
    """{"models": […], "matrix": […]} of a checked policy, as JSON objects."""
    scored = {name: each.scored for name, each in checked.features.items() if each.scored is not None}
    cells = [each.cell.cell for each in checked.features.values() if each.cell is not None]
    return {
        "models": [_model(name, each, cells) for name, each in scored.items()],
        "matrix": [_cell(cell, {name: each.package for name, each in scored.items()}) for cell in cells],
    }


def _model(name: str, each: CheckedModel, cells: list[MatrixCell]) -> dict[str, Any]:
    test = each.package.metrics.get("test", {})
    roles = [
        {"cell": cell.name, "role": role} for cell in cells for model, role in roles_of(cell).items() if model == name
    ]
    own = next((cell for cell in cells if name in roles_of(cell)), None)
    return {
        "name": name, "stage": each.model.stage or (own.stage if own else ""), "fraud": each.model.fraud or (own.fraud if own else ""),
        "kind": each.package.kind, "inputs": len(each.package.inputs), "on": sorted(each.on), "auc": test.get("auc"),
        "average_precision": test.get("average_precision"), "hash": hash_of(each.package), "roles": roles,
    }  # fmt: skip


def _cell(cell: MatrixCell, packages: dict[str, Package]) -> dict[str, Any]:
    test = packages[cell.champion].metrics.get("test", {})
    return {
        "name": cell.name, "stage": cell.stage, "fraud": cell.fraud, "champion": cell.champion, "by": cell.by, "label": cell.label,
        "challengers": [{"model": each.model, "percent": str(each.percent)} for each in cell.challengers], "shadow": list(cell.shadow),
        "thresholds": {outcome: str(cell.thresholds[outcome]) for outcome in OUTCOMES if outcome in cell.thresholds},
        "packages": {name: hash_of(packages[name]) for name in roles_of(cell)}, "auc": test.get("auc"),
        "average_precision": test.get("average_precision"),
    }  # fmt: skip


def roles_of(cell: MatrixCell) -> dict[str, str]:
    """Model → its role in the cell: champion, challenger or shadow."""
    challengers = {each.model: "challenger" for each in cell.challengers}
    return {cell.champion: "champion"} | challengers | dict.fromkeys(cell.shadow, "shadow")


def promoted(policy: Policy, model: str, cell: str = "") -> Policy:
    """`model` speaks in the cell from now on; the champion so far goes on in shadow. `cell`: "" where the model stands in one only."""
    own = _cell_of(policy, model, cell)
    if own.champion == model:
        raise InputError(f"'{model}' is the champion of '{own.name}' already", f"“{model}”已是“{own.name}”的冠军")
    return _with(
        policy, replace(_without(own, model), champion=model, shadow=(*_without(own, model).shadow, own.champion))
    )


def challenging(policy: Policy, model: str, percent: str, cell: str = "", by: str = "") -> Policy:
    """`model` speaks for `percent` of the values of the cell's `by`."""
    own = _cell_of(policy, model, cell)
    _not_champion(own, model)
    others = _without(own, model)
    challengers = (*others.challengers, Challenger(model=model, percent=percent))
    return _with(policy, replace(others, challengers=challengers, by=by or own.by))


def shadowed(policy: Policy, model: str, cell: str = "") -> Policy:
    """`model` scores in the cell and is recorded, and no longer speaks."""
    own = _cell_of(policy, model, cell)
    _not_champion(own, model)
    others = _without(own, model)
    return _with(policy, replace(others, shadow=(*others.shadow, model)))


def retired(policy: Policy, model: str) -> Policy:
    """The model leaves all cells and the policy; refused while it is the champion of one."""
    _require_model(policy, model)
    for cell in policy.matrix:
        _not_champion(cell, model)
    matrix = tuple(_without(cell, model) if model in roles_of(cell) else cell for cell in policy.matrix)
    return replace(policy, matrix=matrix, models=tuple(each for each in policy.models if each.name != model))


def added(policy: Policy, model: Model, cell: str) -> Policy:
    """A new model, in shadow in the cell. `model`: with its package."""
    if any(each.name == model.name for each in policy.models):
        en, zh = (
            f"there is a model '{model.name}' already; name this one otherwise",
            f"已有模型“{model.name}”；请换一个名称",
        )
        raise InputError(en, zh)
    return shadowed(replace(policy, models=(*policy.models, model)), model.name, cell)


def _with(policy: Policy, cell: MatrixCell) -> Policy:
    return replace(policy, matrix=tuple(cell if each.name == cell.name else each for each in policy.matrix))


def _without(cell: MatrixCell, model: str) -> MatrixCell:
    return replace(
        cell,
        challengers=tuple(each for each in cell.challengers if each.model != model),
        shadow=tuple(name for name in cell.shadow if name != model),
    )


def _not_champion(cell: MatrixCell, model: str) -> None:
    if cell.champion == model:
        raise InputError(
            f"'{model}' is the champion of '{cell.name}'; promote another model first",
            f"“{model}”是“{cell.name}”的冠军；请先晋升另一个模型",
        )


def _require_model(policy: Policy, model: str) -> None:
    known = [each.name for each in policy.models]
    if model not in known:
        hint = did_you_mean(model, known)
        raise InputError(
            f"no model '{model}' in the policy; {hint.en}".rstrip("; "),
            f"策略中没有模型“{model}”；{hint.zh}".rstrip("；"),
        )


def _cell_of(policy: Policy, model: str, name: str) -> MatrixCell:
    _require_model(policy, model)
    known = [cell.name for cell in policy.matrix]
    found = [cell for cell in policy.matrix if (cell.name == name if name else model in roles_of(cell))]
    if len(found) == 1:
        return found[0]
    listed = (", ".join(known), "、".join(known)) if known else ("none", "无")
    hint = did_you_mean(name, known) if name else NO_HINT
    en = f"no cell '{name}'" if name else f"'{model}' stands in {len(found)} cells; name one"
    zh = f"没有单元“{name}”" if name else f"“{model}”在 {len(found)} 个单元中；请指定一个"
    raise InputError(f"{en}; {hint.en or f'there are: {listed[0]}'}", f"{zh}；{hint.zh or f'已有：{listed[1]}'}")
