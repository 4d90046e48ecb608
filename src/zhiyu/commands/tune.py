"""`zhiyu tune`: changes to a policy, proposed under limits; once, or every so often. Never changes the live policy.

In: options. Out: a folder of proposals, a table (or, with `--json`, one object) on standard output.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.base.money import say_money
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels
from zhiyu.commands.watch import with_exit_caught
from zhiyu.policy.outcomes import OUTCOMES

WEEKLY = "7d"
"""What `--every` without a value means."""
SHORTEST_MS = 60_000


@click.command()
@click.option(
    "--policy", "-p", required=True, type=click.Path(path_type=Path), help="The live policy folder; only read."
)
@click.option("--events", required=True, type=click.Path(path_type=Path), help="Past events (.ndjson, .csv, .parquet).")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Where proposals go (a new folder).")
@click.option("--labels", type=click.Path(path_type=Path), default=None, help="A file with columns id, fraud.")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option(
    "--lists", type=click.Path(path_type=Path), default=None, help="The journal of list changes (see `zhiyu lists`)."
)
@click.option(
    "--tape",
    type=click.Path(path_type=Path),
    default=None,
    help="Decide over the feature tape in this folder; it is recorded from the events when there is none.",
)
@click.option("--review-load", type=float, default=None, metavar="N", help="Reviews a day at most, whole policy.")
@click.option(
    "--good-hurt",
    type=float,
    default=None,
    metavar="SHARE",
    help="Share of good decisions stopped at most, whole policy.",
)
@click.option(
    "--approval-rate",
    type=float,
    default=None,
    metavar="SHARE",
    help="Share that goes through at once at least, whole policy.",
)
@click.option("--max-depth", type=click.IntRange(1, 3), default=3, show_default=True, help="Splits of a new rule.")
@click.option("--train-share", type=float, default=0.7, show_default=True, help="Share of the time used for finding.")
@click.option("--proposals", type=click.IntRange(1, 50), default=5, show_default=True, help="How many at most.")
@click.option(
    "--min-precision",
    type=click.FloatRange(0, 1),
    default=0.25,
    show_default=True,
    help="Of what a change stops in addition.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES[2:]),
    default="review",
    show_default=True,
    help="What a new rule asks for.",
)
@click.option("--count", is_flag=True, help="Rank by number of frauds, not by their money.")
@click.option(
    "--rows", type=click.IntRange(1_000), default=1_500_000, show_default=True, help="Decisions held; past it goods are sampled."
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Of sampling, trees and intervals.")
@click.option(
    "--every",
    is_flag=False,
    flag_value=WEEKLY,
    default=None,
    metavar="[SPAN]",
    help="Stay running and repeat, weekly or every SPAN (e.g. 1d); a new folder per date in --out. Ctrl-C ends.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what summary.json holds.")
@language_option
def tune(every: str | None, as_json: bool, lang: str | None, **options: Any) -> None:
    """Propose changes to a policy: other thresholds and constants, new rules from shallow trees.

    Each is found on the earlier part of the time, measured on the later one, and kept only when it keeps the limits on both. The live
    policy is never changed: a proposal is a policy folder of its own, for `zhiyu diff`, `zhiyu backtest` and people to look at.

    Run it weekly: `zhiyu tune … --every`, or once from a timer of your system. A round that fails says why, and the next one comes all
    the same.
    """
    language = language_of(lang)
    out: Path = options.pop("out")

    def once(folder: Path) -> None:
        with told(language):
            _once(folder, language, as_json, options)

    if every is None:
        once(out)
        return
    repeated(once, out, every, language)


def repeated(once: Callable[[Path], None], out: Path, every: str, language: str) -> None:
    """One round after the other, each into a folder of its own below `out`, until Ctrl-C."""
    with told(language):
        wait_ms = span_ms(every)
    try:
        while True:
            with_exit_caught(lambda: once(out / dated(out)))
            time.sleep(wait_ms / 1000)
    except KeyboardInterrupt:
        click.echo(err=True)


def span_ms(every: str) -> int:
    """How long to wait between two rounds, in ms; InputError when that is too short."""
    from zhiyu.evaluation.replay import parse_delay

    wait_ms = parse_delay(every)
    if wait_ms < SHORTEST_MS:
        raise InputError(
            f"--every {every} is too short: at least 1m between two rounds",
            f"--every {every} 过短：两轮之间至少间隔 1m",
        )
    return wait_ms


def dated(out: Path) -> str:
    """Today (UTC), with a number when there is one already."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    name, number = day, 2
    while (out / name).exists():
        name, number = f"{day}-{number}", number + 1
    return name


