"""`zhiyu demo` on the lender: a real server, a small day, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from zhiyu.commands import demo as demo_command
from zhiyu.commands.demo_lender import a_day, show_day
from zhiyu.engine.opened import open_policy
from zhiyu.simulation.lender import Wanted, make_lender

POLICY = Path(__file__).parents[1] / "examples" / "consumer_credit"


def test_a_small_day_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_command, "FOLDER", tmp_path)
    policy, sizes = open_policy(POLICY).policy, (6, 300, 5, 1)
    with demo_command._server(POLICY, 0) as url:
        day, event = a_day(policy, url, tmp_path, "en", sizes)
    told = capsys.readouterr().out
    assert "beside the truth" in told
    assert "draw-down" in told
    assert day.decided > 50
    assert sum(sums.events for sums in day.done) > 10
    assert event == "" or event.startswith("e")
    assert day.gang is not None
    assert "the server's network joins" in told
    console = Console(record=True, width=100)
    show_day(day, policy, make_lender(Wanted(*sizes)), console, "zh")
    chinese = console.export_text()
    assert "与真相对照" in chinese
    assert "支用" in chinese
    assert "draw-down" not in chinese


def test_without_the_example_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from zhiyu.cli import main

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["demo", "--once", "--lang", "en"])
    assert done.exit_code == 1
    assert "examples/consumer_credit" in done.output
