"""A round of learning over what a server decided: the same as over its file, labels when they really came, one proposal, four eyes."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.access.test_people import KEY
from tests.evaluation.test_learning import proposed, run, world
from tests.server.served import Served
from tests.waiting_policy import POLICY, random_stream
from zhiyu.access.gate import Gate
from zhiyu.engine.kept import Kept
from zhiyu.engine.labelling import Label
from zhiyu.engine.live import TAKEN, Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.log_tape import record_log
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tape import Tape, feature_keys
from zhiyu.policy.load import load_policy, load_texts
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

__all__ = ["cheap", "proposed", "world"]


def fed(world: Path, folder: Path) -> Path:
    """The events of the world, decided by a server that has their labels with them."""
    live = Live(folder / "default", open_policy(world / "policy"), clock="events")
    lines = (world / "new.ndjson").read_bytes().splitlines()
    for at in range(0, len(lines), 700):
        live.take(lines[at : at + 700], "file")
    live.sync()
    live.close()
    return folder


@pytest.fixture(scope="module")
def learned(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    data = fed(world, tmp_path_factory.mktemp("log"))
    out = data / "out"
    done = run("learn", "--policy", str(world / "policy"), "--data", str(data), "--out", str(out), "--once", "--json")
    assert done.exit_code == 0, done.stderr
    return out, json.loads(done.stdout)


def test_a_log_teaches_what_its_file_teaches(
    proposed: tuple[Path, dict[str, Any]], learned: tuple[Path, dict[str, Any]]
) -> None:
    (of_file,), (of_log,) = proposed[1]["cells"], learned[1]["cells"]
    for key in ("comparison", "thresholds", "split", "model", "verdict", "package"):
        assert of_log[key] == of_file[key], key
    assert (of_log["frauds_stopped_more"], of_log["goods_stopped_more"]) == (
        of_file["frauds_stopped_more"],
        of_file["goods_stopped_more"],
    )
    assert sorted(path.name for path in learned[0].iterdir()) == ["payments", "summary.json", "together"], (
        "the tape is gone"
    )


def test_all_that_was_found_is_one_change(world: Path, learned: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, summary = learned
    whole = summary["together"]
    assert (whole["cells"], whole["models"]) == (["payments"], [summary["cells"][0]["model"]])
    (cell,) = load_policy(out / "together").policy.matrix
    assert cell.champion == whole["models"][0]
    if whole["tuned"]["change"] is None:
        assert whole["tuned"]["why"]["zh"]
    else:
        assert whole["candidate_hash"] != summary["cells"][0]["candidate_hash"]
    text = (out / "together/proposal.md").read_text(encoding="utf-8")
    assert "as one change" in text
    assert "合为一项变更" in text
    assert (out / "together/backtest/report.html").is_file()
    shutil.copytree(world / "policy", tmp_path / "live")
    done = run("apply", str(out / "together"), "--policy", str(tmp_path / "live"))
    assert done.exit_code == 0, done.stderr
    assert open_policy(tmp_path / "live").artifact.hash == whole["candidate_hash"]


def test_a_round_ends_as_a_proposal_that_somebody_else_approves(world: Path, tmp_path: Path, cheap: None) -> None:
    data, keys = fed(world, tmp_path / "data"), tmp_path / "keys"
    proposer, approver = (
        with_key(keys, scopes)[0].decode().removeprefix("Bearer ")
        for scopes in (("propose", "policies"), ("approve", "policies"))
    )
    records = f"sqlite:///{tmp_path / 'records.db'}"
    with Served(
        data, open_policy(world / "policy"), gate=Gate(keys), staff=lambda: Staff(Records(records), {"default": KEY})
    ) as server:
        url = f"http://127.0.0.1:{server.port}"
        done = run("learn", "--policy", str(world / "policy"), "--data", str(data), "--out", str(tmp_path / "out"), "--once", "--json",
                   "--no-tune", "--url", url, "--key", proposer)  # fmt: skip
        assert done.exit_code == 0, done.stderr
        whole = json.loads(done.stdout)["together"]
        server.client.headers["authorization"] = f"Bearer {approver}"
        waiting = server.client.get(f"/v1/proposals/{whole['number']}").json()
        assert (waiting["state"], waiting["policy"]) == ("submitted", whole["candidate_hash"])
        assert any("payments" in each["en"] for each in waiting["changes"])
        server.client.post(f"/v1/proposals/{whole['number']}:approve", json={})
        assert server.client.get("/v1/policy").json()["in_force"]["policy"] == whole["candidate_hash"]
    again = run(
        "learn", "--policy", str(world / "policy"), "--data", str(data), "--out", str(tmp_path / "more"), "--once"
    )
    assert (again.exit_code, "the policy in force there is" in again.stderr) == (1, True)


def test_a_label_that_came_by_itself_is_known_from_then_on(world: Path, tmp_path: Path) -> None:
    """Without labels in the records: one is sent an hour later, the others never."""
    opened = open_policy(world / "policy", all_features=True)
    live = Live(tmp_path / "data/default", opened, clock="events")
    lines = [json.loads(line) for line in (world / "new.ndjson").read_text(encoding="utf-8").splitlines()[:400]]
    bodies = [json.dumps({k: v for k, v in line.items() if k != "fraud"}).encode() for line in lines]
    live.take(bodies[:200], "file")
    (answer,) = live.label([Label(event=lines[3]["id"], fraud=True)])
    assert answer.kind == TAKEN
    live.take(bodies[200:], "file")
    live.sync()
    live.close()
    tape = Tape.open(record_log(Kept(tmp_path / "data", "default"), opened, tmp_path / "tape"))
    batches = list(tape.batches((), (), False))
    label, known, at = (np.concatenate([each.numbers(name) for each in batches]) for name in ("label", "known", "time"))
    assert label[3] == 1
    assert at[3] < known[3] <= at[200]
    assert (np.delete(label, 3) == -1).all()


def test_the_log_of_a_policy_that_waits_tells_the_features_that_its_file_tells(tmp_path: Path) -> None:
    """Answers, deadlines and changes of lists let decisions go on meanwhile; what was counted when each was first made stays the same."""
    text = POLICY.replace("LAG", "5").replace(" + coalesce(stopped, 0)", "")
    opened = open_policy(load_texts({"policy.yaml": text.encode()}).policy)
    stream = [{k: v for k, v in each.items() if k != "label"} for each in random_stream(random.Random(5), 600)]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(each) + "\n" for each in stream), encoding="utf-8")
    live = Live(tmp_path / "data/default", opened, clock="events")
    went_on = 0
    for at in range(0, len(stream), 40):
        live.take([json.dumps(each).encode() for each in stream[at : at + 40]])
        went_on += len(live.waiting())
    live.sync()
    live.close()
    assert went_on
    Replay(opened, tmp_path / "events.ndjson", tape=tmp_path / "file").run()
    record_log(Kept(tmp_path / "data", "default"), opened, tmp_path / "log")
    told = []
    for folder in (tmp_path / "file", tmp_path / "log"):
        tape = Tape.open(folder)
        names = sorted(feature_keys(opened).values())
        batches = list(tape.batches((), names, False))
        columns = [np.concatenate([each.numbers("time") for each in batches])]
        given = [each.given() for each in batches]
        columns += [np.concatenate([each[n][part] for each in given]) for n in range(len(names)) for part in (0, 1)]
        told.append(columns)
    assert len(told[0]) > 6
    assert all(np.array_equal(one, other) for one, other in zip(*told, strict=True))
