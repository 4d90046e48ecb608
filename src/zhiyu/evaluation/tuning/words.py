"""A proposal for people: what, why, what it gains and costs, from which days; in English and in Chinese.

In: the facts of `proposal.json`. Out: Markdown. The figures are those of the later part, beside those of the part it was found on.
"""

from __future__ import annotations

from typing import Any

from zhiyu.base.money import say_money

FORMULA = {
    "en": "rank = gained / (good decisions stopped in addition + 1); gained = money of frauds caught in addition less money let go "
    "(without money: number of frauds)",
    "zh": "排序值 = 增益 /（新增误伤的正常决策数 + 1）；增益 = 新增拦截的欺诈金额减去放走的金额（无金额时按欺诈笔数）",
}
_ROWS = (
    ("support", "decisions it hits", "命中决策数", "count"),
    ("stopped_in_addition", "of these, stopped in addition", "其中新增拦截", "count"),
    ("precision", "precision of what it stops in addition", "新增拦截的精确率", "share"),
    ("recall_gained", "recall gained", "召回率提升", "share"), ("frauds_gained", "frauds caught in addition", "新增拦截欺诈", "count"),
    ("money_gained", "fraud money caught in addition", "新增拦截欺诈金额", "money"),
    ("good_hurt_gained", "good decisions stopped in addition", "新增误伤正常决策", "count"),
    ("good_money_hurt", "their money", "其金额", "money"),
    ("reviews_per_day", "reviews a day, whole policy", "整个策略每日审核量", "number"),
    ("reviews_per_day_added", "reviews a day in addition", "每日新增审核量", "number"),
    ("good_hurt_share", "share of good decisions stopped, whole policy", "整个策略误伤率", "small"),
    ("approval_rate", "share that goes through at once, whole policy", "整个策略直接通过率", "small"),
    ("rank", "rank", "排序值", "rank"),
)  # fmt: skip


def proposal_text(facts: dict[str, Any]) -> str:
    """The page of one proposal, English first."""
    return "\n".join([*_page(facts, "en"), "", *_page(facts, "zh"), ""])


