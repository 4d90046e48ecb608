"""`zhiyu bench`: the command line of this room.

In: options. Out: the report as a table or, with `--json`, as one object on standard output; progress on standard error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from zhiyu.bench.core import Say, Sizes, run_core
from zhiyu.bench.decide import PolicySizes, run_policy
from zhiyu.bench.decide_report import show_policy
from zhiyu.bench.lender import run_lender, show_lender
from zhiyu.bench.metrics import MetricSizes, run_metrics, show_metrics
from zhiyu.bench.models import ModelSizes, run_models, show_models
from zhiyu.bench.network import NetworkSizes, run_network
from zhiyu.bench.network_quality import QualitySizes, run_quality
from zhiyu.bench.network_report import show_network, show_quality
from zhiyu.bench.recovery import run_recovery, show_recovery
from zhiyu.bench.report import show


@click.group()
def bench() -> None:
    """Measure this machine: every headline figure, beside other ways to do the same work."""


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quick", is_flag=True, help="Leave out the second 20 M run (same keys, ten times the events of each).")
@click.option(
    "--events",
    type=click.IntRange(2_000),
    help="Events of state (default 2,000,000); the large size is ten times that.",
)
def core(as_json: bool, quick: bool, events: int | None) -> None:
    """200 exact features and 150 rules on one core. The full run takes about ten minutes and 8 GiB."""
    sizes = Sizes(same_keys=not quick) if events is None else Sizes.scaled(events, quick)
    _tell(_watched(lambda say: run_core(sizes, say)), as_json, show)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--events",
    type=click.IntRange(2_000),
    help="Events of the tape (default 2,000,000); smaller ones shrink everything.",
)
def policy(as_json: bool, events: int | None) -> None:
    """150 rules with features given, a decision table, lists, a feature tape. The full run takes two minutes and 3 GiB."""
    sizes = PolicySizes() if events is None else PolicySizes.scaled(events)
    _tell(_watched(lambda say: run_policy(sizes, say)), as_json, show_policy)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--events", type=click.IntRange(10_000), help="Events (default 2,000,000); smaller ones shrink everything."
)
@click.option("--quality", is_flag=True, help="Instead: how well planted gangs are seen, per seed and camouflage.")
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, help="Seeds of --quality.")
def network(as_json: bool, events: int | None, quality: bool, seeds: int) -> None:
    """Links, components, cores and gangs, beside graph libraries. The full run takes three minutes and 6 GiB."""
    if quality:
        if find_spec("sklearn") is None:
            raise click.ClickException("--quality needs scikit-learn; install it with pip install 'zhiyu[tune]'")
        wanted = QualitySizes(seeds=seeds) if events is None else QualitySizes(events, events // 2, seeds)
        _tell(_watched(lambda say: run_quality(wanted, say)), as_json, show_quality)
        return
    sizes = NetworkSizes() if events is None else NetworkSizes.scaled(events)
    _tell(_watched(lambda say: run_network(sizes, say)), as_json, show_network)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quick", is_flag=True, help="A minute: short phases, 20,000 requests instead of a million.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=None, help="Where the log is written: the disk to be measured."
)
def serve(as_json: bool, quick: bool, folder: Path | None) -> None:
    """Decisions over HTTP, durable, beside the least a durable route can do. The full run takes about ten minutes."""
    try:
        from zhiyu.bench.serve import ServeSizes, run_serve
        from zhiyu.bench.serve_report import show_serve
    except ImportError:
        raise click.ClickException(
            "the server's packages are missing; install them with pip install 'zhiyu[serve]'"
        ) from None
    sizes = replace(ServeSizes.quick() if quick else ServeSizes(), folder=folder)
    _tell(_watched(lambda say: run_serve(sizes, say)), as_json, show_serve)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--days", type=click.IntRange(4, 365), default=30, show_default=True)
@click.option("--customers", type=click.IntRange(1_000, 200_000), default=20_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--policy",
    "-p",
    type=click.Path(path_type=Path),
    default=None,
    help="A policy over the loan vocabulary to measure instead.",
)
@click.option("--difficulty", type=click.IntRange(0, 5), multiple=True, help="One or several (default: all).")
def lender(
    as_json: bool, days: int, customers: int, seed: int, policy: Path | None, difficulty: tuple[int, ...]
) -> None:  # fmt: skip
    """How hard the simulated lender is: what a model on single events finds, or what a policy stops, by kind and difficulty."""
    levels = difficulty or tuple(range(6))
    if policy is None:
        _tell(_watched(lambda say: run_lender(days, customers, levels, seed, say)), as_json, show_lender)
        return
    from zhiyu.bench.lender_policy import run_policy_on_lender, show_policy_on_lender

    report = _watched(lambda say: run_policy_on_lender(policy, days, customers, levels, seed, say))
    _tell(report, as_json, show_policy_on_lender)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--events", type=click.IntRange(2_000), default=10_000_000, show_default=True, help="Events of state.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Where snapshots are written: the disk to be measured.",
)
def recovery(as_json: bool, events: int, folder: Path | None) -> None:
    """A big state back from a snapshot, and how long a snapshot holds up decisions. The full run takes five minutes and 8 GiB."""
    _tell(_watched(lambda say: run_recovery(events, say, folder)), as_json, show_recovery)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--trees", type=click.IntRange(2), help="Trees of the model (default 300); smaller ones shrink everything."
)
def models(as_json: bool, trees: int | None) -> None:
    """A boosted model of 300 trees, one row and in batches, beside LightGBM, XGBoost and ONNX Runtime. Takes about a minute."""
    sizes = ModelSizes() if trees is None else ModelSizes(2_000, 256, 50, trees, 15, 20)
    _tell(_watched(lambda say: run_models(sizes, say)), as_json, show_models)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--decisions", type=click.IntRange(1_000_000), default=100_000_000, show_default=True, help="Decisions of 90 days."
)
def metrics(as_json: bool, decisions: int) -> None:
    """How long screens wait for metrics over rollups of 100 million decisions. Takes about a minute and 3 GiB."""
    _tell(_watched(lambda say: run_metrics(MetricSizes(decisions), say)), as_json, show_metrics)


def _watched(run: Callable[[Say], dict[str, Any]]) -> dict[str, Any]:
    """Run with a progress bar on standard error."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task("starting", total=1.0)
        return run(lambda what, done: progress.update(task, description=what, completed=done))


def _tell(report: dict[str, Any], as_json: bool, shown: Callable[[dict[str, Any], Console], None]) -> None:
    if as_json:
        click.echo(json.dumps(report))
    else:
        shown(report, Console())
