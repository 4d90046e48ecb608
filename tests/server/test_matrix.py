"""Every operation for every scope of a key, and for every role of a person, on the own tenant and on another's.

Two tenants of one server; one is full of things, the other empty. Whoever may do something with their own things gets 404 for the other's;
whoever may not is refused before anybody looks. What has no number or name of its own in an address tells nothing of the other tenant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.access.test_people import GOOD, KEY, House
from tests.server.served import Served
from tests.server.test_cases import follow
from tests.server.test_people import PERMISSION_OF
from zhiyu import Clock, EventType, Feature, Field, Gang, Link, Network, Policy, Rule, RuleSet
from zhiyu.access.gate import Gate
from zhiyu.access.keys import SCOPES
from zhiyu.access.roles import ALLOWED_BY, ROLES
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.cube.declared import Declared, Line, Template
from zhiyu.evaluation.studies.study import Asked
from zhiyu.policy.declare_lists import EntityList
from zhiyu.records.store import Records
from zhiyu.server.gang_reports import GangReports
from zhiyu.server.metric_reports import MetricReports
from zhiyu.server.staff import Staff

OURS, THEIRS = "ours", "theirs"
MARK = "oursalone"
"""In everything that the full tenant holds."""
LAST = ("delete",)
OF_THE_SERVER = ("", "self")
WORDS_OF_THE_POLICY = (
    "/v1/models/{name}", "/v1/features/{name}", "/v1/lists/{name}", "/v1/queues/{name}", "/v1/network/{type}", "/v1/entities/{type}",
    "/v1/sign-on/{name}", "/v1/experiments/{flow}",
)  # fmt: skip
"""Addresses that hold words of the policy, which both tenants have, or values of the world; there is nothing foreign in them."""


def lender(limit: int = 400, tenant: str = OURS) -> Opened:
    """A policy with everything that has a number: reviews, a list, a network with gangs."""
    fields = {
        "who": Field(type="string", entity="customer", required=True), "device": Field(type="string", entity="device"),
        "amount": Field(type="money", required=True, currency="CNY"),
    }  # fmt: skip
    network = Network(
        person="who", amount="amount", links=(Link(field="device"),),
        gang=Gang(when="network_core_persons >= 3", alert_people=5, max_listed=6),
    )  # fmt: skip
    rules = RuleSet(name="main", rules=(Rule(name="large", when=f"amount > {limit}", outcome="review"),))
    return open_policy(
        Policy(
            name="lender", events=(EventType(name="apply", money="amount", fields=fields),), network=network, rule_sets=(rules,),
            lists=(EntityList(name="watched", of="customer"),), clock=Clock(lateness="1h", max_ahead="30d"),
            features=(Feature(name="own", aggregate="count", by="who", over="1h"),),
        ),
        tenant,
    )  # fmt: skip


def applies(number: int, who: str, device: str, at: str, amount: str = "100.00") -> bytes:
    body = {
        "type": "apply",
        "id": f"{MARK}-{number}",
        "time": f"2026-03-01T{at}Z",
        "who": f"{MARK}{who}",
        "amount": amount,
    }
    return json.dumps(body | {"device": f"{MARK}{device}"}).encode()


class Two:
    """The server; a client for each scope and each role of each tenant, and one that may do everything a person can."""

    def __init__(self, folder: Path) -> None:
        keys, url = folder / "keys.json", f"sqlite:///{folder / 'records.db'}"
        self.scoped = {(t, s): with_key(keys, (s,), tenant=t)[0].decode() for t in (OURS, THEIRS) for s in SCOPES}
        for tenant in (OURS, THEIRS):
            house = House(url, tenant)
            for role in ROLES:
                house.add(role, (role,))
            house.add(f"{MARK if tenant == OURS else 'else'}all", tuple(ROLES))
            house.add("second", tuple(ROLES))
            house.add(f"{MARK}spare" if tenant == OURS else "elsespare", ("auditor",))
            house.records.close()
        both = {OURS: KEY, THEIRS: KEY[::-1]}
        self.server = Served(
            folder / "data",
            gate=Gate(keys),
            staff=lambda: Staff(Records(url), both),
            tenants={tenant: lender(tenant=tenant) for tenant in both},
            monitored=Declared(reports=(Template(name="hourly", every="hour", lines=(Line(measure="decisions"),)),)),
        )

    def key(self, tenant: str, scope: str) -> httpx.Client:
        return self.client(authorization=self.scoped[tenant, scope])

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.server.port}", timeout=60, headers=headers)

    def person(self, tenant: str, name: str) -> httpx.Client:
        told = self.client().post("/v1/sessions", json={"tenant": tenant, "name": name, "password": GOOD})
        assert told.status_code == 200, told.text
        return self.client(authorization=f"Bearer {told.json()['token']}")

    def all(self, tenant: str) -> httpx.Client:
        return self.person(tenant, f"{MARK if tenant == OURS else 'else'}all")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with pytest.MonkeyPatch.context() as patch:
        cheap.__wrapped__(patch)  # type: ignore[attr-defined]
        found = Two(tmp_path_factory.mktemp("two"))
        with found.server:
            yield found


@pytest.fixture(scope="module")
def held(two: Two) -> dict[str, str]:
    """Everything that has a name or number, once, of the full tenant: what stands for each placeholder, by the beginning of the address."""
    machine, everybody = two.key(OURS, "admin"), two.all(OURS)

    def done(answer: httpx.Response) -> Any:
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    for number in range(6):
        done(machine.post("/v1/decisions", content=applies(number, f"p{number}", "d", f"09:0{number}:00", "900.00")))
    two.server.run(_report(two))
    rest = [applies(100 + n, f"s{n}", f"x{n}", f"10:{n % 60:02}:{n // 60:02}") for n in range(70)]
    done(
        machine.post("/v1/decisions:batch", content=b"\n".join(rest), headers={"content-type": "application/x-ndjson"})
    )
    follow(two.server)
    [gang] = done(everybody.get("/v1/gangs"))["gangs"]
    two.server.run(_report(two))
    report = str(done(everybody.get("/v1/gangs/reports"))["reports"][0]["id"])
    counted = str(done(everybody.get("/v1/metrics/reports"))["reports"][0]["id"])
    case = done(everybody.get("/v1/cases?order=newest"))["cases"][0]["number"]
    done(everybody.post(f"/v1/cases/{case}:claim"))
    done(everybody.post(f"/v1/cases/{case}:note", json={"text": MARK}))
    file = done(everybody.post(f"/v1/cases/{case}/files?name={MARK}.pdf", content=b"%PDF-1.7"))["number"]
    question = done(everybody.post("/v1/questions", json={"way": "behind", "case": case, "name": MARK}))["number"]
    proposal = done(everybody.post(f"/v1/policy?title={MARK}", content=lender(500).artifact.to_json()))["proposal"]
    done(everybody.post("/v1/webhooks", json={"name": MARK, "url": "https://hooks.example.com/", "kinds": ["*"]}))
    done(everybody.post("/v1/lists/watched/entries", json=[{"value": f"{MARK}listed", "reason": MARK}]))
    done(everybody.post(f"/v1/webhooks/{MARK}:test"))
    two.server.run(_studied(two))
    return {
        "/v1/decisions/": f"{MARK}-1", "/v1/gangs/reports/": report, "/v1/metrics/reports/": counted, "/v1/gangs/": str(gang["gang"]),
        "/v1/cases/": str(case), "file": str(file), "/v1/questions/": str(question), "/v1/proposals/": str(proposal),
        "/v1/webhooks/": MARK, "/v1/outbox/": str(done(everybody.get("/v1/outbox"))["deliveries"][0]["number"]),
        "/v1/people/": f"{MARK}spare", "/v1/workers/": f"{MARK}all", "/v1/policies/": lender(500).artifact.hash, "/v1/studies/": "1",
    }  # fmt: skip


async def _report(two: Two) -> None:
    await GangReports(two.server.site).look(two.server.site.desks[OURS])
    await MetricReports(two.server.site).look(two.server.site.desks[OURS])


async def _studied(two: Two) -> None:
    folder = two.server.site.desks[OURS].live.folder
    asked = Asked(data=str(folder.parent), tenant=OURS, by=MARK, kind="drift", models=("none",))
    study = two.server.site.studies[OURS].begin(asked)
    await study.ended.wait()


BODIES: dict[tuple[str, str], Any] = {
    ("post", "/v1/cases/{number}:answer"): {"alert": "d:1", "verdict": "release"}, ("post", "/v1/cases/{number}:assign"): {"to": ""},
    ("post", "/v1/cases/{number}:close"): {"disposition": "unclear"}, ("post", "/v1/cases/{number}:note"): {"text": "seen"},
    ("post", "/v1/cases/{number}:escalate"): {"text": "look"}, ("post", "/v1/cases/{number}:reopen"): {"text": "again"},
    ("post", "/v1/cases/{number}:report"): {"purpose": "police"}, ("post", "/v1/gangs/{id}:list"): {"list": "watched", "reason": "gang"},
    ("post", "/v1/proposals/{number}:advance"): {"to": "live"}, ("post", "/v1/proposals/{number}:backtest"): {"days": 1},
    ("patch", "/v1/people/{name}"): {"active": True}, ("put", "/v1/workers/{name}"): {"skills": ["voice"]},
    ("post", "/v1/proposals/{number}:refuse"): {"reason": "no"}, ("post", "/v1/proposals/{number}:review"): {"reason": "right"},
    ("post", "/v1/proposals/{number}:emergency"): {"reason": "attack"},
}  # fmt: skip


def ask(client: httpx.Client, method: str, path: str, held: dict[str, str]) -> httpx.Response:
    """The operation about what the full tenant holds."""
    address = path
    for start, value in held.items():
        if path.startswith(start):
            for name in ("id", "number", "name", "hash"):
                address = address.replace(f"{{{name}}}", value)
            break
    address = address.replace("{file}", held["file"])
    if path == "/v1/cases/{number}/files" and method == "post":
        return client.post(f"{address}?name=a.pdf", content=b"%PDF-1.7 a")
    body = BODIES.get((method, path), {})
    return client.request(method, address, json=body if method in ("post", "put", "patch") else None)


def numbered() -> list[tuple[str, str, str]]:
    """Operations about one thing, those that take it away last."""
    found = [
        (method, path, permission)
        for (method, path), permission in PERMISSION_OF.items()
        if "{" in path and not path.startswith(WORDS_OF_THE_POLICY)
    ]
    return sorted(found, key=lambda each: (each[0] in LAST, each[1].endswith((":close", ":withdraw")), each))


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code < 500, (answer.request.method, answer.url, answer.text)
    return str(answer.json().get("code", "")) if answer.status_code >= 400 else ""


def test_every_scope_of_a_key_gets_what_it_allows_and_nothing_else(two: Two, held: dict[str, str]) -> None:
    """Asked about what is not there, so that nothing changes on the way."""
    nothing = {
        name: "999" if value.isdigit() else "0" * (64 if name == "/v1/policies/" else 16)
        for name, value in held.items()
    }
    wrong = []
    for scope in SCOPES:
        with two.key(THEIRS, scope) as client:
            for (method, path), permission in PERMISSION_OF.items():
                if permission in OF_THE_SERVER or (method, path) == ("get", "/v1/gangs/changes:stream"):
                    continue
                allowed = scope in ALLOWED_BY[permission]
                answer = ask(client, method, path.replace("{type}", "customer"), nothing)
                if (code_of(answer) == "scope") is allowed or answer.status_code == 401:
                    wrong.append((scope, method, path, answer.status_code))
    assert wrong == []


def test_what_one_tenant_holds_is_not_there_for_another_whoever_asks(two: Two, held: dict[str, str]) -> None:
    """First every role of the other tenant and a key of it that may do everything; then whoever may do everything in the own one, so
    that it is known that the thing was there to be found."""
    wrong, other, machine = [], {role: two.person(THEIRS, role) for role in ROLES}, two.key(THEIRS, "admin")
    for method, path, permission in numbered():
        for role, (_, _, may) in ROLES.items():
            expected = (404, True) if permission in may else (403, False)
            answer = ask(other[role], method, path, held)
            if (answer.status_code, code_of(answer) != "scope") != expected:
                wrong.append((role, method, path, answer.status_code, answer.text))
        answer = ask(machine, method, path, held)
        if answer.status_code != 404:
            wrong.append(("a key for everything", method, path, answer.status_code, answer.text))
    assert wrong == []
    own = two.all(OURS)
    absent = [each[:2] for each in numbered() if ask(own, *each[:2], held).status_code == 404]
    assert absent in ([], [("post", "/v1/outbox/{number}:replay")]), "what is on its way yet cannot be sent again"


def test_nothing_of_one_tenant_is_in_any_answer_to_another(two: Two, held: dict[str, str]) -> None:
    """Whatever is listed, counted, searched or named in a body; what the own tenant lists does have the mark."""
    other, own, told = two.all(THEIRS), two.all(OURS), set()
    own.post("/v1/webhooks", json={"name": MARK, "url": "https://hooks.example.com/", "kinds": ["*"]})
    for method, path in PERMISSION_OF:
        if method != "get" or path.endswith(":stream") or path.startswith("/v1/sign-on"):
            continue
        things = {
            "type": "customer",
            "id": f"{MARK}p1",
            "name": "watched",
            "number": "1",
            "hash": "0" * 64,
            "file": "1",
        }
        address = path.format(**things, flow="f", node="n")
        assert MARK not in other.get(address).text.replace(address, ""), path
        if "{" not in path and MARK in own.get(address).text:
            told.add(path)
    assert told >= {
        "/v1/cases",
        "/v1/proposals",
        "/v1/webhooks",
        "/v1/outbox",
        "/v1/people",
        "/v1/audit",
        "/v1/decisions",
    }
    event, case = held["/v1/decisions/"], int(held["/v1/cases/"])
    for path, body in (
        ("/v1/labels", {"event": event, "fraud": True}), ("/v1/questions", {"way": "nest", "case": case}),
        ("/v1/network:nest", {"of": [f"customer:{MARK}p1"]}), ("/v1/cases:bulk", {"do": "note", "cases": [case], "text": "x"}),
        ("/v1/vault:reveal", {"events": [event], "purpose": "complaint", "note": "why not"}),
        ("/v1/persons:export", {"type": "customer", "id": f"{MARK}p1", "purpose": "complaint", "note": "why not"}),
        ("/v1/cases", {"whom": [f"customer:{MARK}p1"], "text": "seen"}),
        ("/v1/lists/watched/entries:find", [{"value": f"{MARK}listed"}]),
    ):  # fmt: skip
        answer = other.post(path, json=body)
        assert answer.status_code < 500
        if answer.status_code == 200:
            text = json.dumps(answer.json(), ensure_ascii=False)
            assert MARK not in text.replace(f"{MARK}p1", "").replace(f"{MARK}listed", ""), (path, text)
            assert answer.json().get("skipped", [case]) == [case]
            assert not answer.json().get("timeline")
    found = other.get("/v1/entities/customer/" + f"{MARK}p1" + "/timeline").json()
    assert found["entries"] == []


def test_figures_for_prometheus_are_of_the_tenant_that_asks(two: Two, held: dict[str, str]) -> None:
    for tenant, other in ((OURS, THEIRS), (THEIRS, OURS)):
        told = two.key(tenant, "metrics").get("/metrics").text
        assert f'zhiyu_records_total{{tenant="{tenant}"}}' in told
        assert f'tenant="{other}"' not in told
        assert "zhiyu_http_requests_total" in told
