"""`zhiyu network` and `zhiyu gangs`: who is connected to whom in a file of events, as of a moment.

In: a policy with a network, a file, whom to ask about. Out: tables, one JSON object, or a file for other programs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

_PATH = click.Path(path_type=Path)
SHOWN = 40
"""Lines of a table; --json and --export hold all."""


def _asks(command: Any) -> Any:
    """Options that both commands have."""
    for option in (
        click.option("--events", required=True, type=_PATH, help="Events: .ndjson, .csv, .parquet."),
        click.option("--policy", required=True, type=_PATH, help="The policy folder; it declares the network."),
        click.option("--source", default=None, help="Which source of the policy describes the file."),
        click.option(
            "--as-of", default="", metavar="TIME", help="The last moment that counts: a date (UTC) or a time."
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        language_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("whom", metavar="WHOM")
@click.option("--hops", type=click.IntRange(1, 6), default=2, show_default=True, help="How many links away.")
@click.option("--export", type=_PATH, default=None, help="Write people, things and links: .graphml, .json or .csv.")
@_asks
def network(whom: str, hops: int, export: Path | None, as_json: bool, lang: str | None, **options: Any) -> None:
    """Who is connected to WHOM (person:ID, or field:value such as device:d7), over what, since when."""
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.network_files import FORMATS, as_dict, written
    from zhiyu.network.ask import look_around

    language = language_of(lang)
    with told(language):
        kind = export.suffix.lstrip(".").lower() if export else ""
        if kind and kind not in FORMATS:
            raise InputError(
                f"'{export}' is no kind of file this writes; name it .graphml, .json or .csv",
                f"无法写出“{export}”；请使用 .graphml、.json 或 .csv 文件名",
            )
        replay = _replayed(language, **options)
        near = look_around(replay.state, replay.key_of(whom), hops)
        if near is None:
            raise InputError(f"{whom} is in no event of the window", f"窗口内没有 {whom} 的事件")
        keys = [*near.hops, *near.people_on]
        names = dict.fromkeys(keys, "?") | replay.names(keys)
        if export:
            export.write_text(written(near, names, kind), encoding="utf-8")
        found = as_dict(near, names)
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            return
        _show(found, Console(), language)
        if export:
            click.echo(f"已写入 {export}" if language == "zh" else f"wrote {export}")


@click.command()
@click.option("--since", default="", metavar="TIME", help="Changes from then on: a date (UTC) or a time.")
@_asks
def gangs(since: str, as_json: bool, lang: str | None, **options: Any) -> None:
    """Gangs as they stand, their people, and what became of them: BORN, MERGE, SPLIT, EXPIRED."""
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.network_files import iso
    from zhiyu.evaluation.span import read_time

    language = language_of(lang)
    with told(language):
        replay = _replayed(language, **options)
        if replay.state.gangs is None:
            raise InputError(
                "the network declares no `gang:`; say when a dense core is one",
                "关系网络没有声明 gang；请先声明何时视为团伙",
            )
        members = replay.state.gangs.members()
        names = replay.names(key for keys in members.values() for key in keys)
        first = read_time(since, "--since")
        found = {
            "gangs": [
                {"gang": gang, "people": sorted(names.get(key, "?") for key in keys)} for gang, keys in sorted(members.items())
            ],
            "lineage": [
                {"time": iso(x.clock_ms), "what": x.what, "gang": x.gang, "other": x.other or None, "people": x.people}
                for x in replay.lineage if first is None or x.clock_ms >= first
            ],
        }  # fmt: skip
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            return
        _show_gangs(found, Console(), language)


def _replayed(language: str, events: Path, policy: Path, source: str | None, as_of: str) -> Any:
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.network_replay import NetworkReplay
    from zhiyu.evaluation.span import read_time

    opened = open_policy(policy, all_features=True)
    warm_kernels(language)
    replay = NetworkReplay(opened, events, source, read_time(as_of, "--as-of"))
    with progress() as bar:
        task = bar.add_task("回放" if language == "zh" else "replaying", total=1.0)
        for done in replay.steps():
            bar.update(task, completed=done)
    return replay


def _table(console: Console, headings: Iterable[str], lines: list[list[str]], language: str) -> None:
    table = Table(*headings, box=None)
    for line in lines[:SHOWN]:
        table.add_row(*map(escape, line))
    console.print(table)
    if len(lines) > SHOWN:
        more = len(lines) - SHOWN
        console.print(f"……另有 {more:,} 行，见 --json" if language == "zh" else f"… {more:,} more lines, see --json")


def _show(found: dict[str, Any], console: Console, language: str) -> None:
    zh, c = language == "zh", found["component"]
    en = f"component: {c['persons']:,} people, {c['nodes'] - c['persons']:,} things, {c['events']:,} events, {c['bad']:,} known bad"
    said = f"关联网络：{c['persons']:,} 人、{c['nodes'] - c['persons']:,} 个关联项、{c['events']:,} 个事件，其中已知坏人 {c['bad']:,} 人"
    console.print(said if zh else en, highlight=False)
    yes = "是" if zh else "yes"
    _table(
        console, ("人", "度数", "已知坏人") if zh else ("person", "links away", "known bad"),
        [[p["name"], str(p["hops"]), yes if p["bad"] else ""] for p in found["people"]], language,
    )  # fmt: skip
    console.print()
    people_on = {thing["name"]: str(thing["people"]) for thing in found["things"]}
    _table(
        console, ("首次", "最近", "人", "关联项", "使用人数") if zh else ("first", "last", "person", "over", "people on it"),
        [[x["first"], x["last"], x["person"], x["thing"], people_on[x["thing"]]] for x in found["links"]], language,
    )  # fmt: skip
    if found["cut"]:
        console.print("结果已截断：人数或使用次数超过上限" if zh else "cut off: more people or uses than are listed")


def _show_gangs(found: dict[str, Any], console: Console, language: str) -> None:
    zh = language == "zh"
    _table(
        console, ("团伙", "人数", "成员") if zh else ("gang", "people", "members"),
        [[str(g["gang"]), str(len(g["people"])), ", ".join(g["people"])] for g in found["gangs"]], language,
    )  # fmt: skip
    console.print()
    _table(
        console, ("时间", "变化", "团伙", "另一团伙", "人数") if zh else ("time", "what", "gang", "other", "people"),
        [[x["time"], x["what"], str(x["gang"]), str(x["other"] or ""), str(x["people"] or "")] for x in found["lineage"]], language,
    )  # fmt: skip
