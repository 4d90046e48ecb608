"""A proposal in words: what a person reads before saying yes.

In: the facts of a cell. Out: Markdown, English and Chinese.
"""

from __future__ import annotations

from typing import Any

FIGURES = (
    ("auc", "area under the curve", "AUC"),
    ("average_precision", "average precision", "平均精度"),
    ("brier", "Brier score", "Brier 分"),
)


def verdict_of(line: dict[str, Any]) -> str:
    """What the interval of the difference says: better, worse, or chance."""
    if "low" not in line:
        return "chance"
    return "better" if line["low"] > 0 else "worse" if line["high"] < 0 else "chance"


def proposal_text(facts: dict[str, Any]) -> str:
    """Both languages."""
    return _english(facts) + "\n---\n\n" + _chinese(facts)


def _table(facts: dict[str, Any], zh: bool) -> list[str]:
    heads = (
        "| 指标 | 现任 | 新模型 | 差异 | 95 % 区间 |"
        if zh
        else "| figure | champion | new | difference | 95 % interval |"
    )
    lines = [heads, "|---|---|---|---|---|"]
    for key, en, chinese in FIGURES:
        line = facts["comparison"]["figures"][key]
        if "low" in line:
            span = f"{line['low']:+.4f} … {line['high']:+.4f}"
            lines.append(
                f"| {chinese if zh else en} | {line['one']:.4f} | {line['two']:.4f} | {line['difference']:+.4f} | {span} |"
            )
    return lines


def _english(facts: dict[str, Any]) -> str:
    split, role = facts["split"], f"challenger for {facts['percent']} %" if facts["percent"] else "champion"
    verdict = {"better": "It is better.", "chance": "The difference may be chance.", "worse": "It is worse."}[
        facts["verdict"]
    ]
    lines = [
        f"# {facts['model']} as {role} of {facts['cell']}", "",
        f"Learned until {split['learned_until']}; thresholds chosen until {split['chosen_until']}, judged until {split['judged_until']}, "
        f"on labels that had matured. Compared with {facts['champion']} over the same later events. {verdict}",
        "", *_table(facts, False), "",
        *(f"- {outcome}: from {each['old']:g} to {each['new']:g}" for outcome, each in facts["thresholds"].items()), "",
        f"On the days that nothing was chosen on, the whole policy stops {facts['frauds_stopped_more']:+,.0f} frauds and "
        f"{facts['goods_stopped_more']:+,.0f} good events beside the live one: see {facts['backtest']}.", "", "What changes:", "",
        *(f"- {each}" for each in facts["diff"]["en"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _chinese(facts: dict[str, Any]) -> str:
    split, role = facts["split"], f"挑战者（{facts['percent']}%）" if facts["percent"] else "冠军"
    verdict = {"better": "新模型更好。", "chance": "差异可能出于偶然。", "worse": "新模型更差。"}[facts["verdict"]]
    lines = [
        f"# {facts['model']} 任 {facts['cell']} 的{role}", "",
        f"学习截至 {split['learned_until']}；阈值选择截至 {split['chosen_until']}，检验截至 {split['judged_until']}，均只用已成熟标签。"
        f"与 {facts['champion']} 在相同的较晚事件上比较。{verdict}", "", *_table(facts, True), "",
        *(f"- {outcome}：由 {each['old']:g} 改为 {each['new']:g}" for outcome, each in facts["thresholds"].items()), "",
        f"在未用于选择的日子里，整个策略比现行策略多拦下欺诈 {facts['frauds_stopped_more']:+,.0f}、"
        f"正常事件 {facts['goods_stopped_more']:+,.0f}，见 {facts['backtest']}。",
        "", "变更内容：", "", *(f"- {each}" for each in facts["diff"]["zh"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def together_text(facts: dict[str, Any]) -> str:
    """Both languages, of everything that one round found as one change."""
    return _together_english(facts) + "\n---\n\n" + _together_chinese(facts)


def _together_english(facts: dict[str, Any]) -> str:
    tuned = facts["tuned"]
    moved = (
        f"Adjusted to them: {tuned['change']}."
        if tuned["change"]
        else f"No threshold of a rule was moved: {tuned['why']['en']}."
    )
    lines = [
        f"# {', '.join(facts['models'])} for {', '.join(facts['cells'])}, with their thresholds", "",
        f"Everything that this round found, as one change. {moved}", "",
        f"On the days that nothing was chosen on, the whole policy stops {facts['frauds_stopped_more']:+,.0f} frauds and "
        f"{facts['goods_stopped_more']:+,.0f} good events beside the live one: see {facts['backtest']}.", "", "What changes:", "",
        *(f"- {each}" for each in facts["diff"]["en"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _together_chinese(facts: dict[str, Any]) -> str:
    tuned = facts["tuned"]
    moved = f"随之调整：{tuned['change']}。" if tuned["change"] else f"未调整规则阈值：{tuned['why']['zh']}。"
    lines = [
        f"# {'、'.join(facts['cells'])} 换用 {'、'.join(facts['models'])} 及其阈值", "", f"本轮的全部发现，合为一项变更。{moved}", "",
        f"在未用于选择的日子里，整个策略比现行策略多拦下欺诈 {facts['frauds_stopped_more']:+,.0f}、"
        f"正常事件 {facts['goods_stopped_more']:+,.0f}，见 {facts['backtest']}。",
        "", "变更内容：", "", *(f"- {each}" for each in facts["diff"]["zh"]), "",
    ]  # fmt: skip
    return "\n".join(lines)
