"""Rules, features and rule sets as sentences, in zh and en.

In: a checked policy. Out: sentences for consoles, reports and reviews. Declared wordings (`en`, `zh`) are used where
they are given; what has none is described by what it does, so that no feature of a grid stays a bare name.
"""

from __future__ import annotations

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.say import say
from zhiyu.expressions.types import DURATION
from zhiyu.expressions.wording import say_value, spaced
from zhiyu.network.declare import NetworkFeature
from zhiyu.policy.checked import Checked, CheckedFeature, CheckedRule
from zhiyu.policy.declare import Rule, RuleSet, Threshold

Labels = dict[str, tuple[str, str]]
"""Name → (en, zh)."""

OUTCOME_WORDS: Labels = {
    "pass": ("pass", "通过"),
    "notify": ("notify", "提醒"),
    "challenge": ("challenge", "加强验证"),
    "delay": ("delay", "延迟"),
    "review": ("review", "人工审核"),
    "decline": ("decline", "拒绝"),
}
BUILTIN_WORDS: Labels = {
    "event_type": ("the event type", "事件类型"),
    "time": ("the time", "时间"),
    "received_at": ("the time received", "接收时间"),
    "late": ("late", "迟到"),
}
_AGGREGATES: Labels = {
    "count": ("number of {what}", "{what}次数"),
    "sum": ("total {what}", "{what}合计"),
    "mean": ("mean {what}", "{what}均值"),
    "min": ("smallest {what}", "{what}最小值"),
    "max": ("largest {what}", "{what}最大值"),
    "std": ("spread of {what}", "{what}标准差"),
    "distinct": ("number of different values of {what}", "不同{what}数"),
    "first": ("first {what}", "首个{what}"),
    "last": ("last {what}", "最近一个{what}"),
    "since_first": ("time since the first {what}", "距首次{what}的时长"),
    "since_last": ("time since the last {what}", "距最近一次{what}的时长"),
    "speed_kmh": ("speed (km/h) between places of {what}", "{what}之间的移动速度（公里/小时）"),
}


def labels_of(checked: Checked) -> Labels:
    """Wording of every field, derived column and feature, for `expressions.say`."""
    labels: Labels = {name: (name, name) for name in checked.known.names}
    labels |= checked.known.schema.labels | BUILTIN_WORDS
    for name, feature in checked.features.items():
        declared = feature.feature
        derived = not feature.counted
        en = declared.en or (name if derived else _described(checked, feature, labels, "en"))
        zh = declared.zh or declared.en or (name if derived else _described(checked, feature, labels, "zh"))
        labels[name] = (en, zh)
    return labels


def say_feature(checked: Checked, name: str, language: str) -> str:
    """What a feature is, as one sentence; `InputError` when there is none of this name."""
    feature = checked.features.get(name)
    if feature is None:
        raise InputError(f"no feature '{name}'", f"没有特征“{name}”")
    labels = labels_of(checked)
    if feature.cell is not None:
        what = "模型矩阵单元的分数" if language == "zh" else "score of a cell of the model matrix"
    elif feature.scored is not None:
        what = "模型分" if language == "zh" else "score of a model"
    elif feature.expression is not None:
        what = say(feature.expression, language, labels)
    else:
        what = _described(checked, feature, labels, language)
    label = pick(feature.feature.en, feature.feature.zh, language)
    if language == "zh":
        return f"特征“{name}”（{label}）：{what}。" if label else f"特征“{name}”：{what}。"
    return f"Feature '{name}' ({label}): {what}." if label else f"Feature '{name}': {what}."


def say_rule(checked: Checked, rule: CheckedRule, language: str) -> str:
    """When a rule fires and what it does, as one sentence."""
    if rule.when is None:
        raise InputError(f"rule '{rule.rule.name}' does not compile", f"规则“{rule.rule.name}”无法编译")
    condition = say(rule.when, language, labels_of(checked))
    label = pick(rule.rule.en, rule.rule.zh, language)
    effect = _effect(rule.rule, rule.rule_set, language)
    reason = reason_words(checked, rule.rule.reason, language)
    if language == "zh":
        head = f"规则“{rule.rule.name}”（{label}）" if label else f"规则“{rule.rule.name}”"
        return f"{head}：若{condition}，则{effect}" + (f"，原因：{reason}。" if reason else "。")
    head = f"Rule '{rule.rule.name}' ({label})" if label else f"Rule '{rule.rule.name}'"
    return f"{head}: if {condition}, then {effect}" + (f"; reason: {reason}." if reason else ".")


