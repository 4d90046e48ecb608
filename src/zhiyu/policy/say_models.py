"""Models in words: what `zhiyu check --say` prints of them.

In: a checked policy. Out: one line per model and per cell of the matrix, en or zh.
"""

from __future__ import annotations

from zhiyu.models.package import hash_of
from zhiyu.policy.checked import Checked, CheckedModel
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.say import OUTCOME_WORDS

_KINDS = {
    "trees": ("boosted trees", "提升树"),
    "logistic": ("logistic regression", "逻辑回归"),
    "scorecard": ("scorecard", "评分卡"),
}
HASH_CHARS = 12


def say_models(checked: Checked, language: str) -> list[str]:
    """One line per model, in the order of the policy."""
    models = [_said(each.scored, language) for each in checked.features.values() if each.scored is not None]
    return models + [_cell(each.cell.cell, language) for each in checked.features.values() if each.cell is not None]


def _cell(cell: MatrixCell, language: str) -> str:
    """Who speaks in a cell, for whom, and from which score on what happens."""
    zh = language == "zh"
    marks = [f"{cell.thresholds[each]} → {OUTCOME_WORDS[each][zh]}" for each in OUTCOMES if each in cell.thresholds]
    shares = [f"{each.model} {each.percent} %" for each in cell.challengers]
    if zh:
        parts = [f"冠军 {cell.champion}"]
        parts += [f"挑战者（按 {cell.by}）{'、'.join(shares)}"] if shares else []
        parts += [f"影子 {'、'.join(cell.shadow)}"] if cell.shadow else []
        parts += [f"阈值 {'，'.join(marks)}"] if marks else []
        return f"矩阵单元“{cell.zh or cell.en or cell.name}”（{cell.stage}/{cell.fraud}）：{'；'.join(parts)}。"
    parts = [f"champion {cell.champion}"]
    parts += [f"challengers by {cell.by}: {', '.join(shares)}"] if shares else []
    parts += [f"in shadow: {', '.join(cell.shadow)}"] if cell.shadow else []
    parts += [f"thresholds: {', '.join(marks)}"] if marks else []
    return f"Cell '{cell.en or cell.name}' ({cell.stage}/{cell.fraud}): {'; '.join(parts)}."


def _said(scored: CheckedModel, language: str) -> str:
    model, package = scored.model, scored.package
    kind, version, inputs = _KINDS[package.kind], hash_of(package)[:HASH_CHARS], len(package.inputs)
    cell = "/".join(part for part in (model.stage, model.fraud) if part)
    types = sorted(scored.on)
    if language == "zh":
        name = f"模型“{model.zh or model.en or model.name}”" + (f"（{cell}）" if cell else "")
        least = (
            f"；输入不足 {scored.present:.0%} 时为{'空' if scored.fallback is None else scored.fallback}"
            if scored.present
            else ""
        )
        return f"{name}：{kind[1]}，{inputs} 个输入，对 {'、'.join(types)} 打分，版本 {version}{least}。"
    name = f"Model '{model.en or model.name}'" + (f" ({cell})" if cell else "")
    least = (
        f"; {'null' if scored.fallback is None else scored.fallback} below {scored.present:.0%} of its inputs"
        if scored.present
        else ""
    )
    return f"{name}: {kind[0]} over {inputs} inputs, scores {', '.join(types)}, version {version}{least}."
