"""Models in words: what `zhiyu check --say` prints of them.

In: a checked policy. Out: one line per model, en or zh.
"""

from __future__ import annotations

from zhiyu.models.package import hash_of
from zhiyu.policy.checked import Checked, CheckedModel

_KINDS = {
    "trees": ("boosted trees", "提升树"),
    "logistic": ("logistic regression", "逻辑回归"),
    "scorecard": ("scorecard", "评分卡"),
}
HASH_CHARS = 12


def say_models(checked: Checked, language: str) -> list[str]:
    """One line per model, in the order of the policy."""
    return [_said(each.scored, language) for each in checked.features.values() if each.scored is not None]


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
