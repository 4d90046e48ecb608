"""The demo's day at the simulated lender: weeks of events sent to the server over HTTP, then one day, told beside the truth.

In: a server with the example policy. Out: what was stopped, held and let through that day, in money; why; which fraud got through; one
gang and how it was caught.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from zhiyu.commands.demo_gang import KIND_ZH, Caught, caught_gang, rules_of_network, show_caught
from zhiyu.commands.demo_services import a_day_with_services, show_calls
from zhiyu.commands.terminal import progress

if TYPE_CHECKING:
    from zhiyu.outside.stand_in import StandIn
    from zhiyu.policy.declare import Policy
    from zhiyu.simulation.lender import Made
    from zhiyu.simulation.lender_day import Day, GangSeen, Heard

DAYS, CUSTOMERS, SEED, DIFFICULTY = 21, 4_000, 7, 1
_BATCH = 1_000
_DONE_ZH = ("放行", "补充验证", "暂缓或人工", "拒绝")
_TYPE_ZH = {
    "registration": "注册", "log_in": "登录", "application": "申请", "limit_adjustment": "提额", "account_change": "账户变更",
    "draw_down": "支用",
    "payment": "支付", "transfer": "转账", "complaint": "投诉",
}  # fmt: skip
_THING_ZH = {
    "device": "设备", "card": "银行卡", "contact_phone": "联系人电话", "address": "地址", "employer_phone": "单位电话", "payee": "收款账户",
    "merchant": "商户", "ip": "网络地址",
}  # fmt: skip


def a_day(
    policy: Policy, url: str, folder: Path, language: str, sizes: tuple[int, int, int, int] | None = None,
    outside: StandIn | None = None,
) -> tuple[Day, str]:  # fmt: skip
    """Make the lender, send it, tell its day. Returns the day and the id of a decision worth explaining ("" without). `outside`: stands
    in for the services that the policy asks."""
    from zhiyu.client import Client
    from zhiyu.simulation.lender import Wanted, make_lender
    from zhiyu.simulation.lender.render import table
    from zhiyu.simulation.lender_day import choose_day, places_of, planted_gang, tell_day

    zh = language == "zh"
    days, customers, seed, difficulty = sizes or (DAYS, CUSTOMERS, SEED, DIFFICULTY)
    with progress() as bar:
        task = bar.add_task("生成模拟机构" if zh else "making a lender", total=1.0)
        made = make_lender(
            Wanted(days, customers, seed, difficulty), lambda what, done: bar.update(task, completed=done)
        )
    day = choose_day(made)
    first, last = places_of(made, day)
    click.echo(
        f"模拟机构（难度 {difficulty}/5）：{customers:,} 名客户，前 {day} 天共 {first:,} 个事件作为历史，经 HTTP 发送"
        if zh
        else f"a simulated lender of {customers:,} customers, difficulty {difficulty} of 5: {day} days of history, {first:,} events, "
        "go to the server over HTTP first"
    )
    heard: dict[int, Heard] = {}
    hear = hearing(made, last, heard)
    if outside is None:
        send_whole(table(made, 0, last), url, folder, language, hear)
        calls = None
    else:
        calls = a_day_with_services(made, policy, outside, (first, last), heard, lambda events: send_whole(
            events, url, folder, language, hear), url, language, hear)  # fmt: skip
    caught = caught_gang(Client(url, "", timeout_s=60.0)) if policy.network is not None else None
    planted = planted_gang(made, last, caught.customers) if caught is not None else None
    found = tell_day(made, day, heard, planted, rules_of_network(policy))
    show_day(found, policy, made, Console(), language, caught)
    if calls is not None:
        show_calls(calls, policy, Console(), zh)
    return found, _worth_explaining(made, found, heard)


def hearing(made: Made, last: int, heard: dict[int, Heard]) -> Callable[[dict[str, Any]], None]:
    """What to do with each answer: keep the decision in `heard` by the place of its event (up to `last`)."""
    import numpy as np

    from zhiyu.simulation.lender.texts import event_ids
    from zhiyu.simulation.lender_day import Heard

    place = {bytes(each).decode(): at for at, each in enumerate(event_ids(made.wanted.seed, np.arange(last)))}

    def hear(answer: dict[str, Any]) -> None:
        heard[place[answer["id"]]] = Heard.of(answer)

    return hear


def send_whole(events: pa.Table, url: str, folder: Path, language: str, hear: Callable[[dict[str, Any]], None]) -> None:
    """Send many events, batch by batch."""
    from zhiyu.client import Client
    from zhiyu.commands.sending import Sending
    from zhiyu.log.files import open_events

    path = folder / "lender.parquet"
    pq.write_table(events, path)
    client = Client(url, "", timeout_s=60.0, tries=1_000_000)
    sending = Sending(client, open_events(path, None, _BATCH), folder / "refused.ndjson", heard=hear)
    with progress() as bar:
        task = bar.add_task("经 HTTP 发送" if language == "zh" else "sending over HTTP", total=1.0)
        sending.run(lambda done: bar.update(task, completed=done))


def _worth_explaining(made: Made, day: Day, heard: dict[int, Any]) -> str:
    """The id of the gang's first stopped event, else of any that was declined."""
    from zhiyu.simulation.lender.texts import event_ids

    for at in sorted(heard, reverse=True):
        if heard[at].outcome == "decline" and (day.gang is None or int(made.events["gang"][at]) == day.gang.number):
            return bytes(event_ids(made.wanted.seed, made.events["time"][at : at + 1] * 0 + at)[0]).decode()
    return ""


