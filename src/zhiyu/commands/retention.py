"""`zhiyu retention`: what a tenant's data folder promises to keep, and what it keeps.

In: a data folder, perhaps a new promise. Out: the promise is written beside the log; what is kept is printed. A server that runs takes a
new promise up within a minute.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, told

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--data", "-d", required=True, type=_FILE, help="The data folder of `zhiyu serve`.")
@click.option("--tenant", default="default", show_default=True, help="Whose promise.")
@click.option("--keep", default="", help="Promise: records stay for so long, e.g. 30d, or forever.")
@click.option(
    "--verify", default="", help="Promise: decisions can be made again for so long (default: as long as --keep)."
)
@click.option(
    "--personal",
    default="",
    help="Promise: the vault forgets who was not seen for so long (default: as long as --keep).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def retention(data: Path, tenant: str, keep: str, verify: str, personal: str, as_json: bool, lang: str | None) -> None:
    """Show what is kept and for how long it is promised; with --keep, promise anew."""
    from zhiyu.engine.kept import Kept
    from zhiyu.engine.promise import promise_of, write_promise
    from zhiyu.engine.retention import Retention
    from zhiyu.log.disk import RealDisk

    language = language_of(lang)
    with told(language):
        for name, given in (("--verify", verify), ("--personal", personal)):
            if given and not keep:
                raise InputError(f"{name} needs --keep", f"{name} 需要同时给出 --keep")
        promise = promise_of(keep, verify, personal) if keep else None
        kept = Kept(data, tenant)
        if promise is not None:
            write_promise(kept.folder, promise, RealDisk())
        facts = Retention(kept.folder, kept.log, lambda: 0).facts()
        if as_json:
            click.echo(json.dumps({"tenant": tenant} | facts))
            return
        click.echo("\n".join(_said(facts, language == "zh")))


def _said(facts: dict[str, Any], zh: bool) -> list[str]:
    promise, explained, again = facts["promise"], facts["explained_from"], facts["decided_again_from"]
    size = f"{facts['log_bytes'] / 2**20:,.1f} MiB"
    packed, unpacked = facts["segments_packed"], f"{facts['log_bytes_unpacked'] / 2**20:,.1f} MiB"
    problem = [f"{'问题' if zh else 'problem'}: {facts['problem']}"] if facts["problem"] else []
    if zh:
        return [
            f"承诺：记录保存 {promise['keep']}，可重新决策 {promise['verify']}，个人信息在最后一次出现后保存 {promise['personal']}",
            f"可解释：自位置 {explained['position']:,}（{_when(explained['written_ms'])}）起；{facts['segments']} 段，{size}",
            f"压缩：{packed} 段；未压缩为 {unpacked}",
            f"可重新决策：自位置 {again['position']:,}（{_when(again['written_ms'])}）起；快照 {len(facts['snapshots'])} 个",
            *problem,
        ]
    count = len(facts["snapshots"])
    return [
        f"promised: records for {promise['keep']}, deciding again for {promise['verify']}",
        f"promised: personal values for {promise['personal']} after their person was last seen",
        f"explained: from position {explained['position']:,} ({_when(explained['written_ms'])}) on; {facts['segments']} segments, {size}",
        f"packed: {packed} segments; {unpacked} unpacked",
        f"decided again: from position {again['position']:,} ({_when(again['written_ms'])}) on; {count} snapshots",
        *problem,
    ]


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds") if ms else "-"
