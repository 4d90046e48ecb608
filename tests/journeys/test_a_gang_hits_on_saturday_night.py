"""A gang hits on Saturday night.

At eleven on a Saturday five people apply from one telephone, minutes apart; their pay-outs are held for the night, as every large one
is. Between them honest people apply, each from a telephone of their own. With the fourth the network knows a gang and raises an alert;
some sixty applications of the night later it counts: the pay-outs that are still held are turned down at once, without anybody, and one
case stands in the queue of gangs, not five. The investigator on duty claims it, sees who belongs to it and over what, and puts all of them
on a watch list in one call, after a look at how many it is about. On Sunday one of them comes back with another telephone: declined by the
list. The case is closed as fraud; nobody's honest application was touched, and not one yuan was paid out to the gang.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.journeys.lender_online import told
from tests.server.test_people import Bank
from tests.server.test_webhooks import until
from zhiyu.access.gate import Gate
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

__all__ = ["cheap"]
SATURDAY = 1_772_881_200_000 + 4 * 3_600_000
"""7 March 2026, 15:00 UTC: eleven at night in China."""
MINUTE, DAY = 60_000, 86_400_000
POLICY = """
name: night
events:
- name: application
  money: amount
  fields:
    customer: {type: string, required: true, entity: customer}
    device: {type: string, entity: device}
    amount: {type: money, required: true, min: 0}
- name: verdict
  decide: false
  fields: {about: {type: string, required: true}, released: {type: bool, required: true}}
lists:
- {name: watched, of: customer}
network:
  person: customer
  amount: amount
  window: 30d
  links: [{field: device}]
  gang: {when: network_core_persons >= 3, alert_people: 4, max_listed: 20}
rule_sets:
- name: people
  rules:
  - {name: on_the_list, when: customer in watched, outcome: decline, reason: LISTED}
reasons:
- {code: LISTED, en: on the watch list, zh: 在关注名单中, consumer_en: we need to talk to you, consumer_zh: 需要与您核实}
flows:
- name: apply
  on: [application]
  nodes:
  - {name: listed, rule_set: people, then: {decline: stop}, next: large}
  - {name: large, branch: [{when: amount >= 5000, to: night}], next: fine}
  - {name: night, wait: delay, within: 9h, answers: {verdict: about}, next: said, expired: fine, changed: {gangs: stop}}
  - {name: said, branch: [{when: released, to: fine}], next: stop}
  - {name: fine, outcome: pass}
  - {name: stop, outcome: decline}
"""


def night() -> Opened:
    return open_policy(load_texts({"policy.yaml": POLICY.encode()}))


class Night(Bank):
    """The lender's server, and its systems that send applications with a key."""

    def __init__(self, folder: Path) -> None:
        header, _ = with_key(folder / "keys.json")
        super().__init__(folder, opened=night(), gate=Gate(folder / "keys.json"))
        self.sends = self.anybody(authorization=header.decode())

    def apply(self, minute: float, customer: str, device: str, amount: int = 9000) -> dict[str, Any]:
        moment = int(SATURDAY + minute * MINUTE)
        record = {
            "type": "application",
            "id": f"{customer}-{moment}",
            "time": moment,
            "customer": customer,
            "device": device,
            "amount": amount,
        }
        answer = self.sends.post("/v1/decisions", content=json.dumps(record))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def test_a_gang_hits_on_saturday_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    with Night(tmp_path) as lender:
        sent = []
        for number in range(5):
            sent.append(lender.apply(10 * number, f"g{number}", "one-phone"))
            sent.append(lender.apply(10 * number + 5, f"h{number}", f"own-{number}"))
        assert {each["outcome"] for each in sent} <= {"delay", "decline"}, "large ones are held at night"
        for number in range(150):
            lender.apply(50 + number / 20, f"s{number}", f"small-{number}", 100)

        investigator = lender.signed_in("investigator")
        now = {each["id"]: told(investigator.get(f"/v1/decisions/{each['id']}")) for each in sent}
        came_to = {one: each.get("final", each)["outcome"] for one, each in now.items()}
        gang = {one: outcome for one, outcome in came_to.items() if one.startswith("g")}
        honest = {one: outcome for one, outcome in came_to.items() if one.startswith("h")}
        assert set(gang.values()) == {"decline"}, gang
        assert set(honest.values()) == {"delay"}, honest

        [alarm] = told(investigator.get("/v1/gangs/changes", params={"what": "ALERT"}))["changes"]
        assert alarm["people"] == 4, "the fourth made it an alarm, once"
        asked = {"queue": "gangs", "state": ""}
        number = until(lambda: told(investigator.get("/v1/cases", params=asked))["cases"])[0]["number"]
        told(investigator.post(f"/v1/cases/{number}:claim"))
        [found] = told(investigator.get("/v1/gangs"))["gangs"]
        whole = told(investigator.get(f"/v1/gangs/{found['gang']}"))
        assert {member["name"] for member in whole["members"]} == {f"customer:g{n}" for n in range(5)}
        assert {link["thing"] for link in whole["links"]} == {"device:one-phone"}

        ask = {"list": "watched", "until": "90d"}
        counted = told(investigator.post(f"/v1/gangs/{found['gang']}:list", json=ask))
        assert (counted["people"], counted["dry_run"]) == (5, True)
        told(investigator.post(f"/v1/gangs/{found['gang']}:list", json=ask | {"dry_run": False}))
        again = lender.apply(11 * 60, "g2", "another-phone", 300)
        assert (again["outcome"], again["reasons"]) == ("decline", ["LISTED"])
        assert lender.apply(11 * 60 + 1, "h2", "own-2", 300)["outcome"] == "pass"
        closed = investigator.post(
            f"/v1/cases/{number}:close", json={"disposition": "fraud", "kind": "batch", "reason": "one telephone"}
        )
        assert closed.status_code == 200, closed.text
        assert len(told(investigator.get("/v1/cases", params=asked))["cases"]) == 1, "one case, not five"
