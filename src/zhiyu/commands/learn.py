"""`zhiyu learn`: models of the matrix trained again on what has matured, proposed when they are better; weekly, or once. `zhiyu apply`: a
proposal that a person has approved.

In: a policy folder, past events, labels. Out: a folder of proposals and a short table. The live policy is only read, until somebody
applies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.console import Console
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.commands.model_roles import of_server
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels
from zhiyu.commands.train import settings_of
from zhiyu.commands.tune import WEEKLY, repeated

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--policy",
    "-p",
    required=True,
    type=_PATH,
    help="The live policy folder; only read. Its matrix stands in a file of its own.",
)
@click.option("--events", type=_PATH, default=None, help="Past events (.ndjson, .csv, .parquet), or a feature tape.")
@click.option(
    "--data", "-d", type=_PATH, default=None, help="Instead: the data folder of `zhiyu serve`; its log is learned from."
)
@click.option("--tenant", default="default", show_default=True, help="Whose log, with --data.")
@click.option("--labels", type=_PATH, default=None, help="A file with columns id, fraud.")
@click.option("--label-delay", default=None, help="How long a label takes to arrive, e.g. 7d (default: the policy's).")
@click.option("--source", default=None, help="Which source of the policy describes the file.")
@click.option(
    "--out", "-o", required=True, type=_PATH, help="Where proposals go; a folder per date in it, without --once."
)
@click.option("--cell", "cells", multiple=True, help="Only this cell (default: all).")
@click.option(
    "--kind",
    type=click.Choice(["trees", "logistic", "scorecard", "blend", "best"]),
    default=None,
    help="Another kind than the champion's.",
)
@click.option(
    "--percent", default="", help="Propose as a challenger for so many percent, instead of taking the champion's place."
)
@click.option("--by", default="", help="With --percent: the field that splits (default: the cell's).")
@click.option(
    "--later",
    type=float,
    default=0.3,
    show_default=True,
    help="Share of the time kept for choosing thresholds and judging.",
)
@click.option("--even", is_flag=True, help="Propose too what may be better by chance only.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of LightGBM (default: the champion's)."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of trees and intervals.")
@click.option("--no-tune", is_flag=True, help="Leave the thresholds of rules as they are.")
@click.option(
    "--review-load", type=float, default=None, metavar="N", help="Reviews a day at most, when thresholds move."
)
@click.option("--good-hurt", type=float, default=None, metavar="SHARE", help="Share of good decisions stopped at most.")
@click.option("--approval-rate", type=float, default=None, metavar="SHARE", help="Share that goes through at least.")
@click.option("--url", default="", help="Submit what is proposed to this server, for somebody to approve.")
@click.option("--key", envvar="ZHIYU_API_KEY", default="", help="A key that may propose; better in ZHIYU_API_KEY.")
@click.option(
    "--every", default=WEEKLY, show_default=True, metavar="SPAN", help="Stay running and learn so often. Ctrl-C ends."
)
@click.option("--once", is_flag=True, help="One round, into --out itself.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what summary.json holds.")
@language_option
def learn(lang: str | None, as_json: bool, every: str, once: bool, out: Path, **options: Any) -> None:
    """Train the models of the matrix again, compare them with their champions on later, matured labels, and propose those that are better
    together with adjusted thresholds, as one candidate policy with its diff and backtest (OUT/together). A person decides: `zhiyu apply`,
    or, with --url, whoever may approve it on the server."""
    language = language_of(lang)

    def one(folder: Path) -> None:
        with told(language):
            _once(folder, language, as_json, options)

    if once:
        one(out)
        return
    repeated(one, out, every, language)


def _ask(out: Path, options: dict[str, Any]) -> Any:
    """What is asked of the round."""
    from zhiyu.evaluation.learning.propose import Ask
    from zhiyu.evaluation.tuning.limits import Limits
    from zhiyu.evaluation.tuning.search import Wish

    if (options["events"] is None) == (options["data"] is None):
        raise InputError(
            "give --events FILE or --data FOLDER, one of them", "请给出 --events 文件 或 --data 目录，二选一"
        )
    given = {name: value for name, value in options.items() if name not in ("url", "key")}
    limits = Limits(given.pop("review_load"), given.pop("good_hurt"), given.pop("approval_rate"))
    given["tune"] = None if given.pop("no_tune") else Wish(limits)
    given["events"] = given["events"] or given["data"]
    return Ask(out=out, **given | {"settings": settings_of(given["settings"]), "kind": given["kind"] or ""})


def _once(out: Path, language: str, as_json: bool, options: dict[str, Any]) -> None:
    from zhiyu.evaluation.learning.propose import learn as propose
    from zhiyu.evaluation.learning.together import TOGETHER

    ask = _ask(out, options)
    warm_kernels(language)
    words = {"replay": "回放", "train": "训练", "backtest": "回测", "search": "搜索"}
    with progress() as bar:
        tasks: dict[str, Any] = {}

        def hear(what: str, done: float) -> None:
            cell, _, step = what.rpartition(" ")
            if what not in tasks:
                tasks[what] = bar.add_task(f"{cell} {words[step] if language == 'zh' else step}", total=1.0)
            bar.update(tasks[what], completed=done)

        summary = propose(ask, hear)
    if options["url"] and "together" in summary:
        summary["together"]["number"] = submitted(out / TOGETHER, options["url"], options["key"])
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, default=float))
    else:
        _print(summary, out, language == "zh")


def _print(summary: dict[str, Any], out: Path, zh: bool) -> None:
    heads = ("单元", "现任", "新模型", "平均精度", "差异", "95 % 区间", "建议") if zh else (
        "cell", "champion", "new", "average precision", "difference", "95 % interval", "proposed"
    )  # fmt: skip
    table = Table(*heads)
    for each in summary["cells"]:
        line = each["comparison"]["figures"]["average_precision"]
        known = "low" in line
        table.add_row(
            each["cell"], each["champion"], each["model"], f"{line['two']:.4f}" if known else "–",
            f"{line['difference']:+.4f}" if known else "–", f"{line['low']:+.4f} … {line['high']:+.4f}" if known else "–",
            ("是" if zh else "yes") if each["proposed"] else ("否" if zh else "no"),
        )  # fmt: skip
    Console().print(table)
    whole = summary.get("together")
    if whole is not None:
        tuned = whole["tuned"]
        said = tuned["change"] or (tuned["why"]["zh"] if zh else tuned["why"]["en"])
        click.echo(f"{'随之调整的阈值' if zh else 'thresholds with it'}: {said}")
        if "number" in whole:
            click.echo(f"{'已提交提案' if zh else 'submitted as proposal'} {whole['number']}")
    click.echo(f"{'已写入' if zh else 'written to'} {out}")


def submitted(proposal: Path, url: str, key: str) -> int:
    """Bring a proposal to a server as one of its own, submitted for somebody else to approve; its number there."""
    from zhiyu.evaluation.learning.apply import read_proposal, require_live

    facts, opened = read_proposal(proposal)
    standing = of_server(url, key, ("GET", "/v1/policy", None))
    require_live(facts, (standing["in_force"] or {}).get("policy", ""))
    title = quote(f"{', '.join(facts['models'])}: {', '.join(facts['cells'])}")
    said = of_server(
        url, key, ("POST", f"/v1/policy?propose=true&title={title}", json.loads(opened.artifact.to_json()))
    )
    number = int(said["proposal"])
    of_server(url, key, ("POST", f"/v1/proposals/{number}:submit", {}))
    return number


@click.command()
@click.argument("proposal", type=_PATH)
@click.option("--policy", "-p", type=_PATH, default=None, help="The live policy folder.")
@click.option("--url", default="", help="A server that runs, e.g. http://127.0.0.1:8420.")
@click.option("--key", envvar="ZHIYU_API_KEY", default="", help="The key; better in ZHIYU_API_KEY.")
@language_option
def apply(proposal: Path, policy: Path | None, url: str, key: str, lang: str | None) -> None:
    """Let an approved PROPOSAL of `zhiyu learn` or `zhiyu tune` take the place of the live policy: in its folder, or on a server. Refused
    when the live policy has changed since."""
    from zhiyu.evaluation.learning.apply import apply_to, read_proposal, require_live

    language = language_of(lang)
    with told(language):
        if (policy is None) == (not url):
            raise InputError(
                "give --policy FOLDER or --url SERVER, one of them", "请给出 --policy 目录 或 --url 服务地址，二选一"
            )
        if policy is not None:
            for name in apply_to(proposal, policy):
                click.echo(f"{policy / name}")
            return
        facts, opened = read_proposal(proposal)
        standing = of_server(url, key, ("GET", "/v1/policy", None))
        require_live(facts, (standing["in_force"] or {}).get("policy", ""))
        said = of_server(url, key, ("POST", "/v1/policy", json.loads(opened.artifact.to_json())))
        words = {"in_force": ("in force", "已生效"), "warming": ("counting from the log first", "先从日志补算")}
        click.echo(f"{words.get(said['status'], ('', ''))[language == 'zh']}: {said['policy'][:12]}")
