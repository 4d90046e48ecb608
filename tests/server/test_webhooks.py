"""What leaves the server, to a real receiver: signed, in order, tried again, nothing lost when the database or the process was away."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import cheap
from tests.records.databases import postgres
from tests.server.served import Served, payment
from tests.server.test_people import Bank
from zhiyu.records.outbox import Effect, tell_log
from zhiyu.server.settings import Settings

__all__ = ["cheap", "postgres"]
OPEN = Settings(private_webhooks=True)
WAIT_S = 60


class Patient(ThreadingHTTPServer):
    """Lets as many wait to be heard as the server sends at a time; one that is not let in tries again only after a second."""

    request_queue_size = 128


class Receiver:
    """Takes what is sent, unless `answers` says otherwise; `got`: (headers, body) in order of arrival."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: Callable[[dict[str, Any]], int] = lambda told: 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = outer.answers(json.loads(body))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                if status == 302:
                    self.send_header("location", outer.url("/elsewhere"))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *told: Any) -> None:
                """Quiet."""

        self._server = Patient(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in list(self.got)]

    def keys(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in list(self.got)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def until(holds: Callable[[], Any]) -> Any:
    """What `holds` gives, once it is true."""
    deadline = time.monotonic() + WAIT_S
    while not (found := holds()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def decided(bank: Bank, ids: list[str], card: str = "c1", amount: int = 500) -> None:
    """Payments that are reviewed, one request each, so that they are frames of their own."""
    for each in ids:
        bank.server.run(_submit(bank, payment(each, card=card, amount=amount)))


async def _submit(bank: Bank, body: bytes) -> Any:
    return await bank.server.site.desks["default"].submit([body])


def hook(bank: Bank, receiver: Receiver, name: str = "crm", kinds: tuple[str, ...] = ("decision.*",)) -> bytes:
    """Declare one; its secret."""
    body = {"name": name, "url": receiver.url(), "kinds": list(kinds), "private": True}
    answer = bank.signed_in("administrator").post("/v1/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    bank.server.run(bank.server.site.outgoing["default"].round())
    return base64.b64decode(answer.json()["secret"].removeprefix("whsec_"))


def test_a_decision_arrives_signed_in_order_and_is_tried_again(tmp_path: Path, receiver: Receiver) -> None:
    """Two cards; the receiver is down for one of them at first. What follows for that card waits, the other goes on."""
    with Bank(tmp_path, settings=OPEN) as bank:
        secret = hook(bank, receiver)
        failing = {"pa0"}
        receiver.answers = lambda told: 503 if told["data"]["id"] in failing else 204
        decided(bank, ["a0", "a1"], "card-a")
        decided(bank, ["b0", "b1"], "card-b")
        until(lambda: len({told["data"]["id"] for told in receiver.told()}) == 3)
        failing.clear()
        until(lambda: [told["data"]["id"] for told in receiver.told()][-1] == "pa1")
        order = [told["data"]["id"] for told in receiver.told()]
        assert order.count("pa0") >= 2
        assert order.index("pb0") < order.index("pb1")
        assert len(order) - 1 - order[::-1].index("pa0") < order.index("pa1")
        for headers, body in receiver.got:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            proof = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
            assert headers["webhook-signature"] == f"v1,{proof}"
            assert abs(int(headers["webhook-timestamp"]) - time.time()) < WAIT_S
        told = receiver.told()[-1]
        assert told["type"] == f"decision.{told['data']['outcome']}"
        assert told["data"]["receipt"].startswith("zr1.default.")
        assert b"card-a" not in b"".join(body for _, body in receiver.got), "no raw value leaves"


def test_dead_letters_are_seen_and_sent_again_and_redirects_are_not_followed(
    tmp_path: Path, receiver: Receiver
) -> None:
    with Bank(tmp_path, settings=OPEN) as bank:
        hook(bank, receiver, kinds=("decision.review",))
        admin = bank.signed_in("administrator")
        receiver.answers = lambda told: 302
        decided(bank, ["x"])
        dead = until(lambda: admin.get("/v1/outbox?state=dead").json()["deliveries"])
        assert (len(dead), dead[0]["last"], dead[0]["tries"]) == (1, "answered 302", 1)
        receiver.answers = lambda told: 200
        assert admin.post(f"/v1/outbox/{dead[0]['number']}:replay").json()["key"] == dead[0]["key"]
        until(lambda: admin.get("/v1/outbox?state=done").json()["deliveries"])
        assert receiver.keys() == [dead[0]["key"]] * 2
        assert admin.post("/v1/outbox/99:replay").status_code == 404
        assert admin.post("/v1/webhooks/crm:test").status_code == 200
        until(lambda: [told["type"] for told in receiver.told()][-1] == "test.ping")
        assert admin.delete("/v1/webhooks/crm").json() == {"status": "removed"}
        assert admin.delete("/v1/webhooks/crm").status_code == 404
        verbs = [
            each["verb"] for each in bank.signed_in("auditor").get("/v1/audit?about=webhook/crm").json()["entries"]
        ]
        assert verbs == ["webhook.remove", "webhook.test", "webhook.put"]


def test_what_the_log_must_know_reaches_it_once(tmp_path: Path) -> None:
    with Bank(tmp_path) as bank:
        decided(bank, ["known"])
        staff = bank.server.site.staff
        assert staff is not None
        label = Effect(
            "label", "case/1", "case/1/closed", {"event": "pknown", "fraud": True, "author": "person:investigator"}
        )
        event = Effect(
            "event", "case/1", "case/1/login", {"type": "login", "time": "2027-01-15T09:00:00+08:00", "card": "c1"}
        )
        wrong = Effect("label", "case/2", "case/2/closed", {"event": "nobody", "fraud": True})
        for _ in range(2):
            with staff.records.writing() as connection:
                tell_log(connection, "default", [label, event, wrong], 1)
        admin = bank.signed_in("administrator")
        until(lambda: all(d["state"] in ("done", "dead") for d in admin.get("/v1/outbox").json()["deliveries"]))
        found = {d["about"]: (d["state"], d["last"]) for d in admin.get("/v1/outbox").json()["deliveries"]}
        assert found["case/1"] == ("done", "")
        assert found["case/2"][0] == "dead"
        assert "no such event" in found["case/2"][1]
        assert bank.server.site.desks["default"].live.engine.accepted == 2


def test_nothing_is_lost_when_the_process_ends_in_between(tmp_path: Path, receiver: Receiver) -> None:
    """What was decided and not yet read, written and not yet sent, or sent and not yet written down: told after the restart; the last kind
    under the key it was told before."""
    with Bank(tmp_path, settings=OPEN) as bank:
        hook(bank, receiver)
        outgoing = bank.server.site.outgoing["default"]
        receiver.answers = lambda told: 503
        decided(bank, ["sent"], "card-a")
        until(lambda: receiver.got)
        decided(bank, ["later"], "card-b")
        claimed = until(lambda: outgoing.deliveries.all(("waiting",)))
        with bank.server.site.staff.records.writing() as connection:  # type: ignore[union-attr]
            from sqlalchemy import update

            from zhiyu.records.outbox import outbox

            connection.execute(update(outbox).values(state="sending"))  # as a process that ends here leaves it
        assert claimed
        plan = bank.server._plan
    first = receiver.keys()
    receiver.answers = lambda told: 204
    with Served(tmp_path / "data", gate=plan.gate, staff=plan.staff, settings=OPEN):
        until(lambda: {told["data"]["id"] for told in receiver.told()[len(first) :]} >= {"psent", "plater"})
    assert set(receiver.keys()[len(first) :]) >= set(first)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("ftp://example.com/", False), ("http://example.com/", False), ("https://10.0.0.1/", False), ("https://[::1]/", False),
        ("https://169.254.169.254/latest", False), ("http://127.0.0.1/", False), ("https://user:secret@example.com/", False),
        ("https://example.com/a b", False), ("https://", False), ("nonsense", False), ("https://[::ffff:10.0.0.1]/", False),
        ("http://127.0.0.1:1/", True), ("https://localhost/", False), ("https://0.0.0.0/", False), ("https://2130706433/", True),
    ],
)  # fmt: skip
def test_an_address_that_must_not_be_called_is_refused(closed: Bank, url: str, private: bool) -> None:
    """The last ones are private, on a server that was not started for that."""
    body = {"name": "x", "url": url, "kinds": ["*"], "private": private}
    answer = closed.signed_in("administrator").post("/v1/webhooks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with pytest.MonkeyPatch.context() as patch:
        cheap.__wrapped__(patch)  # type: ignore[attr-defined]
        with Bank(tmp_path_factory.mktemp("closed")) as found:
            yield found


def test_a_name_that_leads_to_a_private_address_is_not_called(closed: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked at when it is called, not only when it is declared; what was looked at is what is called."""
    import asyncio

    from zhiyu.outside import webhooks

    async def looked_up(self: Any, host: str, port: int, **more: Any) -> Any:
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("192.168.1.9", port))]

    async def never(*given: Any) -> Any:
        raise AssertionError("called")

    async def once() -> tuple[str, bool]:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(type(loop), "getaddrinfo", looked_up, raising=False)
        return await webhooks.post(webhooks.target_of("https://hook.example/"), b"k", "zo_1", 1, b"{}")

    monkeypatch.setattr(webhooks, "send", never)
    said, again = asyncio.run(once())
    assert "private network" in said
    assert not again


def test_why_a_webhook_was_changed_stands_in_the_audit(tmp_path: Path) -> None:
    with Bank(tmp_path) as bank:
        root = bank.signed_in("administrator")
        body = {"name": "crm", "url": "https://crm.bank.example/", "kinds": ["*"], "reason": "the team asked"}
        assert root.post("/v1/webhooks", json=body).status_code == 201
        assert root.post("/v1/webhooks", json=body | {"reason": "x" * 1001}).status_code == 422
        assert root.post("/v1/webhooks/crm:renew", params={"reason": "it leaked"}).status_code == 200
        assert root.delete("/v1/webhooks/crm", params={"reason": "x" * 1001}).json()["field"] == "reason"
        assert root.delete("/v1/webhooks/crm", params={"reason": "not used"}).json() == {"status": "removed"}
        entries = bank.signed_in("auditor").get("/v1/audit", params={"about": "webhook/crm"}).json()["entries"]
        assert [(each["verb"], each["detail"]["reason"]) for each in entries] == [
            ("webhook.remove", "not used"),
            ("webhook.renew", "it leaked"),
            ("webhook.put", "the team asked"),
        ]
