"""The command line as a user meets it: init, check, replay, explain, decide; good input, bad input, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from zhiyu.cli import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHIYU_LANG", "en")
    assert run("init", "p").exit_code == 0
    return tmp_path


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=stdin)


def test_init_check_replay_explain(home: Path) -> None:
    assert run("check", "p", "--say").exit_code == 0
    replayed = run("replay", "p/events.ndjson", "--policy", "p", "--json")
    assert replayed.exit_code == 0, replayed.stderr
    report = json.loads(replayed.stdout)
    assert {"events", "seconds", "events_per_s", "features_per_event", "digest", "outcomes", "metrics"} <= set(report)
    table = pq.read_table(home / ".zhiyu/run/default/decisions.parquet")
    assert table.num_rows == report["decided"]
    ids = [row["event_id"] for row in table.to_pylist() if row["outcome"] != "pass"]
    said = run("explain", ids[0], "--json")
    why = json.loads(said.stdout)
    assert why["rules"]
    assert why["values_kept"]
    assert set(why["to_customer"]) == {"en", "zh"}
    told = [json.loads(run("explain", each, "--json").stdout) for each in ids[:8]]
    assert any("call you before we go on" in text for each in told for text in each["to_customer"]["en"])
    assert all(
        len(each["to_customer"]["en"]) == len(each["to_customer"]["zh"]) <= len(each["reasons"]) for each in told
    )
    assert run("explain", ids[0], "--lang", "zh").exit_code == 0


def test_any_batch_gives_the_same_digest(home: Path) -> None:
    digests = {
        json.loads(run("replay", "p/events.ndjson", "-p", "p", "--json", "--no-out", "--batch", size).stdout)["digest"]
        for size in ("1", "3", "1000")
    }
    assert len(digests) == 1


def test_a_pass_is_derived_again_from_its_input(home: Path) -> None:
    run("replay", "p/events.ndjson", "-p", "p")
    rows = pq.read_table(home / ".zhiyu/run/default/decisions.parquet").to_pylist()
    passed = next(row["event_id"] for row in rows if row["outcome"] == "pass")
    assert not json.loads(run("explain", passed, "--json").stdout)["values_kept"]
    assert json.loads(run("explain", passed, "--rederive", "--json").stdout)["values_kept"]


def test_bad_lines_are_kept_in_the_dead_letter_file(home: Path) -> None:
    lines = (home / "p/events.ndjson").read_text(encoding="utf-8").splitlines()
    bad = ["{nonsense", json.dumps({"type": "login"}), "[]", lines[0]]
    (home / "mixed.ndjson").write_text("\n".join(lines + bad), encoding="utf-8")
    report = json.loads(run("replay", "mixed.ndjson", "-p", "p", "--json").stdout)
    assert (report["events"], report["refused"], report["repeats"]) == (len(lines) + 4, 3, 1)
    letters = [
        json.loads(line)
        for line in (home / ".zhiyu/run/default/dead_letters.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    assert [letter["position"] for letter in letters] == list(range(len(lines), len(lines) + 4))
    assert all(letter["en"] and letter["zh"] for letter in letters)


def test_check_points_at_the_character_and_suggests(home: Path) -> None:
    rules = home / "p" / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("failed_logins", "faild_logins", 1), encoding="utf-8")
    checked = run("check", "p")
    assert checked.exit_code == 1
    assert "rules.yaml:" in checked.stderr
    assert "did you mean 'failed_logins" in checked.stderr
    chinese = run("check", "p", "--lang", "zh").stderr
    assert "是不是“failed_logins" in chinese
    assert "did you mean" not in chinese
    (problem,) = [p for p in json.loads(run("check", "p", "--json").stdout)["problems"] if p["severity"] == "error"]
    assert problem["suggestion"].startswith("did you mean 'failed_logins")
    assert problem["suggestion_zh"].startswith("是不是“failed_logins")


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("replay", "nope.ndjson", "-p", "p"), "no file"), (("replay", "p/events.ndjson", "-p", "q"), "no policy folder"),
        (("replay", "p/policy.yaml", "-p", "p"), ".parquet"), (("explain", "x"), "zhiyu replay"), (("init", "p"), "not empty"),
        (("replay", "p/events.ndjson", "-p", "p", "--tenant", "../x"), "tenant"),
        (("replay", "p/events.ndjson", "-p", "p", "--label-delay", "soon"), "duration"),
        (("replay", "p/events.ndjson", "-p", "p", "--labels", "none.csv"), "no file"),
    ],
)  # fmt: skip
def test_mistakes_get_one_clear_message_and_exit_code_1(home: Path, words: tuple[str, ...], say: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert say in result.stderr
    assert "Traceback" not in result.output


def test_a_mistake_says_in_chinese_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIYU_LANG", "zh")
    (home / "columns.csv").write_text("idd,fraud\na,1\n", encoding="utf-8")
    (home / "words.csv").write_text("id,fraud\na,perhaps\n", encoding="utf-8")
    replay = ("replay", "p/events.ndjson", "-p", "p")
    assert run("explain", "x").stderr.endswith("中没有租户“default”的完整运行；请先运行 `zhiyu replay`\n")
    assert run(*replay, "--labels", "columns.csv").stderr.endswith("没有列“id”；是不是“idd”？\n")
    assert "“perhaps”不是标签；请写 1" in run(*replay, "--labels", "words.csv").stderr
    assert run(*replay, "--source", "files").stderr.endswith("策略中没有来源“files”；策略未声明来源\n")
    assert run(*replay).exit_code == 0
    assert "；编号形如“" in run("explain", "x").stderr


def test_decide_from_stdin_with_history(home: Path) -> None:
    event = json.loads((home / "p/events.ndjson").read_text(encoding="utf-8").splitlines()[-1])
    fresh = event | {"id": "fresh-1"}
    alone = run("decide", "-", "-p", "p", "--json", stdin=json.dumps(fresh))
    assert alone.exit_code == 0, alone.stderr
    after = run("decide", "-", "-p", "p", "--history", "p/events.ndjson", stdin=json.dumps([fresh, {"type": "login"}]))
    assert after.exit_code == 1
    assert "error[event_refused]" in after.stderr


def test_labels_from_a_file(home: Path) -> None:
    ids = [json.loads(line)["id"] for line in (home / "p/events.ndjson").read_text(encoding="utf-8").splitlines()]
    (home / "labels.csv").write_text(
        "id,fraud\n" + "\n".join(f"{each},{i % 2}" for i, each in enumerate(ids)), encoding="utf-8"
    )
    report = json.loads(
        run("replay", "p/events.ndjson", "-p", "p", "--json", "--labels", "labels.csv", "--label-delay", "1s").stdout
    )
    assert report["metrics"]["labelled"] > 0
    (home / "labels.csv").write_text("id,fraud\na,perhaps\n", encoding="utf-8")
    assert "perhaps" in run("replay", "p/events.ndjson", "-p", "p", "--labels", "labels.csv").stderr


def test_a_full_disk_is_said_and_leaves_no_finished_run(home: Path) -> None:
    """A file size limit stands in for the full disk: the writer gets an error in the middle."""
    from zhiyu.simulation.card_payments import write_card_payments

    write_card_payments(home / "payments.parquet", days=10, customers=200, seed=1)
    policy = Path(__file__).parent.parent / "examples" / "card_payments"
    command = f"ulimit -f 16; exec {sys.executable} -m zhiyu.cli replay payments.parquet -p {policy} --out full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error[disk]" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("explain", "1", "--run", "full").exit_code == 1
