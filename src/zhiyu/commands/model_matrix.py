"""`zhiyu models matrix`: the model matrix of a policy, drawn: stages down, kinds of fraud across.

In: a policy folder. Out: a table, or one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, told

HASH_CHARS = 12


@click.command("matrix")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def matrix(policy: Path, as_json: bool, lang: str | None) -> None:
    """The model matrix of the POLICY folder: per stage and kind of fraud who speaks, who challenges, and what happens from which score."""
    from zhiyu.engine.opened import open_policy
    from zhiyu.policy.model_roles import standing

    language = language_of(lang)
    with told(language):
        found = standing(open_policy(policy).compiled.checked)["matrix"]
        if not found:
            raise InputError(
                "the policy has no `matrix:`; a cell names its stage, its kind of fraud and its champion",
                "策略没有 matrix；每个单元需写明阶段、欺诈类型与冠军模型",
            )
        if as_json:
            click.echo(json.dumps({"matrix": found}, ensure_ascii=False))
        else:
            Console().print(drawn(found, language))


def drawn(cells: Sequence[dict[str, Any]], language: str) -> Table:
    """Stages down, kinds of fraud across, in the order in which they first come."""
    zh = language == "zh"
    frauds = list(dict.fromkeys(cell["fraud"] for cell in cells))
    table = Table("阶段" if zh else "stage", *frauds, show_lines=True)
    for stage in dict.fromkeys(cell["stage"] for cell in cells):
        own = {cell["fraud"]: _words(cell, zh) for cell in cells if cell["stage"] == stage}
        table.add_row(stage, *(own.get(fraud, "") for fraud in frauds))
    return table


def _words(cell: dict[str, Any], zh: bool) -> str:
    lines = [f"[bold]{cell['name']}[/]", f"{cell['champion']}  {cell['packages'][cell['champion']][:HASH_CHARS]}"]
    if cell["auc"] is not None:
        lines.append(f"AUC {cell['auc']:.3f}")
    lines += [f"{'挑战者' if zh else 'challenger'} {each['model']} {each['percent']} %" for each in cell["challengers"]]
    lines += [f"{'影子' if zh else 'shadow'} {name}" for name in cell["shadow"]]
    lines += [f"≥ {score}: {outcome}" for outcome, score in cell["thresholds"].items()]
    return "\n".join(lines)
