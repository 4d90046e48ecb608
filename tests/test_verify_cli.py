"""`zhiyu verify` as a person uses it: receipts, answers, spans; two languages, JSON, exit codes; beside a server that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.engine.kept_folder import KEY, Folder, made
from tests.engine.live_stream import live_opened, records
from tests.server.served import Served, payment
from zhiyu.cli import main
from zhiyu.engine.live import Live


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return made(tmp_path_factory.mktemp("kept"), count=200)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhiyu.engine.opened.tenant_key", lambda tenant: KEY)


def run(folder: Path, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["verify", "--data", str(folder), *arguments], input=given, catch_exceptions=False)


def test_a_receipt_that_holds_says_so_in_both_languages(folder: Folder) -> None:
    answer = folder.answers[100]
    done = run(folder.root, answer["receipt"], "--lang", "en")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"holds: {answer['id']} = {answer['outcome']}")
    assert f"@{answer['position']}: decided again from snapshot 120" in done.stdout
    assert "the chain is whole from position" in done.stdout
    assert run(folder.root, answer["receipt"], "--lang", "zh").stdout.startswith(f"成立: {answer['id']}")


def test_json_holds_everything(folder: Folder) -> None:
    told = json.loads(run(folder.root, *folder.receipts[:2], "--json").stdout)
    assert told["holds"] is True
    assert told["counts"] == {"holds": 2}
    assert told["log"]["intact"] is True
    assert [verdict["id"] for verdict in told["verdicts"]] == [answer["id"] for answer in folder.answers[:2]]


def test_exit_codes_tell_what_was_found(folder: Folder, tmp_path: Path) -> None:
    receipt = folder.receipts[5]
    assert run(folder.root, receipt[:-1] + ("0" if receipt[-1] != "0" else "1")).exit_code == 3
    assert run(folder.root, receipt[:-1]).exit_code == 1
    assert run(folder.root).exit_code == 1
    assert run(folder.root, receipt, "--all").exit_code == 1
    assert run(tmp_path, receipt).exit_code == 1


def test_a_damaged_end_of_the_log_fails(folder: Folder, tmp_path: Path) -> None:
    other = made(tmp_path, (), count=60)
    last = other.file("log/*.log", -1)
    other.flip(last, last.stat().st_size // 2)
    done = run(other.root, other.receipts[0])
    assert done.exit_code == 3
    assert "log_damaged" in done.stderr


def test_everything_and_a_span(folder: Folder) -> None:
    told = json.loads(run(folder.root, "--all", "--json").stdout)
    assert told["counts"] == {"holds": len(folder.answers)}
    some = json.loads(run(folder.root, "--from", "20", "--until", "40", "--json").stdout)
    assert some["counts"] == {"holds": sum(20 <= answer["position"] < 40 for answer in folder.answers)}


def test_answers_are_compared_with_what_was_decided(folder: Folder, tmp_path: Path) -> None:
    lines = [json.dumps(answer, ensure_ascii=False) for answer in folder.answers[:5]]
    assert run(folder.root, "--answers", "-", given="\n".join(lines)).exit_code == 0
    edited = json.dumps(folder.answers[5] | {"score": -1})
    done = run(folder.root, "--answers", "-", "--lang", "en", given=edited)
    assert done.exit_code == 3
    assert "the answer was changed: score is" in done.stdout
    assert run(folder.root, "--answers", "-", given="{}").exit_code == 1


def test_a_running_server_is_not_disturbed(tmp_path: Path) -> None:
    makes = lambda: Live(tmp_path / "default", live_opened(), clock="events", segment_bytes=20_000)  # noqa: E731
    with Served(tmp_path, makes=makes) as server:
        told = [json.loads(server.decide(body).content) for body in records(3, 150)]
        receipts = [answer["receipt"] for answer in told if answer.get("receipt")]
        done = run(tmp_path, *receipts, "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["counts"] == {"holds": len(set(receipts))}
        after = server.decide(payment(1))
        assert after.status_code == 200
        assert run(tmp_path, after.json()["receipt"]).exit_code == 0


def retention(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["retention", "--data", str(folder), *arguments], catch_exceptions=False)


def test_a_promise_is_made_shown_and_served(tmp_path: Path) -> None:
    makes = lambda: Live(tmp_path / "default", live_opened(), clock="events")  # noqa: E731
    with Served(tmp_path, makes=makes) as server:
        server.decide(payment(1))
        told = server.client.get("/v1/retention").json()
        assert told["promise"] == {"keep": "forever", "verify": "forever", "personal": "forever"}
        done = retention(tmp_path, "--keep", "30d", "--verify", "7d", "--lang", "en")
        assert done.exit_code == 0
        assert done.stdout.startswith("promised: records for 30d, deciding again for 7d")
        assert "explained: from position 0" in done.stdout
        assert "承诺：记录保存 30d，可重新决策 7d" in retention(tmp_path, "--lang", "zh").stdout
        assert json.loads(retention(tmp_path, "--json").stdout)["promise"] == {
            "keep": "30d",
            "verify": "7d",
            "personal": "30d",
        }
        assert server.client.get("/v1/retention").json()["explained_from"]["position"] == 0
        assert 'zhiyu_engine{fact="log_bytes",tenant="default"}' in server.client.get("/metrics").text
    assert retention(tmp_path, "--keep", "1m").exit_code == 1
    assert retention(tmp_path, "--verify", "1d").exit_code == 1
    receipt = made(tmp_path / "other", (), count=40).receipts[0]
    assert json.loads(run(tmp_path / "other", receipt, "--json").stdout)["promise"] == {
        "keep": "forever",
        "verify": "forever",
        "personal": "forever",
    }


def test_another_key_is_the_callers_mistake(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhiyu.engine.opened.tenant_key", lambda tenant: b"fedcba9876543210")
    done = run(folder.root, folder.receipts[0], "--lang", "en")
    assert done.exit_code == 1
    assert "another ZHIYU_KEY" in done.stderr
