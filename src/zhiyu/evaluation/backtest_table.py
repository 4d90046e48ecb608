"""A backtest in the terminal: the summary, a short table, what must be known.

In: `Backtested`. Out: lines on a rich console.
"""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.base.money import MINOR_DIGITS
from zhiyu.evaluation.backtest_words import change, interval, notes, number, say_blind, summary, verdict
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_figures import FIGURES
from zhiyu.evaluation.compare_intervals import Estimate

_COLOURS = {"better": "green", "worse": "red", "chance": "yellow", "same": "dim", "": ""}
_WORDS = {
    "better": ("better", "改善"),
    "worse": ("worse", "变差"),
    "chance": ("chance?", "偶然？"),
    "same": ("same", "相同"),
}
_SHORT = {
    "fraud_caught": ("frauds stopped", "拦下欺诈"), "fraud_money_caught": ("fraud money stopped", "拦下欺诈金额"),
    "fraud_money_missed": ("fraud money missed", "漏过欺诈金额"), "recall": ("recall", "召回率"), "precision": ("precision", "精确率"),
    "good_stopped": ("good events stopped", "误伤"), "good_stopped_rate": ("share of good events", "误伤率"),
    "good_declined": ("good events declined", "误拒"), "approval_rate": ("approval rate", "通过率"),
    "reviews_per_day": ("reviews a day", "日均审核"),
}  # fmt: skip


def print_backtest(console: Console, b: Backtested, language: str, page: str) -> None:
    """Everything that fits on one screen; `page` is where the rest is."""
    console.print()
    for said in summary(b):
        console.print(escape(said.of(language)))
    if not b.identical:
        console.print()
        console.print(figure_table(b, language))
    for warning in b.blind:
        console.print(f"[yellow]{escape(say_blind(warning).of(language))}[/]")
    for note in notes(b):
        console.print(f"[dim]{escape(note.of(language))}[/]")
    zh = language == "zh"
    rate = b.seconds / max(b.records, 1) * 1e6
    console.print(
        f"[dim]{b.records:,} {'个事件' if zh else 'events'}, {b.seconds:.1f} s ({rate:.1f} s / 1,000,000)[/]\n"
        f"{'完整报告' if zh else 'the whole report'}: {escape(page)}",
        soft_wrap=True,
        highlight=False,
    )


def figure_table(b: Backtested, language: str) -> Table:
    """Live, candidate, difference, interval, verdict; money in major units, so that it fits eighty columns."""
    zh = language == "zh"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for head in (
        ("现行", "候选", "差异", "95% 区间", "") if zh else ("live", "candidate", "differs", "95% interval", "")
    ):
        table.add_column(head, justify="right", no_wrap=True)
    for figure in FIGURES:
        e = b.figures[figure.name]
        money = figure.kind == "money"
        if figure.name not in _SHORT or (money and not b.live.currency) or e.live is None:
            continue
        kind, unit = ("count", 10.0 ** -MINOR_DIGITS.get(b.live.currency, 2)) if money else (figure.kind, 1.0)
        found, e = verdict(figure, e), scaled(e, unit)
        span = interval(e, kind, "").of(language).replace(" pp", "").replace(" 个百分点", "")
        name = _SHORT[figure.name][zh] + (f", {b.live.currency}" if money else "")
        table.add_row(
            name, number(e.live, kind, ""), number(e.candidate, kind, ""), change(e.difference, kind, "").of(language), span,
            f"[{_COLOURS[found]}]{_WORDS[found][zh]}[/]" if found else "",
        )  # fmt: skip
    return table


def scaled(e: Estimate, unit: float) -> Estimate:
    """The same estimate in another unit, to whole numbers; unchanged when `unit` is 1."""
    if unit == 1:
        return e
    return Estimate(
        *(
            value if value is None else float(round(value * unit))
            for value in (e.live, e.candidate, e.difference, e.low, e.high)
        )
    )
