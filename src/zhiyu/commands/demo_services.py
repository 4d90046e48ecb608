"""The demo's services outside: a stand-in that knows the simulated people, an hour in which the credit bureau is down, what it all came to.

In: the lender, its policy, the stand-in. Out: the day sent piece by piece, so that every call ends before time goes on; `Calls`, printed.
History stands in the log with the answers that came at its time; on the day itself the server asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from zhiyu.commands.terminal import progress

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyu.outside.stand_in import StandIn
    from zhiyu.policy.declare import Policy
    from zhiyu.simulation.lender import Made
    from zhiyu.simulation.lender_calls import Calls, OutageSeen
    from zhiyu.simulation.lender_day import Heard

Hear = Callable[[dict[str, Any]], None]
_MOST = 500
"""Events of one request."""


def a_day_with_services(
    made: Made, policy: Policy, outside: StandIn, places: tuple[int, int], heard: dict[int, Heard], whole: Callable[[pa.Table], None],
    url: str, language: str, hear: Hear,
) -> Calls:  # fmt: skip
    """Send the history at once (`whole`), then the day (`places`) with services that answer, but for an hour. Returns the day's calls."""
    from zhiyu.outside.facts import Facts
    from zhiyu.simulation.lender.answers import answer_table, with_answers
    from zhiyu.simulation.lender.render import table
    from zhiyu.simulation.lender.services import known_outside
    from zhiyu.simulation.lender_calls import tell_calls

    known, first = known_outside(made), places[0]
    outside.facts = Facts([known.people, known.events])
    whole(with_answers(table(made, 0, first), answer_table(made, policy, known, 0, first)))
    outage = _outage(made, policy, places)
    _send_day(made, policy, outside, places, outage, url, language, hear)
    return tell_calls(made, policy, places, heard, outage)


def _outage(made: Made, policy: Policy, places: tuple[int, int]) -> OutageSeen | None:
    """The hour of the day with most applications, in which the dearest service will be down."""
    from zhiyu.policy.spend import price_of
    from zhiyu.simulation.lender.parameters import HOUR_MS
    from zhiyu.simulation.lender.rows import NUMBER
    from zhiyu.simulation.lender_calls import OutageSeen

    hours = Counter(
        int(made.events["time"][at]) // HOUR_MS
        for at in range(*places)
        if int(made.events["type"][at]) == NUMBER["application"]
    )
    dearest = max(policy.services, key=price_of)
    return OutageSeen(dearest.name, max(hours, key=lambda hour: (hours[hour], -hour))) if hours else None


