"""The model matrix in a policy: who speaks, what every decision records of it, how it is told; files and explanations."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from tests.models.test_in_policy import events_file, folder_with_model
from zhiyu.engine.opened import open_policy
from zhiyu.engine.run_reader import RunReader
from zhiyu.evaluation.replay import Replay
from zhiyu.models.package import hash_of, read, written
from zhiyu.policy.check import check_policy
from zhiyu.policy.diff import diff_policies
from zhiyu.policy.load import load_policy
from zhiyu.policy.say_policy import say_policy

MATRIX = """
models:
  - {name: calm, file: risk.json, en: calm score, zh: 平稳分}
  - {name: keen, file: keen.json}
  - {name: quiet, file: keen.json}
matrix:
  - name: takeover
    stage: payment
    fraud: account_takeover
    champion: calm
    challengers: [{model: keen, percent: %s}]
    shadow: [quiet]
    by: shop
    thresholds: {review: 0.4, decline: 0.9}
    reason: MODEL
    en: takeover score
reasons: [{code: MODEL, en: the model, zh: 模型}]
"""


def folder_with_matrix(folder: Path, percent: str = "100") -> Path:
    """Two models that differ, one of them in shadow too; the challenger speaks for a share of the shops."""
    folder_with_model(folder, weight=4.0)
    (folder / "risk.json").rename(folder / "keen.json")
    folder_with_model(folder)
    (folder / "rules.yaml").write_text(MATRIX % percent, encoding="utf-8")
    return folder


def test_every_decision_records_every_score_and_who_spoke(tmp_path: Path) -> None:
    opened = open_policy(folder_with_matrix(tmp_path / "policy"))
    Replay(opened, events_file(tmp_path), out=tmp_path / "run").run()
    rows = pq.read_table(tmp_path / "run/default/decisions.parquet").to_pylist()
    # log-odds: weight x (count - 2), + 1 for shop x, - 1 for y, + 0.25 for one nobody knew, 0 for none
    calm, keen = [-2 + 1, 0 - 1, 2 + 0.25, 4], [-4 + 1, 0 - 1, 4 + 0.25, 8]
    for row, own, other in zip(rows, calm, keen):
        assert row["score.calm"] == pytest.approx(1 / (1 + 2.718281828459045**-own), abs=1e-12)
        assert row["score.keen"] == row["score.quiet"] == pytest.approx(1 / (1 + 2.718281828459045**-other), abs=1e-12)
    assert [row["spoke.takeover"] for row in rows] == ["keen", "keen", "keen", "calm"], "no shop: the champion speaks"
    assert [row["outcome"] for row in rows] == ["pass", "pass", "decline", "decline"], "thresholds decide"
    assert [row["reasons"] for row in rows] == [[], [], ["MODEL"], ["MODEL"]]
    facts = json.loads((tmp_path / "run/default/run.json").read_text())
    assert facts["models"]["keen"] == hash_of(read((tmp_path / "policy/keen.json").read_bytes()))


def test_an_explanation_says_who_spoke(tmp_path: Path) -> None:
    opened = open_policy(folder_with_matrix(tmp_path / "policy"))
    Replay(opened, events_file(tmp_path), out=tmp_path / "run").run()
    told = RunReader(tmp_path / "run").explain("e2").to_dict()["scores"]
    roles = {each["model"]: [(cell["cell"], cell["role"], cell["spoke"]) for cell in each["cells"]] for each in told}
    assert roles == {
        "calm": [("takeover", "champion", False)],
        "keen": [("takeover", "challenger", True)],
        "quiet": [("takeover", "shadow", False)],
    }
    assert told[0]["en"].startswith("calm score (champion, without a say) 0.9047")
    assert told[2]["zh"].startswith("quiet（影子，未参与决策）")
    assert {each["package"] for each in told[1:]} == {hash_of(read((tmp_path / "policy/keen.json").read_bytes()))[:12]}


def test_a_share_speaks_for_the_same_values_whatever_else_happens(tmp_path: Path) -> None:
    opened = open_policy(folder_with_matrix(tmp_path / "policy", "30"))
    lines = [
        {"id": f"e{i}", "type": "payment", "card": f"c{i}", "amount": 1, "shop": f"s{i % 500}"}
        | {"time": f"2026-01-01T00:{i // 60:02}:{i % 60:02}Z"}
        for i in range(1000)
    ]  # fmt: skip
    events = tmp_path / "many.ndjson"
    events.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    Replay(opened, events, out=tmp_path / "run").run()
    spoke = pq.read_table(tmp_path / "run/default/decisions.parquet")["spoke.takeover"].to_pylist()
    assert spoke[:500] == spoke[500:]
    share = spoke.count("keen") / len(spoke)
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / 500) ** 0.5


def test_the_matrix_is_told_and_compared(tmp_path: Path) -> None:
    policy = load_policy(folder_with_matrix(tmp_path / "policy")).policy
    said = {language: "\n".join(say_policy(check_policy(policy).require(), language)) for language in ("en", "zh")}
    assert (
        "Cell 'takeover score' (payment/account_takeover): champion calm; challengers by shop: keen 100 %;"
        in said["en"]
    )
    assert "冠军 calm；挑战者（按 shop）keen 100 %；影子 quiet；阈值 0.4 → 人工审核，0.9 → 拒绝" in said["zh"]
    promoted = msgspec.structs.replace(policy.matrix[0], champion="keen", challengers=())
    changes = diff_policies(policy, msgspec.structs.replace(policy, matrix=(promoted,))).changes
    assert {change.section for change in changes} == {"matrix"}
    assert any("champion changed from `calm` to `keen`" in change.en for change in changes)
    assert any("冠军由 `calm` 改为 `keen`" in change.zh for change in changes)


def test_thresholds_are_the_same_however_they_are_typed(tmp_path: Path) -> None:
    folder = folder_with_matrix(tmp_path / "policy")
    one = open_policy(folder).artifact.hash
    rules = (folder / "rules.yaml").read_text(encoding="utf-8")
    (folder / "rules.yaml").write_text(
        rules.replace("{review: 0.4, decline: 0.9}", "{decline: 0.90, review: 0.40}"), encoding="utf-8"
    )
    assert open_policy(folder).artifact.hash == one


def test_a_package_that_nobody_wrote_is_refused(tmp_path: Path) -> None:
    folder = folder_with_matrix(tmp_path / "policy")
    package = read((folder / "keen.json").read_bytes())
    (folder / "keen.json").write_bytes(written(package).replace(b'"weight":4.0', b'"weight":5.0'))
    with pytest.raises(Exception, match="changed after it was written"):
        open_policy(folder)
