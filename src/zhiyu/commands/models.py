"""`zhiyu models`: the packages of a policy, one of them in words, two of them beside each other, one against the present.

In: a policy folder, package files, events. Out: tables, or one JSON object with `--json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.commands.model_drift import drift
from zhiyu.commands.model_host import host
from zhiyu.commands.model_import import import_model
from zhiyu.commands.model_matrix import matrix
from zhiyu.commands.model_roles import COMMANDS
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

_PATH = click.Path(path_type=Path)
HASH_CHARS = 12
ROLES = {"champion": ("champion", "冠军"), "challenger": ("challenger", "挑战者"), "shadow": ("shadow", "影子")}


@click.group()
def models() -> None:
    """Trained models: what there is, who speaks, how good, whether they have drifted."""


for each in (matrix, drift, import_model, host, *COMMANDS):
    models.add_command(each)


def _read(path: Path) -> Any:
    from zhiyu.models.package import read

    if not path.is_file():
        raise InputError(f"no model package at '{path}'", f"没有模型包“{path}”")
    return read(path.read_bytes())


@models.command("list")
@click.argument("policy", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def list_models(policy: Path, as_json: bool, lang: str | None) -> None:
    """The models of the POLICY folder: cell, kind, inputs, how good, version."""
    from zhiyu.engine.opened import open_policy
    from zhiyu.policy.model_roles import standing

    language = language_of(lang)
    with told(language):
        found = standing(open_policy(policy).compiled.checked)["models"]
        if as_json:
            click.echo(json.dumps({"models": found}, ensure_ascii=False))
            return
        zh = language == "zh"
        heads = (
            ("模型", "阶段/欺诈", "角色", "类型", "输入", "AUC", "AP", "版本")
            if zh
            else ("model", "stage/fraud", "role", "kind", "inputs", "AUC", "AP", "version")
        )
        table = Table(*heads)
        for line in found:
            cell = "/".join(part for part in (line["stage"], line["fraud"]) if part)
            roles = ", ".join(ROLES[each["role"]][zh] for each in line["roles"])
            table.add_row(
                line["name"], cell, roles, line["kind"], str(line["inputs"]), _shown(line["auc"]), _shown(line["average_precision"]),
                line["hash"][:HASH_CHARS],
            )  # fmt: skip
        Console().print(table)


@models.command()
@click.argument("package", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: everything but the trees.")
@language_option
def show(package: Path, as_json: bool, lang: str | None) -> None:
    """The model card of a PACKAGE, and what it reads."""
    import msgspec

    from zhiyu.models.package import hash_of

    language = language_of(lang)
    with told(language):
        found = _read(package)
        if as_json:
            facts = msgspec.to_builtins(msgspec.structs.replace(found, trees=None, additive=None))
            click.echo(json.dumps({"hash": hash_of(found), **facts}, ensure_ascii=False))
            return
        click.echo(found.card_zh if language == "zh" else found.card_en)
        click.echo(f"{'版本' if language == 'zh' else 'version'} {hash_of(found)}\n")
        for given in found.inputs:
            click.echo(f"  {given.name}: {given.meaning.partition(' #')[0] or given.kind}")


def _gathered(language: str, packages: list[Any], **given: Any) -> Any:
    """Rows with every input of the packages."""
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.span import Span
    from zhiyu.evaluation.training.gather import Gathering

    names = list(dict.fromkeys(each.name for package in packages for each in package.inputs))
    on = list(dict.fromkeys(name for package in packages for name in package.trained.events))
    gathering = Gathering(
        open_policy(given["policy"], all_features=True), given["events"], on=on, names=names, source=given["source"],
        labels=given["labels"], label=given["label"],
        span=Span.read(given["begins"], given["ends"]),
    )  # fmt: skip
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放事件" if language == "zh" else "replaying events", total=1.0)
        for done in gathering.steps():
            bar.update(task, completed=done)
    return gathering.finish()


def _compared(one: str, two: str, language: str, *, data: Path | None, tenant: str, **given: Any) -> dict[str, Any]:
    from zhiyu.engine.kept import Kept
    from zhiyu.evaluation.recorded_scores import recorded_scores
    from zhiyu.evaluation.span import Span
    from zhiyu.evaluation.training.matched import compared, compared_scores

    if (data is None) == (given["events"] is None) or (given["events"] is None) != (given["policy"] is None):
        raise InputError("give --policy and --events, or --data", "请给出 --policy 与 --events，或 --data")
    if data is None:
        packages = [_read(Path(one)), _read(Path(two))]
        return compared(packages[0], packages[1], _gathered(language, packages, **given))
    found = recorded_scores(Kept(data, tenant), (one, two), Span.read(given["begins"], given["ends"]))
    return compared_scores(found.scores, found.label, found.weight, found.time_ms) | {"unlabelled": found.unlabelled}


def _over_events(command: Any) -> Any:
    for option in (
        click.option(
            "--policy", "-p", default=None, type=_PATH, help="The policy folder whose features the models read."
        ),
        click.option("--events", default=None, type=_PATH, help="Events with labels."),
        click.option("--label", default="", help="A label that the policy derives from events."),
        click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud."),
        click.option("--source", default=None, help="Which source of the policy describes the file."),
        click.option("--from", "begins", default="", metavar="TIME", help="Only events from then on."),
        click.option("--until", "ends", default="", metavar="TIME", help="Only events before then."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        language_option,
    ):
        command = option(command)
    return command


@models.command()
@click.argument("one")
@click.argument("two")
@click.option(
    "--data",
    "-d",
    type=_PATH,
    default=None,
    help="Instead: the data folder of `zhiyu serve`; ONE and TWO are names of models.",
)
@click.option("--tenant", default="default", show_default=True, help="Whose decisions, with --data.")
@_over_events
def compare(one: str, two: str, as_json: bool, lang: str | None, **given: Any) -> None:
    """Packages ONE and TWO over the same labelled events, or, with --data, two models over what a server decided: figures, and the
    difference with a 95 % interval."""
    language = language_of(lang)
    with told(language):
        facts = _compared(one, two, language, **given)
        if as_json:
            click.echo(json.dumps(facts))
            return
        zh, names = language == "zh", (Path(one).stem, Path(two).stem)
        table = Table(
            *(
                ("指标", names[0], names[1], "差异", "95 % 区间")
                if zh
                else ("figure", names[0], names[1], "difference", "95 % interval")
            )
        )
        for key, line in facts["figures"].items():
            span = f"{line['low']:+.4f} … {line['high']:+.4f}" if "low" in line else "-"
            table.add_row(key, _shown(line["one"]), _shown(line["two"]), _shown(line.get("difference")), span)
        Console().print(table)
        days, rows, frauds = facts["days"], facts["rows"], facts["frauds"]
        click.echo(
            f"{days} 天，{rows:,} 行，欺诈 {frauds:,}" if zh else f"{days} days, {rows:,} rows, {frauds:,} frauds"
        )


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:.4f}"
