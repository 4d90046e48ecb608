"""People over HTTP: every route and every role, sign-in, cookies, what another site may not do, a database that goes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.access.test_people import GOOD, KEY, OTHER, House
from tests.records.databases import Postgres, postgres
from tests.server.served import Served, payment
from zhiyu.access.gate import Gate, SignInGate
from zhiyu.access.people import MAX_FAILURES
from zhiyu.access.roles import ROLES
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

__all__ = ["cheap", "postgres"]

PERMISSION_OF = {
    ("post", "/v1/decisions"): "decide", ("post", "/v1/decisions:batch"): "decide", ("post", "/v1/decisions:stream"): "decide",
    ("post", "/v1/events"): "facts", ("post", "/v1/labels"): "labels", ("get", "/v1/decisions/{id}"): "read",
    ("get", "/v1/decisions"): "read", ("get", "/v1/decisions:count"): "read",
    ("get", "/v1/decisions/{id}/trace"): "read", ("post", "/v1/decisions/{id}:replay"): "read",
    ("get", "/v1/vocabulary"): "read",
    ("get", "/v1/decisions/{id}/explanation"): "read", ("get", "/v1/entities/{type}/{id}/timeline"): "read",
    ("get", "/v1/entities/{type}/{id}/features"): "read", ("get", "/v1/entities/{type}/{id}/lists"): "lists",
    ("get", "/v1/retention"): "read", ("get", "/v1/waiting"): "read", ("get", "/v1/lists"): "lists",
    ("get", "/v1/lists/{name}/entries"): "lists", ("post", "/v1/lists/{name}/entries"): "lists",
    ("post", "/v1/lists/{name}/entries:remove"): "lists", ("post", "/v1/lists/{name}/entries:find"): "lists",
    ("get", "/v1/snoozes"): "lists", ("post", "/v1/snoozes"): "lists", ("post", "/v1/snoozes:end"): "lists",
    ("get", "/v1/policy"): "policies", ("post", "/v1/policy"): "propose", ("post", "/v1/policy:rollback"): "rollback",
    ("get", "/v1/policies/{hash}"): "policies", ("get", "/metrics"): "metrics", ("get", "/healthz"): "", ("get", "/readyz"): "",
    ("get", "/v1/models"): "read", ("get", "/v1/models/{name}"): "read", ("post", "/v1/models"): "propose",
    ("post", "/v1/models/{name}:promote"): "propose", ("post", "/v1/models/{name}:challenge"): "propose",
    ("post", "/v1/models/{name}:shadow"): "propose", ("post", "/v1/models/{name}:retire"): "propose",
    ("post", "/v1/models/{name}:compare"): "propose", ("post", "/v1/models/{name}:drift"): "propose",
    ("get", "/v1/studies"): "read", ("get", "/v1/studies/{number}"): "read", ("get", "/v1/studies/{number}/report"): "read",
    ("post", "/v1/studies/{number}:cancel"): "propose", ("post", "/v1/backtests"): "propose",
    ("get", "/v1/proposals"): "policies", ("get", "/v1/proposals/{number}"): "policies",
    ("post", "/v1/proposals/{number}:submit"): "propose", ("post", "/v1/proposals/{number}:withdraw"): "propose",
    ("post", "/v1/proposals/{number}:emergency"): "propose", ("post", "/v1/proposals/{number}:approve"): "approve",
    ("post", "/v1/proposals/{number}:refuse"): "approve", ("post", "/v1/proposals/{number}:review"): "approve",
    ("get", "/v1/webhooks"): "webhooks", ("post", "/v1/webhooks"): "webhooks", ("delete", "/v1/webhooks/{name}"): "webhooks",
    ("post", "/v1/webhooks/{name}:renew"): "webhooks", ("post", "/v1/webhooks/{name}:test"): "webhooks",
    ("get", "/v1/outbox"): "webhooks", ("post", "/v1/outbox/{number}:replay"): "webhooks",
    ("get", "/v1/policies"): "policies", ("get", "/v1/policies/{hash}/changes"): "policies",
    ("get", "/v1/policies/{hash}/decisions"): "read", ("get", "/v1/policy/uses"): "policies",
    ("post", "/v1/policy:stop"): "rollback", ("post", "/v1/proposals/{number}:advance"): "approve",
    ("post", "/v1/proposals/{number}:stop"): "rollback", ("post", "/v1/proposals/{number}:backtest"): "propose",
    ("post", "/v1/proposals/{number}:cancel"): "propose",
    ("get", "/v1/network/{type}/{id}"): "read", ("post", "/v1/network:nest"): "read", ("get", "/v1/gangs"): "read",
    ("post", "/v1/gangs/{id}:list"): "lists", ("post", "/v1/network:forget"): "lists",
    ("get", "/v1/network/hubs"): "read",
    ("get", "/v1/gangs/reports"): "read", ("get", "/v1/gangs/reports/{id}"): "read", ("get", "/v1/gangs/changes:stream"): "read",
    ("get", "/v1/gangs/report"): "read", ("get", "/v1/gangs/changes"): "read", ("get", "/v1/gangs/{id}"): "read",
    ("get", "/v1/policies/{hash}/written"): "policies", ("post", "/v1/policy:try"): "propose",
    ("get", "/v1/experiments"): "policies", ("get", "/v1/experiments/{flow}/{node}/arms"): "policies",
    ("get", "/v1/features/{name}/spread"): "policies", ("get", "/v1/features"): "policies", ("get", "/v1/features/{name}"): "policies",
    ("get", "/v1/features/report"): "read", ("get", "/v1/metrics"): "read", ("get", "/v1/metrics/query"): "read",
    ("get", "/v1/metrics/reports"): "read", ("get", "/v1/metrics/reports/{id}"): "read", ("get", "/v1/metrics/report"): "read",
    ("get", "/v1/metrics/alerts"): "read",
    ("post", "/v1/sessions"): "", ("post", "/v1/sessions:take"): "",
    ("get", "/v1/sign-on"): "", ("get", "/v1/sign-on/{name}"): "", ("get", "/v1/sign-on/{name}/back"): "",
    ("post", "/v1/sign-on/{name}/signed-out"): "",
    ("delete", "/v1/session"): "self", ("get", "/v1/me"): "self", ("post", "/v1/me/password"): "self",
    ("get", "/v1/people"): "people", ("post", "/v1/people"): "people", ("patch", "/v1/people/{name}"): "people",
    ("post", "/v1/people/{name}:sign-out"): "people", ("get", "/v1/keys"): "people",
    ("get", "/v1/queues"): "cases", ("get", "/v1/cases"): "cases", ("post", "/v1/cases"): "investigate",
    ("get", "/v1/cases/{number}"): "cases",
    ("get", "/v1/cases/{number}/timeline"): "cases", ("post", "/v1/queues/{name}:next"): "investigate",
    ("post", "/v1/cases/{number}:claim"): "investigate", ("post", "/v1/cases/{number}:release"): "investigate",
    ("post", "/v1/cases/{number}:note"): "investigate", ("post", "/v1/cases/{number}:escalate"): "investigate",
    ("post", "/v1/cases/{number}:close"): "investigate", ("post", "/v1/cases/{number}:reopen"): "investigate",
    ("post", "/v1/cases/{number}:answer"): "investigate", ("post", "/v1/cases/{number}:assign"): "assign",
    ("get", "/v1/vault"): "vault", ("post", "/v1/vault:rotate"): "vault", ("get", "/v1/vault:purposes"): "reveal",
    ("post", "/v1/vault:reveal"): "reveal", ("post", "/v1/vault:propose"): "reveal", ("post", "/v1/persons:export"): "persons",
    ("post", "/v1/persons:erase"): "persons", ("post", "/v1/persons:propose"): "persons",
    ("post", "/v1/cases:bulk"): "assign", ("post", "/v1/queues/{name}:deal"): "assign", ("get", "/v1/workers"): "assign",
    ("put", "/v1/workers/{name}"): "assign",
    ("post", "/v1/cases/{number}/files"): "investigate", ("get", "/v1/cases/{number}/files"): "cases",
    ("get", "/v1/cases/{number}/files/{file}"): "cases", ("post", "/v1/cases/{number}:report"): "assign",
    ("get", "/v1/cases/{number}/behind"): "cases", ("get", "/v1/cases/{number}/nest"): "cases",
    ("get", "/v1/investigations/person"): "cases", ("post", "/v1/questions"): "investigate", ("get", "/v1/questions"): "cases",
    ("get", "/v1/questions/{number}"): "cases",
    ("get", "/v1/roles"): "people", ("get", "/v1/audit"): "audit", ("get", "/v1/audit/proof"): "audit",
}  # fmt: skip
"""What each operation asks for: a permission, "" nothing, "self" a session. An operation that is not here fails the build."""


class Bank:
    """A server that people sign in to, with one person of every role; all have the same password."""

    def __init__(self, folder: Path, url: str = "", gate: Any = None, opened: Any = None, **served: Any) -> None:
        self.url = url or f"sqlite:///{folder / 'records.db'}"
        house = House(self.url, "default")
        for role in ROLES:
            house.add(role, (role,))
        house.records.close()
        keys, wall = {"default": KEY}, {"wall": served.pop("wall")} if "wall" in served else {}
        self.server = Served(
            folder / "data",
            opened,
            gate=gate or SignInGate(),
            staff=lambda: Staff(Records(self.url), keys, **wall),
            **served,
        )

    def __enter__(self) -> Bank:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    def anybody(self, **headers: str) -> httpx.Client:
        """A client that is nobody yet."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.server.port}", timeout=60, headers=headers)

    def signed_in(self, name: str, password: str = GOOD) -> httpx.Client:
        """A client with the cookie of a session and its proof, as a page of ours has."""
        client = self.anybody()
        answer = client.post("/v1/sessions", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["zhiyu-forgery-proof"] = answer.json()["forgery_proof"]
        return client


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    with Bank(tmp_path) as found:
        yield found


def asked(client: httpx.Client, method: str, template: str) -> httpx.Response:
    """A request that gets past the gate and hardly further."""
    address = template.format(
        id="p1", type="card", name="nobody", hash="0" * 64, number="99", file="1", flow="main", node="test"
    )
    body = payment(1) if method in ("post", "patch", "put") else None
    return client.request(method, address, content=body)


def test_every_operation_names_its_permission_and_every_role_gets_what_it_allows(bank: Bank) -> None:
    described = bank.anybody().get("/openapi.json").json()["paths"]
    operations = {(method, path) for path, item in described.items() for method in item}
    assert operations == set(PERMISSION_OF)
    found, expected = {}, {}
    for role, (_, _, may) in ROLES.items():
        client = bank.signed_in(role)
        for (method, path), permission in PERMISSION_OF.items():
            if path in ("/v1/sessions", "/v1/sessions:take", "/v1/session", "/v1/me/password"):
                continue
            answer = asked(client, method, path)
            assert answer.status_code < 500, answer.text
            code = answer.json().get("code", "") if answer.status_code >= 400 else ""
            found[role, method, path] = answer.status_code not in (401, 403)
            expected[role, method, path] = permission in ("", "self") or permission in may
            assert (code == "scope") is not expected[role, method, path], (role, method, path, code)
    assert found == expected


def test_a_session_that_was_begun_elsewhere_is_taken_over_once(bank: Bank) -> None:
    """As the link does that `zhiyu demo` prints: the token in it is good for one page, then over."""
    begun = bank.signed_in("investigator").cookies["zhiyu_session"]
    page = bank.anybody()
    taken = page.post("/v1/sessions:take", json={"token": begun})
    assert taken.status_code == 200, taken.text
    assert "HttpOnly" in taken.headers["set-cookie"]
    assert page.get("/v1/me").json()["name"] == "investigator"
    assert bank.anybody(authorization=f"Bearer {begun}").get("/v1/me").status_code == 401
    for token in (begun, "", "zs_nothing"):
        again = bank.anybody().post("/v1/sessions:take", json={"token": token})
        assert (again.status_code, again.json()["code"]) == (401, "session")
    other = bank.anybody(origin="https://elsewhere.example")
    assert other.post("/v1/sessions:take", json={"token": taken.json()["token"]}).json()["code"] == "foreign"


def test_nobody_gets_what_somebody_gets(bank: Bank) -> None:
    for (method, path), permission in PERMISSION_OF.items():
        if permission:
            for headers in ({}, {"authorization": "Bearer zs_nobody"}, {"cookie": "zhiyu_session=zs_nobody"}):
                answer = asked(bank.anybody(**headers), method, path)
                assert (answer.status_code, method, path) == (401, method, path)


def test_a_session_of_another_tenant_reaches_nothing(tmp_path: Path) -> None:
    """Two tenants in one database; each server serves one. The other's sessions, people and audit are not there."""
    with Bank(tmp_path) as bank:
        elsewhere = House(bank.url, "elsewhere")
        elsewhere.add("root", ("administrator", "auditor"))
        token = elsewhere.sessions.begin(elsewhere.people.proved("root", GOOD, 0), bank.server.site.staff.wall())  # type: ignore[union-attr]
        for (method, path), permission in PERMISSION_OF.items():
            if permission:
                assert asked(bank.anybody(authorization=f"Bearer {token}"), method, path).status_code == 401
        client = bank.signed_in("administrator")
        assert client.patch("/v1/people/root", json={"active": False}).json()["code"] == "no_person"
        names = [entry["about"] for entry in bank.signed_in("auditor").get("/v1/audit").json()["entries"]]
        assert "root" not in names


def test_sign_in_tells_who_one_is_and_the_cookie_is_for_our_pages_alone(bank: Bank) -> None:
    client = bank.anybody()
    answer = client.post("/v1/sessions", json={"name": "investigator", "password": GOOD})
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"))
    assert answer.json()["permissions"] == ["cases", "facts", "investigate", "labels", "lists", "read", "reveal"]
    me = client.get("/v1/me").json()
    assert (me["name"], me["roles"], me["tenant"]) == ("investigator", ["investigator"], "default")
    assert client.post("/v1/snoozes", json={}).json()["code"] == "forgery_proof"
    assert client.delete("/v1/session").json()["code"] == "forgery_proof"
    client.headers["zhiyu-forgery-proof"] = me["forgery_proof"]
    assert client.post("/v1/snoozes", json={}).status_code == 422
    other = bank.anybody(origin="https://elsewhere.example")
    assert other.post("/v1/sessions", json={"name": "investigator", "password": GOOD}).json()["code"] == "foreign"
    assert client.delete("/v1/session").json() == {"status": "ended"}
    client.cookies.set("zhiyu_session", answer.json()["token"])
    assert client.get("/v1/me").status_code == 401
    bearer = bank.anybody(authorization=f"Bearer {bank.signed_in('auditor').cookies['zhiyu_session']}")
    assert bearer.get("/v1/audit/proof").json()["holds"] is True


def test_over_tls_the_cookie_is_of_this_host_alone(tmp_path: Path) -> None:
    """TLS ends in front here; browsers keep `__Host-` to this host, and what another host of the lender put beside it is not believed."""
    with Bank(tmp_path, tls_in_front=True) as bank:
        answer = bank.anybody().post("/v1/sessions", json={"name": "auditor", "password": GOOD})
        cookie, token = answer.headers["set-cookie"], answer.json()["token"]
        assert cookie.startswith(f"__Host-zhiyu_session={token}; Path=/; HttpOnly; SameSite=Strict;")
        assert cookie.endswith("; Secure")
        assert "Domain" not in cookie
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        mine, planted = f"__Host-zhiyu_session={token}", f"zhiyu_session={token}"
        assert bank.anybody(cookie=planted).get("/v1/me").status_code == 401
        assert bank.anybody(cookie=f"zhiyu_session=zs_x; {mine}").get("/v1/me").json()["name"] == "auditor"
    with Bank(tmp_path / "plain") as bank:
        assert bank.anybody(cookie=mine).get("/v1/me").status_code == 401


def test_wrong_passwords_are_told_alike_and_close_the_account(bank: Bank) -> None:
    client = bank.anybody()
    nobody = client.post("/v1/sessions", json={"name": "nobody", "password": GOOD})
    for _ in range(MAX_FAILURES):
        wrong = client.post("/v1/sessions", json={"name": "auditor", "password": OTHER})
    assert (
        (nobody.status_code, nobody.json()["detail"])
        == (wrong.status_code, wrong.json()["detail"])
        == (401, wrong.json()["detail"])
    )
    closed = client.post("/v1/sessions", json={"name": "auditor", "password": GOOD})
    assert (closed.status_code, closed.json()["code"]) == (429, "locked")
    assert closed.headers["retry-after"] == "30"
    assert bank.signed_in("approver")


def test_an_administrator_adds_changes_and_stops(bank: Bank) -> None:
    root = bank.signed_in("administrator")
    new = {"name": "li.wei", "roles": ["investigator"], "password": GOOD}
    assert root.post("/v1/people", json=new).status_code == 201
    assert root.post("/v1/people", json=new).status_code == 422
    assert root.post("/v1/people", json=new | {"name": "x", "roles": ["boss"]}).status_code == 422
    assert root.post("/v1/people", json=new | {"name": "x", "password": "short"}).status_code == 422
    person = bank.signed_in("li.wei")
    assert root.patch("/v1/people/li.wei", json={"roles": ["auditor"]}).json()["roles"] == ["auditor"]
    assert person.get("/v1/me").status_code == 401, "signed out by the change"
    person = bank.signed_in("li.wei")
    changed = person.post("/v1/me/password", json={"old": GOOD, "new": OTHER})
    assert (changed.status_code, person.get("/v1/me").status_code) == (200, 401)
    assert bank.signed_in("li.wei", OTHER).post("/v1/me/password", json={"old": GOOD, "new": OTHER}).status_code == 401
    assert root.patch("/v1/people/li.wei", json={"active": False}).json()["active"] is False
    assert bank.anybody().post("/v1/sessions", json={"name": "li.wei", "password": OTHER}).status_code == 401
    assert root.patch("/v1/people/administrator", json={"active": False}).status_code == 422
    entries = bank.signed_in("auditor").get("/v1/audit?about=li.wei&limit=3").json()
    assert [entry["by"] for entry in entries["entries"]][:2] == ["person:administrator", "person:li.wei"]
    assert entries["next"] is not None
    assert root.get("/v1/audit").status_code == 403


def test_why_somebody_was_changed_stands_in_the_audit_and_sessions_end_when_told(bank: Bank) -> None:
    root = bank.signed_in("administrator")
    new = {"name": "li.wei", "roles": ["investigator"], "password": GOOD, "reason": "joins the team"}
    assert root.post("/v1/people", json=new).status_code == 201
    assert root.post("/v1/people", json=new | {"name": "x", "reason": "y" * 1001}).status_code == 422
    person, second = bank.signed_in("li.wei"), bank.signed_in("li.wei")
    listed = {each["name"]: each for each in root.get("/v1/people").json()["people"]}
    assert (listed["li.wei"]["sessions"], listed["approver"]["sessions"], listed["approver"]["seen"]) == (2, 0, None)
    assert root.post("/v1/people/li.wei:sign-out", json={"reason": "laptop lost"}).json() == {"ended": 2}
    assert [each.get("/v1/me").status_code for each in (person, second)] == [401, 401]
    assert root.post("/v1/people/nobody:sign-out", json={}).json()["code"] == "no_person"
    assert root.patch("/v1/people/li.wei", json={"active": False, "reason": "left"}).status_code == 200
    entries = bank.signed_in("auditor").get("/v1/audit?about=li.wei").json()["entries"]
    why = {each["verb"]: each["detail"].get("reason") for each in entries if each["verb"].startswith("person.")}
    assert why == {"person.change": "left", "person.sign_out": "laptop lost", "person.add": "joins the team"}
    assert bank.signed_in("auditor").get("/v1/audit/proof").json()["holds"] is True


def test_keys_are_listed_without_anything_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    header, stored = with_key(path)
    with_key(path, tenant="elsewhere")
    with Bank(tmp_path, gate=Gate(path)) as bank:
        answer = bank.signed_in("administrator").get("/v1/keys")
        [told] = answer.json()["keys"]
        assert (answer.json()["file"], told["id"], told["scopes"], told["expires"]) == (
            True,
            stored.id,
            list(stored.scopes),
            None,
        )
        assert stored.hash not in answer.text
        assert header.decode().removeprefix("Bearer ") not in answer.text
        assert bank.signed_in("auditor").get("/v1/keys").json()["code"] == "scope"


def test_what_a_person_does_carries_their_name_whatever_they_say(bank: Bank) -> None:
    client = bank.signed_in("investigator")
    with_author = {"values": ["c9"], "author": "somebody else", "reason": "seen twice"}
    client.post("/v1/lists/watched_cards/entries?author=another", json=[{"value": "c9"}])
    entry = client.get("/v1/lists/watched_cards/entries").json()["entries"][0]
    assert entry["author"] == "person:investigator"
    assert client.post("/v1/lists/watched_cards/entries:remove", json=with_author).status_code == 200


def test_keys_and_people_live_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = with_key(path)[0].decode()
    with Bank(tmp_path, gate=Gate(path)) as bank:
        machine = bank.anybody(authorization=key)
        assert machine.post("/v1/decisions", content=payment(1)).status_code == 200
        assert machine.get("/v1/people").json()["code"] == "scope"
        assert bank.signed_in("auditor").get("/v1/decisions/p1").status_code == 200


def test_no_log_line_holds_a_password_or_a_token(bank: Bank) -> None:
    client = bank.signed_in("auditor")
    bank.anybody().post("/v1/sessions", json={"name": "auditor", "password": OTHER})
    bank.anybody().post("/v1/sessions", json={"name": "auditor", "passwort": OTHER})
    client.get(f"/v1/me?x={GOOD}")
    log = bank.server.log.getvalue()
    assert log
    assert [secret for secret in (GOOD, OTHER, client.cookies["zhiyu_session"]) if secret in log] == []


def test_decisions_go_on_while_the_database_is_away(tmp_path: Path, postgres: Postgres) -> None:
    path = tmp_path / "keys.json"
    key = with_key(path)[0].decode()
    with Bank(tmp_path, postgres.url("bank"), Gate(path)) as bank:
        client, machine = bank.signed_in("auditor"), bank.anybody(authorization=key)
        postgres.stop()
        try:
            bank.server.site.staff.forget()  # type: ignore[union-attr]
            away = client.get("/v1/audit")
            assert (away.status_code, away.json()["code"]) == (503, "records_away")
            assert bank.anybody().post("/v1/sessions", json={"name": "auditor", "password": GOOD}).status_code == 503
            assert machine.post("/v1/decisions", content=payment(1)).status_code == 200
        finally:
            postgres.start()
        assert client.get("/v1/audit/proof").json()["holds"] is True
