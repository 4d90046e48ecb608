"""`zhiyu backtest` as a user meets it: two folders that differ in one threshold, mistakes, --watch."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from zhiyu.cli import main
from zhiyu.commands.watch import state_of, watch_folders

FILES = ("--events", "p/events.ndjson")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def change(file: Path, old: str, new: str) -> None:
    """Edit a policy file; the text must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The starter policy `p`, a copy `q` with one threshold changed, and labels for all events."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHIYU_LANG", "en")
    assert run("init", "p").exit_code == 0
    shutil.copytree("p", "q")
    change(tmp_path / "q" / "rules.yaml", "{score: 60, outcome: review}", "{score: 40, outcome: review}")
    ids = [json.loads(line)["id"] for line in Path("p/events.ndjson").read_text(encoding="utf-8").splitlines()]
    Path("labels.csv").write_text(
        "id,fraud\n" + "".join(f"{each},{i % 2}\n" for i, each in enumerate(ids)), encoding="utf-8"
    )
    Path("empty.ndjson").write_text("", encoding="utf-8")
    Path("strange.csv").write_text("id,fraud\nzz,1\nyy,0\n", encoding="utf-8")
    return tmp_path


def outcomes(policy: str) -> dict[int, str]:
    """Outcomes of a plain replay by position."""
    assert run("replay", "p/events.ndjson", "-p", policy, "--out", f"run-{policy}").exit_code == 0
    rows = pq.read_table(f"run-{policy}/default/decisions.parquet").to_pylist()
    return {row["position"]: row["outcome"] for row in rows}


def test_one_threshold_changed(home: Path) -> None:
    words = ("backtest", "--live", "p", "--candidate", "q", *FILES, "--labels", "labels.csv", "--label-delay", "1s")
    done = run(*words, "--segment", "channel", "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    ours, theirs = outcomes("p"), outcomes("q")
    moved = {p for p in ours if ours[p] != theirs[p]}
    assert moved
    assert (report["compared"], report["moved"]) == (len(ours), len(moved))
    changes = pq.read_table(".zhiyu/backtest/changes.parquet").to_pylist()
    assert {row["position"]: (row["live_outcome"], row["candidate_outcome"]) for row in changes} == {
        p: (ours[p], theirs[p]) for p in moved
    }
    assert {(row["live_outcome"], row["candidate_outcome"]) for row in changes} == {("challenge", "review")}
    assert report["live"]["hash"] != report["candidate"]["hash"]
    assert report["segments"][0]["field"] == "channel"
    assert report["figures"]["reviews"]["difference"] == len(moved)
    page = Path(report["files"]["page"]).read_text(encoding="utf-8")
    assert report["candidate"]["hash"] in page
    kept = json.loads(Path(".zhiyu/backtest/report.json").read_text(encoding="utf-8"))
    assert kept == {name: value for name, value in report.items() if name not in ("seconds", "files")}


def test_the_table_in_both_languages(home: Path) -> None:
    words = (
        "backtest",
        "--live",
        "p",
        "--candidate",
        "q",
        *FILES,
        "--labels",
        "labels.csv",
        "--label-delay",
        "1s",
        "-o",
        "out",
    )
    english, chinese = run(*words), run(*words, "--lang", "zh")
    assert english.exit_code == chinese.exit_code == 0
    assert "The candidate stops" in english.stdout
    assert "out/report.html" in english.stdout
    assert "候选策略" in chinese.stdout
    assert "reviews a day" in english.stdout


def test_the_same_policy_twice_says_so(home: Path) -> None:
    shutil.copytree("p", "same")
    done = run("backtest", "--live", "p", "--candidate", "same", *FILES)
    assert done.exit_code == 0
    assert "No difference: both policies decide all" in done.stdout
    facts = json.loads(run("backtest", "--live", "p", "--candidate", "same", *FILES, "--json").stdout)
    assert facts["identical"] is True
    assert {each["difference"] for each in facts["figures"].values()} <= {0, None}


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("--live", "p", "--candidate", "none", *FILES), "no policy folder"),
        (("--live", "p", "--candidate", "q", "--events", "none.ndjson"), "no file"),
        (("--live", "p", "--candidate", "q", *FILES, "--segment", "chanel"), "did you mean 'channel'"),
        (("--live", "p", "--candidate", "q", *FILES, "--segment", "amount"), "no text, enum or bool field"),
        (("--live", "p", "--candidate", "q", *FILES, "--label-delay", "soon"), "duration"),
        (("--live", "p", "--candidate", "q", *FILES, "--labels", "none.csv"), "no file"),
        (("--live", "p", "--candidate", "q", *FILES, "--source", "none"), "no source 'none'"),
        (("--live", "p", "--candidate", "q", *FILES, "--from", "soon"), "a date such as 2026-03-02"),
        (("--live", "p", "--candidate", "q", *FILES, "--until", "2020-01-01"), "give another --from or --until"),
        (("--live", "p", "--candidate", "q", "--events", "p"), "'p' is a folder; give a file"),
        (("--live", "p", "--candidate", "q", "--events", "empty.ndjson"), "there is nothing to compare"),
        (("--live", "p", "--candidate", "q", *FILES, "--labels", "strange.csv"), "none of the 2 labels in strange.csv"),
        (("--live", "p", "--candidate", "q", *FILES, "--out", "labels.csv"), "'labels.csv' is a file; give a folder"),
        (("--live", "p", "--candidate", "q", *FILES, "--tape", "labels.csv"), "'labels.csv' is a file; give a folder"),
        (("--live", "p", "--candidate", "q", *FILES, "--tape", "p"), "a tape needs a folder of its own"),
    ],
)
def test_mistakes_get_one_clear_message_and_exit_code_1(home: Path, words: tuple[str, ...], say: str) -> None:
    done = run("backtest", *words)
    assert done.exit_code == 1
    assert say in done.stderr
    assert "Traceback" not in done.output


