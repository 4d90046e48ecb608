"""`zhiyu models import`: a model of one's own, in ONNX, becomes a package that scores in the decision.

In: an ONNX file, a policy, the inputs in the order of its columns, past events. Out: a package, held against those events.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

_PATH = click.Path(path_type=Path)


@click.command("import")
@click.argument("model", type=_PATH)
@click.option("--policy", "-p", required=True, type=_PATH, help="The policy folder whose fields and features it reads.")
@click.option(
    "--input", "names", multiple=True, required=True, help="One column of the model, in its order; again for each."
)
@click.option(
    "--cell", required=True, metavar="STAGE/FRAUD", help="Where in the matrix, e.g. payment/account_takeover."
)
@click.option("--on", multiple=True, help="Event type to score (default: all that are decided).")
@click.option("--events", required=True, type=_PATH, help="Past events with labels, to hold it against.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud.")
@click.option("--label", default="", help="A label that the policy derives from events.")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option("--odds", is_flag=True, help="A plain sum is log-odds, not the score itself.")
@click.option("--out", "-o", required=True, type=_PATH, help="The package to write, e.g. POLICY/name.json.")
@language_option
def import_model(model: Path, lang: str | None, out: Path, **given: Any) -> None:
    """Take over MODEL, an ONNX file with a tree ensemble or a linear model: the same turns to the bit, no runtime needed when it scores."""
    language = language_of(lang)
    with told(language):
        if not model.is_file():
            raise InputError(f"no model at '{model}'", f"没有模型“{model}”")
        package = _taken_over(model, language, out.stem, **given)
        click.echo(package.card_zh if language == "zh" else package.card_en)
        from zhiyu.models.package import written

        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(out.name + ".part")
        part.write_bytes(written(package))
        part.replace(out)


def _taken_over(
    model: Path, language: str, name: str, *, policy: Path, names: tuple[str, ...], cell: str, on: tuple[str, ...], events: Path,
    labels: Path | None, label: str, source: str | None, odds: bool,
) -> Any:  # fmt: skip
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.training.gather import Gathering
    from zhiyu.evaluation.training.taken_over import held_against
    from zhiyu.models.onnx_model import package_of

    opened = open_policy(policy, all_features=True)
    gathering = Gathering(opened, events, on=on, names=names, source=source, labels=labels, label=label)
    package = package_of(model.read_bytes(), name, gathering.inputs, odds)
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放事件" if language == "zh" else "replaying events", total=1.0)
        for done in gathering.steps():
            bar.update(task, completed=done)
    return held_against(package, gathering.finish(), opened.artifact.hash, cell, gathering.on)