def _send_day(
    made: Made, policy: Policy, outside: StandIn, places: tuple[int, int], outage: OutageSeen | None, url: str, language: str,
    hear: Hear,
) -> None:  # fmt: skip
    """The events from `places[0]` up to `places[1]`: a request ends after each event that may ask, since no time may pass meanwhile."""
    import numpy as np

    from zhiyu.client import Client, Refused
    from zhiyu.outside.stand_in import Behaviour
    from zhiyu.policy.calls import calling_nodes
    from zhiyu.simulation.lender.parameters import HOUR_MS
    from zhiyu.simulation.lender.render import table
    from zhiyu.simulation.lender.rows import NUMBER
    from zhiyu.simulation.lender.write import ndjson_lines

    first, last = places
    lines = b"".join(ndjson_lines(table(made, first, last))).splitlines()
    asking = [NUMBER[event] for flow in policy.flows if calling_nodes(flow) for event in flow.on if event in NUMBER]
    after = np.flatnonzero(np.isin(made.events["type"][first:last], asking)) + 1
    hours = np.flatnonzero(np.diff(made.events["time"][first:last] // HOUR_MS)) + 1
    cuts = np.unique(np.concatenate([after, hours, np.arange(0, len(lines), _MOST), [len(lines)]])).tolist()
    client = Client(url, "", timeout_s=60.0, tries=1_000_000)
    with progress() as bar:
        task = bar.add_task(
            "当日事件，实时查询外部服务" if language == "zh" else "the day, asking services", total=len(lines)
        )
        for start, stop in pairwise(cuts):
            if outage is not None:
                down = int(made.events["time"][first + start]) // HOUR_MS == outage.hour
                outside.behaves[outage.service] = Behaviour("down" if down else "well")
            body = b"\n".join(lines[start:stop])
            reply = client.ask("POST", "/v1/decisions:batch", body, {"content-type": "application/x-ndjson"})
            content = reply.json()
            if reply.status >= 400:
                raise Refused(reply.status, content if isinstance(content, dict) else {})
            for answer in content["answers"]:
                if answer.get("status") == "decided":
                    hear(answer)
            bar.update(task, completed=stop)


def show_calls(calls: Calls, policy: Policy, console: Console, zh: bool) -> None:
    """Print what services were asked, what that cost and caught."""
    from zhiyu.evaluation.spend_words import END_WORDS
    from zhiyu.policy.spend import price_of

    console.print(
        "\n向外部服务的查询（自有规则未能定论时，价低者先）"
        if zh
        else "\nservices outside, asked where our own rules left it open, the cheap before the dear"
    )
    heads = (
        ("服务", "单价", "查询", "结果", "费用", "助拦", "其中欺诈")
        if zh
        else ("service", "price", "asked", "how it ended", "spend", "helped stop", "frauds")
    )
    table = Table(*heads, box=None)
    names = {each.name: (each.zh if zh else "") or each.name.replace("_", " ") for each in policy.services}
    for service in sorted(policy.services, key=price_of):
        seen = calls.services[service.name]
        ends = [f"{END_WORDS[end][zh]} {count:,}" for end, count in seen.ends.most_common()]
        ends += [f"{'缓存' if zh else 'from the cache'} {seen.cached:,}"] if seen.cached else []
        table.add_row(
            names[service.name], _money(price_of(service)), f"{seen.calls:,}", ("、" if zh else ", ").join(ends),
            _money(seen.fen), f"{seen.stopped:,}", f"{seen.frauds:,}",
        )  # fmt: skip
    console.print(table)
    each = _money(round(calls.fen / max(calls.asked, 1)))
    console.print(
        f"{calls.asked:,} 个决策有查询，共 {_money(calls.fen)}：平均 {each}，最高 {_money(calls.most_fen)}；"
        f"若逐笔全查需 {_money(calls.all_fen)}"
        if zh
        else f"{_money(calls.fen)} for {calls.asked:,} decisions that asked: {each} on average, {_money(calls.most_fen)} at most; "
        f"asking everything about everybody would have cost {_money(calls.all_fen)}",
        highlight=False,
    )
    if calls.outage is not None:
        _show_outage(calls.outage, names, console, zh)


def _show_outage(outage: OutageSeen, names: dict[str, str], console: Console, zh: bool) -> None:
    from zhiyu.evaluation.spend_words import END_WORDS
    from zhiyu.simulation.lender_day import DONE

    hour = outage.hour % 24
    asked = sum(outage.ends.values())
    ends = [f"{END_WORDS[end][zh]} {count:,}" for end, count in outage.ends.most_common()]
    words = ("放行", "补充验证", "暂缓或人工", "拒绝") if zh else DONE
    done = [f"{words[at]} {count:,}" for at, count in sorted(outage.done.items())]
    name = names[outage.service]
    console.print(
        f"{hour}:00 至 {hour + 1}:00 {name}停机（演示所为）：{asked} 次查询无答复（{'、'.join(ends) or '无'}），"
        f"这些申请仍有决策：{'、'.join(done) or '无'}"
        if zh
        else f"from {hour}:00 to {hour + 1}:00 the {name} was down (the demo saw to that): {asked} calls without an answer "
        f"({', '.join(ends) or 'none'}); these were decided all the same: {', '.join(done) or 'none'}",
        highlight=False,
    )


def _money(fen: int) -> str:
    """
    >>> _money(290)
    '¥2.90'
    """
    return f"¥{fen / 100:,.2f}"
