"""`zhiyu restraint`: a report and a gate: do groups fare alike, does what must not matter not matter, does lending stay within bounds?

In: a policy that declares `restraint:`, past events, labels. Out: a short report, or one JSON object; a page with `--out`. Exit code 3 when
something does not hold.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

_PATH = click.Path(path_type=Path)
FAILS = 3


@click.command()
@click.option("--policy", "-p", required=True, type=_PATH, help="The policy folder, with `restraint:`.")
@click.option("--events", type=_PATH, default=None, help="Past events (.ndjson, .csv, .parquet).")
@click.option(
    "--data",
    "-d",
    type=_PATH,
    default=None,
    help="Instead: the data folder of `zhiyu serve`; its log is decided again.",
)
@click.option("--tenant", default="default", show_default=True, help="Whose log, with --data.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud.")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option("--from", "begins", default="", metavar="TIME", help="Only decisions from then on.")
@click.option("--until", "ends", default="", metavar="TIME", help="Only decisions before then.")
@click.option("--out", type=_PATH, default=None, help="A folder for report.html and report.json.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def restraint(lang: str | None, as_json: bool, out: Path | None, **given: Any) -> None:
    """Measure what the policy declares of fairness and restraint over past events. Exit code 3 when something does not hold."""
    language = language_of(lang)
    with told(language):
        facts = _measured(language, **given)
        if out is not None:
            from zhiyu.evaluation.restraint.page import page

            out.mkdir(parents=True, exist_ok=True)
            (out / "report.html").write_text(page(facts), encoding="utf-8")
            (out / "report.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if as_json:
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            for line in _lines(facts, language == "zh"):
                click.echo(line)
        if not facts["holds"]:
            sys.exit(FAILS)


def _measured(
    language: str, *, policy: Path, events: Path | None, data: Path | None, tenant: str, begins: str, ends: str, **given: Any
) -> dict[str, Any]:  # fmt: skip
    from zhiyu.engine.kept import Kept
    from zhiyu.evaluation.restraint.gather import RestraintRun
    from zhiyu.evaluation.restraint.judge import judged_restraint
    from zhiyu.evaluation.span import Span
    from zhiyu.policy.check import check_policy
    from zhiyu.policy.load import load_policy

    if (events is None) == (data is None):
        raise InputError(
            "give --events FILE or --data FOLDER, one of them", "请给出 --events 文件 或 --data 目录，二选一"
        )
    past = events if events is not None else Kept(data or Path(), tenant)
    loaded = load_policy(policy)
    check_policy(loaded.policy, loaded.places).require()
    run = RestraintRun(loaded.policy, past, span=Span.read(begins, ends), **given)
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("回放事件" if language == "zh" else "replaying events", total=1.0)
        for done in run.steps():
            bar.update(task, completed=done)
    return judged_restraint(run.declared, run.finish())


def _lines(facts: dict[str, Any], zh: bool) -> list[str]:
    def mark(holds: bool) -> str:
        return ("符合" if zh else "holds") if holds else ("不符合" if zh else "DOES NOT HOLD")

    lines = []
    for each in facts["groups"]:
        lines.append(
            f"{mark(each['holds'])}: {(each['zh'] or each['of'] + ' 的分组') if zh else (each['en'] or 'groups of ' + each['of'])}"
        )
        for line in each["groups"]:
            through = "–" if line["let_through"] is None else f"{line['let_through']:.2%}"
            good = "–" if line["good_let_through"] is None else f"{line['good_let_through']:.2%}"
            words = ("放行", "正常事件放行") if zh else ("let through", "good events let through")
            lines.append(f"  {line['group']}: {line['events']:,} · {words[0]} {through} · {words[1]} {good}")
    for each in facts["independence"]:
        name = (each["zh"] or f"{each['of']} 不得影响结果") if zh else (each["en"] or f"{each['of']} must not matter")
        lines.append(f"{mark(each['holds'])}: {name}")
        for line in each["by"]:
            lines.append(
                f"  {line['what']}: {'秩相关' if zh else 'rank correlation'} {line['correlation']:+.4f} (z {line['z']:+.1f})"
            )
        for line in each.get("set", ()):
            again = "重新决策后改变" if zh else "changed when decided again"
            lines.append(f"  {line['what']}: {again} {line['changed']:,} / {line['events']:,}")
    for each in facts["over_lending"]:
        name = (each["zh"] or f"过度授信 {each['name']}") if zh else (each["en"] or f"over-lending {each['name']}")
        lines.append(
            f"{mark(each['holds'])}: {name}: {each['over']:,} / {each['let_through']:,} ({each['share']:.3%} ≤ {each['limit']:.3%})"
        )
    return lines
