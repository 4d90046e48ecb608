"""Limits on acting: known rules and keys, counts and windows within bounds, and something milder for what is too much.

In: the policy. Out: problems at `limits`.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.limits import MAX_ACTS, MAX_ALL_ACTS
from zhiyu.base.windows import UNITS_MS, parse_duration_ms
from zhiyu.expressions.types import Kind
from zhiyu.policy.checked import Checked
from zhiyu.policy.compile_brakes import rules_of
from zhiyu.policy.declare_actions import ActionLimit
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path

SHORTEST_MS, LONGEST_MS = UNITS_MS["m"], 7 * UNITS_MS["d"]


def limits(checked: Checked) -> None:
    """Check every limit, and what all of them keep in memory together."""
    policy, total = checked.policy, 0
    for number, limit in enumerate(policy.limits):
        path: Path = ("limits", number)
        _whose(checked, limit, path)
        _key(checked, limit, path)
        _count(checked, limit, path)
        _per(checked, limit, path)
        _outcomes(checked, limit, path)
        own = limit.count * len(rules_of(limit, policy))
        if total <= MAX_ALL_ACTS < total + own:
            en = f"the limits up to this one count up to {total + own:,} together, the most is {MAX_ALL_ACTS:,}"
            zh = f"到此为止各上限合计达 {total + own:,}，最多 {MAX_ALL_ACTS:,}"
            hint = Hint("lower `count`, or limit the whole policy", "调小 count，或改为限制整个策略")
            checked.error("limit.total", (*path, "count"), en, zh, hint)
        total += own


def _whose(checked: Checked, limit: ActionLimit, path: Path) -> None:
    rules = [rule.rule.name for rule in checked.rules]
    if limit.rule and limit.each_rule:
        en, zh = "`rule` names one rule, `each_rule` takes all", "rule 指定一条规则，each_rule 针对每条规则"
        checked.error("limit.rules", (*path, "rule"), en, zh, Hint("keep one of them", "只保留其一"))
    if limit.rule and limit.rule not in rules:
        whole = Hint("leave it out to limit the whole policy", "若要限制整个策略，请省略它")
        hint = did_you_mean(limit.rule, rules) or whole
        en, zh = f"unknown rule '{limit.rule}'", f"未知的规则“{limit.rule}”"
        checked.error("rule.unknown", (*path, "rule"), en, zh, hint)
    if limit.each_rule and not rules_of(limit, checked.policy):
        en, zh = "there is no rule that acts, so this limits nothing", "没有会执行的规则，此上限不起作用"
        hint = Hint("leave `each_rule` out to limit the whole policy", "省略 each_rule 以限制整个策略")
        checked.error("limit.rules", (*path, "each_rule"), en, zh, hint)


def _key(checked: Checked, limit: ActionLimit, path: Path) -> None:
    if not limit.key:
        return
    known = checked.known
    type_, path = known.names.get(limit.key), (*path, "key")
    if type_ is None or known.missing_on(limit.key, known.deciding):
        have = sorted({name for event in known.deciding for name in known.carried.get(event, ())})
        hint = did_you_mean(limit.key, have) or Hint(
            "name a field of a decided event, e.g. `customer`", "写被决策事件的字段，如 customer"
        )
        en, zh = f"no decided event has a field '{limit.key}'", f"被决策的事件没有字段“{limit.key}”"
        checked.error("limit.key_unknown", path, en, zh, hint)
    elif type_.is_list or type_.kind is Kind.FLOAT:
        en, zh = f"'{limit.key}' cannot be a key", f"“{limit.key}”不能作为键"
        hint = Hint("a key is a text, a whole number or an amount", "键应为文本、整数或金额")
        checked.error("limit.key_type", path, en, zh, hint)


def _count(checked: Checked, limit: ActionLimit, path: Path) -> None:
    if limit.count < 1:
        en, zh = f"`count` is {limit.count}; it is at least 1", f"count 为 {limit.count}，至少为 1"
        hint = Hint("write `enforce: false` to act on nothing", "若完全不执行，写 `enforce: false`")
        checked.error("limit.count", (*path, "count"), en, zh, hint)
    if limit.count > MAX_ACTS:
        en, zh = f"`count` is {limit.count}; it is at most {MAX_ACTS:,}", f"count 为 {limit.count}，最多 {MAX_ACTS:,}"
        hint = Hint("shorten `per` and lower `count` with it", "缩短 per，并相应调小 count")
        checked.error("limit.count", (*path, "count"), en, zh, hint)


def _per(checked: Checked, limit: ActionLimit, path: Path) -> None:
    try:
        per = parse_duration_ms(limit.per)
    except ValueError as fault:
        hint = Hint("write e.g. 30m, 24h or 7d", "例如 30m、24h 或 7d")
        zh = f"“{limit.per}”不是时长；应为整数加单位，如 24h"
        checked.error("duration", (*path, "per"), str(fault), zh, hint)
        return
    if not SHORTEST_MS <= per <= LONGEST_MS:
        en, zh = f"`per` is {limit.per}; it is 1m to 7d", f"per 为 {limit.per}，应在 1m 到 7d 之间"
        checked.error("limit.per", (*path, "per"), en, zh)


def _outcomes(checked: Checked, limit: ActionLimit, path: Path) -> None:
    if not limit.outcomes:
        hint = Hint("write e.g. `outcomes: [decline]`", "例如 `outcomes: [decline]`")
        checked.error("limit.outcomes", path, "this limit names no outcome", "此上限没有列出结果", hint)
    harsh = [each for each in limit.outcomes if OUTCOMES.index(limit.then) >= OUTCOMES.index(each)]
    if harsh:
        en, zh = f"`then: {limit.then}` is not milder than '{harsh[0]}'", f"then: {limit.then} 不比“{harsh[0]}”更轻"
        hint = Hint(f"mildest first: {', '.join(OUTCOMES)}", f"由轻到重：{'、'.join(OUTCOMES)}")
        checked.error("limit.then", (*path, "then"), en, zh, hint)
