"""`zhiyu replay`: a file of events, or a feature tape, through a policy.

In: events, a policy folder. Out: decisions in a run folder, a report or one JSON object, the digest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

RUN_FOLDER = ".zhiyu/run"
"""Where a replay writes and `zhiyu explain` looks when nothing else is said."""


@click.command()
@click.argument("events", type=click.Path(path_type=Path))
@click.option("--policy", "-p", required=True, type=click.Path(path_type=Path), help="The policy folder.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=None, help=f"Where decisions go (default {RUN_FOLDER})."
)
@click.option("--no-out", is_flag=True, help="Write no decisions.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    default=None,
    help="A file with columns id, fraud (instead of a label column).",
)
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option("--tenant", default="default", show_default=True, help="Whose run this is.")
@click.option(
    "--batch",
    type=click.IntRange(1, 1 << 20),
    default=65_536,
    show_default=True,
    help="Events per batch; never changes a decision.",
)
@click.option("--all-features", is_flag=True, help="Compute every declared feature, not only those that rules use.")
@click.option(
    "--lists", type=click.Path(path_type=Path), default=None, help="The journal of list changes (see `zhiyu lists`)."
)
@click.option(
    "--shadow",
    type=click.Path(path_type=Path),
    default=None,
    help="Another version that decides beside and changes nothing.",
)
@click.option(
    "--tape",
    type=click.Path(path_type=Path),
    default=None,
    help="Also record a feature tape: `zhiyu replay TAPE` decides it again.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the report.")
@language_option
def replay(
    events: Path, policy: Path, out: Path | None, no_out: bool, labels: Path | None, label_delay: str | None, source: str | None,
    tenant: str, batch: int, all_features: bool, lists: Path | None, shadow: Path | None,
    tape: Path | None, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Replay EVENTS (.ndjson, .csv, .parquet, or a feature tape) through a policy: decisions, report, digest."""
    language = language_of(lang)
    with told(language):
        check_tenant(tenant)
        target = None if no_out else (out or Path(RUN_FOLDER))
        _replay(
            events, policy, language, as_json, out=target, labels=labels, label_delay=label_delay, source=source, tenant=tenant,
            batch=batch, all_features=all_features, tape=tape, lists=lists, shadow=shadow,
        )  # fmt: skip


def check_tenant(tenant: str) -> None:
    """InputError for what cannot name the tenant of a run."""
    if not tenant.replace("-", "").replace("_", "").isalnum() or len(tenant) > 64:
        raise InputError(
            f"'{tenant}' is no tenant name: letters, digits, - and _, at most 64",
            f"“{tenant}”不是合法的租户名：只能用字母、数字、- 和 _，最多 64 个字符",
        )


def _replay(
    events: Path,
    policy: Path,
    language: str,
    as_json: bool,
    *,
    all_features: bool = False,
    shadow: Path | None = None,
    **options: Any,
) -> None:
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.replay import Replay
    from zhiyu.evaluation.report import ReportPrinter

    opened = open_policy(policy, options["tenant"], all_features=all_features)
    run = Replay(opened, events, shadow=open_policy(shadow, options["tenant"]) if shadow else None, **options)
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放" if language == "zh" else "replaying", total=1.0)
        for done in run.steps():
            bar.update(task, completed=done)
    if as_json:
        click.echo(json.dumps(run.result.to_dict(), ensure_ascii=False, default=str))
    else:
        ReportPrinter(Console(), language).print(run.result)
