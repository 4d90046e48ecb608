"""`zhiyu explain`: why an event of a replay was decided as it was.

In: an event's id, a run folder. Out: reasons, rules with the values they saw, the way through the flow.
"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from zhiyu.commands.replay import RUN_FOLDER, check_tenant
from zhiyu.commands.terminal import language_of, language_option, print_json, told, warm_kernels


@click.command()
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
        check_tenant(tenant)
        reader = RunReader(run_folder, tenant)
        found = reader.explain(event_id)
        if what_if or (rederive and not found.values_kept):
            warm_kernels(language)
            found = rederived(reader, event_id, what_if)
        later = reader.went_on(event_id)
        if as_json:
            went_on = {"went_on": [facts | {"decision": why.to_dict()} for facts, why in later]} if later else {}
            print_json(found.to_dict() | went_on)
        else:
            print_explanation(Console(), found, language, not reader.asks(found))
            for facts, why in later:
                print_went_on(Console(), facts, language)
                print_explanation(Console(), why, language, not reader.asks(why))
