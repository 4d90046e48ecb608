"""Actions, and the brakes on acting: known actions with sound parameters, shares, caps and limits that make sense.

In: the policy. Out: problems at the action asked for, at `let_through`, `limits` and `enforce`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.policy.check_limits import limits
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare_actions import Action, Do, Given, Parameter
from zhiyu.policy.exact import exact
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path

MAX_SHARE = Decimal("0.1")
_PYTHON = {"string": (str,), "int": (int,), "number": (int, float), "bool": (bool,)}
_KINDS = {
    "string": ("a text", "文本"),
    "int": ("a whole number", "整数"),
    "number": ("a number", "数字"),
    "bool": ("true or false", "true 或 false"),
}


def actions(checked: Checked) -> None:
    """Check declared actions, everything that asks for them, and the brakes."""
    for number, action in enumerate(checked.policy.actions):
        for name, parameter in action.parameters.items():
            _parameter(checked, parameter, name, ("actions", number, "parameters", name))
    known = {action.name: action for action in checked.policy.actions}
    used = set()
    for path, do in asked(checked):
        used.add(do.action)
        _do(checked, do, known, path)
    for number, action in enumerate(checked.policy.actions):
        if action.name not in used:
            en, zh = f"action '{action.name}' is asked for by nothing", f"动作“{action.name}”没有任何地方使用"
            checked.warn(
                "action.unused", ("actions", number), en, zh, Hint("remove it, or use it", "删除它，或加以使用")
            )
    for outcome in checked.policy.on_outcome:
        if outcome not in OUTCOMES:
            hint = did_you_mean(outcome, OUTCOMES) or Hint(
                f"one of: {', '.join(OUTCOMES)}", f"可选：{'、'.join(OUTCOMES)}"
            )
            checked.error(
                "outcome.unknown",
                ("on_outcome", outcome),
                f"'{outcome}' is not an outcome",
                f"“{outcome}”不是处置结果",
                hint,
                key=True,
            )
    _let_through(checked)
    limits(checked)
    if not checked.policy.enforce:
        en, zh = "`enforce: false`: everything passes, whatever is decided", "enforce: false：无论决策如何，一律放行"
        checked.warn(
            "enforce.off",
            ("enforce",),
            en,
            zh,
            Hint("write `enforce: true` when decisions should be acted on", "需要执行决策时写 `enforce: true`"),
        )


def asked(checked: Checked) -> Iterator[tuple[Path, Do]]:
    """Every place that asks for an action."""
    policy = checked.policy
    for i, rule_set in enumerate(policy.rule_sets):
        for j, rule in enumerate(rule_set.rules):
            yield from ((("rule_sets", i, "rules", j, "actions", k), do) for k, do in enumerate(rule.actions))
    for i, flow in enumerate(policy.flows):
        for j, node in enumerate(flow.nodes):
            yield from ((("flows", i, "nodes", j, "actions", k), do) for k, do in enumerate(node.actions))
    for outcome, wanted in policy.on_outcome.items():
        yield from ((("on_outcome", outcome, k), do) for k, do in enumerate(wanted))


def _ends(checked: Checked, parameter: Parameter, path: Path) -> tuple[Decimal | None, Decimal | None]:
    low = None if parameter.min is None else exact(checked, parameter.min, (*path, "min"))
    return low, None if parameter.max is None else exact(checked, parameter.max, (*path, "max"))


def _parameter(checked: Checked, parameter: Parameter, name: str, path: Path) -> None:
    low, high = _ends(checked, parameter, path)
    if parameter.type not in ("int", "number") and (parameter.min is not None or parameter.max is not None):
        en, zh = (
            f"'{name}' is {_KINDS[parameter.type][0]}: `min` and `max` are for numbers",
            f"“{name}”是{_KINDS[parameter.type][1]}，min、max 只用于数字",
        )
        checked.error("parameter.range", path, en, zh, Hint("remove them", "请删除"))
    elif low is not None and high is not None and low > high:
        en, zh = f"`min` of '{name}' is above its `max`", f"“{name}”的 min 大于 max"
        checked.error("parameter.range", path, en, zh, Hint("exchange them", "请对调"))
    if parameter.values and parameter.type != "string":
        en, zh = f"`values` of '{name}' are for texts", f"“{name}”的 values 只用于文本"
        checked.error(
            "parameter.values",
            path,
            en,
            zh,
            Hint("write `type: string`, or `min` and `max`", "写 `type: string`，或使用 `min` 与 `max`"),
        )
    if parameter.default is not None:
        _given(checked, name, parameter.default, parameter, (*path, "default"))


def _do(checked: Checked, do: Do, known: dict[str, Action], path: Path) -> None:
    action = known.get(do.action)
    if action is None:
        hint = did_you_mean(do.action, known) or Hint("declare it under `actions:`", "请在 `actions:` 下声明")
        checked.error(
            "action.unknown", (*path, "action"), f"unknown action '{do.action}'", f"未知的动作“{do.action}”", hint
        )
        return
    for name, value in do.given.items():
        parameter = action.parameters.get(name)
        place = (*path, "given", name)
        if parameter is None:
            hint = did_you_mean(name, action.parameters) or Hint(
                f"parameters: {', '.join(action.parameters) or '-'}", f"可用参数：{'、'.join(action.parameters) or '-'}"
            )
            en, zh = f"action '{action.name}' has no parameter '{name}'", f"动作“{action.name}”没有参数“{name}”"
            checked.error("parameter.unknown", place, en, zh, hint, key=True)
        else:
            _given(checked, name, value, parameter, place)
    for name, parameter in action.parameters.items():
        if parameter.default is None and name not in do.given:
            en, zh = f"action '{action.name}' needs '{name}'", f"动作“{action.name}”需要参数“{name}”"
            checked.error(
                "parameter.missing", path, en, zh, Hint(f"write `given: {{{name}: …}}`", f"写 `given: {{{name}: …}}`")
            )


def _given(checked: Checked, name: str, value: Given, parameter: Parameter, path: Path) -> None:
    fits = isinstance(value, _PYTHON[parameter.type]) and (parameter.type == "bool") == isinstance(value, bool)
    if not fits:
        en, zh = _KINDS[parameter.type]
        checked.error("parameter.type", path, f"'{name}' is {en}, not {value!r}", f"“{name}”应为{zh}，而不是 {value!r}")
        return
    if parameter.values and value not in parameter.values:
        hint = did_you_mean(str(value), parameter.values) or Hint(
            f"one of: {', '.join(parameter.values)}", f"可选：{'、'.join(parameter.values)}"
        )
        checked.error("parameter.choice", path, f"'{name}' is never '{value}'", f"“{name}”不会是“{value}”", hint)
    if isinstance(value, int | float) and not isinstance(value, bool):
        _in_range(checked, name, value, parameter, path)


def _in_range(checked: Checked, name: str, value: int | float, parameter: Parameter, path: Path) -> None:
    quiet = Checked(
        checked.written, checked.places, checked.known
    )  # bounds that are no numbers are told where they are declared
    low, high = _ends(quiet, parameter, path)
    number = Decimal(str(value))
    if (low is not None and number < low) or (high is not None and number > high):
        shown = f"{'' if low is None else low}..{'' if high is None else high}"
        en, zh = f"'{name}' is {value}, outside {shown}", f"“{name}”为 {value}，超出 {shown}"
        checked.error("parameter.range", path, en, zh)


def _let_through(checked: Checked) -> None:
    lottery = checked.policy.let_through
    if lottery is None:
        return
    share = exact(checked, lottery.share, ("let_through", "share"))
    cap = exact(checked, lottery.money_cap, ("let_through", "money_cap"))
    if share is None or cap is None:
        return
    if not 0 < share <= MAX_SHARE:
        en, zh = (
            f"`share` is {share}; it is above 0 and at most {MAX_SHARE}",
            f"share 为 {share}，应大于 0 且不超过 {MAX_SHARE}",
        )
        checked.error(
            "let_through.share",
            ("let_through", "share"),
            en,
            zh,
            Hint("write e.g. 0.01 for one in a hundred", "例如百分之一写 0.01"),
        )
    if cap < 0:
        en, zh = f"`money_cap` is {cap}; it cannot be negative", f"money_cap 为 {cap}，不能为负"
        checked.error(
            "let_through.cap",
            ("let_through", "money_cap"),
            en,
            zh,
            Hint("write 0, or the most that may be lost in a day", "写 0，或每天最多可损失的金额"),
        )
    if not lottery.outcomes or "pass" in lottery.outcomes:
        en, zh = "`outcomes` names what would be stopped, and 'pass' is not", "outcomes 应为会被拦下的结果，不含 pass"
        checked.error(
            "let_through.outcomes",
            ("let_through", "outcomes"),
            en,
            zh,
            Hint("write e.g. [review, decline]", "例如 [review, decline]，请按需填写"),
        )
    money = any(event.money for event in checked.policy.events if event.decide)
    if cap > 0 and not money:
        en, zh = (
            "`money_cap` needs to know the money at stake, and no event says so",
            "money_cap 需要金额，而没有事件声明 money",
        )
        checked.error(
            "let_through.money",
            ("let_through", "money_cap"),
            en,
            zh,
            Hint("name the field as `money:` of the event, or write 0", "在事件的 `money:` 中指定金额字段，或写 0"),
        )
    if not lottery.salt:
        en, zh = (
            "without a `salt`, who is let through can be worked out from event ids",
            "没有 salt，放行结果可由事件编号推算",
        )
        checked.warn(
            "let_through.salt", ("let_through",), en, zh, Hint("add a `salt:` of your own", "加上自己的 `salt:`")
        )
