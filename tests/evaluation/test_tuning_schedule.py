"""A strategist leaves `zhiyu tune --every` running: weekly, whatever one round comes to, until Ctrl-C; the live policy stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.evaluation.planted import Planted, planted
from zhiyu.cli import main

pytest.importorskip("sklearn")
WEEK_S = 604_800.0


@pytest.fixture
def made(tmp_path: Path) -> Planted:
    return planted(tmp_path / "made", n=2_000, days=30)


def scheduled(
    made: Planted, out: Path, monkeypatch: pytest.MonkeyPatch, *waits: Callable[[], None], every: tuple[str, ...] = ("--every",)
) -> tuple[Result, list[float]]:  # fmt: skip
    """Run; each wait does something instead of waiting, the one after the last is Ctrl-C."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > len(waits):
            raise KeyboardInterrupt
        waits[len(waited) - 1]()

    monkeypatch.setattr("zhiyu.commands.tune.time.sleep", wait)
    options = ["tune", "-p", str(made.policy), "--events", str(made.events), "--labels", str(made.labels)]
    options += ["--out", str(out), "--label-delay", "2d", "--max-depth", "1", "--lang", "en", *every]
    return CliRunner().invoke(main, options, catch_exceptions=False), waited


def live(made: Planted) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in made.policy.iterdir()}


def test_every_without_a_span_is_weekly_and_a_failing_round_does_not_end_it(
    made: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, out, away = live(made), tmp_path / "weekly", tmp_path / "away"

    def lose_events() -> None:
        made.events.rename(away)

    def find_events() -> None:
        assert len(list(out.iterdir())) == 1, "the failed round left something behind"
        away.rename(made.events)

    done, waited = scheduled(made, out, monkeypatch, lose_events, find_events)
    assert waited == [WEEK_S] * 3
    assert done.exit_code == 0, "Ctrl-C is the way to end it"
    assert done.stderr.count("error[") == 1
    assert len([folder for folder in out.iterdir() if (folder / "summary.json").is_file()]) == 2
    assert live(made) == before


def test_proposals_never_go_into_the_live_policy(made: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live(made)
    done, waited = scheduled(made, made.policy, monkeypatch)
    assert len(waited) == 1
    assert "folder of their own" in done.stderr
    assert live(made) == before


@pytest.mark.parametrize(("span", "seconds"), [("1m", [60.0]), ("59s", []), ("soon", [])])
def test_a_span_is_at_least_a_minute(
    made: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, span: str, seconds: list[float]
) -> None:
    done, waited = scheduled(made, tmp_path / "out", monkeypatch, every=("--every", span))
    assert waited == seconds
    assert done.exit_code == (0 if seconds else 1)
    assert seconds or done.stderr.startswith("error[")
