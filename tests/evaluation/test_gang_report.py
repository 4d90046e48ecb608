"""The gang report from plain lines of a record: what is new, growing, broken up, at which edge of the period; what the page escapes."""

from __future__ import annotations

from typing import Any

import pytest

from zhiyu.evaluation.gang_report import MAX_GANGS, gang_report
from zhiyu.evaluation.gang_report_page import gang_report_page
from zhiyu.network.ask import Near
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import GangSeen

END, HOUR = 1_772_355_600_000, 3_600_000


def line(what: str, gang: int, ago_ms: int, other: int = 0, people: int = 3) -> Lineage:
    return Lineage(what, gang, other, END - ago_ms, people, 0)


def gang(number: int, money: int = 100, people: int = 3) -> GangSeen:
    near = Near(amount=money, events=people, bad={1})
    return GangSeen(number, people, END - 5 * HOUR, END, 5 * HOUR, False, 0.5, near, {number * 10: number * 10})


def report(seen: list[GangSeen], lines: list[Lineage], **more: Any) -> dict[str, Any]:
    return gang_report(seen, lines, END, HOUR, "CNY", {10: "who:<b>", 20: "who:bo"}, **more)


def test_what_happened_inside_the_period_and_what_did_not() -> None:
    lines = [
        line("BORN", 1, HOUR), line("GROWN", 1, HOUR - 1), line("GROWN", 1, 0), line("BORN", 2, HOUR - 1), line("GROWN", 2, 0),
        line("SPLIT", 1, 5, other=3), line("EXPIRED", 4, 0), line("ALERT", 2, 1), line("MERGE", 5, 3, other=6),
    ]  # fmt: skip
    found = report([gang(1), gang(2, 900), gang(3, 50), gang(5), gang(7)], lines)
    states = {row["gang"]: (row["state"], row["came"], row["merged"]) for row in found["gangs"]}
    assert states == {
        2: ("new", 1, 0), 1: ("growing", 2, 0), 5: ("growing", 0, 1), 7: ("standing", 0, 0), 3: ("new", 0, 0),
    }, "a line exactly one period ago is outside"  # fmt: skip
    assert list(states) == [2, 1, 5, 7, 3], "most money first"
    assert found["totals"] == {
        "gangs": 5, "people": 15, "money_at_risk": 1250, "known_bad": 5, "new": 2, "growing": 2, "broken_up": 2, "alerts": 1,
        "new_money_at_risk": 950,
    }  # fmt: skip
    assert [(x["what"], x["gang"], x["other"]) for x in found["broken_up"]] == [("SPLIT", 1, 3), ("EXPIRED", 4, None)]
    assert (found["from"], found["until"]) == ("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z")


@pytest.mark.parametrize(("count", "left"), [(MAX_GANGS, 0), (MAX_GANGS + 1, 1)])
def test_a_report_has_so_many_gangs_and_says_what_it_leaves_out(count: int, left: int) -> None:
    found = report([gang(number) for number in range(1, count + 1)], [])
    assert (len(found["gangs"]), found["left_out"], found["totals"]["gangs"]) == (MAX_GANGS, left, count)
    assert ("1 more are left out" in gang_report_page(found, "en")) == bool(left)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_escapes_names_and_says_what_it_does_not_know(language: str) -> None:
    page = gang_report_page(report([gang(1), gang(2)], [line("ALERT", 1, 1)], complete=False), language)
    assert "who:&lt;b&gt;" in page
    assert "<b>" not in page
    assert "未能覆盖" in page
    assert "does not reach back" in page
    assert f'<html lang="{language}">' in page
    assert "¥1.00" in page
