"""The report about a server, made from its log: what a replay of the same events reports, and the labels that came by themselves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.engine.live_stream import live_opened, records
from tests.engine.test_live import serve
from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.served import ServedReport
from zhiyu.evaluation.tally import Replayed

KEY = b"0123456789abcdef"


def live_in(root: Path) -> Live:
    return Live(root / "default", live_opened(), clock="events", segment_bytes=20_000)


def reported(root: Path) -> Replayed:
    return ServedReport(Kept(root, "default", KEY)).run()


def test_the_log_reports_what_a_replay_reports(tmp_path: Path) -> None:
    bodies = records(5, 300)
    live = live_in(tmp_path)
    serve(live, bodies)
    beside = reported(tmp_path)  # the server goes on
    live.close()
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(bodies) + b"\n")
    replayed = Replay(live_opened(), file).run()
    served = reported(tmp_path)
    assert served.digest == replayed.digest
    assert beside.digest == served.digest
    for name in (
        "decided",
        "facts",
        "late",
        "outcomes",
        "rule_hits",
        "reason_hits",
        "features",
        "policy_hash",
        "currency",
    ):
        assert getattr(served, name) == getattr(replayed, name), name
    assert served.events == replayed.events - replayed.repeats - replayed.refused
    assert [each.event_id for each in served.examples] == [each.event_id for each in replayed.examples]


def test_labels_that_came_by_themselves_are_the_truth(tmp_path: Path) -> None:
    live = live_in(tmp_path)
    answers = serve(live, records(5, 200))
    told = [
        json.loads(answer.body) for answer in answers if b'"outcome"' in answer.body and b"repeated" not in answer.body
    ]
    stopped = [each for each in told if each["outcome"] not in ("pass", "notify")]
    passed = [each for each in told if each["outcome"] == "pass"]
    live.label([Label(event=stopped[0]["id"], fraud=True), Label(event=stopped[1]["id"], fraud=False)])
    live.label([Label(event=passed[0]["id"], fraud=True)])
    live.close()
    scores = reported(tmp_path).metrics.scores()
    assert (scores.caught, scores.false_alarms, scores.missed, scores.passed_good) == (1, 1, 1, 0)


def test_what_is_reported_is_the_policy_in_force(tmp_path: Path) -> None:
    live = live_in(tmp_path)
    serve(live, records(5, 100))
    first = live.position
    live.release(live_opened(limit=100))
    serve(live, [body.replace(b'"id": "e', b'"id": "f') for body in records(6, 100)])
    live.close()
    served = reported(tmp_path)
    assert served.policy_hash == live.opened.artifact.hash
    assert served.events <= live.position - first
    assert served.decided > 0


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    live_in(tmp_path).close()
    with pytest.raises(InputError, match="send events first"):
        reported(tmp_path)


def test_the_command_prints_it_and_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ZHIYU_LANG", "en")
    live = Live(tmp_path / "default", live_opened(), clock="events")
    serve(live, records(5, 100))
    live.close()
    done = CliRunner().invoke(main, ["report", "--data", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["decided"] > 0
    printed = CliRunner().invoke(main, ["report", "--data", str(tmp_path)])
    assert "over HTTP" in printed.stdout
    assert "Decisions explained" in printed.stdout
    wrong = CliRunner().invoke(main, ["report", "--data", str(tmp_path), "--tenant", "defalt"])
    assert wrong.exit_code == 1
    assert "default" in wrong.stderr


def test_waits_are_told_as_in_a_replay(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "call_back"
    opened = open_policy(example, key=KEY)
    live = Live(tmp_path / "default", opened, clock="events")
    serve(live, (example / "events.ndjson").read_bytes().splitlines())
    live.close()
    replayed, served = Replay(opened, example / "events.ndjson").run(), reported(tmp_path)
    assert served.digest == replayed.digest
    assert served.came_to == replayed.came_to
    assert replayed.waits["opened"] > 0
    for name in ("opened", "answered", "expired", "open"):
        assert served.waits[name] == replayed.waits[name], name
    assert served.metrics.to_dict() == replayed.metrics.to_dict()