def show_day(
    day: Day, policy: Policy, made: Made, console: Console, language: str, caught: Caught | None = None
) -> None:
    """Print a day; `caught`: the gang that the server's network knows."""
    zh = language == "zh"
    when = date(2025, 9, 1) + timedelta(days=day.number)
    told = f"{when:%Y-%m-%d}：{day.events:,} 个事件，其中 {day.decided:,} 个作出决策" if zh else (
        f"{when:%A %d %B %Y}: {day.events:,} events, {day.decided:,} of them decided")  # fmt: skip
    console.print(f"\n[bold]{told}[/bold]", highlight=False)
    _stages(day, console, zh)
    _money(day, console, zh)
    _reasons(day, policy, console, zh)
    _kinds(day, console, zh)
    if caught is not None:
        show_caught(caught, day.gang, console, zh)
        if day.gang is not None:
            _stopped(day.gang, console, zh)
        console.print(f"GET /v1/gangs/{caught.number}", highlight=False)
    elif day.gang is not None:
        _gang(day.gang, console, zh)


def _stages(day: Day, console: Console, zh: bool) -> None:
    from zhiyu.simulation.lender_day import DONE

    table = Table("阶段" if zh else "decided", *(_DONE_ZH if zh else DONE), box=None)
    for name, counts in day.stages.items():
        table.add_row(
            _TYPE_ZH[name] if zh else name.replace("_", "-"), *(f"{each:,}" if each else "" for each in counts)
        )
    console.print(table)


def _money(day: Day, console: Console, zh: bool) -> None:
    from zhiyu.simulation.lender_day import DONE

    console.print(
        "\n支用、支付、转账的金额，与真相对照"
        if zh
        else "\ndraw-downs, payments and transfers, in money, beside the truth"
    )
    heads = (
        ("处置", "笔数", "正常", "欺诈", "欺诈占金额")
        if zh
        else ("done", "events", "honest", "fraud", "fraud in money")
    )
    table = Table(*heads, box=None)
    for name, sums in zip(_DONE_ZH if zh else DONE, day.done):
        both = sums.honest_fen + sums.fraud_fen
        share = f"{100 * sums.fraud_fen / both:.1f} %" if both else ""
        table.add_row(name, f"{sums.events:,}", _yuan(sums.honest_fen), _yuan(sums.fraud_fen), share)
    console.print(table)


