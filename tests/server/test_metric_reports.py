"""Declared reports of a server: each made once when its period has ended, caught up after the server was down, in three forms."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.engine.live_stream import records
from tests.server.served import Served
from zhiyu.cli import main
from zhiyu.evaluation.cube.declared import Declared, Line, Sheet, Template, read_declared
from zhiyu.server.metric_reports import MetricReports

FORM = """
reports:
- name: hourly
  every: hour
  en: The hour
  zh: 小时报
  kept: 40
  lines: [{measure: decisions, code: A1}, {measure: stopped, where: {outcome: [review, decline]}}]
  tables: [{measures: [decisions, stopped_money], by: [outcome]}]
- {name: daily, every: day, lines: [{measure: decisions}]}
"""


def declared(folder: Path) -> Declared:
    (folder / "reports.yaml").write_text(FORM, encoding="utf-8")
    return read_declared(folder / "reports.yaml")


def look(server: Served) -> list[str]:
    made = MetricReports(server.site).look(server.site.desks["default"])
    return asyncio.run_coroutine_threadsafe(made, server._loop).result(60)


def decide(server: Served, bodies: list[bytes]) -> list[dict[str, Any]]:
    told = [server.client.post("/v1/decisions", content=body).json() for body in bodies]
    return [each for each in told if each.get("status") == "decided" and not each.get("repeated")]


def later(bodies: list[bytes], hours: int) -> list[bytes]:
    """The same events, other ids, so many hours on."""
    found = []
    for body in bodies:
        record = json.loads(body)
        moment = datetime.fromisoformat(record["time"]) + timedelta(hours=hours)
        found.append(json.dumps(record | {"id": f"later-{hours}-{record['id']}", "time": moment.isoformat()}).encode())
    return found


def ids(server: Served, words: str = "") -> list[str]:
    return [each["id"] for each in server.client.get(f"/v1/metrics/reports{words}").json()["reports"]]


def test_each_is_made_once_when_its_period_has_ended_and_caught_up_later(tmp_path: Path) -> None:
    bodies = records(3, 60)
    with Served(tmp_path / "data", monitored=declared(tmp_path)) as server:
        assert look(server) == [], "nothing was decided yet"
        told = decide(server, bodies) + decide(server, later(bodies[:4], 30))
        look(server)
        assert len(ids(server, "?name=hourly")) == 1, "the first is of the last hour"
        assert look(server) == [], "each is made once"
        told += decide(server, later(bodies[:4], 36))
        look(server)
        assert len(ids(server, "?name=hourly")) == 7, "what ended meanwhile is caught up"
        listed = ids(server, "?name=hourly")
        assert listed == sorted(listed, reverse=True)
        assert {each["name"] for each in server.client.get("/v1/metrics/reports").json()["declared"]} == {
            "hourly",
            "daily",
        }
        found = server.client.get(f"/v1/metrics/reports/{listed[0]}").json()
        assert found["id"] == listed[0]
        assert [each["code"] for each in found["lines"]] == ["A1", ""]
    with Served(tmp_path / "data", monitored=declared(tmp_path)) as server:
        assert ids(server, "?name=hourly") == listed, "they outlive the server"
        whole = sum(
            server.client.get(f"/v1/metrics/report?name=daily&as_of={day}").json()["lines"][0]["value"]
            for day in days([*bodies, *later(bodies, 36)])
        )
        assert whole == len(told)


def days(bodies: list[bytes]) -> list[str]:
    """The ends of the days on which these events fall."""
    dates = {datetime.fromisoformat(json.loads(body)["time"]).astimezone(UTC).date() for body in bodies}
    every = [min(dates) + timedelta(days=n) for n in range((max(dates) - min(dates)).days + 2)]
    return [f"{each + timedelta(days=1)}T00:00:00Z" for each in every]


def test_three_forms_and_what_is_not_there(tmp_path: Path) -> None:
    with Served(tmp_path / "data", monitored=declared(tmp_path)) as server:
        decide(server, records(3, 40))
        end = days(records(3, 40))[0]
        page = server.client.get(
            f"/v1/metrics/report?name=hourly&format=html&as_of={end}", headers={"accept-language": "zh"}
        )
        assert "小时报" in page.text
        assert page.headers["content-type"].startswith("text/html")
        table = server.client.get(f"/v1/metrics/report?name=hourly&format=csv&as_of={end}")
        assert table.text.splitlines()[3] == "code,en,zh,value"
        for path, status, word in (
            ("/v1/metrics/report?name=weekly", 404, "there are hourly, daily"),
            ("/v1/metrics/report?name=daily&as_of=soon", 422, "as_of"),
            ("/v1/metrics/report?name=daily&format=pdf", 422, "json, html or csv"),
            ("/v1/metrics/reports/hourly-2020-01-01T00", 404, "lists those there are"),
            ("/v1/metrics/reports/..%2F..%2Flog", 404, ""),
            ("/v1/metrics/reports/hourly-2020", 404, "lists those there are"),
        ):
            told = server.client.get(path)
            assert told.status_code == status, path
            assert word in told.json().get("detail_en", ""), path
    with Served(tmp_path / "other") as server:
        assert server.client.get("/v1/metrics/reports").json()["code"] == "no_reports"


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    template = Template(
        name="h", every="hour", kept=3, lines=(Line(measure="decisions"),), tables=(Sheet(measures=("hits",)),)
    )
    with Served(tmp_path / "data", monitored=Declared(reports=(template,))) as server:
        bodies = records(3, 6)
        decide(server, bodies)
        look(server)
        decide(server, later(bodies[:2], 300))
        look(server)
        kept = ids(server)
        assert len(kept) == 3
        assert kept == sorted(kept, reverse=True)
        assert look(server) == [], "what was dropped is not made again"


def test_the_command_line_writes_the_same(tmp_path: Path) -> None:
    with Served(tmp_path / "data", monitored=declared(tmp_path)) as server:
        decide(server, records(3, 60))
        end = days(records(3, 60))[0]
        over_http = server.client.get(f"/v1/metrics/report?name=daily&as_of={end}").json()
    words = (
        "metrics",
        "--data",
        str(tmp_path / "data"),
        "--monitoring",
        str(tmp_path / "reports.yaml"),
        "--until",
        end,
    )
    run = CliRunner(env={"ZHIYU_LANG": "en"}).invoke(
        main, [*words, "--out", str(tmp_path / "out"), "--report", "daily"], catch_exceptions=False
    )
    assert run.exit_code == 0, run.output
    (file,) = (tmp_path / "out").glob("*.json")
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["lines"] == over_http["lines"]
    assert written["id"] == over_http["id"]
    assert {each.suffix for each in (tmp_path / "out").iterdir()} == {".json", ".csv", ".html"}
    for more, word in (([], "go together"), (["--out", str(tmp_path / "o"), "--report", "dialy"], "did you mean")):
        wrong = CliRunner(env={"ZHIYU_LANG": "en"}).invoke(main, [*words, *more])
        assert wrong.exit_code == 1
        assert word in wrong.stderr
