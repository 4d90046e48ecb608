"""`zhiyu diff`: what changed between two policies, in sentences.

In: two policy folders. Out: one line per change; `--json` one object. Exit code 0 whether or not they differ, 1 when one has errors.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from zhiyu.commands.terminal import language_of, language_option, told


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object: hashes and changes.")
@language_option
def diff(old: Path, new: Path, as_json: bool, lang: str | None) -> None:
    """Say what changed from the policy in OLD to the policy in NEW: rules, features, scorecards, tables, flows and all the rest."""
    from zhiyu.policy.diff import diff_policies
    from zhiyu.policy.load import load_policy

    language = language_of(lang)
    with told(language):
        found = diff_policies(load_policy(old).policy, load_policy(new).policy)
        if as_json:
            changes = [{"kind": c.kind, "section": c.section, "en": c.en, "zh": c.zh} for c in found.changes]
            whole = {"old": found.old, "new": found.new, "equal": found.equal, "changes": changes}
            click.echo(json.dumps(whole, ensure_ascii=False))
            return
        for change in found.changes:
            click.echo(change.text(language))
        if found.equal:
            click.echo(f"没有差异，版本 {found.new}" if language == "zh" else f"no difference, version {found.new}")
        else:
            count = len(found.changes)
            said = f"{count} 处变化，版本 {found.old[:12]} → {found.new[:12]}"
            changes_en = f"{count} change{'s' if count != 1 else ''}, version {found.old[:12]} → {found.new[:12]}"
            click.echo(said if language == "zh" else changes_en)
