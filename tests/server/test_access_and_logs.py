"""Keys over HTTP, and what log lines may hold: neither keys nor anything about a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.access.test_keys import with_key
from tests.engine.live_stream import live_opened
from tests.server.served import Served, payment
from zhiyu.access.gate import MAX_FAILURES, Gate
from zhiyu.engine.live import Live

PERSONAL = ("13912345678", "110101199003074012", "张三丰", "62220212345678", "secret-id-77", "zk_", "Bearer")


def test_keys_decide_who_may_do_what(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    decide, read = with_key(path)[0].decode(), with_key(path, ("read", "metrics"))[0].decode()
    foreign = with_key(path, ("admin",), "elsewhere")[0].decode()
    with Served(tmp_path / "data", gate=Gate(path)) as server:
        asked = [
            ("POST", "/v1/decisions", "", 401), ("POST", "/v1/decisions", "Bearer zk_no", 401), ("POST", "/v1/decisions", read, 403),
            ("POST", "/v1/decisions", foreign, 403), ("POST", "/v1/decisions", decide, 200), ("POST", "/v1/decisions:batch", decide, 200),
            ("POST", "/v1/decisions:stream", read, 403), ("POST", "/v1/events", decide, 403),
            ("GET", "/v1/decisions/p1", decide, 403), ("GET", "/v1/decisions/p1", read, 200),
            ("GET", "/v1/decisions/p1/explanation", read, 200),
            ("GET", "/metrics", read, 200), ("GET", "/metrics", "", 401), ("GET", "/healthz", "", 200), ("GET", "/readyz", "", 200),
            ("GET", "/openapi.json", "", 200), ("GET", "/v1/decisions/p1", "", 401),
        ]  # fmt: skip
        for method, address, key, status in asked:
            headers = {"authorization": key, "host": "bank.example"} if key else {}
            answer = server.client.request(
                method, address, content=payment(1) if method == "POST" else None, headers=headers
            )
            assert (method, address, answer.status_code) == (method, address, status), answer.text
        assert server.client.post("/v1/decisions", content=payment(1)).headers["www-authenticate"] == "Bearer"
        for _ in range(MAX_FAILURES):
            last = server.client.get("/metrics")
        assert (last.status_code, last.headers["retry-after"]) == (429, "60")
        assert server.client.get("/metrics", headers={"authorization": read}).status_code == 200
        assert (
            "policies" not in server.client.get("/readyz").text or server.client.get("/readyz").json()["policies"] == {}
        )


def test_no_log_line_holds_a_key_or_anything_about_a_person(tmp_path: Path) -> None:
    """Every route, with personal data wherever a caller can put it: values, field names, ids, addresses, headers."""
    path = tmp_path / "keys.json"
    key = with_key(path, ("admin",))[0].decode()
    person = {"phone": "13912345678", "city": "张三丰", "card": "62220212345678", "id": "secret-id-77"}
    bodies = [
        payment(1, **person), payment(2, **person | {"amount": "110101199003074012"}),
        payment(1, **person | {"city": "110101199003074012"}),
        payment(3, **person | {"110101199003074012": 1}), payment(4, **person).replace(b"}", b', "13912345678": NaN}'),
        payment(5, **person).replace(b"}", b', "13912345678": 1, "13912345678": 2}'), payment(6, **person).replace(b"}", b""),
        payment(7, **person | {"type": "张三丰"}), payment(8, **person | {"time": "13912345678"}),
    ]  # fmt: skip
    with Served(tmp_path / "data", gate=Gate(path), log_all=True) as server:
        for authorization in (key, "Bearer zk_wrong110101199003074012"):
            client = server.client
            client.headers["authorization"] = authorization
            client.headers["accept-language"] = "zh"
            for body in bodies:
                for route in ("decisions", "decisions:batch", "decisions:stream", "events"):
                    client.post(f"/v1/{route}", content=body)
            for address in (
                "/v1/decisions/secret-id-77", "/v1/decisions/secret-id-77/explanation?lang=zh", "/v1/decisions/secret-id-77?13912345678=1",
                "/v1/110101199003074012", "/v1/decisions/x/explanation?lang=13912345678", "/metrics?zk_a=Bearer",
            ):  # fmt: skip
                client.get(address)
                client.put(address)
            client.post("/v1/decisions?13912345678=1", content=bodies[0])
            client.post(
                "/v1/decisions?source=13912345678", content=bodies[0], headers={"zhiyu-request-id": "张".encode()}
            )
        with server.connect() as connection:
            connection.sendall(b"GET /13912345678 zk_x\r\nBearer\r\n\r\n")
            connection.recv(1_000)
    log = server.log.getvalue()
    assert log.count("\n") > 60
    assert [word for word in PERSONAL if word in log] == []


def test_an_error_nobody_expected_is_told_without_its_text(tmp_path: Path) -> None:
    """The exception quotes a phone number; the caller and the log learn the kind, the place and the request id."""
    opened = live_opened()

    class Odd(Live):
        def decision(self, event_id: str) -> bytes | None:
            raise KeyError("13912345678")

    with Served(tmp_path, makes=lambda: Odd(tmp_path / "default", opened, clock="events")) as server:
        answer = server.client.get("/v1/decisions/p1", headers={"zhiyu-request-id": "odd-1"})
        assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal", "odd-1")
    lines = [line for line in server.log_lines() if line["event"] == "unexpected"]
    assert [(line["kind"], line["request_id"]) for line in lines] == [("KeyError", "odd-1")]
    assert "test_access_and_logs.py:" in lines[0]["places"]
    assert "13912345678" not in server.log.getvalue() + answer.text


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1._Z", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("", False)]
)
def test_a_request_id_is_taken_over_when_it_is_harmless(
    tmp_path_factory: pytest.TempPathFactory, given: str, kept: bool
) -> None:
    with Served(tmp_path_factory.mktemp("ids")) as server:
        found = server.client.get("/healthz", headers={"zhiyu-request-id": given}).headers["zhiyu-request-id"]
    assert (found == given) is kept
    assert found
