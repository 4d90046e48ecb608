"""`zhiyu check`: what is wrong or doubtful about a policy, what it costs, what it says.

In: a policy folder. Out: findings with places and suggestions, the version; exit code 1 when there are errors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import Problem
from zhiyu.commands.terminal import language_of, language_option, told


@click.command()
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
