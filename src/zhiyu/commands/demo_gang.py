"""The gang of the demo: who, how they are linked, after how many events it was known; as the server's own network tells it.

In: a server that has decided a day; the day, its truth. Out: lines. The server is asked first: its largest gang is the one that is told of,
and the truth says how much of it is right. Only when its network knows none, the gang of the truth that was busiest that day is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from zhiyu.network.declare import PREFIX

if TYPE_CHECKING:
    from zhiyu.client import Client
    from zhiyu.policy.declare import Policy
    from zhiyu.simulation.lender_day import GangSeen

KIND_ZH = {
    "batch": "批量申请", "forged": "虚假资料", "impersonation": "冒名", "takeover": "盗号", "intermediary": "中介代办",
    "multi_lender": "多头借贷",
    "cash_out": "套现", "remote_large": "异地大额", "abnormal_use": "异常使用", "scam_victim": "电诈受害", "proxy_complaint": "代理投诉",
}  # fmt: skip
SHOWN = 8
"""Things that people of the gang share, those of most people first."""
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Caught:
    """A gang as the server tells it: `GET /v1/gangs/{id}`."""

    content: dict[str, Any]

    @property
    def number(self) -> int:
        """Its id."""
        return int(self.content["gang"])

    @property
    def customers(self) -> frozenset[str]:
        """Its people by the values of the policy's field."""
        return frozenset(each["name"].partition(":")[2] for each in self.content["members"])

    def when(self, what: str) -> str | None:
        """When its record first says this (BORN, ALERT …), ISO-8601."""
        return next((line["time"] for line in self.content["lineage"] if line["what"] == what), None)


def caught_gang(client: Client) -> Caught | None:
    """The server's gang with most people, the newest of equal ones; None when its policy has no gangs, or none is known."""
    before, found = 0, list[dict[str, Any]]()
    while True:
        page = _asked(client, f"/v1/gangs?limit={_LISTED}&before={before}")
        if page is None:
            return None
        found += page["gangs"]
        if page["next"] is None:
            break
        before = page["next"]
    if not found:
        return None
    largest = max(found, key=lambda each: (each["people"], each["gang"]))
    whole = _asked(client, f"/v1/gangs/{largest['gang']}")
    return None if whole is None else Caught(whole)


def rules_of_network(policy: Policy) -> frozenset[str]:
    """The names of the rules that look at the network."""
    return frozenset(rule.name for rules in policy.rule_sets for rule in rules.rules if PREFIX in rule.when)


def show_caught(caught: Caught, gang: GangSeen | None, console: Console, zh: bool) -> None:
    """Print the server's gang: who, over what, since when; beside the planted one that it comes from."""
    content, people = caught.content, len(caught.content["members"])
    head = f"关系网络抓到的一个团伙：第 {caught.number} 号，{people} 人" if zh else (
        f"a gang that the network caught: no. {caught.number}, {people} people")  # fmt: skip
    console.print(f"\n[bold]{head}[/bold]", highlight=False)
    console.print(("成员：" if zh else "who: ") + ", ".join(sorted(caught.customers)), highlight=False)
    heads = ("共用", "人数", "首次", "最近") if zh else ("linked by", "people", "first", "last")
    table = Table(*heads, box=None)
    for name, users, first, last in shared_things(content):
        table.add_row(name, f"{users}", first, last)
    console.print(table)
    console.print(_known(caught, gang, zh), highlight=False)
    if gang is not None:
        console.print(_right(caught, gang, zh), highlight=False)


def shared_things(content: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    """(name, people of the gang, first and last use) of what at least two of them share, most shared first."""
    users, times = Counter[str](), dict[str, list[str]]()
    for link in content["links"]:
        users[link["thing"]] += 1
        times.setdefault(link["thing"], []).extend((link["first"], link["last"]))
    shared = sorted((name for name, count in users.items() if count > 1), key=lambda name: (-users[name], name))
    return [(name, users[name], _minute(min(times[name])), _minute(max(times[name]))) for name in shared[:SHOWN]]


def _known(caught: Caught, gang: GangSeen | None, zh: bool) -> str:
    """Since when it is known, and how many events its planted gang had sent by then."""
    told = []
    for what, en, chinese in (
        ("BORN", "known as a gang since", "识别为团伙"),
        ("ALERT", "alert at", "告警"),
    ):
        moment = caught.when(what)
        if moment is None:
            continue
        words = f"{chinese}：{_minute(moment)}" if zh else f"{en} {_minute(moment)}"
        if gang is not None:
            # The record names seconds: an event of that second has come.
            events = sum(time <= datetime.fromisoformat(moment).timestamp() * 1000 + 999 for time in gang.times)
            words += f"（该团伙第 {events} 个决策事件之后）" if zh else f" (after {events} of its decided events)"
        told.append(words)
    return ("；" if zh else "; ").join(told)


def _right(caught: Caught, gang: GangSeen, zh: bool) -> str:
    """What the truth says of its people."""
    own = len(caught.customers & set(gang.people))
    people = len(caught.customers)
    return (
        f"与真相对照：{people} 人中 {own} 人属于同一个预设团伙（{KIND_ZH[gang.kind]}），该团伙此前共有 {len(gang.people)} 人活动"
        if zh
        else f"beside the truth: {own} of these {people} are of one planted gang ({gang.kind.replace('_', ' ')}), "
        f"of which {len(gang.people)} people were about so far"
    )


def _minute(moment: str) -> str:
    """
    >>> _minute("2025-09-13T16:56:14Z")
    '09-13 16:56Z'
    """
    return f"{moment[5:10]} {moment[11:16]}Z"


def _asked(client: Client, path: str) -> dict[str, Any] | None:
    reply = client.ask("GET", path)
    content = reply.json() if reply.status == 200 else None
    return content if isinstance(content, dict) else None