def _once(out: Path, language: str, as_json: bool, options: dict[str, Any]) -> None:
    from zhiyu.evaluation.tuning.limits import Limits
    from zhiyu.evaluation.tuning.search import Wish
    from zhiyu.evaluation.tuning.tune import Request, tune

    limits = Limits(options["review_load"], options["good_hurt"], options["approval_rate"])
    wish = Wish(
        limits, not options["count"], options["min_precision"], options["proposals"], options["max_depth"], options["outcome"],
        options["seed"],
    )  # fmt: skip
    names = ("policy", "events", "labels", "label_delay", "source", "train_share", "rows", "tape", "lists")
    request = Request(out=out, wish=wish, **{name: options[name] for name in names})
    warm_kernels(language)
    words = {"replay": ("replaying", "回放"), "search": ("searching", "搜索"), "backtest": ("proving", "回测")}
    with progress() as bar:
        tasks: dict[str, Any] = {}

        def hear(what: str, done: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(words[what][language == "zh"], total=1.0)
            bar.update(tasks[what], completed=done)

        summary = tune(request, hear)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _print(Console(), summary, out, language == "zh")


def _print(console: Console, summary: dict[str, Any], out: Path, zh: bool) -> None:
    from zhiyu.evaluation.tuning.words import FORMULA

    split = summary["split"]
    for name, en, word in (("earlier", "found on", "发现期"), ("later", "measured on", "检验期")):
        console.print(f"{word if zh else en} {split[name]['from']} … {split[name]['to']} UTC", highlight=False)
    for broken in summary["live_breaks"]:
        console.print(
            f"[yellow]{'线上策略已超出限制' if zh else 'the live policy breaks a limit'}:[/] {escape(broken)}"
        )
    for note in summary["notes"]:
        console.print(f"[yellow]{escape(note['zh' if zh else 'en'])}[/]", soft_wrap=True)
    if summary["proposals"]:
        console.print(_proposals(summary, zh))
        console.print(FORMULA["zh" if zh else "en"], soft_wrap=True, highlight=False)
    else:
        console.print("没有满足限制的建议。" if zh else "Nothing satisfies the limits and gains something.")
    for each in summary["nearest"] + summary["left_out"][:3] * (not summary["proposals"]):
        near = "最接近" if zh else "nearest"
        console.print(
            f"  {near}: {escape(each['change'])} ({escape(each['why_not'])})", soft_wrap=True, highlight=False
        )
    console.print(f"{'已写入' if zh else 'written to'} {out}", soft_wrap=True, highlight=False)


def _proposals(summary: dict[str, Any], zh: bool) -> Table:
    from zhiyu.evaluation.tuning.words import what

    table = Table(box=None, pad_edge=False)
    heads = ("", "gained", "good hurt", "precision", "reviews/day", "change")
    for en, word in zip(heads, ("", "增益", "新增误伤", "精确率", "每日审核", "修改")):
        table.add_column(word if zh else en, justify="left" if en in ("", "change") else "right", overflow="fold")
    for facts in summary["proposals"]:
        f, money = facts["later"], summary["by_money"] and summary["currency"]
        gained = say_money(round(f["money_gained"]), summary["currency"]) if money else f"{f['frauds_gained']:,.0f}"
        precision = "–" if f["precision"] is None else f"{f['precision']:.0%}"
        table.add_row(
            str(facts["number"]), gained, f"{f['good_hurt_gained']:,.0f}", precision, f"{f['reviews_per_day']:,.1f}",
            escape(what(facts, "zh" if zh else "en")),
        )  # fmt: skip
    return table
