"""`zhiyu simulate`: a synthetic lender with ground truth, written to a folder.

In: days, customers, seed, difficulty. Out: files, and what was made in a few lines.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from zhiyu.commands.terminal import language_of, language_option, progress, told

WORDS_ZH = {"people": "生成客户", "lives": "模拟日常", "frauds": "模拟欺诈", "order": "排序", "write": "写出"}


@click.command()
@click.option("--days", type=int, default=30, show_default=True, help="Days from 2025-09-01 on.")
@click.option(
    "--customers",
    type=int,
    default=20_000,
    show_default=True,
    help="Honest customers, those who register meanwhile included.",
)
@click.option(
    "--seed",
    type=int,
    default=7,
    show_default=True,
    help="Another seed, another lender; the same seed, the same bytes.",
)
@click.option(
    "--difficulty",
    type=int,
    default=3,
    show_default=True,
    help="How well frauds hide: 0 (openly) to 5 (no visible trait).",
)
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="A new folder, or one of an earlier simulation."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "ndjson"]),
    default="parquet",
    show_default=True,
    help="Of the events.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    default=None,
    help="Policy folder: answers of the services that it asks stand among the events, so that a replay asks nobody.",
)
@click.option("--generator", default="", help="An earlier generator, for figures that stay comparable: lender/2.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what stands in simulation.json.")
@language_option
def simulate(
    days: int, customers: int, seed: int, difficulty: int, out: Path, form: str, policy: Path | None, generator: str,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Make a lender: events in the loan vocabulary, honest and fraudulent, and the truth beside them."""
    from zhiyu.policy.load import load_policy
    from zhiyu.simulation.lender import VERSION, Wanted, make_lender
    from zhiyu.simulation.lender.write import write_lender

    language = language_of(lang)
    with told(language), progress() as bar:
        task = bar.add_task("", total=1.0)

        def say(what: str, done: float) -> None:
            bar.update(task, description=WORDS_ZH[what] if language == "zh" else what, completed=done)

        asks = load_policy(policy).policy if policy is not None else None
        made = make_lender(Wanted(days, customers, seed, difficulty, generator or VERSION), say)
        found = write_lender(made, out, "ndjson" if form == "ndjson" else "parquet", say, asks)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    zh = language == "zh"
    click.echo(
        f"已写入 {out}：{found['events']:,} 个事件，版本 {found['version']}"
        if zh
        else f"wrote {out}: {found['events']:,} events, {found['version']}"
    )
    if found.get("answers"):
        click.echo(
            f"其中外部服务回应 {found['answers']:,} 条（{found['services']}）"
            if zh
            else f"and {found['answers']:,} answers of services outside, {found['services']}"
        )
    table = Table("欺诈类型" if zh else "kind of fraud", "事件" if zh else "events", box=None)
    for kind, count in found["frauds"].items():
        table.add_row(kind, f"{count:,}")
    Console().print(table)
