"""A model that cannot be taken over, asked by a policy: a small neural network, its answers in the log, a replay that never runs it."""

from __future__ import annotations

import asyncio
import builtins
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.outside.onnx_host import OnnxHost, OnnxModel, columns_of
from zhiyu.policy.declare_services import Request, Service, Told

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
POLICY = """
name: own
events:
- name: payment
  fields: {amount: {type: number}, age: {type: int}}
services:
- name: own_model
  timeout: 100ms
  request: {path: /own_model, body: {a: amount, b: age}}
  answer: {own_score: {at: score, type: number, min: 0, max: 1, required: true, fallback: 0}}
rule_sets:
- {name: judge, rules: [{name: high, when: own_score > 0.5, outcome: review}]}
flows:
- name: f
  on: [payment]
  nodes:
  - {name: ask, call: [own_model], next: judge, failed: judge}
  - {name: judge, rule_set: judge, next: end}
  - {name: end, severest: true}
"""


def network(width: int = 2, outputs: int = 1) -> tuple[bytes, Any]:
    """Two layers with a ReLU between them, which no conversion to trees or terms can say; and the same in NumPy."""
    from onnx import TensorProto, helper, numpy_helper

    own = np.random.default_rng(1)
    first, second = (own.normal(size=each).astype(np.float32) for each in ((width, 4), (4, outputs)))
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["l"]), helper.make_node("Sigmoid", ["l"], ["p"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, outputs])],
        [numpy_helper.from_array(first, "w1"), numpy_helper.from_array(second, "w2")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def slow(row: list[float]) -> float:
        hidden = np.maximum(np.array(row, np.float64) @ first, 0)
        return float(1 / (1 + np.exp(-(hidden @ second)[-1])))

    return model.SerializeToString(), slow


def asked(host: OnnxHost, body: bytes, path: str = "/own_model", method: str = "POST") -> tuple[int, Any]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(host({"type": "http", "path": path, "method": method}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_it_says_what_the_network_says_and_the_same_every_time() -> None:
    content, slow = network()
    model = OnnxModel(content, ("a", "b"))
    for row in ([0.5, -1.0], [3.0, 40.0], [0.0, 0.0]):
        said = model.score(dict(zip(("b", "a"), reversed(row))))
        assert said == pytest.approx(slow(row), abs=1e-5), "columns by name, in the order of --service"
        assert said == round(said, 6) == model.score({"a": str(row[0]), "b": row[1]})


def test_it_answers_as_a_service_and_says_what_was_wrong() -> None:
    host = OnnxHost(OnnxModel(network()[0], ("a", "b")), "/own_model")
    status, said = asked(host, b'{"a": 1, "b": 2}')
    assert (status, list(said)) == (200, ["score"])
    assert asked(host, b'{"a": "x", "b": 2}') == (422, {"error": "'a' is no number"})
    assert asked(host, b"[]")[0] == asked(host, b"{")[0] == 422
    assert asked(host, b"{}", path="/other")[0] == asked(host, b"", method="GET")[0] == 404


def test_what_cannot_be_run_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="the runtime does not take it"):
        OnnxModel(b"nonsense", ("a",))
    with pytest.raises(InputError, match="it reads 2 columns"):
        OnnxModel(network()[0], ("a", "b", "c"))
    with pytest.raises(InputError, match="it says 3 numbers about a row"):
        OnnxModel(network(outputs=3)[0], ("a", "b"))
    told = {"s": Told(at="score", type="number")}
    with pytest.raises(InputError, match="the columns in their order"):
        columns_of(Service(name="m", answer=told))
    with pytest.raises(InputError, match="declare the score"):
        columns_of(Service(name="m", answer={"s": Told(at="s", type="int")}, request=Request(body={"a": "amount"})))
    real = builtins.__import__

    def without(name: str, *more: Any, **and_more: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *more, **and_more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'zhiyu\[onnx\]'"):
        OnnxModel(network()[0], ("a", "b"))


def test_a_policy_declares_it_and_a_replay_reads_its_answers(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "m.onnx").write_bytes(network()[0])

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--lang", "en"])

    assert "0 errors" in run("check", str(tmp_path / "policy")).output
    wrong = run(
        "models", "host", str(tmp_path / "m.onnx"), "--policy", str(tmp_path / "policy"), "--service", "own_modl"
    )
    assert (wrong.exit_code, "did you mean 'own_model'" in wrong.stderr) == (1, True)
    said = OnnxModel(network()[0], ("a", "b")).score({"a": 3, "b": 40})
    lines = [
        {"type": "payment", "id": "p", "time": "2026-01-01T00:00:00Z", "amount": 3, "age": 40},
        {
            "type": "own_model",
            "id": "r",
            "time": "2026-01-01T00:00:00.020Z",
            "about": "p",
            "own_model_call": "answered",
            "own_score": said,
        },
    ]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = run("replay", str(tmp_path / "events.ndjson"), "--policy", str(tmp_path / "policy"), "--json", "--no-out")
    assert found.exit_code == 0, found.output
    outcomes = json.loads(found.stdout)["outcomes"]
    assert (
        outcomes == {("review" if said > 0.5 else "pass"): 1} or outcomes.get("review" if said > 0.5 else "pass") == 1
    )
