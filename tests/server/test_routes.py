"""What each route answers: decisions, batches, facts, questions, and every way in which a body can be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.server.served import Served, payment, until_closed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("served")) as made:
        yield made


def test_a_decision_can_be_asked_for_again_and_explained(server: Served) -> None:
    told = server.decide(payment("r1", amount=450))
    assert told.status_code == 200, told.text
    content = told.json()
    assert (content["id"], content["outcome"], content["rules"]) == ("pr1", "review", ["large"])
    assert server.client.get("/v1/decisions/pr1").json() == content
    why = server.client.get("/v1/decisions/pr1/explanation", params={"lang": "zh"}).json()
    assert why["text"] == why["zh"]
    assert why["seen"]["amount"]
    again = server.decide(payment("r1", amount=450))
    assert again.json() == content | {"repeated": True}
    other = server.decide(payment("r1", amount=451))
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (409, "id_conflict", "id")


@pytest.mark.parametrize("odd", ["a/b", "智御 é", "?x=1#y", "..", "%41", "a:b", "\U0001f600", "x" * 200])
def test_an_id_may_hold_any_character(server: Served, odd: str) -> None:
    assert server.decide(payment(0, id=odd)).status_code == 200
    path = f"/v1/decisions/{quote(odd, safe='')}"
    found = server.connect()
    found.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while piece := found.recv(65_536):
        answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["id"] == odd


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/docs", 200),
        ("/v1/decisions:batch", 405),
        ("/nowhere", 404),
        ("/v1/decisions/none", 404),
    ],
)
def test_a_head_is_that_of_a_get_and_the_connection_goes_on(server: Served, path: str, status: int) -> None:
    """What watches a server often asks so: it must have an answer, and no body."""
    with server.connect() as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = connection.recv(65_536)
        assert head.startswith(b"HTTP/1.1 %d " % status), head
        assert head.endswith(b"\r\n\r\n"), head
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        found, body = until_closed(connection).split(b"\r\n\r\n", 1)
        assert b"\r\ncontent-length: %d\r\n" % len(body) in found + b"\r\n"
        if status != 405:
            assert b"\r\ncontent-length: %d\r\n" % len(body) in head or b"request_id" in body


WRONG = {
    "empty": (b"", 400, "bad_json", ""),
    "no JSON": (b'{"type": ', 400, "bad_json", "type"),
    "two objects": (payment("w") + payment("w"), 400, "bad_json", "city"),
    "no object": (b"[1, 2]", 400, "not_object", ""),
    "a number": (b"17", 400, "not_object", ""),
    "a byte order mark": (b"\xef\xbb\xbf" + payment("w"), 400, "bad_text", ""),
    "no UTF-8": (payment("w").replace(b"c1", b"\xff\xfe"), 400, "bad_text", "card"),
    "a key twice": (payment("w").replace(b'"card"', b'"amount": 2, "card"'), 400, "duplicate_key", "amount"),
    "NaN": (payment("w").replace(b"20,", b"NaN,"), 400, "bad_json", "amount"),
    "infinity": (payment("w").replace(b"20,", b"1e999,"), 400, "bad_json", "amount"),
    "deep": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "bad_json", "a"),
    "deep in a field": (payment("w").replace(b'"c1"', b"[" * 400 + b"]" * 400), 422, None, "card"),
    "a lone surrogate": (payment("w").replace(b'"c1"', rb'"\ud800"'), 400, "bad_json", "card"),
    "wrong type": (payment("w", amount={"a": 1}), 422, "wrong_type", "amount"),
    "absent": (payment("w", card=None), 422, "missing", "card"),
    "no id": (payment("w", id=None), 422, "no_id", "id"),
    "unknown type": (payment("w", type="loan"), 422, None, "type"),
    "no time": (payment("w", time="yesterday"), 422, None, "time"),
    "out of range": (payment("w", amount=-5), 422, None, "amount"),
    "too long": (payment("w", city="x" * 300_000), 413, "too_large", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_body_is_named(server: Served, name: str) -> None:
    body, status, code, field = WRONG[name]
    answer = server.decide(body, headers={"zhiyu-request-id": "wrong-1", "accept-language": "zh-CN"})
    content = answer.json()
    assert (answer.status_code, content.get("field", "")) == (status, field), content
    assert code is None or content["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["zhiyu-request-id"] == content["request_id"] == "wrong-1"
    assert content["detail"] == content["detail_zh"] != content["detail_en"]
    assert server.client.get("/v1/decisions/pw").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/decisions:batch", 405, "method"), ("PUT", "/healthz", 405, "method"), ("GET", "/v2", 404, "no_route"),
        ("GET", "/v1/decisions/unknown", 404, "no_decision"), ("GET", "/v1/decisions/%ff", 400, "path"),
        ("GET", "/v1/decisions/x/explanation?lang=fr", 422, "parameter"), ("GET", "/v1/decisions/x?y=1", 400, "query"),
        ("POST", "/v1/decisions?source=nobody", 422, "source"), ("POST", "/v1/decisions?deadline_ms=0", 422, "deadline"),
        ("POST", "/v1/decisions?deadline_ms=٣", 422, "deadline"), ("POST", "/v1/decisions?a=1", 400, "query"),
        ("POST", "/v1/decisions?source=a&source=b", 400, "query"), ("POST", "/v1/decisions:batch", 422, "empty"),
    ],
)  # fmt: skip
def test_every_other_mistake_has_the_same_shape(server: Served, method: str, path: str, status: int, code: str) -> None:
    answer = server.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {"type", "title", "detail", "detail_en", "detail_zh", "request_id"} <= answer.json().keys()
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_compressed_body_is_refused(server: Served) -> None:
    answer = server.decide(b"xx", headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["field"]) == (415, "Content-Encoding")


def test_a_bad_record_of_a_batch_is_refused_alone(server: Served) -> None:
    good, bad = payment("b1"), payment("b2", amount="much")
    for body, kind in (
        (b"[" + good + b",\n" + bad + b"]", "application/json"),
        (good + b"\n\n" + bad, "application/x-ndjson"),
    ):
        answer = server.client.post("/v1/decisions:batch", content=body, headers={"content-type": kind})
        first, second = answer.json()["answers"]
        assert (answer.status_code, first["id"], second["field"]) == (200, "pb1", "amount")
        assert second["line"] == (2 if kind == "application/json" else 3)
    assert server.client.get("/v1/decisions/pb2").status_code == 404


def test_a_batch_takes_a_thousand_and_not_one_more(server: Served) -> None:
    lines = [payment(f"m{number}") for number in range(1_001)]
    assert len(server.client.post("/v1/decisions:batch", content=b"\n".join(lines[:1_000])).json()["answers"]) == 1_000
    over = server.client.post("/v1/decisions:batch", content=b"\n".join(lines))
    assert (over.status_code, over.json()["code"]) == (422, "limit")
    assert server.client.get("/v1/decisions/pm1000").status_code == 404


def test_facts_are_counted(server: Served) -> None:
    lines = [payment("f1"), payment("f2", amount="x"), payment("f1"), b"{"]
    answer = server.client.post("/v1/events", content=b"\n".join(lines)).json()
    assert (answer["taken"], answer["repeated"]) == (1, 1)
    assert [(each["line"], each["status"]) for each in answer["refused"]] == [(2, 422), (4, 400)]
    whole = json.dumps(json.loads(payment("f3")), indent=2).encode()
    assert server.client.post("/v1/events", content=whole).json() == {"taken": 1, "repeated": 0, "refused": []}


def test_more_lines_than_one_batch_are_all_taken(server: Served) -> None:
    lines = [payment(f"l{number}") for number in range(2_500)]
    assert server.client.post("/v1/events", content=b"\n".join(lines)).json() == {
        "taken": 2_500,
        "repeated": 0,
        "refused": [],
    }


def test_health_metrics_and_description(server: Served) -> None:
    assert server.client.get("/healthz").json() == {"status": "alive"}
    assert server.client.get("/readyz").json()["status"] == "ready"
    server.decide(payment("h1"))
    text = server.client.get("/metrics").text
    names = (
        "zhiyu_http_requests_total",
        "zhiyu_http_seconds_bucket",
        *(f'stage="{stage}"' for stage in ("wait", "decode", "decide", "write", "sync", "answer")),
        "zhiyu_batch_records",
        "zhiyu_queued",
        "zhiyu_loop_late_seconds",
        "zhiyu_request_cost_seconds",
    )
    assert [name for name in names if name not in text] == []
    page = server.client.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_an_open_server_answers_this_machine_only(server: Served) -> None:
    for headers in ({"host": "bank.example"}, {"origin": "http://elsewhere.example"}):
        answer = server.decide(payment("o1"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign")
    own = {"origin": f"http://127.0.0.1:{server.port}"}
    assert server.decide(payment("o2"), headers=own).status_code == 200