def test_a_tape_of_other_events_is_refused_and_one_of_older_ones_recorded_again(home: Path) -> None:
    words = ("backtest", "--live", "p", "--candidate", "q", "--tape", "tape", "--json")
    whole = json.loads(run(*words, *FILES).stdout)
    lines = Path("p/events.ndjson").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("others.ndjson").write_text("".join(lines), encoding="utf-8")
    refused = run(*words, "--events", "others.ndjson")
    assert refused.exit_code == 1
    assert "was recorded from p/events.ndjson, not from others.ndjson" in refused.stderr
    Path("p/events.ndjson").write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    half = json.loads(run(*words, *FILES).stdout)
    assert half["compared"] < whole["compared"]
    labelled = json.loads(run(*words, *FILES, "--labels", "labels.csv", "--label-delay", "1s").stdout)
    assert labelled["labels"]["arrived"] > half["labels"]["arrived"] == 0


def test_nothing_is_recorded_into_a_folder_of_other_files(home: Path) -> None:
    before = sorted(each.name for each in (home / "p").iterdir())
    assert run("replay", "p/events.ndjson", "-p", "p", "--no-out", "--tape", "p").exit_code == 1
    assert sorted(each.name for each in (home / "p").iterdir()) == before


def test_watch_runs_again_after_a_change_and_survives_a_broken_policy(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The waits stand in for a person: break the policy, mend it, stop."""
    rules = home / "q" / "rules.yaml"
    steps = [
        lambda: change(rules, "failed_logins_1h >= 3", "faild_logins_1h >= 3"),
        lambda: change(rules, "faild_logins_1h >= 3", "failed_logins_1h >= 2"),
        lambda: None,
    ]
    seen: list[Result] = []

    def once() -> None:
        done = run("backtest", "--live", "p", "--candidate", "q", *FILES)
        seen.append(done)
        raise SystemExit(done.exit_code)

    def wait(seconds: float) -> None:
        if not steps[1:]:
            raise KeyboardInterrupt
        steps.pop(0)()
        os.utime(rules, ns=(len(steps), len(steps)))

    def until_done() -> None:
        try:
            once()
        except SystemExit as ended:
            if ended.code:
                raise

    watch_folders((home / "p", home / "q"), until_done, "en", wait)
    assert [done.exit_code for done in seen] == [0, 1, 0]
    assert "did you mean 'failed_logins_1h'" in seen[1].stderr
    assert capsys.readouterr().err.count("waiting for a change") == 3


def test_what_is_watched_is_the_policy(home: Path) -> None:
    before = state_of([home / "p", home / "gone"])
    assert {Path(path).suffix for path, _, _ in before} == {".yaml"}
    (home / "p" / "report.html").write_text("x", encoding="utf-8")
    assert state_of([home / "p", home / "gone"]) == before
    (home / "p" / "more.yaml").write_text("", encoding="utf-8")
    (home / "p" / "rows.csv").write_text("", encoding="utf-8")
    assert len(state_of([home / "p"])) == len(before) + 2


def test_any_other_exit_ends_the_watch(home: Path) -> None:
    def fails() -> None:
        raise SystemExit(2)

    with pytest.raises(SystemExit):
        watch_folders((home / "p",), fails, "zh", lambda seconds: None)
