"""Alerts over metrics on a server: told once when they begin and when they end, to people, to webhooks and in the log, over a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.access.conftest import cheap
from tests.server.served import Served, payment
from tests.server.test_people import Bank
from tests.server.test_webhooks import OPEN, Receiver, decided, hook, receiver, until
from zhiyu.cli import main
from zhiyu.evaluation.cube.alert_rules import AlertRule
from zhiyu.evaluation.cube.declared import Declared
from zhiyu.records.store import RecordsAway
from zhiyu.server.metric_alerts import MetricAlerts, known_of

__all__ = ["cheap", "receiver"]
BUSY = AlertRule(name="busy", over="5m", by="region", when="decisions >= 3", zh="忙")
CASES = AlertRule(name="cases", when="cases_open >= 1")
WAITS = AlertRule(name="waits", when="case_wait_hours >= 0.0 and cases_open >= 1")
SLOW = AlertRule(name="slow", when="answer_p99_ms > 0.001")


def look(server: Served) -> list[tuple[str, str, bool]]:
    told = server.run(MetricAlerts(server.site).look(server.site.desks["default"]))
    return [(each.rule, each.of, bool(each.ended)) for each in told]


def at(minute: int) -> str:
    return f"2027-01-15T08:{minute:02}:30+08:00"


def alerts(server: Served, words: str = "") -> list[dict[str, Any]]:
    return server.client.get(f"/v1/metrics/alerts{words}").json()["alerts"]


def test_told_when_it_begins_and_ends_and_not_again_after_a_restart(tmp_path: Path) -> None:
    monitored = Declared(alerts=(BUSY,))
    with Served(tmp_path, monitored=monitored) as server:
        for number in range(4):
            server.client.post("/v1/decisions", content=payment(number, time=at(number)))
        server.client.post("/v1/decisions", content=payment("k1", time=at(4), city="上海"))
        look(server)
        assert look(server) == [], "a minute is looked at once"
        [alert] = alerts(server, "?state=open")
        assert (alert["rule"], alert["by"], alert["of"], alert["severity"]) == ("busy", "region", "北京", "warning")
        assert alert["figures"]["decisions"] in (3, 4)
        assert "决策数" in alert["zh"]
        assert alerts(server, "?state=ended") == []
        assert server.client.get("/v1/metrics/alerts?state=new").status_code == 422
        assert any('"metric_alert"' in line for line in server.log.getvalue().splitlines())
    with Served(tmp_path, monitored=monitored) as server:
        look(server)
        assert [each["number"] for each in alerts(server)] == [alert["number"]], "it still lasts"
        server.client.post("/v1/decisions", content=payment("late", time=at(30), city="上海"))
        look(server)
        [ended] = alerts(server)
        assert (ended["number"], bool(ended["ended"])) == (alert["number"], True)
    with Served(tmp_path / "other") as server:
        assert server.client.get("/v1/metrics/alerts").json()["code"] == "no_alerts"
    (tmp_path / "m.yaml").write_text(
        "alerts: [{name: busy, over: 5m, by: region, when: decisions >= 3}]", encoding="utf-8"
    )
    words = ["metrics", "--data", str(tmp_path), "--monitoring", str(tmp_path / "m.yaml"), "--alerts"]
    run = CliRunner(env={"ZHIYU_LANG": "en"}).invoke(main, [*words, "--json"], catch_exceptions=False)
    told = json.loads(run.output.splitlines()[-1])["alerts"]
    assert [(each["of"], bool(each["ended"])) for each in told] == [("北京", False), ("北京", True)]
    assert told[1]["ended"] == ended["ended"], "the past tells what the server told"
    assert "1 alerts" in CliRunner(env={"ZHIYU_LANG": "en"}).invoke(main, words, catch_exceptions=False).output


def test_webhooks_are_told_and_figures_of_the_server_are_known(tmp_path: Path, receiver: Receiver) -> None:
    with Bank(tmp_path, settings=OPEN, monitored=Declared(alerts=(CASES, BUSY, SLOW, WAITS))) as bank:
        hook(bank, receiver, kinds=("metric.*",))
        decided(bank, ["a0", "a1", "a2"])
        strategist = bank.signed_in("strategist")
        bank.server.run(bank.server.site.following.round())  # type: ignore[union-attr]
        bank.server.run(_time_passes(bank))
        look(bank.server)
        wanted = {"cases", "waits"}
        until(lambda: wanted <= {each["data"]["rule"] for each in receiver.told() if each["type"] == "metric.raised"})
        assert strategist.get("/v1/metrics/alerts").status_code == 200
        assert [each["rule"] for each in strategist.get("/v1/metrics/alerts?state=open").json()["alerts"]]


async def _time_passes(bank: Bank, minute: int = 9) -> Any:
    return await bank.server.site.desks["default"].submit([payment("z", time=at(minute), city="上海")])


def test_what_webhooks_are_to_be_told_waits_for_the_records(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away while an alert begins: people and the log are told, webhooks later, once."""
    with Bank(tmp_path, settings=OPEN, monitored=Declared(alerts=(BUSY,))) as bank:
        hook(bank, receiver, kinds=("metric.*",))
        decided(bank, ["a0", "a1", "a2"])
        bank.server.run(_time_passes(bank, 2))

        def away(*given: Any) -> Any:
            raise RecordsAway("away", "离线")

        with monkeypatch.context() as patch:
            patch.setattr("zhiyu.server.metric_alerts.put", away)
            look(bank.server)
            known = known_of(bank.server.site.desks["default"])
            assert [each.rule for each in known.open] == ["busy"]
        look(bank.server)
        look(bank.server)
        told = until(lambda: [each for each in receiver.told() if each["type"] == "metric.raised"])
        assert [each["data"]["rule"] for each in told] == ["busy"]
        assert known_of(bank.server.site.desks["default"]).untold == []
