"""`zhiyu attack`: an adversary looks for the cheapest way through a policy, on the simulated lender.

In: a policy, a budget, prices. Out: per kind of fraud the cheapest way, its price, what it walked around, what closing it would cost
honest customers; at the terminal, as JSON, as an HTML page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.simulation.attack.report import Report
    from zhiyu.simulation.attack.run import Operation
    from zhiyu.simulation.attack.search import Found

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--policy", "-p", required=True, type=_PATH, help="The policy folder.")
@click.option(
    "--kind",
    multiple=True,
    type=click.Choice(["abnormal_use", "takeover", "batch", "scam_victim", "cash_out"]),
    help="One or several (default: all that the policy has events for).",
)
@click.option("--tries", type=int, default=2_000, show_default=True, help="Victims tried per kind, at most.")
@click.option("--goal", type=int, default=8_000, show_default=True, help="Yuan that one fraud is after.")
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Of the lender and the adversary; same seed, same report."
)
@click.option(
    "--means",
    type=_PATH,
    default=None,
    help="A YAML file with prices of the adversary's means, in place of some of ours.",
)
@click.option("--html", type=_PATH, default=None, help="Write the report as a page.")
@click.option("--out", "-o", type=_PATH, default=None, help="Write the report as JSON.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def attack(
    policy: Path, kind: tuple[str, ...], tries: int, goal: int, seed: int, means: Path | None, html: Path | None, out: Path | None,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Find the cheapest way through a policy: an adversary who splits, waits, rotates devices and pays for each means."""
    from zhiyu.simulation.attack.report import page

    language = language_of(lang)
    with told(language):
        report = _searched(policy, kind, tries, goal, seed, means, language)
        if html:
            html.write_text(page(report, language), encoding="utf-8")
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=None if as_json else 1)
        if out:
            out.write_text(text + "\n", encoding="utf-8")
        if as_json:
            click.echo(text)
            return
        _show(report, Console(), language)
        for written in (html, out):
            if written:
                click.echo(f"已写入 {written}" if language == "zh" else f"wrote {written}")


def _searched(
    policy: Path, kinds: tuple[str, ...], tries: int, goal: int, seed: int, means: Path | None, language: str
) -> Report:
    from zhiyu.engine.opened import open_policy
    from zhiyu.simulation.attack import MEANS, Attack, read_means
    from zhiyu.simulation.attack.closing import closings
    from zhiyu.simulation.attack.report import Report
    from zhiyu.simulation.attack.stage import Stage

    zh = language == "zh"
    prices = read_means(means) if means else MEANS
    opened = open_policy(policy, all_features=True)
    warm_kernels(language)
    with progress() as bar:
        task = bar.add_task("准备正常客户" if zh else "honest customers live on", total=1.0)
        stage = Stage(opened, seed, lambda done: bar.update(task, completed=done))
        try:
            adversary = Attack(stage, prices, goal, tries)
            report = Report(opened.policy.name, opened.artifact.hash, seed, goal, tries, prices)
            for each in kinds or adversary.kinds():
                bar.reset(task, total=tries, description=each)

                def say(count: int, price: float | None, each: str = each) -> None:
                    known = "" if price is None else (f"，¥{price:,.0f}" if zh else f", ¥{price:,.0f} a success")
                    bar.update(task, completed=count, description=f"{each}{known}")

                found = adversary.search(each, say)
                report.found.append(found)
                if found.ran is not None:
                    report.closings[each] = closings(stage, *found.ran, adversary.goal_fen)
        finally:
            stage.close()
    return report


def _show(report: Report, console: Console, language: str) -> None:
    for found in report.found:
        _kind(report, found, console, language == "zh")


def _kind(report: Report, found: Found, console: Console, zh: bool) -> None:
    from zhiyu.simulation.attack.report import kind_said
    from zhiyu.simulation.attack.ways import said

    name = kind_said(found.kind).of("zh" if zh else "en")
    best = found.best
    if best is None or best.price is None:
        nothing = f"：{found.tries:,} 次尝试未找到途径" if zh else f": no way through in {found.tries:,} tries"
        told = f"[bold]{name}[/bold]{nothing}"
        console.print(told, highlight=False)
        if found.naive:
            _stops([("", found.naive)], console, zh)
        return
    tries = best.victims / best.successes
    if zh:
        proof = "（更便宜的方式均已试过）" if found.proven else ""
        line = f"：每次得手 ¥{best.price:,.0f}，{tries:.2f} 次尝试；目标 ¥{report.goal_yuan:,}；"
        line += f"第 {found.first_at} 次尝试首次得手，共 {found.tries:,} 次{proof}"
    else:
        proof = " (everything cheaper was tried)" if found.proven else ""
        line = f": ¥{best.price:,.0f} and {tries:.2f} tries per success of ¥{report.goal_yuan:,}; "
        line += f"first success at try {found.first_at} of {found.tries:,}{proof}"
    line = f"[bold]{name}[/bold]{line}"
    console.print(line, highlight=False)
    words = said(best.way, zh)
    english = said(best.way)
    used = [f"{name}: {level}" for (name, level), key in zip(words.items(), english) if key in found.knobs]
    console.print("  " + escape("; ".join(used)), highlight=False)
    _stops(found.without, console, zh)
    _closings(report, found, console, zh)
    console.print()


def _stops(pairs: list[tuple[str, Operation]], console: Console, zh: bool) -> None:
    from zhiyu.simulation.attack.ways import WORDS_ZH

    table = Table(
        "去掉" if zh else "without",
        "被拦" if zh else "stopped",
        "环节" if zh else "at",
        "规则" if zh else "by",
        box=None,
    )
    for name, each in pairs:
        stops = each.stops.most_common(1)
        at, rules = stops[0][0] if stops else ("", "仍可得手" if zh else "still gets through")
        table.add_row(
            WORDS_ZH.get(name, name) if zh else name,
            f"{each.victims - each.successes}/{each.victims}",
            at,
            escape(rules),
        )
    console.print(table)


def _closings(report: Report, found: Found, console: Console, zh: bool) -> None:
    lines = report.closings.get(found.kind, [])
    if not lines:
        console.print(
            "  没有单一条件能在少误伤的情况下堵住它"
            if zh
            else "  no single condition closes it without hitting many honest customers"
        )
        return
    heads = (
        ("事件", "堵住它的条件", "命中正常事件", "每天", "每天金额")
        if zh
        else ("on", "would close it", "honest events hit", "a day", "yuan a day")
    )
    table = Table(*heads, box=None)
    for each in lines[:3]:
        table.add_row(
            each.type,
            escape(each.when),
            f"{100 * each.honest_share:.2f} %",
            f"{each.honest_a_day:.1f}",
            f"{each.honest_yuan_a_day:,.0f}",
        )
    console.print(table)
