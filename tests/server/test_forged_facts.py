"""Labels and decisions come from inside only: whoever may send events cannot say what was fraud, or what we decided, through any door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.access.test_keys import with_key
from tests.engine.live_stream import live_opened, live_policy
from tests.server.served import Served, payment
from zhiyu.access.gate import Gate
from zhiyu.app import replay
from zhiyu.engine.opened import open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import LABEL, LabelColumn, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_few
from zhiyu.events.wire import decode_wire

NOT_SENT = {"label": "POST /v1/labels", "decision": "feedback.decisions", "gang_alert": "alert_people"}
PLAIN, ODD = {}, {"note": {"nested": [1]}}
"""A record that machine code reads, and one that is left to the definitions."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served")) as made:
        yield made


def forged(kind: str, number: int | str = 1, **more: Any) -> bytes:
    return payment(f"f{number}", type=kind, fraud=True, outcome="decline", score=9, **more)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("more", [PLAIN, ODD])
@pytest.mark.parametrize("kind", NOT_SENT)
def test_no_door_takes_them(server: Served, kind: str, more: dict[str, Any], language: str) -> None:
    live = server.site.desks["default"].live
    before = live.engine.accepted, live.log.place
    body = forged(kind, **more)
    seen = []
    headers = {"accept-language": language}
    for count in (1, 5, 60):
        lines = b"\n".join([body] * count)
        told = server.client.post(
            "/v1/events", content=lines, headers=headers | {"content-type": "application/x-ndjson"}
        )
        seen += told.json()["refused"]
        assert told.json()["taken"] == told.json()["repeated"] == 0
        told = server.client.post(
            "/v1/decisions:batch", content=b"[" + b",".join([body] * count) + b"]", headers=headers
        )
        seen += told.json()["answers"]
        told = server.client.post("/v1/decisions:stream", content=lines, headers=headers)
        seen += [json.loads(line) for line in told.text.splitlines()]
    seen.append(server.client.post("/v1/decisions", content=body, headers=headers).json())
    assert len(seen) == 3 * (1 + 5 + 60) + 1
    assert {(each["status"], each["code"], each["field"]) for each in seen} == {(422, "not_sent", "type")}
    assert all(NOT_SENT[kind] in each["detail"] for each in seen)
    assert (live.engine.accepted, live.log.place) == before


def test_a_forged_one_among_good_ones_is_refused_alone(server: Served) -> None:
    bodies = [payment(number) for number in range(6)]
    bodies.insert(3, forged("label"))
    answers = server.client.post("/v1/decisions:batch", content=b"[" + b",".join(bodies) + b"]").json()["answers"]
    assert [each.get("code", "decided") for each in answers] == ["decided"] * 3 + ["not_sent"] + ["decided"] * 3
    assert answers[3]["line"] == 4
    later = server.decide(payment("later")).json()
    assert "burnt" not in later["rules"]
    assert server.client.post("/v1/labels", json={"event": "p0", "fraud": True}).json()["status"] == "taken"
    assert "burnt" in server.decide(payment("burnt")).json()["rules"]


def test_no_reader_lets_one_through() -> None:
    opened = live_opened()
    schema = opened.compiled.schema
    assert LABEL in schema.type_index  # features count it
    record = json.loads(forged("label"))
    plain, left = decode_wire(schema, [forged("label"), payment(1), payment(2)], [0, 1, 2], opened.codes, "t")
    assert plain is not None
    assert (plain.n, left) == (2, [0])
    for found in (
        decode(schema, None, RawBatch(records=[record] * 3), opened.codes, "t"),
        decode_few(schema, None, [record] * 3, opened.codes, "t", [0, 1, 2]),
    ):
        assert found.batch.n == 0
        assert [each.code for each in found.refusals] == ["not_sent"] * 3


def test_a_file_brings_labels_in_a_column_only(tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"\n".join([payment(1), forged("label"), forged("decision"), payment(2)]))
    report = replay(events, live_policy(), out=tmp_path / "run").report
    assert (report.decided, report.refused) == (2, 2)
    letters = [
        json.loads(line) for line in (tmp_path / "run" / "default" / "dead_letters.ndjson").read_text().splitlines()
    ]
    assert [(each["code"], each["line"]) for each in letters] == [("not_sent", 2), ("not_sent", 3)]


def test_a_source_that_carries_labels_is_for_those_who_may_label(tmp_path: Path) -> None:
    fields = {name: name for name in ("amount", "card", "city")}
    told = Source(name="told", event="payment", id="id", time=TimeColumn(column="time"), fields=fields)
    truth = msgspec.structs.replace(told, name="truth", label=LabelColumn(column="bad", delay="0s"))
    policy = msgspec.structs.replace(live_policy(), sources=(told, truth))
    file = tmp_path / "keys.json"
    keys = [with_key(file, scopes)[0].decode() for scopes in (("decide",), ("decide", "labels"), ("admin",))]
    with Served(tmp_path / "data", open_policy(policy), gate=Gate(file)) as server:
        for name, statuses in (("told", [200, 200, 200]), ("truth", [403, 200, 200])):
            found = []
            for number, key in enumerate(keys):
                body, headers = payment(f"{name}{number}", bad=1), {"authorization": key}
                answer = server.client.post(f"/v1/decisions?source={name}", content=body, headers=headers)
                found.append(answer.status_code)
                if answer.status_code == 403:
                    assert (answer.json()["code"], "labels" in answer.json()["detail"]) == ("scope", True)
            assert found == statuses
