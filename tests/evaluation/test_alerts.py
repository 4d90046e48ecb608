"""Alert rules over metrics: spikes, silence, shifts, each told once when it begins and once when it ends; counts are made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pytest

from zhiyu.base.errors import DeclarationError, InputError
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.cube.alert_rules import AlertCheck, AlertRule
from zhiyu.evaluation.cube.alerts import Alerts, checks_of
from zhiyu.evaluation.cube.cube import FOLDER, Cube
from zhiyu.evaluation.cube.facts import KEYS, TABLES, schema_of, summed
from zhiyu.evaluation.cube.rollups import Rollups

MINUTE, DAY = 60_000, 86_400_000
NOW = 1_772_445_600_000 // MINUTE * MINUTE


Rows: TypeAlias = Mapping[tuple[int, str], tuple[int, int]]
"""(minute, channel) → decisions, and how many of them were stopped."""


def cube_of(rows: Rows, folder: Path) -> Cube:
    """A cube on the disk that holds these."""
    said = {name: list[object]() for name in (*KEYS, *TABLES["decisions"][1])}
    for (at, channel), (count, stopped) in rows.items():
        for outcome, some in (("decline", stopped), ("pass", count - stopped)):
            if some:
                row = dict.fromkeys(KEYS, "") | {"minute": at // MINUTE, "channel": channel, "outcome": outcome}
                for name, value in (row | {"decisions": some, "went_on": some, "money": 0, "score": 0}).items():
                    said[name].append(value)
    tables = {name: schema_of(name).empty_table() for name in TABLES}
    tables["decisions"] = summed("decisions", pa.table(said, schema=schema_of("decisions")))
    Rollups(folder / FOLDER).append(0, 1, tables)

    def no_policy(policy: str) -> Opened:
        raise AssertionError(policy)

    return Cube(folder, "default", no_policy, 0, writes=False)


def minutes(count: int) -> list[int]:
    return [NOW + n * MINUTE for n in range(count)]


def story(rules: list[AlertRule], count: int, cube: Cube) -> list[tuple[int, str, str, bool]]:
    """(minute, rule, value, whether it ended), as they were told."""
    known, checks, told = Alerts(), checks_of(rules), []
    for number, minute in enumerate(minutes(count)):
        told += [(number, each.rule, each.of, bool(each.ended)) for each in known.look(checks, cube, minute, {})]
        known = msgspec.json.decode(msgspec.json.encode(known), type=Alerts)  # a restart after every look
    return told


def test_a_spike_against_last_week_is_told_once_and_its_end(tmp_path: Path) -> None:
    rows = {(at - 7 * DAY, "app"): (100, 5) for at in (NOW + n * MINUTE for n in range(-20, 40))}
    rows |= {(NOW + n * MINUTE, "app"): (100, 30 if 5 <= n < 15 else 5) for n in range(-20, 40)}
    rule = AlertRule(
        name="spike",
        over="5m",
        by="channel",
        when="stopped_share > 2 * before_stopped_share and decisions >= 50",
        looks=3,
    )
    told = story([rule], 40, cube_of(rows, tmp_path))
    begins = next(n for n in range(40) if _share(rows, n) > 0.1)
    ends = next(n for n in range(begins, 40) if _share(rows, n) <= 0.1)
    assert told == [(begins + 2, "spike", "app", False), (ends + 2, "spike", "app", True)]


def _share(rows: Mapping[tuple[int, str], tuple[int, int]], number: int) -> float:
    """Of the five minutes that end with minute `number`, by hand."""
    mine = [rows[NOW + n * MINUTE, "app"] for n in range(number - 5, number)]
    return sum(stopped for _, stopped in mine) / sum(count for count, _ in mine)


def test_one_value_of_a_dimension_falls_silent(tmp_path: Path) -> None:
    """What is not there any more is seen by what was there a day before."""
    rows = {(NOW - DAY + n * MINUTE, channel): (10, 0) for n in range(-20, 40) for channel in ("app", "h5")}
    rows |= {(NOW + n * MINUTE, "app"): (10, 0) for n in range(-20, 40)}
    rows |= {(NOW + n * MINUTE, "h5"): (10, 0) for n in [*range(-20, 8), *range(30, 40)]}
    rule = AlertRule(
        name="silent", over="10m", by="channel", against="1d", when="decisions == 0 and before_decisions >= 30"
    )
    assert story([rule], 40, cube_of(rows, tmp_path)) == [(18, "silent", "h5", False), (31, "silent", "h5", True)]


def test_a_share_of_nothing_is_not_known_and_raises_nothing(tmp_path: Path) -> None:
    rules = [
        AlertRule(name="share", when="stopped_share > 0.1"), AlertRule(name="not", when="not (stopped_share > 0.1)"),
        AlertRule(name="none", when="decisions == 0"),
    ]  # fmt: skip
    assert story(rules, 3, cube_of({}, tmp_path)) == [(0, "none", "", False)]


def test_figures_of_the_server_and_rules_that_are_gone(tmp_path: Path) -> None:
    cube = cube_of({}, tmp_path)
    slow = checks_of([AlertRule(name="slow", when="answer_p99_ms > 100", severity="critical")])
    known = Alerts()
    [alert] = known.look(slow, cube, NOW, {"answer_p99_ms": 250.0})
    assert (alert.severity, alert.figures) == ("critical", {"answer_p99_ms": 250.0})
    assert "250" in alert.en
    assert known.look(slow, cube, NOW + MINUTE, {"answer_p99_ms": 300.0}) == []
    [ended] = known.look([], cube, NOW + 2 * MINUTE, {})
    assert (ended.number, bool(ended.ended), known.open) == (alert.number, True, [])


def test_a_rule_that_cannot_look_fails_alone_and_is_told(tmp_path: Path) -> None:
    """Minutes that are not kept any more cannot be looked at; what such a rule had said stays as it was."""
    rows = {(NOW + n * MINUTE, "app"): (10, 0) for n in range(-20, 40)}
    rules = checks_of(
        [AlertRule(name="back", over="7d", when="decisions > 0"), AlertRule(name="now", when="decisions > 0")]
    )
    cube, known = cube_of(rows, tmp_path), Alerts()
    assert [each.rule for each in known.look(rules, cube, NOW + MINUTE, {})] == ["back", "now"]
    long_ago = NOW - 3 * DAY + MINUTE
    assert [each.rule for each in known.look(rules, cube, long_ago, {})] == ["now"], "ended: nothing was decided then"
    assert list(known.failing) == ["back"]
    assert "minutes are kept for 8 days" in known.failing["back"][0]
    assert [each.rule for each in known.open] == ["back"]
    assert [each.rule for each in known.look(rules, cube, NOW + 2 * MINUTE, {})] == ["now"]
    assert known.failing == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": "decision == 0"}, "unknown name 'decision' → did you mean 'decisions'?"),
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
    with pytest.raises((InputError, DeclarationError)) as wrong:
        AlertCheck(AlertRule(name="x", **changes))
    assert said in wrong.value.text("en")
    with pytest.raises(InputError, match="alert 'x'"):
        checks_of([AlertRule(name="x", **changes)])
