"""`zhiyu train`: past events and labels become a model package.

In: options. Out: a package (JSON), a short table (or one JSON object) on standard output, progress on standard error.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.evaluation.training.gather import Gathering
    from zhiyu.models.package import Package

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--policy", "-p", required=True, type=_PATH, help="The policy folder whose features the model reads.")
@click.option("--events", required=True, type=_PATH, help="Past events (.ndjson, .csv, .parquet), or a feature tape.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud (instead of a label column).")
@click.option("--label", default="", help="A label that the policy derives from events, e.g. first_payment_default.")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option(
    "--cell",
    default="",
    metavar="STAGE/FRAUD",
    help="Where in the matrix, e.g. payment/account_takeover (default: EVENT/fraud).",
)
@click.option("--on", multiple=True, help="Event type to train on and to score (default: all that are decided).")
@click.option(
    "--kind", type=click.Choice(["trees", "logistic", "scorecard", "blend", "best"]), default="trees", show_default=True
)
@click.option(
    "--input", "names", multiple=True, help="Only these inputs (default: every field and feature that can be one)."
)
@click.option("--without", multiple=True, help="An input to leave out.")
@click.option("--from", "begins", default="", metavar="TIME", help="Learn from events from then on.")
@click.option(
    "--until", "ends", default="", metavar="TIME", help="Learn from events before then (default: up to the test)."
)
@click.option(
    "--test-from",
    default="",
    metavar="TIME",
    help="Judge on events from then on (default: the last quarter of the time).",
)
@click.option("--test-until", default="", metavar="TIME", help="Judge on events before then.")
@click.option(
    "--split",
    type=click.Choice(["time", "draw"]),
    default=None,
    help="Judge on later events, or on a quarter that is drawn (default: drawn where the source has no time).",
)
@click.option("--calibration", type=click.Choice(["platt", "isotonic", "none"]), default="platt", show_default=True)
@click.option(
    "--keep-good", type=float, default=1.0, show_default=True, help="Share of good events kept, with their weight."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of LightGBM, or rounds=150.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of sampling and trees.")
@click.option("--out", "-o", type=_PATH, default=None, help="The package to write, e.g. POLICY/models/name.json.")
@click.option(
    "--install",
    is_flag=True,
    help="Put it into the policy: POLICY/models/NAME.json, and NAME.yaml with a rule that reads its score.",
)
@click.option("--name", default="fraud_model", show_default=True, help="With --install: what the score is called.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
@language_option
def train(lang: str | None, as_json: bool, out: Path | None, install: bool, name: str, **options: Any) -> None:
    """Train a model on what was known then: features by replay through the engine, labels only once they had arrived, judged on later
    events.

    The same events, options and seed give the same package. Name it in the policy: `models: [{name: …, file: …}]`, or have --install do so.
    """
    from zhiyu.evaluation.training.install import install as installed
    from zhiyu.evaluation.training.install import place_of
    from zhiyu.models.package import hash_of

    language = language_of(lang)
    with told(language):
        if install == bool(out):
            raise InputError(
                "say where the package goes: --out FILE, or --install", "请用 --out 文件 或 --install 指定模型包的位置"
            )
        file = out or place_of(options["policy"], name)
        package = _trained(language, file, **options)
        placed = installed(options["policy"], package) if install else None
        if as_json:
            facts = {"metrics": package.metrics, "data": package.trained.data, "inputs": len(package.inputs)}
            click.echo(json.dumps({"out": str(file), "hash": hash_of(package), **facts}, ensure_ascii=False))
        else:
            click.echo(package.card_zh if language == "zh" else package.card_en)
            click.echo(f"已写入 {file}" if language == "zh" else f"wrote {file}")
            if placed:
                click.echo(
                    f"已写入 {placed}：其中一条规则读取评分"
                    if language == "zh"
                    else f"wrote {placed}: a rule there reads the score"
                )


def _trained(language: str, out: Path, **given: Any) -> Package:
    """The package, once it is written."""
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.span import Span
    from zhiyu.evaluation.training.gather import Gathering
    from zhiyu.evaluation.training.train import Recipe, Training
    from zhiyu.models.package import written

    learn, test = Span.read(given["begins"], given["ends"]), Span.read(given["test_from"], given["test_until"])
    opened = open_policy(given["policy"], all_features=True)
    whole = Span(learn.from_ms, test.until_ms)
    gathering = Gathering(
        opened, given["events"], on=given["on"], names=given["names"], without=given["without"], source=given["source"],
        labels=given["labels"], label_delay=given["label_delay"], span=whole, keep_good=given["keep_good"], seed=given["seed"],
        label=given["label"],
    )  # fmt: skip
    recipe = Recipe(
        name=out.stem, kind=given["kind"], cell=given["cell"] or f"{gathering.on[0]}/fraud", split=given["split"] or _split(gathering),
        calibration=given["calibration"], begins_ms=learn.from_ms,
        ends_ms=learn.until_ms, test_ms=test.from_ms, until_ms=test.until_ms, seed=given["seed"], settings=settings_of(given["settings"]),
        groups=opened.policy.restraint.groups if opened.policy.restraint else (),
    )  # fmt: skip
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放事件" if language == "zh" else "replaying events", total=1.0)
        for done in gathering.steps():
            bar.update(task, completed=done)
        rows = gathering.finish()
        training = Training(rows, recipe, opened.artifact.hash, gathering.on)
        task = bar.add_task("训练模型" if language == "zh" else "training", total=1.0)
        for done in training.steps():
            bar.update(task, completed=done)
    assert training.package is not None
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    part.write_bytes(written(training.package))
    part.replace(out)
    return training.package


def _split(gathering: Gathering) -> str:
    source = gathering.replay.source
    return "draw" if source is not None and source.time is None else "time"


def settings_of(given: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE pairs; whole numbers and decimals as numbers."""
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        try:
            found[name] = int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise InputError(
                f"--set {pair}: write NAME=NUMBER, e.g. num_leaves=31",
                f"--set {pair}：请写成 名称=数值，例如 num_leaves=31",
            )
    return found
