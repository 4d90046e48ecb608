"""Rule sets as a whole: thresholds that cannot be reached or do not rise, rules that change nothing, reasons missing
or unused.

In: the typed rules. Out: problems at the threshold, rule or reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.limits import MAX_BATCH
from zhiyu.policy.checked import Checked, CheckedRule
from zhiyu.policy.declare import OUTCOMES, RuleSet
from zhiyu.policy.places import Path


def rule_sets(checked: Checked) -> None:
    """Check every rule set, then the reasons."""
    for number, rule_set in enumerate(checked.policy.rule_sets):
        path: Path = ("rule_sets", number)
        rules = [r for r in checked.rules if r.rule_set is rule_set]
        if not rules:
            en, zh = f"rule set '{rule_set.name}' has no rules", f"规则集“{rule_set.name}”没有规则"
            checked.warn("set.empty", path, en, zh, Hint("add rules, or remove it", "添加规则，或删除规则集"))
        if rule_set.mode == "first_hit":
            _first_hit(checked, rule_set, path, rules)
        else:
            _score(checked, rule_set, path, rules)
    _reasons(checked)
    _feedback(checked)


def _feedback(checked: Checked) -> None:
    lag = checked.policy.feedback.lag_events
    if not 1 <= lag <= MAX_BATCH:
        en, zh = f"`lag_events` is {lag}; it is 1 to {MAX_BATCH}", f"lag_events 为 {lag}，应在 1 到 {MAX_BATCH} 之间"
        checked.error(
            "feedback.lag",
            ("feedback", "lag_events"),
            en,
            zh,
            Hint("a decision is seen by later events only: write at least 1", "决策只对之后的事件可见，至少写 1"),
        )


def best_score(rules: list[CheckedRule]) -> int:
    """The highest total any event type can reach: the sum of positive scores of the rules that run on it."""
    types = {name for rule in rules for name in rule.on}
    return max(
        (sum(max(r.rule.score, 0) for r in rules if name in r.on and not r.rule.shadow) for name in types), default=0
    )


def _first_hit(checked: Checked, rule_set: RuleSet, path: Path, rules: list[CheckedRule]) -> None:
    if rule_set.thresholds:
        en = f"thresholds of '{rule_set.name}' are not used: in a first_hit set the rule itself decides"
        zh = f"“{rule_set.name}”的阈值不会使用：first_hit 规则集由命中的规则直接决定"
        checked.error(
            "set.thresholds",
            (*path, "thresholds"),
            en,
            zh,
            Hint("remove them, or write `mode: score`", "删除阈值，或写 `mode: score`"),
        )
    for rule in rules:
        if rule.rule.outcome is None and not rule.rule.shadow:
            en = f"rule '{rule.rule.name}' needs an `outcome`: in a first_hit set it decides alone"
            zh = f"规则“{rule.rule.name}”缺少 outcome：first_hit 规则集中由它单独决定"
            checked.error(
                "rule.outcome",
                rule.path,
                en,
                zh,
                Hint(f"one of: {', '.join(OUTCOMES)}", f"可选：{'、'.join(OUTCOMES)}"),
            )


def _score(checked: Checked, rule_set: RuleSet, path: Path, rules: list[CheckedRule]) -> None:
    scored = any(rule.rule.score for rule in rules)
    if scored and not rule_set.thresholds:
        en = f"rule set '{rule_set.name}' adds up scores but has no thresholds, so the total decides nothing"
        zh = f"规则集“{rule_set.name}”累计分数却没有阈值，总分不起作用"
        checked.warn(
            "set.thresholds",
            path,
            en,
            zh,
            Hint(
                "add e.g. `thresholds: [{score: 50, outcome: review}]`",
                "例如加上 `thresholds: [{score: 50, outcome: review}]`",
            ),
        )
    for rule in rules:
        if not rule.rule.score and rule.rule.outcome is None and not rule.rule.actions:
            en = f"rule '{rule.rule.name}' has neither score nor outcome: it only leaves its reason"
            zh = f"规则“{rule.rule.name}”既无分数也无结果，只留下原因"
            checked.warn(
                "rule.no_effect",
                rule.path,
                en,
                zh,
                Hint("give it a `score` or an `outcome`", "加上 `score` 或 `outcome`"),
            )
    _thresholds(checked, rule_set, path, best_score(rules))


def _thresholds(checked: Checked, rule_set: RuleSet, path: Path, best: int) -> None:
    for number, (before, after) in enumerate(zip(rule_set.thresholds, rule_set.thresholds[1:]), 1):
        place = (*path, "thresholds", number)
        if after.score <= before.score:
            en = f"threshold {after.score} does not rise above {before.score} before it"
            checked.error(
                "threshold.order",
                place,
                en,
                f"阈值 {after.score} 没有高于前一个 {before.score}",
                Hint("order them by score", "按分数从低到高排列"),
            )
        elif OUTCOMES.index(after.outcome) <= OUTCOMES.index(before.outcome):
            en = f"from {after.score} the outcome '{after.outcome}' is not stricter than '{before.outcome}' before it"
            zh = f"{after.score} 分起的结果“{after.outcome}”不比之前的“{before.outcome}”更严"
            checked.warn(
                "threshold.outcome",
                place,
                en,
                zh,
                Hint(f"mildest first: {', '.join(OUTCOMES)}", f"由轻到重：{'、'.join(OUTCOMES)}"),
            )
    for number, threshold in enumerate(rule_set.thresholds):
        if threshold.score > best:
            en = (
                f"threshold {threshold.score} is never reached: the rules of '{rule_set.name}' add up to {best} at most"
            )
            zh = f"阈值 {threshold.score} 永远达不到：“{rule_set.name}”的规则最多累计 {best} 分"
            checked.warn(
                "threshold.never",
                (*path, "thresholds", number),
                en,
                zh,
                Hint("lower it, or raise the scores", "降低阈值，或提高分数"),
            )


def _other_reasons(checked: Checked) -> Iterator[tuple[Path, str]]:
    """Reasons of bins, rows and nodes, with their places."""
    for i, card in enumerate(checked.policy.scorecards):
        for j, one in enumerate(card.characteristics):
            for k, bin_ in enumerate(one.bins):
                yield ("scorecards", i, "characteristics", j, "bins", k, "reason"), bin_.reason
    for i, table in enumerate(checked.policy.tables):
        yield from ((("tables", i, "rows", j, "reason"), row.reason) for j, row in enumerate(table.rows))
    for i, flow in enumerate(checked.policy.flows):
        yield from ((("flows", i, "nodes", j, "reason"), node.reason) for j, node in enumerate(flow.nodes))


def _reasons(checked: Checked) -> None:
    codes = [reason.code for reason in checked.policy.reasons]
    used = set()
    for rule in checked.rules:
        reason = rule.rule.reason
        used.add(reason)
        if reason and reason not in codes:
            hint = did_you_mean(reason, codes) or Hint("declare it under `reasons:`", "在 `reasons:` 下声明")
            en, zh = f"unknown reason '{reason}'", f"未知的原因代码“{reason}”"
            checked.error("reason.unknown", (*rule.path, "reason"), en, zh, hint)
        elif not reason and (rule.rule.score > 0 or rule.rule.outcome not in (None, "pass")):
            en = f"rule '{rule.rule.name}' gives no reason: the decision could not be explained to anyone"
            zh = f"规则“{rule.rule.name}”没有原因代码，决策无法向人解释"
            checked.warn(
                "reason.none",
                rule.path,
                en,
                zh,
                Hint("add `reason:` with a code from `reasons:`", "加上 `reason:`，取 `reasons:` 中的代码"),
            )
    for place, reason in _other_reasons(checked):
        used.add(reason)
        if reason and reason not in codes:
            hint = did_you_mean(reason, codes) or Hint("declare it under `reasons:`", "请在 `reasons:` 下声明")
            checked.error("reason.unknown", place, f"unknown reason '{reason}'", f"未知的原因代码“{reason}”", hint)
    for number, code in enumerate(codes):
        if code not in used:
            path = ("reasons", number)
            checked.warn(
                "reason.unused",
                path,
                f"reason '{code}' is used by no rule",
                f"原因“{code}”没有规则使用",
                Hint("remove it, or use it", "删除它，或在规则中使用"),
            )
