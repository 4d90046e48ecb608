"""The spend on services as lines of a report, in both languages.

In: what `Spend.to_dict` says. Out: a table's cells, and one line for all.
"""

from __future__ import annotations

from typing import Any

from zhiyu.base.money import say_money

END_WORDS = {
    "answered": ("answered", "已回应"), "timed_out": ("timed out", "超时"), "refused": ("refused", "拒绝或不可达"),
    "breaker_open": ("breaker open", "熔断"), "invalid": ("invalid", "回应无效"), "lost": ("lost", "重启丢失"),
    "unanswered": ("unanswered", "无回应"),
}  # fmt: skip
HEAD = (
    ("service", "服务"),
    ("calls", "查询"),
    ("from the cache", "缓存"),
    ("how they ended", "结果"),
    ("spend", "花费"),
)


def spend_rows(spend: dict[str, Any], zh: bool) -> list[list[str]]:
    """One row per service that was asked."""
    rows = []
    for name, each in spend["services"].items():
        ends = [f"{END_WORDS[end][zh]} {count:,}" for end, count in each["ends"].items()]
        if not ends and not each["calls"]:
            continue
        again = (
            (
                f"（重启后重复 {each['again']:,}，{say_money(each['cost_again'], each['currency'])}）"
                if zh
                else f" (asked again {each['again']:,}, {say_money(each['cost_again'], each['currency'])})"
            )
            if each["again"]
            else ""
        )
        money = say_money(each["cost"], each["currency"]) + again
        rows.append([name, f"{each['calls']:,}", f"{each['cached']:,}", ("、" if zh else ", ").join(ends), money])
    return rows


def spend_line(spend: dict[str, Any], decided: int, zh: bool) -> str:
    """What all of it cost, per decision that asked, and per decision."""
    parts = []
    for currency, cost in spend["cost"].items():
        each, all_of_them = (say_money(round(cost / max(count, 1)), currency) for count in (spend["asked"], decided))
        most = say_money(spend["most"].get(currency, 0), currency)
        parts.append(
            f"{say_money(cost, currency)}，{spend['asked']:,} 个决策有查询，平均 {each}，最高 {most}；摊到每个决策 {all_of_them}"
            if zh
            else f"{say_money(cost, currency)} for {spend['asked']:,} decisions that asked: {each} on average, {most} at most; "
            f"{all_of_them} per decision"
        )
    return "；".join(parts) if zh else "; ".join(parts)
