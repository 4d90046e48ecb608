"""`zhiyu report`: what a server decided, from its log: outcomes, rules, the truth so far, decisions explained.

In: the data folder of `zhiyu serve`, or a copy. Out: the report of a replay, over the decisions of the policy in force. Reads only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from zhiyu.commands.terminal import language_of, language_option, progress, told

if TYPE_CHECKING:
    from zhiyu.evaluation.tally import Replayed


@click.command()
@click.option(
    "--data", "-d", required=True, type=click.Path(path_type=Path), help="The data folder of `zhiyu serve`, or a copy."
)
@click.option("--tenant", default="default", show_default=True, help="Whose decisions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the keys of a replay.")
@language_option
def report(data: Path, tenant: str, as_json: bool, lang: str | None) -> None:
    """Report what a server decided since its policy was released. Reads only; the server may go on."""
    language = language_of(lang)
    with told(language):
        found = served_report(data, tenant, language)
        if as_json:
            click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
            return
        from zhiyu.evaluation.report import ReportPrinter

        ReportPrinter(Console(), language).print(found)


def served_report(data: Path, tenant: str, language: str) -> Replayed:
    """Count what the log of a data folder holds, with a progress bar."""
    from zhiyu.engine.kept import Kept
    from zhiyu.evaluation.served import ServedReport

    run = ServedReport(Kept(data, tenant))
    with progress() as bar:
        task = bar.add_task("读取日志" if language == "zh" else "reading the log", total=1.0)
        for done in run.steps():
            bar.update(task, completed=done)
    return run.result
