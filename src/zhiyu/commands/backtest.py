"""`zhiyu backtest`: what would change if policy B replaced policy A.

In: two policy folders, a file of events, labels. Out: a short table (or one JSON object), a page, the changed decisions as Parquet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from zhiyu.base.places_on_disk import require_folder
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels
from zhiyu.commands.watch import watch_folders

FOLDER = ".zhiyu/backtest"
_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--live", "live", required=True, type=_PATH, help="The policy folder in force.")
@click.option("--candidate", required=True, type=_PATH, help="The policy folder that would replace it.")
@click.option("--events", required=True, type=_PATH, help="Events to decide with both: .ndjson, .csv, .parquet.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud (instead of a label column).")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policies describes the file.")
@click.option(
    "--segment", "segments", multiple=True, help="Split the figures by this field; may be given several times."
)
@click.option(
    "--seed", type=click.IntRange(0, (1 << 63) - 1), default=0, show_default=True, help="Seed of the intervals."
)
@click.option(
    "--from", "begins", default="", metavar="TIME", help="Count only decisions from then on: a date (UTC) or a time."
)
@click.option(
    "--until", "ends", default="", metavar="TIME", help="Count only decisions before: a date (UTC) or a time."
)
@click.option(
    "--out", "-o", type=_PATH, default=Path(FOLDER), show_default=True, help="Folder for page, JSON and changes."
)
@click.option("--lists", type=_PATH, default=None, help="The journal of list changes (see `zhiyu lists`).")
@click.option(
    "--tape",
    type=_PATH,
    default=None,
    help="Decide over the feature tape in this folder; it is recorded from EVENTS when there is none.",
)
@click.option("--watch", is_flag=True, help="Run again whenever a file of either policy changes; Ctrl-C ends.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
@language_option
def backtest(live: Path, candidate: Path, as_json: bool, watch: bool, lang: str | None, **options: Any) -> None:
    """Compare two policies over the same EVENTS: frauds caught and missed, good customers hurt, reviews, every difference with a 95 %
    interval, by segment and day. Writes report.html, report.json and changes.parquet."""
    language = language_of(lang)

    def once() -> None:
        with told(language):
            run_once(live, candidate, language, as_json, **options)

    if watch:
        watch_folders((live, candidate), once, language)
    else:
        once()


def run_once(
    live: Path, candidate: Path, language: str, as_json: bool, *, events: Path, labels: Path | None, label_delay: str | None,
    source: str | None, segments: tuple[str, ...], seed: int, begins: str, ends: str, out: Path, lists: Path | None,
    tape: Path | None,
) -> None:  # fmt: skip
    """One comparison, printed and written."""
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.backtest import Backtest
    from zhiyu.evaluation.backtest_files import write_backtest
    from zhiyu.evaluation.backtest_table import print_backtest
    from zhiyu.evaluation.replay import Replay
    from zhiyu.evaluation.span import Span
    from zhiyu.evaluation.two_tapes import TwoTapes, recorded

    span = Span.read(begins, ends)
    require_folder(out)
    both = open_policy(live), open_policy(candidate)
    warm_kernels(language)
    with progress() as bar:
        if tape is not None:
            replay = Replay(
                both[0], events, source=source, labels=labels, label_delay=label_delay, tape=tape, lists=lists
            )
            recording = bar.add_task("录制特征带" if language == "zh" else "recording the tape", total=1.0)
            for done in recorded(tape, *both, replay):
                bar.update(recording, completed=done)
            bar.update(recording, completed=1.0, visible=False)
        run = Backtest(
            *both, events, source=source, labels=labels, label_delay=label_delay, segments=segments, seed=seed, lists=lists,
            folders=(str(live), str(candidate)), span=span, pairs=TwoTapes(*both, tape, lists) if tape is not None else None,
        )  # fmt: skip
        task = bar.add_task("回测" if language == "zh" else "comparing", total=1.0)
        for done in run.steps():
            bar.update(task, completed=done)
    assert run.result is not None
    facts = write_backtest(run.result, out, language)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        print_backtest(Console(), run.result, language, facts["files"]["page"])
