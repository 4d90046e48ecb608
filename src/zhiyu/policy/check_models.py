"""Models of a policy: packages read and typed, then held against the policy that is to run them.

In: a policy. Out: scores as features of type float; findings: packages that cannot be read, inputs that the policy does not have, or has
with another type or meaning than in training, personal or absolute values, too little budget.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from zhiyu.base.errors import NO_HINT, Hint, InputError, did_you_mean
from zhiyu.base.limits import MAX_MODELS
from zhiyu.expressions.report import described
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.declare import Feature
from zhiyu.models.package import Input, Package, read
from zhiyu.policy.check_names import readable
from zhiyu.policy.checked import SCORE, Checked, CheckedFeature, CheckedModel
from zhiyu.policy.declare_models import Model
from zhiyu.policy.examine import known_on
from zhiyu.policy.meaning import meaning_of
from zhiyu.policy.places import Path

INPUT_KINDS = ("bool", "int", "fixed", "float", "duration", "string")
SPLIT_US, INPUT_US, MODEL_US = 0.0007, 0.01, 0.5
"""Work of one event: per split of trees, per input, per model; medians of `zhiyu bench models` on a shared machine, rounded up."""
SHOWN_MISSING = 3


def type_models(checked: Checked) -> None:
    """Read every package; its score is a name from here on. Comes after the aggregates, before derived features."""
    models = checked.policy.models
    if len(models) > MAX_MODELS:
        en, zh = f"{len(models)} models; at most {MAX_MODELS}", f"模型 {len(models)} 个，上限 {MAX_MODELS}"
        checked.error("limit.models", ("models",), en, zh)
    for number, model in enumerate(models[:MAX_MODELS]):
        path: Path = ("models", number)
        package = _package(checked, model, path)
        if package is None:
            continue
        on = known_on(checked, model.on or package.trained.events, (*path, "on")) or checked.known.deciding
        on = checked.written.resumed_too(on)
        scored = CheckedModel(model, package, on, _share(checked, model, path), _fallback(checked, model, path))
        if not readable(model.name):
            en, zh = f"'{model.name}' cannot be read in expressions", f"表达式无法读取“{model.name}”"
            checked.error("name.bad", (*path, "name"), en, zh, Hint("use letters, digits and _", "只用字母、数字和 _"))
        elif model.name in checked.features or model.name in checked.known.names:
            en, zh = f"'{model.name}' is already a field or a feature", f"“{model.name}”已是字段或特征"
            checked.error("name.twice", (*path, "name"), en, zh, Hint("give the model another name", "换一个名称"))
        else:
            feature = Feature(name=model.name, en=model.en, zh=model.zh)
            checked.features[model.name] = CheckedFeature(feature, path, SCORE, scored=scored)


def _package(checked: Checked, model: Model, path: Path) -> Package | None:
    if not model.package:
        en, zh = f"model '{model.name}' has no package", f"模型“{model.name}”没有模型包"
        hint = Hint("name its file: `file: models/name.json`", "写明文件：`file: models/名称.json`")
        checked.error("model.package", (*path, "file"), en, zh, hint)
        return None
    try:
        return read(model.package)
    except InputError as wrong:
        checked.error(
            "model.package", (*path, "file"), f"model '{model.name}': {wrong.en}", f"模型“{model.name}”：{wrong.zh}"
        )
        return None


def _number(checked: Checked, text: str | int | float, path: Path, name: str) -> float:
    try:
        found = float(Decimal(str(text)))
    except InvalidOperation:
        found = -1.0
    if not 0 <= found <= 1:
        checked.error(
            "model.share",
            (*path, name),
            f"`{name}` is between 0 and 1, not '{text}'",
            f"{name} 应在 0 与 1 之间，不是“{text}”",
        )
    return found


def _share(checked: Checked, model: Model, path: Path) -> float:
    return _number(checked, model.present, path, "present")


def _fallback(checked: Checked, model: Model, path: Path) -> float | None:
    return None if model.fallback is None else _number(checked, model.fallback, path, "fallback")


def models(checked: Checked) -> None:
    """Hold every model against the policy."""
    for each in checked.features.values():
        if each.scored is None:
            continue
        path, name = (*each.path, "file"), each.feature.name
        found = [problem for given in each.scored.package.inputs for problem in _input(checked, each, given)]
        for en, zh, hint in found[:SHOWN_MISSING]:
            checked.error("model.input", path, en, zh, hint)
        if len(found) > SHOWN_MISSING:
            more = len(found) - SHOWN_MISSING
            en, zh = f"and {more} more inputs of '{name}' that do not fit", f"“{name}”另有 {more} 个输入不符"
            checked.error(
                "model.input",
                path,
                en,
                zh,
                Hint("train it again on this policy: `zhiyu train`", "用本策略重新训练：`zhiyu train`"),
            )
        us = estimated_us(each.scored.package)
        if us > each.scored.model.budget_us:
            en = f"scoring '{name}' takes about {us:.0f} µs an event; its budget is {each.scored.model.budget_us} µs"
            zh = f"模型“{name}”每个事件约需 {us:.0f} 微秒，预算为 {each.scored.model.budget_us} 微秒"
            checked.error(
                "model.budget",
                each.path,
                en,
                zh,
                Hint("train fewer trees, or raise `budget_us`", "减少树的数量，或调高 budget_us"),
            )


def estimated_us(package: Package) -> float:
    """Estimated microseconds for one event: what a model does is known beforehand, so nothing is timed while deciding."""
    splits = len(package.trees.feature) if package.trees is not None else 0
    return MODEL_US + SPLIT_US * splits + INPUT_US * len(package.inputs)


Finding = tuple[str, str, Hint]


def _input(checked: Checked, each: CheckedFeature, given: Input) -> list[Finding]:
    """What is wrong with one input; at most one finding."""
    assert each.scored is not None
    model, types = each.feature.name, checked.typed_on(each.scored.on)
    type_ = types.get(given.name)
    if type_ is None:
        meant = Hint(f"it meant `{given.meaning}`", f"训练时的含义是 `{given.meaning}`") if given.meaning else NO_HINT
        hint = did_you_mean(given.name, types) or meant
        en = f"model '{model}' was trained on '{given.name}', which this policy does not have"
        return [(en, f"模型“{model}”训练时用了“{given.name}”，本策略没有", hint)]
    wanted = input_of(checked, given.name, type_)
    if wanted is None or reads_score(checked, given.name):
        en = f"'{given.name}' cannot be an input of a model: {_why_not(type_)[0]}"
        return [
            (
                en,
                f"“{given.name}”不能作模型输入：{_why_not(type_)[1]}",
                Hint("leave it out of the training", "训练时去掉它"),
            )
        ]
    if (given.kind, given.scale, given.unit) != (wanted.kind, wanted.scale, wanted.unit):
        old, new = (
            f"{given.kind} {given.scale} {given.unit}".strip(),
            f"{wanted.kind} {wanted.scale} {wanted.unit}".strip(),
        )
        en = f"'{given.name}' was {old} when model '{model}' was trained, and is {new} here"
        return [(en, f"训练模型“{model}”时“{given.name}”是 {old}，这里是 {new}", Hint("train it again", "请重新训练"))]
    if given.meaning and given.meaning != wanted.meaning:
        en = f"'{given.name}' meant `{given.meaning}` when model '{model}' was trained, and means `{wanted.meaning}` here"
        zh = f"训练模型“{model}”时“{given.name}”的含义是 `{given.meaning}`，这里是 `{wanted.meaning}`"
        return [
            (en, zh, Hint("train it again, or give the new feature another name", "请重新训练，或为新特征另取名称"))
        ]
    return []


def _why_not(type_: Type) -> tuple[str, str]:
    if type_.personal:
        return "it is personal", "属于个人信息"
    if type_.kind.value in INPUT_KINDS and not type_.is_list:
        return "it is the score of a model, or reads one", "它是模型分，或依赖模型分"
    en, zh = described(type_)
    return f"it is {en}", f"类型是{zh}"


def input_of(checked: Checked, name: str, type_: Type) -> Input | None:
    """The input a model would have for this name; None when it cannot be one: personal texts, moments, places, lists."""
    if type_.personal or type_.is_list or type_.kind.value not in INPUT_KINDS:
        return None
    scale = type_.scale if type_.kind is Kind.FIXED else 0
    return Input(name=name, kind=type_.kind.value, scale=scale, unit=type_.unit, meaning=meaning_of(checked, name))  # type: ignore[arg-type]


def reads_score(checked: Checked, name: str) -> bool:
    """Whether a name is a score, or computed from one."""
    feature = checked.features.get(name)
    if feature is None:
        return False
    if feature.is_score:
        return True
    return feature.expression is not None and any(reads_score(checked, inner) for inner in feature.expression.names)
