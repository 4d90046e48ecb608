"""`zhiyu network` and `zhiyu gangs`: who is connected to whom, in a file of events or beside a running server, as of a moment.

In: a policy with a network and a file, or a data folder; whom to ask about. Out: tables, one JSON object, or a file for other programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.commands.terminal import language_of, language_option, print_table, progress, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.evaluation.network_asked import AskedNetwork

_PATH = click.Path(path_type=Path)
SHOWN = 40
"""Lines of a table; --json and --export hold all."""


def _asks(command: Any) -> Any:
    """Options that both commands have."""
    for option in (
        click.option(
            "--data", "-d", type=_PATH, help="The data folder of `zhiyu serve`, or a copy; read beside a server."
        ),
        click.option("--tenant", default="default", show_default=True, help="Whose network, with --data."),
        click.option("--events", type=_PATH, help="Or a file of events: .ndjson, .csv, .parquet."),
        click.option("--policy", type=_PATH, help="The policy folder for --events; it declares the network."),
        click.option("--source", default=None, help="Which source of the policy describes the file."),
        click.option(
            "--as-of", default="", metavar="TIME", help="The last moment that counts: a date (UTC) or a time."
        ),
        click.option(
            "--export", type=_PATH, default=None, help="Write people, things, links: .graphml, .json or .csv."
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        language_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("whom", metavar="WHOM…", nargs=-1, required=True)
@click.option("--hops", type=click.IntRange(1, 6), default=2, show_default=True, help="How many links away.")
@_asks
def network(
    whom: tuple[str, ...], hops: int, export: Path | None, as_json: bool, lang: str | None, **options: Any
) -> None:
    """Who is connected to WHOM (person:ID, or field:value such as device:d7; several: a whole case), over what, since when."""
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.network_asked import named
    from zhiyu.evaluation.network_files import as_dict, written_of
    from zhiyu.network.ask import look_around

    language = language_of(lang)
    with told(language):
        kind = _kind_of(export)
        asked = _asked(language, **options)
        near = look_around(asked.state, [asked.key_of(each) for each in whom], hops)
        if near is None:
            both = ", ".join(whom)
            raise InputError(f"{both} is in no event of the window", f"窗口内没有 {both} 的事件")
        found = as_dict(near, named(asked.names(near.codes), near.codes, asked.fields))
        _export(export, kind, lambda: written_of(found, kind))
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            return
        _show(found, Console(), language)
        _say_written(export, language)


@click.command()
@click.argument("gang", metavar="[GANG]", required=False, type=click.IntRange(1))
@click.option("--since", default="", metavar="TIME", help="Changes from then on: a date (UTC) or a time.")
@click.option("--report", type=_PATH, default=None, help="Write a report to FILE.html, and the same as FILE.json.")
@click.option("--period", default="1d", show_default=True, help="Of the report: so long before --as-of, e.g. 1h.")
@_asks
def gangs(
    gang: int | None, since: str, report: Path | None, period: str, export: Path | None, as_json: bool, lang: str | None, **options: Any
) -> None:  # fmt: skip
    """Gangs as they stand: their people, age, score, money, and what became of them; or everything about one GANG.

    What becomes of a gang: BORN, GROWN, MERGE, SPLIT, EXPIRED; ALERT when it reaches the declared number of people.
    """
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.span import read_time

    language = language_of(lang)
    with told(language):
        if export is not None and gang is None:
            raise InputError(
                "--export writes one gang; name it: `zhiyu gangs 3 …`",
                "--export 只导出一个团伙；请指定：`zhiyu gangs 3 …`",
            )
        kind, first = _kind_of(export), read_time(since, "--since")
        asked = _asked(language, **options)
        if asked.state.gangs is None:
            raise InputError(
                "the network declares no `gang:`; say when a dense core is one",
                "关系网络没有声明 gang；请先声明何时视为团伙",
            )
        if report is not None:
            _report(asked, report, period, as_json, language)
            return
        if gang is None:
            found = _listed(asked, first)
            if as_json:
                click.echo(json.dumps(found, ensure_ascii=False))
            else:
                _show_gangs(found, Console(), language)
            return
        _one_gang(asked, gang, export, kind, as_json, language)


def _listed(asked: AskedNetwork, first: int | None) -> dict[str, Any]:
    from zhiyu.evaluation.network_asked import named
    from zhiyu.evaluation.network_files import line_of, summary_of
    from zhiyu.network.gang_view import see_gang

    assert asked.state.gangs is not None
    seen = [each for gang in asked.state.gangs.sizes() if (each := see_gang(asked.state, gang)) is not None]
    codes = {key: (0, code) for each in seen for key, code in each.codes.items()}
    names = named(asked.names(codes), codes, asked.fields)
    return {
        "gangs": [summary_of(each) | {"members": sorted(names[key] for key in each.codes)} for each in seen],
        "lineage": [line_of(line) for line in asked.lineage if first is None or line.clock_ms >= first],
    }


def _report(asked: AskedNetwork, path: Path, period: str, as_json: bool, language: str) -> None:
    from zhiyu.evaluation.gang_report import period_ms, report_of
    from zhiyu.evaluation.gang_report_page import gang_report_page
    from zhiyu.network.gang_view import see_gang

    assert asked.state.gangs is not None
    span = period_ms(period)
    seen = [each for gang in asked.state.gangs.sizes() if (each := see_gang(asked.state, gang)) is not None]
    names = asked.names({key: (0, code) for each in seen for key, code in each.codes.items()})
    found = report_of(asked, seen, span, names)
    path.with_suffix(".html").write_text(gang_report_page(found, language), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    totals = found["totals"]
    counts = totals["gangs"], totals["people"], totals["new"], totals["growing"], totals["broken_up"], totals["alerts"]
    en = "{:,} gangs of {:,} people: {:,} new, {:,} growing, {:,} broken up, {:,} alerts".format(*counts)
    said = "{:,} 个团伙，共 {:,} 人：新增 {:,}，扩张 {:,}，解散或分裂 {:,}，告警 {:,}".format(*counts)
    click.echo(said if language == "zh" else en)
    _say_written(path.with_suffix(".html"), language)


def _one_gang(asked: AskedNetwork, gang: int, export: Path | None, kind: str, as_json: bool, language: str) -> None:
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.network_asked import named
    from zhiyu.evaluation.network_files import gang_as_dict, written_of
    from zhiyu.network.gang_view import see_gang

    seen = see_gang(asked.state, gang)
    if seen is None:
        raise InputError(
            f"there is no gang {gang} (any more); `zhiyu gangs` lists those there are",
            f"没有编号为 {gang} 的团伙（或已不存在）；`zhiyu gangs` 列出现有团伙",
        )
    codes = {key: (0, code) for key, code in seen.codes.items()} | seen.near.codes
    found = gang_as_dict(seen, named(asked.names(codes), codes, asked.fields))
    _export(export, kind, lambda: written_of(found, kind))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    _show_gang(found, Console(), language)
    _say_written(export, language)


def _kind_of(export: Path | None) -> str:
    from zhiyu.base.errors import InputError
    from zhiyu.evaluation.network_files import FORMATS

    kind = export.suffix.lstrip(".").lower() if export else ""
    if export is not None and kind not in FORMATS:
        raise InputError(
            f"'{export}' is no kind of file this writes; name it .graphml, .json or .csv",
            f"无法写出“{export}”；请使用 .graphml、.json 或 .csv 文件名",
        )
    return kind


def _export(export: Path | None, kind: str, text: Callable[[], str]) -> None:
    if export is not None:
        export.write_text(text(), encoding="utf-8")


def _say_written(export: Path | None, language: str) -> None:
    if export is not None:
        click.echo(f"已写入 {export}" if language == "zh" else f"wrote {export}")


def _asked(
    language: str,
    data: Path | None,
    tenant: str,
    events: Path | None,
    policy: Path | None,
    source: str | None,
    as_of: str,
) -> AskedNetwork:
    """The network of a data folder, or of a file."""
    from zhiyu.base.errors import InputError
    from zhiyu.engine.kept import Kept
    from zhiyu.evaluation.network_kept import KeptNetwork
    from zhiyu.evaluation.span import read_time

    until = read_time(as_of, "--as-of")
    if data is not None and events is None and policy is None:
        kept = KeptNetwork(Kept(data, tenant), until)
        warm_kernels(language)
        with progress() as bar:
            task = bar.add_task("读取日志" if language == "zh" else "reading the log", total=1.0)
            return kept.run(lambda done: bar.update(task, completed=done))
    if data is not None or events is None or policy is None:
        raise InputError(
            "say what to ask: --data DIR (of a server), or --events FILE with --policy DIR",
            "请指明查询对象：--data 目录（服务的数据），或 --events 文件与 --policy 目录",
        )
    return _replayed(language, events, policy, source, until)


def _replayed(language: str, events: Path, policy: Path, source: str | None, until: int | None) -> AskedNetwork:
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.network_replay import NetworkReplay

    opened = open_policy(policy, all_features=True)
    warm_kernels(language)
    replay = NetworkReplay(opened, events, source, until)
    with progress() as bar:
        task = bar.add_task("回放" if language == "zh" else "replaying", total=1.0)
        for done in replay.steps():
            bar.update(task, completed=done)
    return replay


def _table(console: Console, headings: Iterable[str], lines: list[list[str]], language: str) -> None:
    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in lines[:SHOWN]:
        table.add_row(*map(escape, line))
    print_table(console, table)
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
    _show_links(found, console, language)
    if found["cut"]:
        console.print("结果已截断：人数或使用次数超过上限" if zh else "cut off: more people or uses than are listed")


def _show_links(found: dict[str, Any], console: Console, language: str) -> None:
    people_on = {thing["name"]: str(thing["people"]) for thing in found["things"]}
    _table(
        console,
        ("首次", "最近", "人", "关联项", "使用人数") if language == "zh" else ("first", "last", "person", "over", "people on it"),
        [[x["first"], x["last"], x["person"], x["thing"], people_on[x["thing"]]] for x in found["links"]], language,
    )  # fmt: skip


def _show_gangs(found: dict[str, Any], console: Console, language: str) -> None:
    zh = language == "zh"
    _table(
        console,
        ("团伙", "人数", "起始", "评分", "事件", "金额（最小单位）", "已知坏人", "告警", "成员")
        if zh
        else ("gang", "people", "since", "score", "events", "amount (minor units)", "known bad", "alert", "members"),
        [
            [str(g["gang"]), str(g["people"]), g["since"] or "", f"{g['score']:.2f}", str(g["events"]), f"{g['amount']:,}",
             str(g["bad"] or ""), ("是" if zh else "yes") if g["alerted"] else "", ", ".join(g["members"])]
            for g in found["gangs"]
        ], language,
    )  # fmt: skip
    console.print()
    _show_lineage(found["lineage"], console, language)


def _show_lineage(lineage: list[dict[str, Any]], console: Console, language: str) -> None:
    _table(
        console, ("时间", "变化", "团伙", "另一团伙", "人数") if language == "zh" else ("time", "what", "gang", "other", "people"),
        [[x["time"], x["what"], str(x["gang"]), str(x["other"] or ""), str(x["people"] or "")] for x in lineage], language,
    )  # fmt: skip


def _show_gang(found: dict[str, Any], console: Console, language: str) -> None:
    zh = language == "zh"
    figures = f"{found['people']:,}", f"{found['score']:.2f}", f"{found['events']:,}", f"{found['bad']:,}"
    en = "gang {}: {} people, score {}, {} events, {} known bad".format(found["gang"], *figures)
    said = "团伙 {}：{} 人，评分 {}，{} 个事件，其中已知坏人 {} 人".format(found["gang"], *figures)
    console.print(said if zh else en, highlight=False)
    yes = "是" if zh else "yes"
    _table(
        console, ("成员", "已知坏人") if zh else ("member", "known bad"),
        [[member["name"], yes if member["bad"] else ""] for member in found["members"]], language,
    )  # fmt: skip
    console.print()
    _show_links(found, console, language)
    console.print()
    _show_lineage(found["lineage"], console, language)