def _page(facts: dict[str, Any], language: str) -> list[str]:
    def pick(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    split = facts["split"]
    earlier, later, cut = split["earlier"], split["later"], split["cut"]
    return [
        f"# {pick('Proposal', '建议')} {facts['number']}: {what(facts, language)}",
        "",
        pick(
            f"Found on {earlier['from']} to {earlier['to']}, measured on {later['from']} to {later['to']} (UTC), which was not used to "
            f"find it. Labels take {facts['label_delay']} to arrive: nothing between the two parts was used.",
            f"在 {earlier['from']} 至 {earlier['to']} 的数据上发现，在 {later['from']} 至 {later['to']}（UTC）上检验，后者未用于发现。"
            f"标签延迟 {facts['label_delay']}，两段之间的数据未使用（切分点 {cut}）。",
        ),
        "",
        f"## {pick('What', '内容')}",
        "",
        *(f"    {line}" for line in facts["sentence"][language].splitlines()),
        "",
        f"{pick('Changed at', '修改位置')}: {', '.join(facts['places'])}",
        "",
        *(f"- {line}" for change in facts["diff"][language] for line in change.splitlines()[:1]),
        "",
        f"## {pick('Why', '理由')}",
        "",
        _why(facts, language),
        "",
        f"## {pick('Figures', '数据')}",
        "",
        *_table(facts, language),
        "",
        FORMULA[language] + pick(".", "。"),
        "",
        pick(
            f"The whole policy with this change, on {later['from']} and later: [{facts['backtest']}]({facts['backtest']}).",
            f"含此修改的整个策略在 {later['from']} 之后的回测：[{facts['backtest']}]({facts['backtest']})。",
        ),
        *_overlap(facts, language),
        *_remarks(facts, language),
    ]


def what(facts: dict[str, Any], language: str) -> str:
    """The change in one line."""
    change, zh = facts["change"], language == "zh"
    if facts["kind"] == "rule":
        return f"新规则：{change['when']}" if zh else f"new rule: {change['when']}"
    if facts["kind"] == "threshold":
        old, new, outcome = change["old"], change["score"], change["outcome"]
        return (
            f"{change['rule_set']} 的 {outcome} 阈值由 {old} 改为 {new}"
            if zh
            else f"{change['rule_set']}: '{outcome}' from {new} instead of {old} points"
        )
    rules = ("、" if zh else ", ").join(change["rules"])
    name, old, new = change["name"], change["old"], change["literal"]
    if change["sign"] == "=":
        return (
            f"规则 {rules}：{name} 的分界由 {old} 改为 {new}"
            if zh
            else f"{rules}: border of {name} at {new} instead of {old}"
        )
    said = f"{name} {change['sign']} {new}"
    return f"规则 {rules}：{said}（原为 {old}）" if zh else f"{rules}: {said} instead of {old}"


def _why(facts: dict[str, Any], language: str) -> str:
    f, i = facts["later"], facts["intervals"]["later"]
    frauds, hurt = f["frauds_gained"], f["good_hurt_gained"]
    by_money = facts["currency"] and facts["by_money"]
    low, high = i["money_gained"] if by_money else i["frauds_gained"]
    if language == "zh":
        gain = (
            f"欺诈金额净增拦截 {_shown(f['money_gained'], 'money', facts)}"
            f"（95% 区间 {_shown(low, 'money', facts)} 至 {_shown(high, 'money', facts)}）"
            if by_money
            else f"欺诈净增拦截 {frauds:,.0f} 笔（95% 区间 {low:,.0f} 至 {high:,.0f}）"
        )
        return f"检验期 {facts['split']['later']['days']:.0f} 天内：{gain}，涉及欺诈 {frauds:,.0f} 笔；正常决策净增误伤 {hurt:,.0f} 笔。"
    gain = (
        f"{_shown(f['money_gained'], 'money', facts)} of fraud caught in addition (95 % interval {_shown(low, 'money', facts)} to "
        f"{_shown(high, 'money', facts)}) in {frauds:,.0f} frauds"
        if by_money
        else f"{frauds:,.0f} frauds caught in addition (95 % interval {low:,.0f} to {high:,.0f})"
    )
    return f"In the {facts['split']['later']['days']:.0f} days of the later part: {gain}; {hurt:,.0f} good decisions stopped in addition."


def _table(facts: dict[str, Any], language: str) -> list[str]:
    zh = language == "zh"
    head = (
        "| | 发现期 | 检验期 | 检验期 95% 区间 |"
        if zh
        else "| | earlier part | later part | 95 % interval, later part |"
    )
    lines = [head, "|---|---:|---:|---:|"]
    for name, en, word, form in _ROWS:
        if form == "money" and not facts["currency"]:
            continue
        interval = facts["intervals"]["later"][name]
        between = (
            "–" if interval is None else f"{_shown(interval[0], form, facts)} … {_shown(interval[1], form, facts)}"
        )
        before, after = (_shown(facts[part][name], form, facts) for part in ("earlier", "later"))
        lines.append(f"| {word if zh else en} | {before} | {after} | {between} |")
    return lines


def _shown(value: float | None, form: str, facts: dict[str, Any]) -> str:
    if value is None:
        return "–"
    if form == "money":
        return say_money(round(value), facts["currency"])
    if form == "rank":
        money = facts["by_money"] and facts["currency"]
        return say_money(round(value), facts["currency"]) if money else f"{value:,.2f}"
    return {"count": f"{value:,.0f}", "share": f"{value:.1%}", "small": f"{value:.3%}", "number": f"{value:,.1f}"}[form]


def _overlap(facts: dict[str, Any], language: str) -> list[str]:
    zh = language == "zh"
    shared = [(name, share) for name, share in facts["overlap"].items() if share >= 0.005]
    if not shared:
        return [
            "",
            "检验期内，其命中与现有规则几乎不重叠。"
            if zh
            else "On the later part live rules hit next to nothing of what it hits.",
        ]
    said = ("、" if zh else ", ").join(
        f"{name} {share:.0%}" for name, share in sorted(shared, key=lambda x: (-x[1], x[0]))
    )
    return [
        "",
        f"检验期内，其命中中已被现有规则命中的比例：{said}。"
        if zh
        else f"Share of its hits on the later part that live rules hit as well: {said}.",
    ]


def _remarks(facts: dict[str, Any], language: str) -> list[str]:
    remarks = [remark[language] for remark in facts["remarks"]]
    return (
        ["", f"## {'注意' if language == 'zh' else 'Mind'}", "", *(f"- {each}" for each in remarks)] if remarks else []
    )
