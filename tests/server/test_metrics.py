"""The metric cube over HTTP and on the command line: the same figures as the decisions that were told, before and after a restart."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.engine.live_stream import records
from tests.server.served import Served
from zhiyu.cli import main
from zhiyu.evaluation.cube.rollups import Rollups

PERIOD = "from=2026-12-01&until=2027-12-01"


def asked(server: Served, words: str = "", status: int = 200) -> Any:
    told = server.client.get(f"/v1/metrics/query?{words}")
    assert told.status_code == status, told.text
    return told.json()


def decide_all(server: Served, count: int = 200) -> list[dict[str, Any]]:
    """Decisions as they were told, first ones only."""
    found = []
    for body in records(3, count):
        told = server.client.post("/v1/decisions", content=body).json()
        if told.get("status") == "decided" and not told.get("repeated"):
            found.append(told)
    return found


def by_outcome(answer: dict[str, Any]) -> dict[str, int]:
    return {line["outcome"]: line["decisions"] for line in answer["lines"]}


def test_the_same_figures_as_were_told_also_after_a_restart_and_on_the_command_line(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        told = decide_all(server)
        answer = asked(server, f"{PERIOD}&by=outcome")
        assert by_outcome(answer) == Counter(each["enforced"] for each in told)
        assert answer["total"] == {"decisions": len(told)}
        rules = asked(server, f"{PERIOD}&by=rule&measure=hits")
        hits = Counter(rule for each in told for rule in each["rules"])
        assert {line["rule"]: line["hits"] for line in rules["lines"]} == hits
        share = asked(server, f"{PERIOD}&measure=stopped_share,decisions")["total"]
        assert share["stopped_share"] * share["decisions"] == pytest.approx(
            sum(each["enforced"] not in ("pass", "notify") for each in told)
        )
        names = server.client.get("/v1/metrics").json()
        assert {"decisions", "hits"} <= {each["name"] for each in names["measures"]}
        assert names["position"] == answer["position"] > 0
        newest = asked(server, f"{PERIOD}&by=time&step=1h")["lines"][-1]["time"]
        since = datetime.fromisoformat(names["newest"]) - datetime.fromisoformat(newest)
        assert timedelta(0) < since <= timedelta(hours=1)
    assert Rollups(tmp_path / "default" / "cube").position() == names["position"]
    with Served(tmp_path) as server:
        assert asked(server, f"{PERIOD}&by=outcome") == answer
        told += decide_all(server, 260)
        again = asked(server, f"{PERIOD}&by=outcome,region&format=json")
        assert again["total"] == {"decisions": len(told)}
        lines = list(
            csv.DictReader(io.StringIO(server.client.get(f"/v1/metrics/query?{PERIOD}&by=region&format=csv").text))
        )
        assert sum(int(line["decisions"]) for line in lines) == len(told)
        assert {line["region"] for line in lines} == {"北京", "上海", ""}
    words = ("metrics", "--data", str(tmp_path), "--by", "outcome", "--from", "2026-12-01", "--until", "2027-12-01")
    run = CliRunner(env={"ZHIYU_LANG": "en"}).invoke(main, [*words, "--json"], catch_exceptions=False)
    assert by_outcome(json.loads(run.output.splitlines()[-1])) == Counter(each["enforced"] for each in told)
    shown = CliRunner(env={"ZHIYU_LANG": "zh"}).invoke(
        main, [*words, "--against", "1d", "-m", "stopped_money"], catch_exceptions=False
    )
    assert "拦截金额" in shown.output
    assert "此前" in shown.output


@pytest.mark.parametrize(
    ("words", "status", "code", "told"),
    [
        ("measure=decisons", 422, "question", "did you mean 'decisions'"), ("by=chanel", 422, "question", "did you mean 'channel'"),
        ("where=app", 422, "question", "channel:app"), ("step=often", 422, "question", "step"), ("offset=east", 422, "question", "+08:00"),
        ("from=yesterday", 422, "question", "from"), ("format=pdf", 422, "format", "json or csv"), ("top=0", 422, "parameter", ""),
        ("deep=1", 400, "query", ""), ("measure=hits,money", 422, "question", "counted apart"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(served: Served, words: str, status: int, code: str, told: str) -> None:
    found = asked(served, words, status)
    assert found["code"] == code
    assert told in found["detail_en"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Served(tmp_path_factory.mktemp("metrics")) as server:
        yield server


def test_before_anything_was_decided_there_is_nothing(served: Served) -> None:
    assert asked(served, "by=time,stage")["lines"] == []


def test_a_server_may_count_nothing(tmp_path: Path) -> None:
    with Served(tmp_path, metrics=False) as server:
        assert asked(server, "", 404)["code"] == "no_metrics"
