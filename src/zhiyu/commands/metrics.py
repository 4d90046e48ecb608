"""`zhiyu metrics`: what a server decided, by time and dimension, from its data folder or a copy of it.

In: measures, dimensions, a period. Out: a table, JSON or CSV. Reads only: what the server has not counted yet is counted in memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from zhiyu.commands.terminal import language_of, language_option, progress, told

if TYPE_CHECKING:
    from zhiyu.engine.kept import Kept
    from zhiyu.evaluation.cube.cube import Cube

_PATH = click.Path(path_type=Path)
LATELY = 5_000
"""Records of the log that are looked at for the policy in force."""


@click.command()
@click.option("--data", "-d", type=_PATH, required=True, help="The data folder of `zhiyu serve`, or a copy.")
@click.option("--tenant", default="default", show_default=True, help="Whose decisions.")
@click.option(
    "--measure",
    "-m",
    multiple=True,
    help="decisions, money, stopped_share, hits …; again for more. [default: decisions]",
)
@click.option("--by", "-b", multiple=True, help="time, stage, channel, outcome, rule, model …; again for more.")
@click.option("--where", "-w", multiple=True, metavar="DIMENSION:TEXT", help="Only these; again for more.")
@click.option("--from", "from_", default="", help="A date (UTC) or a time. [default: a day before --until]")
@click.option("--until", default="", help="A date (UTC) or a time, not included. [default: the last event]")
@click.option("--step", default="", help="Of --by time: 1m, 15m, 1h, 1d … [default: what fits a screen]")
@click.option("--against", default="", help="The same so long before, beside it: 1d, 7d …")
@click.option("--offset", default="", help="Of the zone in which days begin, e.g. +08:00.")
@click.option(
    "--top",
    type=click.IntRange(1, 1_000),
    default=20,
    show_default=True,
    help="Lines besides time; the rest is one line.",
)
@click.option(
    "--monitoring",
    type=_PATH,
    default=None,
    metavar="FILE",
    help="Instead: the reports that FILE declares, each of its last period that ended by --until.",
)
@click.option("--report", "only", multiple=True, metavar="NAME", help="With --monitoring: only these; again for more.")
@click.option("--out", "-o", type=_PATH, default=None, help="With --monitoring: where they go, as HTML, CSV and JSON.")
@click.option(
    "--alerts",
    is_flag=True,
    help="With --monitoring: what its alert rules would have told from --from to --until, minute by minute.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Lines as CSV.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def metrics(
    data: Path, tenant: str, measure: tuple[str, ...], by: tuple[str, ...], where: tuple[str, ...], as_csv: bool, as_json: bool,
    monitoring: Path | None, only: tuple[str, ...], out: Path | None, alerts: bool, lang: str | None, **asked: Any,
) -> None:  # fmt: skip
    """Decisions, money, hits of rules and scores of models, by time and dimension. Reads only; the server may go on.

    With --monitoring whole reports of ended hours, days, weeks and months are written as the file declares them.
    """
    language = language_of(lang)
    with told(language):
        from zhiyu.base.money import MINOR_DIGITS
        from zhiyu.engine.kept import Kept
        from zhiyu.evaluation.cube.ask import as_csv as csv_of
        from zhiyu.evaluation.cube.ask import ask
        from zhiyu.evaluation.cube.asked import question_of

        if alerts:
            _show_alerts(Kept(data, tenant), monitoring, asked["from_"], asked["until"], language, as_json)
            return
        if monitoring is not None or out is not None:
            _write_reports(Kept(data, tenant), monitoring, only, out, asked["until"], language, as_json)
            return
        question_of(measure, by, where, **asked, now_ms=0)  # wrong words are told before anything is counted
        kept = Kept(data, tenant)
        cube, last_ms, currency = _counted(kept, language)
        answer = ask(
            cube, question_of(measure, by, where, **asked, now_ms=last_ms), currency, MINOR_DIGITS.get(currency, 2)
        )
        if as_json:
            click.echo(json.dumps(answer, ensure_ascii=False))
        elif as_csv:
            click.echo(csv_of(answer), nl=False)
        else:
            _show(answer, language)


def _write_reports(
    kept: Kept, file: Path | None, only: tuple[str, ...], out: Path | None, until: str, language: str, as_json: bool
) -> None:
    from zhiyu.base.errors import InputError, did_you_mean
    from zhiyu.base.money import MINOR_DIGITS
    from zhiyu.evaluation.cube.declared import read_declared
    from zhiyu.evaluation.cube.report_page import report_page
    from zhiyu.evaluation.cube.reporting import report_csv, report_of
    from zhiyu.evaluation.span import read_time

    if file is None or out is None:
        raise InputError("--monitoring FILE and --out DIR go together", "--monitoring 文件与 --out 目录须一并给出")
    declared = read_declared(file)
    for name in only:
        if declared.template(name) is None:
            names = [each.name for each in declared.reports]
            hint = did_you_mean(name, names)
            en, zh = hint.en or f"there are {', '.join(names)}", hint.zh or f"已有 {'、'.join(names)}"
            raise InputError(f"{file} declares no report '{name}'; {en}", f"{file} 没有报告“{name}”；{zh}")
    until_ms = read_time(until, "until")
    cube, last_ms, currency = _counted(kept, language)
    out.mkdir(parents=True, exist_ok=True)
    for template in declared.reports:
        if only and template.name not in only:
            continue
        period = template.ended(last_ms if until_ms is None else until_ms)
        found = report_of(cube, template, period, currency, MINOR_DIGITS.get(currency, 2))
        (out / f"{found['id']}.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        (out / f"{found['id']}.csv").write_text(report_csv(found), encoding="utf-8-sig")
        (out / f"{found['id']}.html").write_text(report_page(found, language), encoding="utf-8")
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
        else:
            path = out / f"{found['id']}.html"
            click.echo(f"已写入 {path}，以及 .csv 与 .json" if language == "zh" else f"wrote {path}, .csv and .json")


def _show_alerts(kept: Kept, file: Path | None, from_: str, until: str, language: str, as_json: bool) -> None:
    import msgspec

    from zhiyu.base.errors import InputError
    from zhiyu.base.money import MINOR_DIGITS
    from zhiyu.evaluation.cube.alerts import Alerts, checks_of
    from zhiyu.evaluation.cube.asked import question_of
    from zhiyu.evaluation.cube.declared import read_declared
    from zhiyu.evaluation.cube.facts import MINUTE_MS
    from zhiyu.evaluation.cube.rollups import MINUTES_KEPT
    from zhiyu.log.list_journal import said_time

    if file is None or not (checks := checks_of(read_declared(file).alerts)):
        raise InputError(
            "--alerts needs --monitoring FILE with alert rules", "--alerts 需要 --monitoring 文件，其中声明告警规则"
        )
    cube, last_ms, currency = _counted(kept, language)
    period = question_of(("decisions",), (), (), from_=from_, until=until, now_ms=last_ms)
    back_ms = max(each.over_ms + each.against_ms for each in checks)
    from_ms = max(period.from_ms, cube.last_ms() - MINUTES_KEPT * MINUTE_MS + back_ms)
    if from_ms > period.from_ms:
        days = MINUTES_KEPT // 1_440
        said = f"from {said_time(from_ms)}: minutes are kept for {days} days, and rules look back"
        click.echo(
            f"自 {said_time(from_ms)} 起：分钟级数据保留 {days} 天，而规则需回看" if language == "zh" else said,
            err=True,
        )
    known, minutes = Alerts(), range(from_ms + MINUTE_MS, period.until_ms + 1, MINUTE_MS)
    told = list[dict[str, Any]]()
    with progress() as bar:
        task = bar.add_task("逐分钟查看" if language == "zh" else "minute by minute", total=len(minutes))
        for minute in minutes:
            told += [
                msgspec.to_builtins(each)
                for each in known.look(checks, cube, minute, {}, MINOR_DIGITS.get(currency, 2))
            ]
            bar.advance(task)
    if as_json:
        click.echo(json.dumps({"alerts": told, "open": len(known.open)}, ensure_ascii=False))
        return
    zh = language == "zh"
    for each in told:
        word = ("结束" if zh else "ended ") if each["ended"] else ("告警" if zh else "raised")
        click.echo(
            f"{each['ended'] or each['since']}  {word}  {each['rule']}  {each['of']}  {each['zh' if zh else 'en']}"
        )
    count = sum(not each["ended"] for each in told)
    click.echo(
        f"共 {count:,} 次告警，{len(known.open)} 次仍未结束"
        if zh
        else f"{count:,} alerts, {len(known.open)} of them still open"
    )


def _counted(kept: Kept, language: str) -> tuple[Cube, int, str]:
    """The cube up to the end of the log, the moment of its last decision (ms), and the currency."""
    from zhiyu.evaluation.cube.cube import Cube

    cube = Cube(kept.folder, kept.tenant, kept.policy, kept.log.first, writes=False)
    start, end = cube.position, max(kept.log.position, 1)
    with progress() as bar:
        task = bar.add_task("统计日志" if language == "zh" else "counting the log", total=max(end - start, 1))
        for frame in kept.log.frames(start):
            cube.take([frame])
            bar.update(task, completed=frame.header.next - start)
    return cube, cube.last_ms(), _currency(kept)


def _currency(kept: Kept) -> str:
    """That of the newest policy that decided anything lately, "" without."""
    from zhiyu.engine.event_frames import noted
    from zhiyu.log.frames import EVENTS

    last = None
    for frame in kept.log.frames(max(kept.log.first, kept.log.position - LATELY)):
        last = frame if frame.header.kind == EVENTS else last
    return kept.policy(noted(last.payload, kept.tenant).policy).currency if last is not None else ""


def _show(answer: dict[str, Any], language: str) -> None:
    from zhiyu.evaluation.cube.ask import MEASURES

    table = Table(
        caption=f"{answer['from']} … {answer['until']}" + (f", {answer['currency']}" if answer["currency"] else "")
    )
    for name in answer["by"]:
        table.add_column(name)
    before = any("before" in line for line in [*answer["lines"], answer["total"]])
    for name in answer["measures"]:
        word = MEASURES[name].zh if language == "zh" else MEASURES[name].en
        table.add_column(word, justify="right")
        if before:
            table.add_column("此前" if language == "zh" else "before", justify="right", style="dim")
    rest, every = ("其余", "合计") if language == "zh" else ("the rest", "all")
    for line in answer["lines"]:
        table.add_row(
            *(rest if line[name] is None else str(line[name]) for name in answer["by"]), *_figures(line, answer, before)
        )
    if answer["by"]:
        table.add_section()
    table.add_row(
        *([every] + [""] * (len(answer["by"]) - 1) if answer["by"] else []), *_figures(answer["total"], answer, before)
    )
    Console().print(table)


def _figures(line: dict[str, Any], answer: dict[str, Any], before: bool) -> list[str]:
    from zhiyu.evaluation.cube.report_page import figure

    found = []
    for name in answer["measures"]:
        found.append(figure(name, line[name]))
        if before:
            found.append(figure(name, line.get("before", {}).get(name)))
    return found
