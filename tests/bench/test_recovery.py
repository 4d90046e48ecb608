"""The recovery benchmark at a small size: its figures are there, and what it opened is what it filled."""

from pathlib import Path

from rich.console import Console

from zhiyu.bench.recovery import AIMS, ROUNDS, TAIL, run_recovery, show_recovery


def test_every_figure_is_measured(tmp_path: Path) -> None:
    said: list[str] = []
    report = run_recovery(3_000, lambda what, done: said.append(what), tmp_path)
    assert {key for key, *_ in AIMS} <= report.keys()
    assert len(report["forks_ms"]) == ROUNDS
    assert report["tail_events"] == TAIL
    assert report["accepted"] == 3_000 + 5_000 + report["decided_during"] + ROUNDS + 1 + TAIL + 1
    assert report["pause_ms"] >= max(report["fork_ms"], report["work_ms"], report["decision_ms"])
    assert list(tmp_path.iterdir()) == []
    console = Console(record=True, width=200)
    show_recovery(report, console)
    assert "state ready from its snapshot" in console.export_text()
