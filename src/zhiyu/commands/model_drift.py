"""`zhiyu models drift`: a model held against what it was trained on, by hour and day, over a file or over what a server decided.

In: a package, or the name of a model; events, or a data folder. Out: a table or one JSON object; with `--out` a page, its figures, and
alerts as events.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

_PATH = click.Path(path_type=Path)
SHOWN = 15


@click.command()
@click.argument("model")
@click.option(
    "--policy", "-p", type=_PATH, default=None, help="The policy folder whose features the model reads, with --events."
)
@click.option("--events", type=_PATH, default=None, help="Events, with or without labels.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud.")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option("--data", "-d", type=_PATH, default=None, help="Instead: the data folder of `zhiyu serve`, or a copy.")
@click.option("--tenant", default="default", show_default=True, help="Whose decisions, with --data.")
@click.option("--from", "begins", default="", metavar="TIME", help="Only events from then on.")
@click.option("--until", "ends", default="", metavar="TIME", help="Only events before then.")
@click.option("--psi", type=float, default=0.25, show_default=True, help="Stability index of a day that is an alert.")
@click.option(
    "--missing",
    type=float,
    default=0.05,
    show_default=True,
    help="Change of the share of missing values that is an alert.",
)
@click.option(
    "--calibration",
    type=float,
    default=1.5,
    show_default=True,
    help="Frauds of a day over those expected that is an alert.",
)
@click.option("--out", type=_PATH, default=None, help="A folder for report.html, report.json and alerts.ndjson.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def drift(model: str, lang: str | None, as_json: bool, out: Path | None, **given: Any) -> None:
    """How far the inputs and scores of MODEL have moved from its training, and how well it is calibrated as labels mature. MODEL is a
    package; with --data also the name of a model. Alerts are events of the type `model_drift` that a server can take.
    """
    language = language_of(lang)
    with told(language):
        facts = _watched(model, language, **given)
        if out is not None:
            _write(out, facts)
        if as_json:
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            _print(facts, language)


def _watched(
    model: str, language: str, *, policy: Path | None, events: Path | None, data: Path | None, tenant: str, **given: Any
) -> dict[str, Any]:
    from zhiyu.engine.kept import Kept
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.drift.judge import Limits
    from zhiyu.evaluation.drift.watch import Watch, read_package, watch_events, watch_log
    from zhiyu.evaluation.span import Span

    if (data is None) == (events is None) or (events is None) != (policy is None):
        raise InputError("give --policy and --events, or --data", "请给出 --policy 与 --events，或 --data")
    limits = Limits(given["psi"], given["missing"], given["calibration"])
    kept = Kept(data, tenant) if data is not None else None
    watch = Watch(read_package(model, kept), Span.read(given["begins"], given["ends"]), limits)
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放事件" if language == "zh" else "replaying events", total=1.0)
        if kept is not None:
            watch_log(kept, watch, lambda done: bar.update(task, completed=done))
        elif policy is not None and events is not None:
            opened = open_policy(policy, all_features=True)
            for done in watch_events(opened, events, watch, given["source"], given["labels"], given["label_delay"]):
                bar.update(task, completed=done)
    return watch.facts()


def _write(out: Path, facts: dict[str, Any]) -> None:
    from zhiyu.evaluation.drift.page import page

    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(page(facts), encoding="utf-8")
    (out / "report.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    lines = "".join(json.dumps(alert, ensure_ascii=False) + "\n" for alert in facts["alerts"])
    (out / "alerts.ndjson").write_text(lines, encoding="utf-8")


def _print(facts: dict[str, Any], language: str) -> None:
    zh = language == "zh"
    heads = (
        ("输入", "稳定性指数", "缺失", "训练时缺失") if zh else ("input", "stability index", "missing", "in training")
    )
    table = Table(*heads)
    for line in facts["inputs"][:SHOWN]:
        table.add_row(
            line["name"], f"{line['stability']:.4f}", f"{line['missing']:.2%}", f"{line['missing_before']:.2%}"
        )
    console = Console()
    console.print(table)
    click.echo(
        "低于 0.1 无变化，高于 0.25 说明人群已变"
        if zh
        else "below 0.1 nothing has moved, above 0.25 it is another population"
    )
    days, rows, labelled, alerts = len(facts["days"]), facts["rows"], facts["labelled"], len(facts["alerts"])
    click.echo(
        f"{days} 天，{rows:,} 个事件，{labelled:,} 个标签，告警 {alerts} 条"
        if zh
        else f"{days} days, {rows:,} events, {labelled:,} labels, {alerts} alerts"
    )
    for alert in facts["alerts"][:SHOWN]:
        click.echo(
            f"  {alert['start']} {alert['span']} {alert['what']} {alert['input']}: {alert['value']:.3f} ({alert['limit']:.3f})"
        )
