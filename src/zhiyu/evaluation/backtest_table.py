"""A backtest in the terminal: the summary, a short table, what must be known.

In: `Backtested`. Out: lines on a rich console.
"""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.evaluation.backtest_words import VERDICTS, change, interval, notes, number, say_blind, summary, verdict
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_figures import FIGURES

_COLOURS = {"better": "green", "worse": "red", "chance": "yellow", "same": "dim", "": ""}
_SHORT = {
    "fraud_caught", "fraud_money_caught", "fraud_money_missed", "recall", "precision", "good_stopped", "good_stopped_rate",
    "good_declined", "approval_rate", "reviews_per_day",
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
    """Live, candidate, difference, interval, verdict."""
    zh = language == "zh"
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for head in (
        ("现行", "候选", "差异", "95% 区间", "") if zh else ("live", "candidate", "difference", "95% interval", "")
    ):
        table.add_column(head, justify="right")
    for figure in FIGURES:
        estimate = b.figures[figure.name]
        money = figure.kind == "money" and not b.live.currency
        if figure.name not in _SHORT or money or estimate.live is None:
            continue
        found, currency = verdict(figure, estimate), b.live.currency
        word = VERDICTS[found].of(language)
        table.add_row(
            figure.zh if zh else figure.en, number(estimate.live, figure.kind, currency),
            number(estimate.candidate, figure.kind, currency), change(estimate.difference, figure.kind, currency).of(language),
            interval(estimate, figure.kind, currency).of(language), f"[{_COLOURS[found]}]{word}[/]" if word else "",
        )  # fmt: skip
    return table
