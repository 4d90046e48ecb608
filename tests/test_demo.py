"""`zhiyu demo` on the lender: a real server, a small day, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from zhiyu.commands import demo as demo_command
from zhiyu.commands.demo_gang import Caught, rules_of_network, shared_things, show_caught
from zhiyu.commands.demo_lender import a_day, show_day
from zhiyu.commands.report import served_report
from zhiyu.engine.opened import open_policy
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender_day import GangSeen

POLICY = Path(__file__).parents[1] / "examples" / "consumer_credit"


def test_a_small_day_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_command, "FOLDER", tmp_path)
    policy, sizes = open_policy(POLICY).policy, (6, 300, 5, 1)
    with demo_command._outside(POLICY) as outside, demo_command._server(POLICY, 0, outside) as url:
        day, event = a_day(policy, url, tmp_path, "en", sizes, outside)
    told = capsys.readouterr().out
    assert outside is not None
    assert outside.asked["bureau"] > 0, "the day itself asked over HTTP"
    assert "decisions that asked" in told
    assert "the bureau was down" in told
    assert "refused" in told
    report = served_report(tmp_path / "data", "default", "en")
    assert report.spend["services"]["bureau"]["ends"]["refused"] > 0
    assert "unanswered" not in {end for each in report.spend["services"].values() for end in each["ends"]}
    assert "beside the truth" in told
    assert "draw-down" in told
    assert day.decided > 50
    assert sum(sums.events for sums in day.done) > 10
    assert event == "" or event.startswith("e")
    assert day.gang is not None
    assert "a gang that the network caught" in told
    assert "linked by" in told
    assert "known as a gang since" in told
    assert "with a rule about the network" in told
    assert 0 < day.gang.by_network <= day.gang.stopped
    console = Console(record=True, width=100)
    show_day(day, policy, make_lender(Wanted(*sizes)), console, "zh")
    chinese = console.export_text()
    assert "与真相对照" in chinese
    assert "支用" in chinese
    assert "draw-down" not in chinese
    assert "尚未识别出团伙" in chinese, "nobody asked the server for its gangs"


def test_without_the_example_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from zhiyu.cli import main

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["demo", "--once", "--lang", "en"])
    assert done.exit_code == 1
    assert "examples/consumer_credit" in done.output


def test_a_caught_gang_is_told_beside_the_truth() -> None:
    """Three of four belong together; two share a device, all a card; it was known after two of the gang's events."""
    people = [f"c{number}" for number in range(4)]
    links = [
        ("c0", "card:***1", 3),
        ("c1", "card:***1", 4),
        ("c2", "card:***1", 5),
        ("c3", "device:d", 6),
        ("c0", "device:d", 7),
    ]
    content = {
        "gang": 12,
        "members": [{"name": f"customer:{who}"} for who in people],
        "links": [
            {"person": f"customer:{who}", "thing": thing, "first": f"2025-09-0{day}T08:00:00Z", "last": f"2025-09-0{day}T09:30:00Z"}
            for who, thing, day in links
        ],
        "lineage": [
            {"time": "2025-09-04T00:00:00Z", "what": "BORN", "gang": 12},
            {"time": "2025-09-06T12:00:00Z", "what": "ALERT", "gang": 12},
        ],
    }  # fmt: skip
    days = tuple(int(datetime(2025, 9, day, tzinfo=UTC).timestamp()) * 1000 + 999 for day in (2, 4, 5, 7))
    gang = GangSeen("batch", 3, ("c0", "c1", "c2", "c9"), (), 4, 2, 1, 100, 50, (("a", 2),), 1, 3, days)
    caught = Caught(content)
    assert caught.customers == set(people)
    assert shared_things(content) == [
        ("card:***1", 3, "09-03 08:00Z", "09-05 09:30Z"), ("device:d", 2, "09-06 08:00Z", "09-07 09:30Z"),
    ]  # fmt: skip
    console = Console(record=True, width=100)
    show_caught(caught, gang, console, False)
    told = " ".join(console.export_text().split())
    assert "no. 12, 4 people" in told
    assert "since 09-04 00:00Z (after 2 of its decided events); alert at 09-06 12:00Z (after 3 of" in told
    assert "3 of these 4 are of one planted gang (batch), of which 4 people" in told
    show_caught(caught, None, console, True)
    assert "第 12 号，4 人" in console.export_text()


def test_rules_about_the_network_are_known_by_what_they_read() -> None:
    found = rules_of_network(open_policy(POLICY).policy)
    assert {"apply_gang", "draw_near_2"} <= found
    assert "draws_7d_3" not in found
