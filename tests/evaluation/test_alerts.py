"""Alert rules over metrics: spikes, silence, shifts, each told once when it begins and once when it ends; counts are made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from zhiyu.base.errors import InputError
from zhiyu.evaluation.cube import alert_rules
from zhiyu.evaluation.cube.alert_rules import AlertCheck, AlertRule
from zhiyu.evaluation.cube.alerts import Alerts, checks_of

MINUTE, DAY = 60_000, 86_400_000
NOW = 1_772_445_600_000 // MINUTE * MINUTE


class Counts:
    """Stands where a cube is asked: decisions and stopped ones by (minute, channel), summed up here the slow way."""

    def __init__(self, rows: Mapping[tuple[int, str], tuple[int, int]]) -> None:
        self.rows = rows

    def ask(self, cube: Any, question: Any, currency: str = "", digits: int = 2) -> dict[str, Any]:
        sums: dict[str, list[int]] = {}
        for (at, channel), (count, stopped) in self.rows.items():
            if question.from_ms <= at < question.until_ms:
                mine = sums.setdefault(channel if question.by else "", [0, 0])
                mine[0] += count
                mine[1] += stopped
        lines = [
            {"channel": of, "decisions": n, "stopped": s, "stopped_share": s / n if n else None}
            for of, (n, s) in sums.items()
        ]
        total = lines[0] if lines and not question.by else {"decisions": 0, "stopped": 0, "stopped_share": None}
        return {"lines": lines, "total": total}


def asked(rows: Mapping[tuple[int, str], tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_rules, "ask", Counts(rows).ask)


def minutes(count: int) -> list[int]:
    return [NOW + n * MINUTE for n in range(count)]


def story(rules: list[AlertRule], count: int) -> list[tuple[int, str, str, bool]]:
    """(minute, rule, value, whether it ended), as they were told."""
    known, checks, told = Alerts(), checks_of(rules), []
    for number, minute in enumerate(minutes(count)):
        told += [(number, each.rule, each.of, bool(each.ended)) for each in known.look(checks, None, minute, {})]  # type: ignore[arg-type]
        known = msgspec.json.decode(msgspec.json.encode(known), type=Alerts)  # a restart after every look
    return told


def test_a_spike_against_last_week_is_told_once_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {(at - 7 * DAY, "app"): (100, 5) for at in (NOW + n * MINUTE for n in range(-20, 40))}
    rows |= {(NOW + n * MINUTE, "app"): (100, 30 if 5 <= n < 15 else 5) for n in range(-20, 40)}
    asked(rows, monkeypatch)
    rule = AlertRule(
        name="spike",
        over="5m",
        by="channel",
        when="stopped_share > 2 * before_stopped_share and decisions >= 50",
        looks=3,
    )
    told = story([rule], 40)
    begins = next(n for n in range(40) if _share(rows, n) > 0.1)
    ends = next(n for n in range(begins, 40) if _share(rows, n) <= 0.1)
    assert told == [(begins + 2, "spike", "app", False), (ends + 2, "spike", "app", True)]


def _share(rows: Mapping[tuple[int, str], tuple[int, int]], number: int) -> float:
    """Of the five minutes that end with minute `number`, by hand."""
    mine = [rows[NOW + n * MINUTE, "app"] for n in range(number - 5, number)]
    return sum(stopped for _, stopped in mine) / sum(count for count, _ in mine)


def test_one_value_of_a_dimension_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there any more is seen by what was there a day before."""
    rows = {(NOW - DAY + n * MINUTE, channel): (10, 0) for n in range(-20, 40) for channel in ("app", "h5")}
    rows |= {(NOW + n * MINUTE, "app"): (10, 0) for n in range(-20, 40)}
    rows |= {(NOW + n * MINUTE, "h5"): (10, 0) for n in [*range(-20, 8), *range(30, 40)]}
    asked(rows, monkeypatch)
    rule = AlertRule(
        name="silent", over="10m", by="channel", against="1d", when="decisions == 0 and before_decisions >= 30"
    )
    assert story([rule], 40) == [(18, "silent", "h5", False), (31, "silent", "h5", True)]


def test_a_share_of_nothing_is_not_known_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked({}, monkeypatch)
    rules = [
        AlertRule(name="share", when="stopped_share > 0.1"), AlertRule(name="not", when="not (stopped_share > 0.1)"),
        AlertRule(name="none", when="decisions == 0"),
    ]  # fmt: skip
    assert story(rules, 3) == [(0, "none", "", False)]


def test_figures_of_the_server_and_rules_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked({}, monkeypatch)
    slow = checks_of([AlertRule(name="slow", when="answer_p99_ms > 100", severity="critical")])
    known = Alerts()
    [alert] = known.look(slow, None, NOW, {"answer_p99_ms": 250.0})  # type: ignore[arg-type]
    assert (alert.severity, alert.figures) == ("critical", {"answer_p99_ms": 250.0})
    assert "250" in alert.en
    assert known.look(slow, None, NOW + MINUTE, {"answer_p99_ms": 300.0}) == []  # type: ignore[arg-type]
    [ended] = known.look([], None, NOW + 2 * MINUTE, {})  # type: ignore[arg-type]
    assert (ended.number, bool(ended.ended), known.open) == (alert.number, True, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": "decision == 0"}, "unknown name 'decision'; did you mean 'decisions'?"),
        ({"when": "decisions"}, "this must be a yes/no value"),
        ({"when": "decisions = 0"}, "to compare, write '=='"),
        ({"when": "hits > decisions"}, "these are counted apart"),
        ({"when": "decisions == 0", "over": "90s"}, "whole minutes"),
        ({"when": "decisions == 0", "over": "soon"}, "over:"),
        ({"when": "decisions < before_decisions", "against": ""}, "needs `against`"),
        ({"when": "decisions < before_decisions", "over": "1d"}, "minutes are kept for 8 days"),
        ({"when": "decisions == 0", "looks": 0}, "looks: 1 to 1,000"),
        ({"when": "decisions == 0", "by": "time"}, "by: a dimension"),
        ({"when": "decisions == 0", "by": "chanel"}, "there is no dimension 'chanel'"),
        ({"when": "answer_p99_ms > 1", "by": "channel"}, "by: a dimension"),
        ({"when": "decisions == 0", "where": {"chanel": "app"}}, "there is no dimension 'chanel'"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as wrong:
        AlertCheck(AlertRule(name="x", **changes))
    assert said in wrong.value.en
    with pytest.raises(InputError, match="alert 'x'"):
        checks_of([AlertRule(name="x", **changes)])
