"""The command line: `zhiyu init`, `check`, `decide`, `replay`, `explain`, `warm`. Only reads arguments and prints.

Exit codes: 0 done; 1 the policy or the input is wrong (the message says where and what to do); 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from zhiyu.base.errors import InputError, Problem
from zhiyu.commands.attack import attack
from zhiyu.commands.audit import audit
from zhiyu.commands.backtest import backtest
from zhiyu.commands.bench import bench
from zhiyu.commands.demo import demo
from zhiyu.commands.diff import diff
from zhiyu.commands.forget import forget
from zhiyu.commands.init import init
from zhiyu.commands.keys import keys
from zhiyu.commands.learn import apply, learn
from zhiyu.commands.lists import lists as lists_group
from zhiyu.commands.lists import snooze
from zhiyu.commands.models import models
from zhiyu.commands.network import gangs, network
from zhiyu.commands.people import people
from zhiyu.commands.publish import publish
from zhiyu.commands.report import report
from zhiyu.commands.restraint import restraint
from zhiyu.commands.retention import retention
from zhiyu.commands.send import send
from zhiyu.commands.serve import serve
from zhiyu.commands.simulate import simulate
from zhiyu.commands.stand_in import stand_in
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels
from zhiyu.commands.train import train
from zhiyu.commands.tune import tune
from zhiyu.commands.verify import verify
from zhiyu.commands.vocabulary import vocabulary

RUN_FOLDER = ".zhiyu/run"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zhiyu")
def main() -> None:
    """Zhiyu 智御: explainable decisions on streams of credit events.

    Start with `zhiyu init DIR`, then `zhiyu check DIR`, then `zhiyu replay DIR/events.ndjson --policy DIR`.
    """


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object: problems, cost, hash.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--say", is_flag=True, help="Also say rules, scorecards, tables, flows, lists and limits in words.")
@language_option
def check(folder: Path, as_json: bool, strict: bool, say: bool, lang: str | None) -> None:
    """Check the policy in FOLDER: names, types, units, nulls, unreachable rules, cost. Exit code 1 on errors."""
    from zhiyu.policy.artifact import artifact_of
    from zhiyu.policy.check import check_policy
    from zhiyu.policy.load import load_policy
    from zhiyu.policy.say_policy import say_policy
    from zhiyu.policy.say_services import say_spend

    language = language_of(lang)
    with told(language):
        loaded = load_policy(folder)
        report = check_policy(loaded.policy, loaded.places)
        failed = bool(report.errors) or (strict and bool(report.warnings))
        version = "" if report.errors else artifact_of(loaded.policy).hash
        if as_json:
            cost = report.cost.us if report.cost else None
            click.echo(
                json.dumps(
                    {"problems": [_problem(p) for p in report.problems], "cost_us": cost, "hash": version},
                    ensure_ascii=False,
                )
            )
            sys.exit(int(failed))
        for problem in report.problems:
            click.echo(problem.text(language), err=problem.severity == "error")
        if say and report.checked and not report.errors:
            click.echo("\n".join(say_policy(report.checked, language)))
        errors, warnings = len(report.errors), len(report.warnings)
        click.echo(
            f"{errors} 个错误，{warnings} 个警告" if language == "zh" else f"{errors} errors, {warnings} warnings"
        )
        if report.cost and not report.errors:
            click.echo(report.cost.text(language))
            click.echo("".join(f"{line}\n" for line in say_spend(report.require(), language)), nl=False)
            click.echo(f"{'版本' if language == 'zh' else 'version'} {version}")
        sys.exit(int(failed))


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "severity": problem.severity, "code": problem.code, "file": place.file, "line": place.line, "column": place.column,
        "en": problem.en, "zh": problem.zh, "suggestion": problem.suggestion, "suggestion_zh": problem.suggestion_zh,
    }  # fmt: skip


@main.command()
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
        _check_tenant(tenant)
        target = None if no_out else (out or Path(RUN_FOLDER))
        _replay(
            events, policy, language, as_json, out=target, labels=labels, label_delay=label_delay, source=source, tenant=tenant,
            batch=batch, all_features=all_features, tape=tape, lists=lists, shadow=shadow,
        )  # fmt: skip


def _check_tenant(tenant: str) -> None:
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


@main.command()
@click.argument("event", type=click.File("r", encoding="utf-8"))
@click.option("--policy", "-p", required=True, type=click.Path(path_type=Path), help="The policy folder.")
@click.option(
    "--history", type=click.Path(path_type=Path), default=None, help="Events that came before; replayed first."
)
@click.option(
    "--lists", type=click.Path(path_type=Path), default=None, help="The journal of list changes (see `zhiyu lists`)."
)
@click.option("--source", default=None, help="Read the event through this source of the policy.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per decision.")
@language_option
def decide(
    event: Any, policy: Path, history: Path | None, lists: Path | None, source: str | None, as_json: bool, lang: str | None
) -> None:  # fmt: skip
    """Decide the event in EVENT.json (an object, or a list of them; - for stdin) and say why."""
    from zhiyu.app import App
    from zhiyu.base.errors import EventRefused
    from zhiyu.evaluation.report import print_explanation

    language = language_of(lang)
    with told(language):
        records = _records(event.read())
        app = App(policy, source=source)
        warm_kernels(language)
        if lists:
            app.take_lists(lists)
        if history:
            app.learn(history)
        failed = False
        for record in records:
            try:
                decision = app.decide(record)
            except EventRefused as refused:
                click.echo(f"error[{refused.code}]: {refused.text(language)}", err=True)
                failed = True
                continue
            if decision is None:
                click.echo(
                    "只计入特征，不做决策"
                    if language == "zh"
                    else "taken as a fact: it feeds features and is not decided"
                )
            elif as_json:
                why = app.explain(decision.event_id)
                seen = {name: value for name, value in why.seen.items() if value is not None}
                said = {"en": why.sentence("en"), "zh": why.sentence("zh")}
                _print_json(decision.to_dict() | {"why": said, "seen": seen})
            else:
                print_explanation(Console(), app.explain(decision.event_id), language)
        sys.exit(int(failed))


def _print_json(found: dict[str, Any]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, default=str))


def _records(text: str) -> list[dict[str, Any]]:
    import msgspec

    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError as wrong:
        raise InputError(f"the event is not JSON: {wrong}", f"事件不是 JSON：{wrong}") from None
    records = found if isinstance(found, list) else [found]
    if not records or not all(isinstance(record, dict) for record in records):
        raise InputError("expected a JSON object, or a list of objects", "需要一个 JSON 对象或对象列表")
    return records


@main.command()
@click.argument("event_id")
@click.option(
    "--run",
    "run_folder",
    type=click.Path(path_type=Path),
    default=Path(RUN_FOLDER),
    show_default=True,
    help="The run to look in.",
)
@click.option("--tenant", default="default", show_default=True)
@click.option("--rederive", is_flag=True, help="For a pass: replay the input up to it to see its values.")
@click.option(
    "--what-if",
    is_flag=True,
    help="Replay the input up to it, and search the smallest change that would have changed the outcome.",
)
@click.option("--json", "as_json", is_flag=True)
@language_option
def explain(
    event_id: str, run_folder: Path, tenant: str, rederive: bool, what_if: bool, as_json: bool, lang: str | None
) -> None:
    """Say why the event EVENT_ID was decided as it was, in the last replay or in --run DIR."""
    from zhiyu.engine.run_reader import RunReader
    from zhiyu.evaluation.rederive import rederived
    from zhiyu.evaluation.report import print_explanation, print_went_on

    language = language_of(lang)
    with told(language):
        _check_tenant(tenant)
        reader = RunReader(run_folder, tenant)
        found = reader.explain(event_id)
        if what_if or (rederive and not found.values_kept):
            warm_kernels(language)
            found = rederived(reader, event_id, what_if)
        later = reader.went_on(event_id)
        if as_json:
            went_on = {"went_on": [facts | {"decision": why.to_dict()} for facts, why in later]} if later else {}
            _print_json(found.to_dict() | went_on)
        else:
            print_explanation(Console(), found, language, not reader.asks(found))
            for facts, why in later:
                print_went_on(Console(), facts, language)
                print_explanation(Console(), why, language, not reader.asks(why))


@main.command()
@language_option
def warm(lang: str | None) -> None:
    """Compile all kernels now (once per installation; later starts load them from the cache)."""
    language = language_of(lang)
    with told(language):
        seconds = warm_kernels(language)
        click.echo(f"{'就绪' if language == 'zh' else 'ready'} ({seconds:.1f} s)")


main.add_command(audit)
main.add_command(init)
main.add_command(attack)
main.add_command(backtest)
main.add_command(bench)
main.add_command(demo)
main.add_command(diff)
main.add_command(keys)
main.add_command(forget)
main.add_command(gangs)
main.add_command(lists_group)
main.add_command(people)
main.add_command(publish)
main.add_command(report)
main.add_command(learn)
main.add_command(apply)
main.add_command(restraint)
main.add_command(retention)
main.add_command(send)
main.add_command(network)
main.add_command(models)
main.add_command(serve)
main.add_command(simulate)
main.add_command(snooze)
main.add_command(stand_in)
main.add_command(train)
main.add_command(tune)
main.add_command(vocabulary)
main.add_command(verify)


if __name__ == "__main__":
    main()