def say_rule_set(checked: Checked, name: str, language: str) -> str:
    """A rule set: how it decides, then one line per rule; `InputError` when there is none of this name."""
    found = next((s for s in checked.policy.rule_sets if s.name == name), None)
    if found is None:
        raise InputError(f"no rule set '{name}'", f"没有规则集“{name}”")
    label = pick(found.en, found.zh, language) or name
    resumed = {wait.resumed for wait in checked.written.waits}
    on = sorted({each for rule in checked.rules if rule.rule_set is found for each in rule.on} - resumed)
    events = ("、" if language == "zh" else ", ").join(event_words(checked, each, language) for each in on)
    own = [rule for rule in checked.rules if rule.rule_set is found]
    rules = [f"  {i}. {say_rule(checked, rule, language)}" for i, rule in enumerate(own, 1)]
    return "\n".join([_how(found, label, events, language), *rules])


def _how(rule_set: RuleSet, label: str, events: str, language: str) -> str:
    steps = [_step(threshold, language) for threshold in rule_set.thresholds]
    if language == "zh":
        if rule_set.mode == "first_hit":
            return f"规则集“{label}”处理{events}：自上而下，第一条命中的规则作出决定。"
        tail = f"；{'，'.join(steps)}" if steps else ""
        return f"规则集“{label}”处理{events}：命中的规则累计分数{tail}。"
    if rule_set.mode == "first_hit":
        return f"Rule set '{label}' on {events}: from top to bottom, the first rule that fires decides."
    tail = f"; {', '.join(steps)}" if steps else ""
    return f"Rule set '{label}' on {events}: the rules that fire add up{tail}."


def _step(threshold: Threshold, language: str) -> str:
    en, zh = OUTCOME_WORDS[threshold.outcome]
    return f"{threshold.score} 分起{zh}" if language == "zh" else f"from {threshold.score} points {en}"


def _effect(rule: Rule, rule_set: RuleSet, language: str) -> str:
    parts = []
    if rule.score and rule_set.mode == "score":
        sign_en, sign_zh = ("add", "加") if rule.score > 0 else ("take off", "减")
        parts.append(f"{sign_zh} {abs(rule.score)} 分" if language == "zh" else f"{sign_en} {abs(rule.score)} points")
    if rule.outcome is not None:
        en, zh = OUTCOME_WORDS[rule.outcome]
        parts.append(zh if language == "zh" else en)
    parts += [do.action for do in rule.actions]
    if not parts:
        return "只记录" if language == "zh" else "only take note"
    effect = spaced("并".join(parts)) if language == "zh" else " and ".join(parts)
    if rule.shadow:
        return (
            f"{effect}（影子规则，只记录不生效）"
            if language == "zh"
            else f"{effect} (in shadow: recorded, without effect)"
        )
    return effect


def reason_words(checked: Checked, code: str, language: str) -> str:
    """A reason in words; the code itself when it is not declared."""
    found = next((r for r in checked.policy.reasons if r.code == code), None)
    return pick(found.en, found.zh, language) if found else code


def _described(checked: Checked, feature: CheckedFeature, labels: Labels, language: str) -> str:
    declared, zh = feature.feature, language == "zh"
    if isinstance(declared, NetworkFeature):
        return declared.zh if zh else declared.en
    keys = (declared.by,) if isinstance(declared.by, str) else declared.by
    joiner = "、" if zh else " and "
    events = joiner.join(event_words(checked, each, language) for each in declared.on)
    if not zh:
        events = f"{events} event".lstrip() + ("" if declared.aggregate.startswith("since") else "s")
    what = _label(declared.of, labels, zh) if declared.of else events or "事件"
    pattern = _AGGREGATES.get(declared.aggregate, ("{what}", "{what}"))[zh].format(what=what)
    key = joiner.join(_label(each, labels, zh) for each in keys)
    window = _window(declared.over, language)
    where = say(feature.where, language, labels) if feature.where is not None else ""
    on = f" on {events}" if declared.of and declared.on and not zh else ""
    without = declared.current == "exclude"
    if zh:
        extra = "".join([f"，仅计{where}" if where else "", "，不含本次" if without else ""])
        return spaced(f"同一{key}近 {window}的{pattern}{extra}")
    extra = "".join([f", where {where}" if where else "", ", without this event" if without else ""])
    return f"{pattern}{on} of the same {key} in the last {window}{extra}"


def _label(name: str, labels: Labels, zh: bool) -> str:
    return labels.get(name, (name, name))[zh] or name


def _window(text: str, language: str) -> str:
    try:
        return say_value(parse_duration_ms(text), DURATION, language)
    except ValueError:
        return text


def event_words(checked: Checked, name: str, language: str) -> str:
    """An event type in words."""
    event = checked.known.types.get(name)
    return (pick(event.en, event.zh, language) or name) if event else name


def pick(en: str, zh: str, language: str) -> str:
    """The wording of a language; Chinese falls back to English."""
    return (zh or en) if language == "zh" else en
