"""The model benchmark at a tiny size: every promised key is there, and every peer scores the same model."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from zhiyu.commands.bench import bench

for needed in ("lightgbm", "xgboost", "onnx", "onnxruntime"):
    pytest.importorskip(needed)


def test_keys_and_equal_scores() -> None:
    done = CliRunner().invoke(bench, ["models", "--trees", "5", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert {"single_us", "batch_us_per_row", "peers", "ratio"} <= set(report)
    assert set(report["peers"]) == set(report["ratio"]) == {"lightgbm", "xgboost", "onnx"}
    assert report["equal"] == {"lightgbm": True, "one_by_one": True, "onnx": True}
