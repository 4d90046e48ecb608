"""The page of two models compared on what a server decided: opens anywhere, both languages, no network, no script.

In: facts of `compared_scores` with the names of the models. Out: HTML.
"""

from __future__ import annotations

from typing import Any

from zhiyu.evaluation.backtest_page_parts import both, plain, row, table, whole
from zhiyu.evaluation.backtest_words import Said

FIGURES = {
    "auc": (Said("area under the curve", "AUC"), 1), "average_precision": (Said("average precision", "平均精度"), 1),
    "ks": (Said("KS", "KS"), 1), "log_loss": (Said("log loss", "对数损失"), -1), "brier": (Said("Brier score", "Brier 分"), -1),
}  # fmt: skip
"""Words, and whether more (1) or less (-1) is better."""


def compare_page(facts: dict[str, Any]) -> str:
    """The whole page."""
    one, two = facts["models"]
    title = Said(f"{two} beside {one}", f"{two} 与 {one} 对比")
    counted = Said(
        f"{facts['rows']:,} decisions of {facts['days']:,} days whose label has matured, {facts['frauds']:,} frauds; "
        f"{facts['unlabelled']:,} more wait for theirs",
        f"{facts['days']:,} 天中标签已成熟的 {facts['rows']:,} 个决策，欺诈 {facts['frauds']:,}；"
        f"另有 {facts['unlabelled']:,} 个尚待标签",
    )
    between = Said("95 % interval", "95 % 区间")
    heads = (
        Said("figure", "指标"), Said(one, one), Said(two, two), Said("difference", "差异"), between, Said("so", "结论"),
    )  # fmt: skip
    rows = [row(_line(key, facts["figures"][key])) for key in FIGURES]
    note = Said(
        "Days are drawn again and again for the interval, since the events of a day are alike. Where it holds zero, the difference may be "
        "chance.",
        "区间由按天重抽样得到，因为同一天的事件彼此相似。区间含零时，差异可能出于偶然。",
    )
    body = (
        f"<h1>{both(title)}</h1><p class='soft'>{both(counted)}</p>{table(heads, rows)}<p class='note'>{both(note)}</p>"
    )
    return whole(title.en, [body], "en")


def _line(key: str, line: dict[str, Any]) -> list[str]:
    said, better = FIGURES[key]
    if "low" not in line:
        return [both(said), "–", "–", "–", "–", "–"]
    low, high = sorted((better * line["low"], better * line["high"]))
    verdict = (
        Said("better", "更好")
        if low > 0
        else Said("worse", "更差")
        if high < 0
        else Said("may be chance", "可能是偶然")
    )
    return [
        both(said), f"{line['one']:.4f}", f"{line['two']:.4f}", f"{line['difference']:+.4f}",
        plain(f"{line['low']:+.4f} … {line['high']:+.4f}"), both(verdict),
    ]  # fmt: skip
