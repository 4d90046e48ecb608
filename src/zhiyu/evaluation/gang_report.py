"""The report about gangs of an hour or a day: new ones, growing ones, broken ones, and the money at risk.

In: a network as of the end of the period, the gangs as they stand. Out: plain facts, the same for JSON and for the page.
*New*: told of as BORN in the period, or gone off another one (SPLIT). *Growing*: there before, and somebody came in the period.
*Broken up*: expired or split in the period. *Money at risk*: the amounts of the events of a gang's people inside the network's window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.evaluation.network_asked import AskedNetwork
from zhiyu.evaluation.network_files import iso, line_of, summary_of
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import GangSeen, is_told_since, now_of

MIN_PERIOD_MS, MAX_PERIOD_MS = 60_000, 366 * 86_400_000
MAX_GANGS = 1_000
"""Gangs of one report; those with most money."""


class NothingYet(ZhiyuError):
    """The network has seen no event."""

    code = "nothing_yet"
    status = 409


def period_ms(text: str) -> int:
    """The length of a period, ms; InputError for none from a minute to a year.

    >>> period_ms("1h")
    3600000
    """
    try:
        found = parse_duration_ms(text)
    except ValueError:
        found = 0
    if not MIN_PERIOD_MS <= found <= MAX_PERIOD_MS:
        raise InputError(
            f"'{text}' is no period from a minute to a year; write e.g. 1h or 1d",
            f"“{text}”不是一分钟至一年的周期；例如 1h 或 1d",
        )
    return found


def report_of(asked: AskedNetwork, seen: Iterable[GangSeen], span_ms: int, names: Mapping[int, str]) -> dict[str, Any]:
    """The report of the last `span_ms` of a network, as of its newest event. NothingYet."""
    if asked.state.epoch_ms is None:
        raise NothingYet("no event has come yet, so there is no period to report on", "尚无任何事件，没有可报告的时段")
    end, currency = now_of(asked.state), asked.opened.currency
    return gang_report(seen, asked.lineage, end, span_ms, currency, names, is_told_since(asked.state, end - span_ms))


def gang_report(
    seen: Iterable[GangSeen], lineage: Sequence[Lineage], end_ms: int, period_ms: int, currency: str, names: Mapping[int, str],
    complete: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The report of the `period_ms` up to and with `end_ms`. `seen`: all gangs as they stand then; `lineage`: their record, times in ms
    since 1970; `complete`: whether it reaches back to the begin of the period; `names`: of people by key, as far as they are known."""
    own = [line for line in lineage if end_ms - period_ms < line.clock_ms <= end_ms]
    born = {line.gang for line in own if line.what == "BORN"} | {line.other for line in own if line.what == "SPLIT"}
    came = _count(line.gang for line in own if line.what == "GROWN")
    merged = _count(line.gang for line in own if line.what == "MERGE")
    alerts = [line for line in own if line.what == "ALERT"]
    gangs = sorted(seen, key=lambda gang: (-gang.money, gang.gang))
    rows = [_row(gang, born, came, merged, names) for gang in gangs[:MAX_GANGS]]
    broken = [line_of(line) for line in own if line.what in ("EXPIRED", "SPLIT")]
    return {
        "from": iso(end_ms - period_ms), "until": iso(end_ms), "period_s": period_ms // 1000, "currency": currency, "complete": complete,
        "totals": {
            "gangs": len(gangs), "people": sum(gang.people for gang in gangs), "money_at_risk": sum(gang.money for gang in gangs),
            "known_bad": sum(len(gang.near.bad) for gang in gangs), "new": sum(gang.gang in born for gang in gangs),
            "growing": sum(gang.gang not in born and gang.gang in came.keys() | merged.keys() for gang in gangs),
            "broken_up": len(broken), "alerts": len(alerts), "new_money_at_risk": sum(gang.money for gang in gangs if gang.gang in born),
        },
        "gangs": rows, "left_out": max(len(gangs) - MAX_GANGS, 0), "broken_up": broken, "alerts": [line_of(line) for line in alerts],
    }  # fmt: skip


def _row(
    gang: GangSeen, born: set[int], came: Mapping[int, int], merged: Mapping[int, int], names: Mapping[int, str]
) -> dict[str, Any]:
    state = "new" if gang.gang in born else "growing" if gang.gang in came or gang.gang in merged else "standing"
    joined = came.get(gang.gang, 0)
    members = [names[key] for key in gang.codes if key in names]
    return {**summary_of(gang), "state": state, "came": joined, "merged": merged.get(gang.gang, 0), "members": members}


def _count(values: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found
