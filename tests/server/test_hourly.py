"""A running server reports on its variables by itself: the hour is over, the report is there by HTTP, what is odd stands in the log."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from tests.server.served import Served
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

POLICY = b"""
name: watched
clock: {lateness: 1h}
events:
- name: payment
  fields: {customer: {type: string, required: true}, amount: {type: money, required: true}, device: {type: string}}
- name: feature_anomaly
  decide: false
  fields: {hour: {type: string}, about_type: {type: string}, variable: {type: string}, anomaly: {type: string}, value: {type: number},
           before: {type: number}, events: {type: int}, at_position: {type: int}}
features:
- {name: of_device, aggregate: count, by: device, over: 24h, on: [payment]}
- {name: odd, aggregate: count, by: anomaly, over: 30d, on: [feature_anomaly]}
- {name: strange, expr: "coalesce(of_device, 0) + 0"}
rule_sets:
- name: main
  on: [payment]
  rules: [{name: much, when: of_device > 1000 or strange > 1000, outcome: review}]
"""
WAIT_S = 120


def opened() -> Opened:
    """A policy that takes what is odd as events."""
    return open_policy(load_texts({"policy.yaml": POLICY}).policy)


def payments(hours: range) -> list[dict[str, Any]]:
    """Eighty payments an hour from the first of March on; from 15:00 of the third day on every other one has no device."""
    made = []
    for hour in hours:
        for number in range(80):
            at = hour * 80 + number
            event = {
                "type": "payment", "id": f"p{at}", "customer": f"c{at % 97}", "amount": "10.00", "device": f"d{at % 89}",
                "time": f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:{number * 45 // 60:02}:{number * 45 % 60:02}Z",
            }  # fmt: skip
            if hour >= 2 * 24 + 15 and number % 2:
                del event["device"]
            made.append(event)
    return made


def sent(server: Served, hours: range) -> None:
    """Send them as facts or decisions; all must be taken."""
    events = payments(hours)
    for first in range(0, len(events), 1_000):
        answer = server.client.post("/v1/events", json=events[first : first + 1_000])
        assert answer.json()["refused"] == [], answer.text


def report_over(server: Served, hour: str) -> dict[str, Any]:
    """The report, once this hour is in it; the server makes it when it finds the hour over."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        answer = server.client.get("/v1/features/report")
        if answer.status_code == 200 and any(each["hour"] == hour for each in answer.json()["hours"]):
            found: dict[str, Any] = answer.json()
            return found
        threading.Event().wait(0.1)
    raise AssertionError(server.log.getvalue()[-2000:])


def test_the_server_makes_reports_and_tells_what_is_odd(tmp_path: Path, monkeypatch: Any) -> None:
    """Two quiet days, then devices go missing; nobody runs a command. After a restart nothing is told twice."""
    monkeypatch.setattr("zhiyu.server.hourly.LOOK_S", 0.05)
    policy = opened()

    def makes() -> Live:
        return Live(tmp_path / "default", policy, clock="events")

    with Served(tmp_path, makes=makes, hourly=24) as server:
        early = server.client.get("/v1/features/report")
        assert (early.status_code, early.json()["code"]) == (404, "no_report")
        sent(server, range(2 * 24 + 17))
        report = report_over(server, "2026-03-03T15:00:00Z")
        odd = [each for each in report["anomalies"] if each["anomaly"] == "missing"]
        assert {each["hour"] for each in odd} == {"2026-03-03T15:00:00Z"}
        page = server.client.get("/v1/features/report?format=html")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "of_device" in page.text
        assert server.client.get("/v1/features/report?format=pdf").json()["field"] == "format"
        told = wait_for_line(server, "feature_report")
        assert told["anomalies_told"] == len(report["anomalies"]) > 0
        again = server.client.post("/v1/events", json=report["anomalies"]).json()
        assert (again["taken"], again["repeated"]) == (0, len(report["anomalies"])), "they stand in the log already"
    with Served(tmp_path, makes=makes, hourly=24) as server:
        assert server.client.get("/v1/features/report").json() == report, "it outlives the server"
        sent(server, range(2 * 24 + 17, 2 * 24 + 19))
        later = report_over(server, "2026-03-03T16:00:00Z")
        told = wait_for_line(server, "feature_report")
        assert told["anomalies_told"] == len(later["anomalies"]) - len(report["anomalies"])


def wait_for_line(server: Served, what: str) -> dict[str, Any]:
    """The first log line of this kind."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        for line in server.log.getvalue().splitlines():
            found: dict[str, Any] = json.loads(line)
            if found.get("what", found.get("event")) == what:
                return found
        threading.Event().wait(0.1)
    raise AssertionError(server.log.getvalue()[-2000:])


def test_without_it_the_server_says_how_to_get_it(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        answer = server.client.get("/v1/features/report")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_report")
        assert "--hourly" in answer.json()["detail_en"]
