"""The model card: what a model is, on what it was trained, how good it is, in words, en and zh.

In: a package with its facts and figures. Out: two texts (Markdown).
"""

from __future__ import annotations

from typing import Any

from zhiyu.models.package import Package

KINDS = {
    "trees": ("boosted trees", "提升树"),
    "logistic": ("logistic regression", "逻辑回归"),
    "scorecard": ("scorecard", "评分卡"),
    "few_leaves": ("boosted trees of few leaves", "少叶提升树"),
    "blend": ("boosted trees and a scorecard, averaged", "提升树与评分卡取平均"),
    "trees+scorecard": ("boosted trees and a scorecard, averaged", "提升树与评分卡取平均"),
    "few_leaves+scorecard": ("boosted trees of few leaves and a scorecard, averaged", "少叶提升树与评分卡取平均"),
}
ROWS = (
    ("auc", "area under the curve", "AUC"),
    ("average_precision", "average precision", "平均精度"),
    ("ks", "KS", "KS"),
    ("brier", "Brier score", "Brier 分"),
)


def cards(package: Package) -> tuple[str, str]:
    """(English, Chinese)."""
    return _card(package, False), _card(package, True)


def _card(package: Package, zh: bool) -> str:
    facts = package.trained
    drawn = facts.data.get("split") == "draw"
    train, test = (_span(facts.data[part], zh, drawn) for part in ("train", "test"))
    kind = KINDS[facts.data.get("fitted", package.kind)][zh]
    lines = [f"# {package.name}", ""]
    if zh:
        lines += [
            f"{kind}，{len(package.inputs)} 个输入，单元 {facts.cell or '未指定'}，对 {'、'.join(facts.events)} 打分。",
            "",
        ]
        lines += [
            f"训练：{train}。测试：{test}，"
            + ("从同一张无时间的表中抽出。" if drawn else "均在训练之后；学习时只用了测试开始前已到达的标签。"),
            "",
        ]
    else:
        lines += [
            f"{kind.capitalize()} over {len(package.inputs)} inputs, cell {facts.cell or 'not named'}, scores {', '.join(facts.events)}.",
            "",
        ]
        lines += [
            f"Trained on {train}. Tested on {test}, "
            + (
                "drawn from the same table, which has no time."
                if drawn
                else "all later; only labels that had arrived when the test began were learned from."
            ),
            "",
        ]
    lines += ["| 指标 | 训练 | 测试 |" if zh else "| figure | training | test |", "|---|---|---|"]
    for key, en, chinese in ROWS:
        lines.append(
            f"| {chinese if zh else en} | {_shown(package.metrics['train'], key)} | {_shown(package.metrics['test'], key)} |"
        )
    limits = (
        "分数是关联，不是原因；特征含义变化、人群变化或欺诈手法变化时须重新评估。单独依据分数拒绝客户之前，请先看分群误伤。"
        if zh
        else "A score is association, not cause; judge it again when features, customers or fraudsters change, and look at who is hurt "
        "before it alone refuses anyone."
    )
    test = package.metrics["test"]
    return "\n".join([*lines, "", *_cuts(test.get("cuts", []), zh), *_groups(test.get("groups", []), zh), limits, ""])


def _cuts(found: list[dict[str, float]], zh: bool) -> list[str]:
    """What a threshold would have stopped in the test."""
    if not found:
        return []
    head = [
        "| 拦下占比 | 分数不低于 | 精确率 | 召回率 |"
        if zh
        else "| share stopped | score at least | precision | recall |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| {cut['stopped']:.2%} | {cut['score']:.4f} | {cut['precision']:.1%} | {cut['recall']:.1%} |" for cut in found
    ]
    return [*head, *rows, ""]


def _groups(found: list[dict[str, Any]], zh: bool) -> list[str]:
    """For whom it is worse."""
    lines: list[str] = []
    for each in found:
        heads = "行数 | AUC | 平均分 | 欺诈占比" if zh else "rows | AUC | mean score | share of fraud"
        head = f"| {each['of']} | {heads} |"
        lines += [head, "|---|---|---|---|---|"]
        for line in each["groups"]:
            figures = f"{_shown(line, 'auc')} | {_shown(line, 'mean_score')} | {_shown(line, 'fraud')}"
            lines.append(f"| {line['group']} | {line['rows']:,} | {figures} |")
        lines.append("")
    return lines


def _shown(figures: dict[str, Any], key: str) -> str:
    return "-" if figures.get(key) is None else f"{figures[key]:.4f}"


def _span(span: dict[str, Any], zh: bool, drawn: bool) -> str:
    if not span.get("rows"):
        return "无" if zh else "nothing"
    days = "" if drawn else f"{span['from'][:10]} … {span['until'][:10]}"
    return (
        f"{days}{'，' if days else ''}{span['rows']:,} 行，欺诈 {span['frauds']:,}"
        if zh
        else f"{days}{': ' if days else ''}{span['rows']:,} rows, {span['frauds']:,} frauds"
    )
