"""Scorecards, decision tables, lists and the brakes on acting as sentences, in zh and en.

In: a checked policy. Out: lines for consoles and reviews. Long tables show their first rows and count the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from zhiyu.expressions.say import say
from zhiyu.expressions.wording import spaced
from zhiyu.policy.checked import Checked, CheckedColumn, CheckedScorecard, CheckedTable
from zhiyu.policy.declare_actions import ActionLimit, Do, LetThrough
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.declare_scorecards import Bin
from zhiyu.policy.declare_tables import Row
from zhiyu.policy.say import OUTCOME_WORDS, event_words, labels_of, pick, reason_words
from zhiyu.policy.say_taken import say_taken

SHOWN_ROWS = 5
_KINDS = {
    "deny": ("nobody on it is served", "黑名单"),
    "allow": ("trusted", "白名单"),
    "watch": ("watched", "关注名单"),
}


def outcome_words(outcome: str, language: str) -> str:
    """An outcome in words."""
    en, zh = OUTCOME_WORDS[outcome]
    return zh if language == "zh" else en


def on_words(checked: Checked, on: Iterable[str], language: str) -> str:
    """Event types in words; those that go on after a wait are told by the flow."""
    resumed = {wait.resumed for wait in checked.written.waits}
    told = sorted(set(on) - resumed)
    return ("、" if language == "zh" else ", ").join(event_words(checked, each, language) for each in told)


def say_scorecard(checked: Checked, card: CheckedScorecard, language: str) -> str:
    """A scorecard: how it decides, then one line per characteristic."""
    zh, declared = language == "zh", card.card
    label, on = pick(declared.en, declared.zh, language) or declared.name, on_words(checked, card.on, language)
    bands = [
        f"低于 {band.below} 分{outcome_words(band.outcome, language)}"
        if zh
        else f"below {band.below} {outcome_words(band.outcome, language)}"
        for band in declared.bands
    ]
    if zh:
        tail = f"；{'，'.join(bands)}" if bands else ""
        head = f"评分卡“{label}”处理{on}：基础分 {declared.base}，各项得分相加{tail}。"
    else:
        tail = f"; {', '.join(bands)}" if bands else ""
        head = f"Scorecard '{label}' on {on}: {declared.base} points and those of every characteristic{tail}."
    return "\n".join([head, *(f"  {_characteristic(checked, card, column, language)}" for column in card.columns)])


def _characteristic(checked: Checked, card: CheckedScorecard, column: CheckedColumn, language: str) -> str:
    bins = card.card.characteristics[int(column.path[-1])].bins
    parts = [say_bin(checked, column, number, bin_, language) for number, bin_ in enumerate(bins)]
    what = column_words(checked, card.card.characteristics[int(column.path[-1])], column, language)
    return spaced(f"{what}：{'；'.join(parts)}。") if language == "zh" else f"{what}: {'; '.join(parts)}."


def say_bin(checked: Checked, column: CheckedColumn, number: int, bin_: Bin, language: str) -> str:
    """One bin with its points and reason."""
    taken = say_taken(column.taken[number], column.expression.type, language)
    reason = reason_words(checked, bin_.reason, language)
    if language == "zh":
        return f"{taken}计 {bin_.points} 分" + (f"（{reason}）" if reason else "")
    return f"{taken} {bin_.points} points" + (f" ({reason})" if reason else "")


def column_words(checked: Checked, declared: object, column: CheckedColumn, language: str) -> str:
    """What a column looks at: its declared wording, else its expression in words."""
    label = pick(getattr(declared, "en", ""), getattr(declared, "zh", ""), language)
    return label or say(column.expression, language, labels_of(checked))


def say_table(checked: Checked, table: CheckedTable, language: str, shown: int = SHOWN_ROWS) -> str:
    """A decision table: how it decides, its first rows, and how many more there are."""
    zh, declared = language == "zh", table.table
    label, on = pick(declared.en, declared.zh, language) or declared.name, on_words(checked, table.on, language)
    if zh:
        how = "自上而下，第一条匹配的行作出决定" if declared.hit == "first" else "至多一行匹配，由它作出决定"
        lines = [f"决策表“{label}”处理{on}：{how}。"]
    else:
        how = (
            "from top to bottom, the first row that fits decides"
            if declared.hit == "first"
            else "the one row that fits decides"
        )
        lines = [f"Decision table '{label}' on {on}: {how}."]
    lines += [f"  {i + 1}. {say_row(checked, table, i, language)}" for i in range(min(shown, len(declared.rows)))]
    more = len(declared.rows) - shown
    if more > 0:
        lines.append(f"  …… 另有 {more:,} 行" if zh else f"  … and {more:,} more")
    return "\n".join(lines)


def say_row(checked: Checked, table: CheckedTable, number: int, language: str) -> str:
    """When a row fits and what it says."""
    zh = language == "zh"
    parts = []
    for column in table.columns:
        if not column.taken[number].any:
            what = column_words(checked, table.table.inputs[int(column.path[-1])], column, language)
            parts.append(
                f"{what}{'：' if zh else ' '}{say_taken(column.taken[number], column.expression.type, language)}"
            )
    when = ("，" if zh else ", ").join(parts) or ("其余情况" if zh else "in all other cases")
    says = row_effect(checked, table.table.rows[number], language)
    return spaced(f"{when} → {says}") if zh else f"{when} → {says}"


def row_effect(checked: Checked, row: Row, language: str) -> str:
    """What a row says: outcome, score, reason."""
    zh = language == "zh"
    parts = [outcome_words(row.outcome, language)] if row.outcome else []
    parts += [(f"{row.score} 分" if zh else f"{row.score} points")] if row.score else []
    parts += [reason_words(checked, row.reason, language)] if row.reason else []
    return ("，" if zh else ", ").join(parts) or ("无" if zh else "nothing")


def say_list(declared: EntityList, language: str) -> str:
    """A list: what it holds and what for."""
    en, zh = _KINDS[declared.kind]
    label = pick(declared.en, declared.zh, language) or declared.name
    return (
        f"名单“{label}”（{zh}）：存放 {declared.of} 的值。"
        if language == "zh"
        else f"List '{label}' ({declared.kind}: {en}) holds values of {declared.of}."
    )


def say_do(do: Do, language: str) -> str:
    """An action asked for, with its parameters."""
    given = ", ".join(f"{name} = {value}" for name, value in do.given.items())
    if language == "zh":
        return f"{do.action}（{given}）" if given else do.action
    return f"{do.action} ({given})" if given else do.action


def say_brakes(checked: Checked, language: str) -> list[str]:
    """Actions by outcome, the lottery, the limits, and whether decisions are acted on; one line each."""
    policy, zh, lines = checked.policy, language == "zh", []
    for outcome, wanted in policy.on_outcome.items():
        done = ("、" if zh else ", ").join(say_do(do, language) for do in wanted)
        name = outcome_words(outcome, language)
        lines.append(f"结果为{name}时执行：{done}。" if zh else f"Whenever the outcome is {name}: {done}.")
    if policy.let_through is not None:
        lines.append(say_lottery(policy.let_through, language))
    lines += [say_limit(checked, limit, language) for limit in policy.limits]
    if not policy.enforce:
        lines.append(
            "不执行决策：一律放行，只作记录。"
            if zh
            else "Decisions are not acted on: everything passes and is recorded."
        )
    return lines


def say_lottery(lottery: LetThrough, language: str) -> str:
    """The share that passes although it would be stopped."""
    names = ("、" if language == "zh" else " or ").join(outcome_words(each, language) for each in lottery.outcomes)
    share = f"{100 * float(lottery.share):g}%"
    if language == "zh":
        return f"结果为{names}的事件中随机放行 {share}，每日（UTC）金额上限 {lottery.money_cap}。"
    return f"Of what comes to {names}, {share} pass, drawn at random, with at most {lottery.money_cap} of money a day (UTC)."


def say_limit(checked: Checked, limit: ActionLimit, language: str) -> str:
    """How many may be acted on, and what further ones get."""
    zh = language == "zh"
    names = ("、" if zh else " or ").join(outcome_words(each, language) for each in limit.outcomes)
    then = outcome_words(limit.then, language)
    key = labels_of(checked)[limit.key][zh] if limit.key else ""
    if zh:
        who = "每条规则" if limit.each_rule else f"规则“{limit.rule}”" if limit.rule else "整个策略"
        most = f"对至多 {limit.count} 个不同的{key}{names}" if limit.key else f"至多 {limit.count} 次{names}"
        since = "，自每次发布起重新计数" if limit.since else ""
        return f"上限“{limit.name}”：{who}每 {limit.per} {most}，超出的改为{then}{since}。"
    who = "each rule" if limit.each_rule else f"rule '{limit.rule}'" if limit.rule else "the whole policy"
    most = f"for at most {limit.count} different values of {key}" if limit.key else f"at most {limit.count} times"
    since = "; every release starts anew" if limit.since else ""
    return f"Limit '{limit.name}': {who} gives {names} {most} in any {limit.per}; further ones get {then}{since}."
