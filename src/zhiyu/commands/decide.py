"""`zhiyu decide`: one event, or a few, decided and explained at once.

In: JSON, a policy folder, perhaps what came before. Out: decisions with their reasons.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, print_json, told, warm_kernels


@click.command()
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
                print_json(decision.to_dict() | {"why": said, "seen": seen})
            else:
                print_explanation(Console(), app.explain(decision.event_id), language)
        sys.exit(int(failed))


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
