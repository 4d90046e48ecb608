"""`zhiyu report --features`: the live variables, hour by hour.

In: a data folder, or a file and a policy. Out: the newest hour at the terminal, JSON, a page, anomalies as events: in a file, or sent
to a server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import progress, warm_kernels

if TYPE_CHECKING:
    from zhiyu.evaluation.hourly.run import FeatureReport

_AT_ONCE = 500
_SHOWN = 15


def feature_report(
    data: Path | None, tenant: str, as_json: bool, language: str, events: Path | None, policy: Path | None, source: str | None, hours: int,
    out: Path | None, url: str, key: str,
) -> None:  # fmt: skip
    """Make the report and hand it on as asked."""
    from zhiyu.evaluation.hourly.page import page

    report = _gathered(data, tenant, events, policy, source, hours, language)
    text = json.dumps(report.to_dict(), ensure_ascii=False)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "features.json").write_text(text + "\n", encoding="utf-8")
        (out / "features.html").write_text(page(report, language), encoding="utf-8")
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in report.anomalies)
        (out / "anomalies.ndjson").write_text(lines, encoding="utf-8")
    sent = _sent(report.anomalies, url, key) if url else None
    if as_json:
        click.echo(text)
        return
    _show(report, Console(), language == "zh")
    if out:
        click.echo(f"已写入 {out}" if language == "zh" else f"wrote {out}")
    if sent is not None:
        taken, known = sent
        zh = f"已告知 {url}：{taken} 个新异常，{known} 个已知"
        click.echo(zh if language == "zh" else f"told {url}: {taken} new anomalies, {known} known already")


def _gathered(
    data: Path | None, tenant: str, events: Path | None, policy: Path | None, source: str | None, keep: int, language: str
) -> FeatureReport:  # fmt: skip
    from zhiyu.engine.kept import Kept
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.hourly.run import FeatureReport, over_events, over_log

    if (data is None) == (events is None):
        raise InputError("give either --data or --events", "请在 --data 与 --events 中选择一个")
    report = FeatureReport(keep)
    with progress() as bar:
        task = bar.add_task("逐小时统计" if language == "zh" else "hour by hour", total=1.0)
        if data is not None:
            kept = Kept(data, tenant)
            warm_kernels(language)
            over_log(kept, report, lambda done: bar.update(task, completed=done))
            return report
        if policy is None or events is None:
            raise InputError("--events needs --policy", "使用 --events 时需要 --policy")
        opened = open_policy(policy, tenant)
        warm_kernels(language)
        for done in over_events(opened, events, source, report):
            bar.update(task, completed=done)
    return report


def _sent(anomalies: list[dict[str, Any]], url: str, key: str) -> tuple[int, int]:
    """Tell a server, in order; (new ones, those it knew). InputError when its policy does not take them."""
    from zhiyu.client import Client, Refused, Unavailable
    from zhiyu.evaluation.hourly.hours import EVENT_TYPE

    client, taken, known = Client(url, key, timeout_s=60.0), 0, 0
    try:
        for first in range(0, len(anomalies), _AT_ONCE):
            answer = client.tell(anomalies[first : first + _AT_ONCE])
            if answer["refused"]:
                said = answer["refused"][0]
                raise InputError(
                    f"the server refuses them: {said['detail_en']}; declare the event type {EVENT_TYPE} in its policy",
                    f"服务拒收：{said['detail_zh']}；请在策略中声明事件类型 {EVENT_TYPE}",
                )
            taken, known = taken + answer["taken"], known + answer["repeated"]
    except (Refused, Unavailable) as wrong:
        raise InputError(wrong.en, wrong.zh) from None
    return taken, known


def _show(report: FeatureReport, console: Console, zh: bool) -> None:
    hours = report.hours
    hour = hours[-1] if hours else report.last
    if hour is None:
        console.print("没有决策" if zh else "no decisions")
        return
    n, closed, odd, cost = report.decisions, report.counted.closed, len(report.anomalies), f"{report.sketch_us:.1f}"
    said = f"{n:,} 个决策，{closed:,} 个完整小时，{odd:,} 个异常；统计每个决策 {cost} 微秒"
    if not zh:
        said = f"{n:,} decisions, {closed:,} closed hours, {odd:,} anomalies; counting took {cost} µs per decision"
    console.print(said, highlight=False)
    heads = (
        ("小时", "事件", "变量", "异常", "当前", "此前")
        if zh
        else ("hour", "event", "variable", "anomaly", "now", "before")
    )
    table = Table(*heads, box=None)
    for x in report.anomalies[-_SHOWN:]:
        table.add_row(
            x["hour"], x["about_type"], escape(x["variable"]), x["anomaly"], f"{x['value']:.4g}", f"{x['before']:.4g}"
        )
    if report.anomalies:
        console.print(table)
    rising = ("事件", "变量", "均值", "此前", "倍数") if zh else ("event", "riser", "mean", "before", "times")
    table = Table(*rising, box=None, title=hour["hour"], title_justify="left")
    for x in hour["risers"]:
        table.add_row(
            x["type"], escape(x["variable"]), f"{x['mean']:.4g}", f"{x['mean_before']:.4g}", f"{x['rise']:.2f}"
        )
    console.print(table)
