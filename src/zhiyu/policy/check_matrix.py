"""The model matrix of a policy: its cells become names with scores, and are held against the models they name.

In: a policy whose models are typed. Out: the score of each cell as a feature of type float; findings: models that are not there or score
other events, shares that do not add up, thresholds out of order, two cells in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.expressions.types import Kind
from zhiyu.features.declare import Feature
from zhiyu.policy.check_names import readable
from zhiyu.policy.checked import SCORE, Checked, CheckedCell, CheckedFeature, CheckedModel
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.exact import exact
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path

PERCENT_DIGITS = 4


def type_matrix(checked: Checked) -> None:
    """Every cell is a name from here on. Comes after the models, before derived features."""
    models = {name: each.scored for name, each in checked.features.items() if each.scored is not None}
    seen: dict[tuple[str, str], str] = {}
    for number, cell in enumerate(checked.policy.matrix):
        path: Path = ("matrix", number)
        _place(checked, cell, path, seen)
        sound = [_model(checked, models, name, at) for name, at in _named(cell, path)]
        if cell.champion not in models:
            continue
        _repeated(checked, cell, path)
        _percents(checked, cell, path)
        _thresholds(checked, cell, path)
        champion = models[cell.champion]
        for (name, at), good in list(zip(_named(cell, path), sound))[1:]:
            if good:
                _same_events(checked, champion, models[name], at)
        _label(checked, cell, champion, path)
        if cell.challengers:
            _by(checked, cell, champion, path)
        _add(checked, cell, champion, path)


def _add(checked: Checked, cell: MatrixCell, champion: CheckedModel, path: Path) -> None:
    if not readable(cell.name):
        en, zh = f"'{cell.name}' cannot be read in expressions", f"表达式无法读取“{cell.name}”"
        checked.error("name.bad", (*path, "name"), en, zh, Hint("use letters, digits and _", "只用字母、数字和 _"))
    elif cell.name in checked.features or cell.name in checked.known.names:
        en, zh = f"'{cell.name}' is already a field, a feature or a model", f"“{cell.name}”已是字段、特征或模型"
        checked.error("name.twice", (*path, "name"), en, zh, Hint("give the cell another name", "为单元换一个名称"))
    else:
        feature = Feature(name=cell.name, en=cell.en, zh=cell.zh)
        checked.features[cell.name] = CheckedFeature(feature, path, SCORE, cell=CheckedCell(cell, champion.on))


def _place(checked: Checked, cell: MatrixCell, path: Path, seen: dict[tuple[str, str], str]) -> None:
    for key, value in (("stage", cell.stage), ("fraud", cell.fraud)):
        if not value.strip():
            checked.error(
                "matrix.place", (*path, key), f"cell '{cell.name}' needs a {key}", f"单元“{cell.name}”缺少 {key}"
            )
    known = seen.setdefault((cell.stage, cell.fraud), cell.name)
    if known != cell.name:
        en = f"'{known}' is the cell of {cell.stage}/{cell.fraud} already"
        zh = f"{cell.stage}/{cell.fraud} 已有单元“{known}”"
        checked.error(
            "matrix.twice", path, en, zh, Hint("one cell per stage and fraud type", "每个阶段与欺诈类型只有一个单元")
        )


def _named(cell: MatrixCell, path: Path) -> Iterator[tuple[str, Path]]:
    """Models of the cell with their places, the champion first."""
    yield cell.champion, (*path, "champion")
    for number, each in enumerate(cell.challengers):
        yield each.model, (*path, "challengers", number, "model")
    for number, name in enumerate(cell.shadow):
        yield name, (*path, "shadow", number)


def _model(checked: Checked, models: dict[str, CheckedModel], name: str, path: Path) -> bool:
    if name in models:
        return True
    if name not in {model.name for model in checked.policy.models}:  # else its package is what is wrong, and was told
        hint = did_you_mean(name, models) or Hint("declare it under `models:`", "请在 models 中声明")
        checked.error("model.unknown", path, f"unknown model '{name}'", f"未知的模型“{name}”", hint)
    return False


def _repeated(checked: Checked, cell: MatrixCell, path: Path) -> None:
    seen: set[str] = set()
    for name, at in _named(cell, path):
        if name in seen:
            en, zh = f"model '{name}' has two roles in '{cell.name}'", f"模型“{name}”在“{cell.name}”中有两个角色"
            checked.error(
                "matrix.roles", at, en, zh, Hint("champion, challenger or shadow", "冠军、挑战者或影子只能取其一")
            )
        seen.add(name)


def _percents(checked: Checked, cell: MatrixCell, path: Path) -> None:
    total = Decimal(0)
    for number, each in enumerate(cell.challengers):
        place = (*path, "challengers", number, "percent")
        percent = exact(checked, each.percent, place)
        if percent is None:
            continue
        if not 0 <= percent <= 100 or percent != round(percent, PERCENT_DIGITS):
            en = f"{each.percent} percent: 0 to 100, up to four decimals"
            checked.error("matrix.percent", place, en, f"百分比 {each.percent} 应在 0 到 100 之间，最多四位小数")
        total += percent
    if total > 100:
        en = f"the challengers of '{cell.name}' add up to {total} percent"
        hint = Hint("at most 100; the rest is the champion's", "合计最多 100，其余归冠军")
        checked.error("matrix.percent", (*path, "challengers"), en, f"“{cell.name}”的挑战者合计 {total}%", hint)


def _thresholds(checked: Checked, cell: MatrixCell, path: Path) -> None:
    before: Decimal | None = None
    for outcome in OUTCOMES:
        if outcome not in cell.thresholds:
            continue
        place, text = (*path, "thresholds", outcome), cell.thresholds[outcome]
        try:
            score = Decimal(str(text))
        except InvalidOperation:
            score = Decimal(-1)
        if outcome == OUTCOMES[0] or not 0 < score <= 1:
            en = f"threshold '{outcome}: {text}': an outcome above pass, from a score above 0 and at most 1"
            checked.error(
                "matrix.threshold", place, en, f"阈值“{outcome}: {text}”：结果应高于 pass，分数大于 0 且不超过 1"
            )
        elif before is not None and score <= before:
            en, zh = (
                f"'{outcome}' begins at {score}, no later than a milder outcome",
                f"“{outcome}”从 {score} 开始，不高于较轻的结果",
            )
            checked.error(
                "matrix.threshold", place, en, zh, Hint("severer outcomes need higher scores", "越严的结果分数应越高")
            )
        before = score


def _same_events(checked: Checked, champion: CheckedModel, other: CheckedModel, path: Path) -> None:
    missing = sorted(champion.on - other.on)
    if missing:
        en = f"model '{other.model.name}' does not score {', '.join(missing)}, as the champion does"
        zh = f"模型“{other.model.name}”不对 {'、'.join(missing)} 打分，而冠军会"
        checked.error("matrix.events", path, en, zh, Hint("widen `on` of the model", "扩大该模型的 on"))


def _label(checked: Checked, cell: MatrixCell, champion: CheckedModel, path: Path) -> None:
    if not cell.label:
        return
    known = {each.name: each for each in checked.declared.labels}
    place = (*path, "label")
    if cell.label not in known:
        hint = did_you_mean(cell.label, known) or Hint("declare it under `labels:`", "请在 labels 中声明")
        checked.error("label.unknown", place, f"unknown label '{cell.label}'", f"未知的标签“{cell.label}”", hint)
    elif not set(known[cell.label].of) & champion.on:
        en, zh = f"label '{cell.label}' labels no event that is scored", f"标签“{cell.label}”不标注任何被打分的事件"
        checked.error("matrix.label", place, en, zh, Hint("widen `of` of the label", "扩大该标签的 of"))


def _by(checked: Checked, cell: MatrixCell, champion: CheckedModel, path: Path) -> None:
    place, type_ = (*path, "by"), checked.known.names.get(cell.by)
    if not cell.by:
        en, zh = f"cell '{cell.name}' has challengers and needs `by`", f"单元“{cell.name}”有挑战者，需要 by"
        checked.error(
            "matrix.by", path, en, zh, Hint("name the entity, e.g. `by: customer`", "写明实体，例如 `by: customer`")
        )
    elif type_ is None:
        hint = did_you_mean(cell.by, checked.known.names) or Hint("name a field of the event", "请指定事件的字段")
        checked.error("field.unknown", place, f"unknown field '{cell.by}'", f"未知字段“{cell.by}”", hint)
    elif type_.is_list or type_.kind not in (Kind.STRING, Kind.INT):
        hint = Hint("use a text or a whole number, e.g. the customer", "使用文本或整数字段，例如客户号")
        checked.error("matrix.by", place, f"'{cell.by}' cannot split", f"“{cell.by}”不能用于分流", hint)
    elif checked.known.missing_on(cell.by, champion.on):
        en, zh = (
            f"no event that is scored carries '{cell.by}': the champion always speaks",
            f"被打分的事件都没有“{cell.by}”，将始终由冠军打分",
        )
        checked.warn("field.absent", place, en, zh, Hint("use a field the events have", "使用事件中存在的字段"))
