"""`zhiyu report`: what a server decided, from its log; with `--features` how its variables are distributed, hour by hour.

In: the data folder of `zhiyu serve`, or a copy; with `--features` also a file of events and a policy. Out: the report of a replay,
over the decisions of the policy in force; or hours, anomalies, a page. Reads only; `--send` tells a server of the anomalies, as events.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told

if TYPE_CHECKING:
    from zhiyu.evaluation.tally import Replayed

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--data", "-d", type=_PATH, default=None, help="The data folder of `zhiyu serve`, or a copy.")
@click.option("--tenant", default="default", show_default=True, help="Whose decisions.")
@click.option(
    "--features",
    is_flag=True,
    help="The live variables instead: distributions, what is missing, what rises, what is odd.",
)
@click.option("--events", type=_PATH, default=None, help="With --features: a file of events instead of a data folder.")
@click.option("--policy", "-p", type=_PATH, default=None, help="With --events: the policy folder.")
@click.option("--source", default=None, help="With --events: which source of the policy describes the file.")
@click.option(
    "--hours",
    type=click.IntRange(1, 744),
    default=24,
    show_default=True,
    help="With --features: newest hours told in full.",
)
@click.option(
    "--out", "-o", type=_PATH, default=None, help="With --features: features.html, features.json, anomalies.ndjson."
)
@click.option(
    "--send", "url", default="", metavar="URL", help="With --features: tell this server of the anomalies, as events."
)
@click.option("--key", default="", envvar="ZHIYU_API_KEY", help="API key for --send.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the keys of a replay.")
@language_option
def report(
    data: Path | None, tenant: str, features: bool, as_json: bool, lang: str | None, **options: Any
) -> None:  # fmt: skip
    """Report what a server decided since its policy was released, or its variables by the hour. Reads only; the server may go on."""
    language = language_of(lang)
    with told(language):
        if features:
            from zhiyu.commands.report_features import feature_report

            feature_report(data, tenant, as_json, language, **options)
            return
        if data is None:
            raise InputError("give the data folder of a server with --data", "请用 --data 指定服务的数据目录")
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
