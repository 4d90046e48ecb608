"""A model engineer asks a server whether the new model is better and whether the old one still fits; later the server tells by itself.

Two models score payments. Their comparison and the drift of one run beside the server and say what the commands say of the same log. The
amounts of the last weeks are five times as large: with `model_drift` declared, the server puts that into the log once, as events.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from tests.evaluation.test_training import policy_folder, stream
from tests.server.served import Served
from zhiyu.cli import main
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.studies.study import SCHEDULE, Asked, write
from zhiyu.server.studying import Studies
from zhiyu.server.watching import Watching

DRIFT = """
events:
  - name: model_drift
    decide: false
    fields: {model: {type: string}, span: {type: string}, what: {type: string}, input: {type: string}, value: {type: number}}
"""
WAIT_S = 120


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(main, [*arguments, "--lang", "en", "--json"])
    assert done.exit_code == 0, done.output + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A policy with two models that declares `model_drift`, and the log of what it decided."""
    base = tmp_path_factory.mktemp("studies")
    stream(base / "events.ndjson", 3_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02))
    policy = policy_folder(base / "policy")
    over = (
        "train",
        "--policy",
        str(policy),
        "--events",
        str(base / "events.ndjson"),
        "--cell",
        "payment/test",
        "--kind",
    )
    run(*over, "scorecard", "--out", str(policy / "risk.json"))
    run(*over, "logistic", "--input", "multiple", "--out", str(policy / "other.json"))
    (policy / "models.yaml").write_text(
        "models: [{name: risk, file: risk.json}, {name: other, file: other.json}]\n"
        "matrix: [{name: payments, stage: payment, fraud: test, champion: risk, shadow: [other], thresholds: {review: 0.9}, reason: M}]\n"
        "reasons: [{code: M, en: the model, zh: 模型}]\n",
        encoding="utf-8",
    )
    (policy / "drift.yaml").write_text(DRIFT, encoding="utf-8")
    lines = (base / "events.ndjson").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    late = [
        record | {"amount": record["amount"] * (5 if number > 1_500 else 1)} for number, record in enumerate(records)
    ]
    live = Live(base / "data" / "default", open_policy(policy), clock="events")
    bodies = [json.dumps(record).encode() for record in late]
    for at in range(0, len(bodies), 500):
        live.take(bodies[at : at + 500], "file")
    live.sync()
    live.close()
    return policy, base / "data"


@pytest.fixture(scope="module")
def server(data: tuple[Path, Path]) -> Iterator[Served]:
    with Served(data[1], open_policy(data[0])) as made:
        yield made


def ended(client: httpx.Client, number: int) -> dict[str, Any]:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found: dict[str, Any] = client.get(f"/v1/studies/{number}").json()
        if found["state"] not in ("waiting", "running"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"study {number} did not end")


def test_two_models_compared_and_one_watched(server: Served, data: tuple[Path, Path]) -> None:
    begun = server.client.post("/v1/models/risk:compare", json={"beside": "other"})
    assert begun.status_code == 202, begun.text
    second = server.client.post("/v1/models/risk:drift").json()
    assert second["state"] in ("waiting", "running")
    told = ended(server.client, begun.json()["study"])
    assert (told["state"], told["progress"]) == ("done", 1.0)
    same = run("models", "compare", "risk", "other", "--data", str(data[1]))
    assert {key: told["result"][key] for key in same} == same
    page = server.client.get(f"/v1/studies/{told['study']}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "95 % 区间" in page.text
    assert "<script" not in page.text
    assert server.client.get(f"/v1/studies/{told['study']}/report", params={"format": "json"}).json() == told["result"]
    drift = ended(server.client, second["study"])
    assert drift["result"] == run("models", "drift", "risk", "--data", str(data[1]))
    assert drift["result"]["alerts"]
    listed = server.client.get("/v1/studies").json()["studies"]
    assert [each["kind"] for each in listed][:2] == ["drift", "compare"]


def test_what_cannot_be_studied_is_said_at_once_or_in_the_study(server: Served) -> None:
    client = server.client
    unknown = client.post("/v1/models/risk:compare", json={"beside": "othr"})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "beside")
    assert "did you mean 'other'" in unknown.json()["detail"]
    assert client.post("/v1/models/risk:compare", json={"beside": "risk"}).status_code == 422
    assert client.post("/v1/models/risk:drift", json={"begins": "soon"}).json()["field"] == "begins"
    assert client.post("/v1/models/risk:drift", json={"missing": 0}).json()["field"] == "missing"
    assert client.get("/v1/studies/9999").status_code == 404
    empty = ended(client, client.post("/v1/models/risk:drift", json={"begins": "2031-01-01"}).json()["study"])
    assert empty["state"] == "failed"
    assert "no event there" in empty["why"]["en"]
    assert client.get(f"/v1/studies/{empty['study']}/report").status_code == 409


def test_a_study_is_cancelled(server: Served) -> None:
    first, second = (server.client.post("/v1/models/risk:drift").json()["study"] for _ in range(2))
    for number in (second, first):
        assert server.client.post(f"/v1/studies/{number}:cancel").json()["state"] == "cancelled"
    assert server.client.post(f"/v1/studies/{first}:cancel").json()["state"] == "cancelled", "nothing more happens"


def test_what_the_schedule_does_pushes_out_nothing_that_somebody_asked_for(tmp_path: Path) -> None:
    for number in range(1, 40):
        folder = tmp_path / "studies" / str(number)
        folder.mkdir(parents=True)
        asked = Asked(kind="drift", models=("m",), data="d", tenant="t", by="api" if number < 5 else SCHEDULE)
        write(folder / "ask.json", msgspec.json.encode(asked).decode())
    (tmp_path / "studies/41").mkdir()
    (tmp_path / "studies/41/ask.json").write_text("{", encoding="utf-8")

    async def begun() -> list[int]:
        studies = Studies(tmp_path, asyncio.Lock())
        study = studies.begin(Asked(kind="drift", models=("m",), data=str(tmp_path), tenant="none", by="api"))
        await study.ended.wait()
        assert (study.number, study.state) == (42, "failed"), "there is nothing to study"
        return [each.number for each in studies.all()]

    assert asyncio.run(begun()) == [42, *range(39, 29, -1), 4, 3, 2, 1]


def test_the_server_tells_of_drift_by_itself_and_once(server: Served) -> None:
    def look() -> int:
        watching, (desk,) = Watching(server.site, 3600.0), server.site.desks.values()
        return asyncio.run_coroutine_threadsafe(watching.round(desk), server._loop).result(WAIT_S)

    (desk,) = server.site.desks.values()
    before = desk.live.position
    told = look()
    assert told > 0
    assert desk.live.position == before + told
    assert look() == 0, "what was told is not told again"
    by = {each["by"] for each in server.client.get("/v1/studies").json()["studies"]}
    assert "schedule" in by
