"""A strategist holds a version against the one in force, over what this server decided: what the study says, what is refused, who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_stream import live_opened, records
from tests.server.served import Served
from tests.server.test_studies import ended
from zhiyu.engine.kept import Kept
from zhiyu.evaluation.backtest_page import page
from zhiyu.evaluation.log_backtest import compared_on_log
from zhiyu.evaluation.span import Span

STRICT = live_opened(limit=10)
LINES = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("versions")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    """A server that decided some hundred events under two versions; the strict one is kept, and no longer in force."""
    with Served(folder) as made:
        bodies = records(11, 500)
        for at in range(0, 250, 50):
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 50]), headers=LINES)
        assert made.client.post("/v1/policy", content=STRICT.artifact.to_json()).json()["status"] == "in_force"
        for at in range(250, 400, 50):
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 50]), headers=LINES)
        assert made.client.post("/v1/policy:rollback").status_code == 200
        for at in range(400, 500, 50):
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 50]), headers=LINES)
        yield made


def begun(server: Served, **asked: str) -> dict[str, Any]:
    answer = server.client.post("/v1/backtests", json=asked)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_version_is_held_against_the_one_in_force(server: Served, folder: Path) -> None:
    live = server.client.get("/v1/policy").json()["in_force"]["policy"]
    first = begun(server, candidate=STRICT.artifact.hash)
    assert (first["kind"], first["versions"], first["by"]) == ("backtest", [live, STRICT.artifact.hash], "api")
    told = ended(server.client, first["study"])
    assert (told["state"], told["progress"], told["why"]) == ("done", 1.0, None)
    result = told["result"]

    kept = Kept(folder, "default")
    same = compared_on_log(kept, kept.policy(live), kept.policy(STRICT.artifact.hash), Span(), lambda done: None)
    whole = same.to_dict()
    for name in ("figures", "matrix", "compared", "moved", "days", "mcnemar"):
        assert result[name] == whole[name], name
    assert result["moved"] > 0
    assert result["matrix"]["outcomes"][0] == "pass"
    assert [each["rule"] for each in result["rules"]] == [each["rule"] for each in whole["rules"]]
    assert all(each["en"] and each["zh"] for each in result["rules"] + result["summary"] + result["said"])

    money = [each["money"] for each in result["examples"]]
    assert money == sorted(money, reverse=True)
    for each in result["examples"][:5]:
        assert each["live"]["outcome"] != each["candidate"]["outcome"]
        assert server.client.get(f"/v1/decisions/{each['id']}").status_code == 200, "it leads to the decision"
    told_page = server.client.get(f"/v1/studies/{first['study']}/report")
    assert "<script" not in told_page.text
    assert str(folder) not in told_page.text, "where the log lies is not told"
    same.events = ""
    assert len(told_page.text) == pytest.approx(len(page(same)), abs=40)


def test_two_versions_of_ones_choice_over_a_span(server: Served) -> None:
    live = server.client.get("/v1/policy").json()["in_force"]["policy"]
    whole = ended(server.client, begun(server, candidate=live, live=STRICT.artifact.hash)["study"])["result"]
    assert (whole["live"]["hash"], whole["candidate"]["hash"]) == (STRICT.artifact.hash, live)
    middle = sorted(each["date"] for each in whole["days"])[len(whole["days"]) // 2]
    part = ended(server.client, begun(server, candidate=live, live=STRICT.artifact.hash, begins=middle)["study"])
    if whole["days"][0]["date"] < middle:
        assert 0 < part["result"]["compared"] < whole["compared"]
    assert part["begins"] == middle
    none = ended(server.client, begun(server, candidate=STRICT.artifact.hash, begins="2049-01-01")["study"])
    assert none["state"] == "failed"
    assert none["why"]["en"]
    assert none["why"]["zh"]


def test_what_cannot_be_tested_is_refused_with_its_field(server: Served) -> None:
    live = server.client.get("/v1/policy").json()["in_force"]["policy"]
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({}, 422, "candidate"), ({"candidate": "f" * 64}, 404, "candidate"), ({"candidate": live}, 422, "candidate"),
        ({"candidate": "../../x"}, 404, "candidate"), ({"candidate": STRICT.artifact.hash, "live": "0" * 64}, 404, "live"),
        ({"candidate": STRICT.artifact.hash, "begins": "soon"}, 422, "begins"),
        ({"candidate": STRICT.artifact.hash, "days": 3}, 422, "days"),
        ({"candidate": STRICT.artifact.hash, "begins": "2026-03-02", "ends": "2026-03-01"}, 422, "begins"),
    ]  # fmt: skip
    for body, status, field in wrong:
        answer = server.client.post("/v1/backtests", json=body)
        assert (answer.status_code, answer.json()["field"]) == (status, field), body
        assert answer.json()["detail_zh"]


def test_a_backtest_is_cancelled_and_stays_in_the_list(server: Served) -> None:
    numbers = [begun(server, candidate=STRICT.artifact.hash)["study"] for _ in range(2)]
    for number in reversed(numbers):
        assert server.client.post(f"/v1/studies/{number}:cancel").json()["state"] in ("cancelled", "done")
    listed = server.client.get("/v1/studies").json()["studies"]
    assert [each["study"] for each in listed[:2]] == numbers[::-1]
    assert all(each["begun"] for each in listed[:2])


def test_only_so_many_wait(server: Served) -> None:
    answers = [server.client.post("/v1/backtests", json={"candidate": STRICT.artifact.hash}) for _ in range(12)]
    begun_now = [each.json()["study"] for each in answers if each.status_code == 202]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"]
    for number in reversed(begun_now):
        server.client.post(f"/v1/studies/{number}:cancel")