def _reasons(day: Day, policy: Policy, console: Console, zh: bool) -> None:
    words = {each.code: (each.zh if zh else each.en) for each in policy.reasons}
    console.print("\n未直接放行的原因" if zh else "\nwhy, where it was not simply let through")
    heads = ("原因", "事件", "其中欺诈", "金额") if zh else ("reason", "events", "of these fraud", "money")
    table = Table(*heads, box=None)
    for code, sums in sorted(day.reasons.items(), key=lambda each: -each[1].events)[:8]:
        money = sums.fraud_fen + sums.honest_fen
        table.add_row(words.get(code) or code, f"{sums.events:,}", f"{sums.frauds:,}", _yuan(money) if money else "")
    console.print(table)


def _kinds(day: Day, console: Console, zh: bool) -> None:
    console.print(
        "\n当日欺诈：企图金额与被拦下的金额（含此前已拦下）"
        if zh
        else "\nfrauds of the day: money tried, and stopped then or before"
    )
    heads = ("类型", "笔数", "企图", "拦下", "") if zh else ("kind", "events", "tried", "stopped", "")
    table = Table(*heads, box=None)
    for kind, sums in sorted(day.kinds.items(), key=lambda each: -each[1].tried_fen):
        name = KIND_ZH[kind] if zh else kind.replace("_", " ")
        share = f"{100 * sums.stopped_fen / sums.tried_fen:.0f} %" if sums.tried_fen else ""
        table.add_row(name, f"{sums.events:,}", _yuan(sums.tried_fen), _yuan(sums.stopped_fen), share)
    console.print(table)


def _gang(gang: GangSeen, console: Console, zh: bool) -> None:
    """A gang of the truth that the network does not know."""
    people = len(gang.people)
    told = (
        f"一个团伙（{KIND_ZH[gang.kind]}）：{people} 人"
        if zh
        else f"one gang ({gang.kind.replace('_', ' ')}): {people} people"
    )
    console.print(f"\n[bold]{told}[/bold]", highlight=False)
    table = Table("共用" if zh else "they share", "值" if zh else "value", "人数" if zh else "people", box=None)
    for thing in gang.things:
        name = _THING_ZH[thing.field] if zh else thing.field.replace("_", " ")
        table.add_row(name, thing.value, f"{thing.people}")
    console.print(table)
    console.print("服务的关系网络尚未识别出团伙" if zh else "the server's network knows no gang yet", highlight=False)
    _stopped(gang, console, zh)


def _stopped(gang: GangSeen, console: Console, zh: bool) -> None:
    """After how many events a planted gang was stopped, by what, and what got through."""
    if gang.first_stop is None:
        told = "未被拦下" if zh else "nothing stopped it"
    elif zh:
        told = f"第 {gang.first_stop + 1} 个决策事件起被拦；{gang.events} 个事件中拦下 {gang.stopped} 个"
    else:
        told = f"stopped from its decided event no. {gang.first_stop + 1} on; {gang.stopped} of its {gang.events} events were stopped"
    if gang.first_by_network is not None:
        first = gang.first_by_network + 1
        told += f"，其中 {gang.by_network} 个有关系网络规则参与（自第 {first} 个起）" if zh else (
            f", {gang.by_network} of them with a rule about the network (from no. {first} on)")  # fmt: skip
    money = f"；企图 {_yuan(gang.asked_fen)}，得手 {_yuan(gang.through_fen)}" if zh else (
        f"; it tried to move {_yuan(gang.asked_fen)}, and {_yuan(gang.through_fen)} got through")  # fmt: skip
    console.print(told + money, highlight=False)
    if gang.rules:
        rules = ", ".join(f"{name} ({count})" for name, count in gang.rules)
        console.print(f"{'命中规则' if zh else 'by the rules'}: {rules}", highlight=False)


def _yuan(fen: int) -> str:
    """
    >>> _yuan(123_456)
    '¥1,235'
    """
    return f"¥{round(fen / 100):,}"
