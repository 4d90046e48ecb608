"""What every answer of a route for people tells the browser."""

from __future__ import annotations

from pathlib import Path

from tests.access.conftest import cheap
from tests.server.test_people import Bank
from zhiyu.server.reads import protected

__all__ = ["cheap"]
SAID = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin", "cache-control": "no-store",
}  # fmt: skip


def test_every_answer_for_people_says_what_browsers_keep_to(tmp_path: Path) -> None:
    with Bank(tmp_path) as bank:
        client = bank.signed_in("auditor")
        for address in (
            "/v1/me",
            "/v1/audit",
            "/v1/people",
            "/v1/nothing",
            "/healthz",
            "/openapi.json",
            "/docs",
            "/v1/decisions/none",
        ):
            answer = client.get(address)
            assert {name: answer.headers.get(name) for name in SAID} == SAID, address
            assert "default-src 'none'" in answer.headers["content-security-policy"], address
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], address
            assert "strict-transport-security" not in answer.headers
            assert "server" not in answer.headers
        page = client.get("/docs").headers["content-security-policy"]
        assert "connect-src 'self'" in page, "a page says for itself what it needs"
        assert "http:" not in page


def test_over_tls_it_stays_tls_and_a_route_may_say_more() -> None:
    told = dict(protected([(b"content-security-policy", b"own")], b"r1", True))
    assert told[b"strict-transport-security"] == b"max-age=31536000"
    assert (told[b"content-security-policy"], told[b"zhiyu-request-id"]) == (b"own", b"r1")
    assert b"strict-transport-security" not in dict(protected([], b"r1", False))
