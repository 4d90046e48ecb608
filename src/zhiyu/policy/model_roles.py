"""Which model stands where in the matrix, and what people change about it: promote, challenge, shadow, retire, add.

In: a policy. Out: its models and cells as facts; or a changed policy, which is released like any other: a promotion takes effect at a
position of the log, and a replay decides with the model that decided then. InputError for what cannot be.
"""

from __future__ import annotations

from typing import Any

from zhiyu.models.package import Package, hash_of
from zhiyu.policy.checked import Checked, CheckedModel
from zhiyu.policy.declare_matrix import MatrixCell
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
        "name": cell.name, "stage": cell.stage, "fraud": cell.fraud, "champion": cell.champion, "by": cell.by,
        "challengers": [{"model": each.model, "percent": str(each.percent)} for each in cell.challengers], "shadow": list(cell.shadow),
        "thresholds": {outcome: str(cell.thresholds[outcome]) for outcome in OUTCOMES if outcome in cell.thresholds},
        "packages": {name: hash_of(packages[name]) for name in roles_of(cell)}, "auc": test.get("auc"),
        "average_precision": test.get("average_precision"),
    }  # fmt: skip


def roles_of(cell: MatrixCell) -> dict[str, str]:
    """Model → its role in the cell: champion, challenger or shadow."""
    challengers = {each.model: "challenger" for each in cell.challengers}
    return {cell.champion: "champion"} | challengers | dict.fromkeys(cell.shadow, "shadow")
