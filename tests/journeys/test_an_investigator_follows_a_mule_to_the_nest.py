"""An investigator follows a mule to the nest.

Three customers, who have nothing in common, transfer money to one account within days; the third transfer is large and held, and the case
is about her. *Who is behind it* ranks what her transfer shares with others: the account that few paid to is rare, the network address of
the whole town is not. *Person* asks about the account's holder: the telephone used, the account the money went on to. *Nest* goes on ring
by ring: the telephone is used by two more people, who pay to that second account, and there is a second set of victims whom nobody had
reported. The question is saved with its moment, and tells the same when it is asked again after more has come. A supervisor makes the pack
for the police; its signature holds, offline, and does not hold any more when one name in it is changed.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.journeys.lender_online import told
from tests.server.test_people import Bank
from tests.server.test_webhooks import until
from zhiyu.access.gate import Gate
from zhiyu.cli import main
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

__all__ = ["cheap"]
START, HOUR = 1_772_445_600_000, 3_600_000
POLICY = """
name: transfers
events:
- name: transfer
  money: amount
  fields:
    customer: {type: string, required: true, entity: customer}
    payee: {type: string, entity: payee}
    device: {type: string, entity: device}
    ip: {type: string, entity: ip}
    amount: {type: money, currency: CNY, required: true, min: 0}
network:
  person: customer
  window: 90d
  links: [{field: payee, max_people: 20}, {field: device, max_people: 10}, {field: ip, joins: false}]
rule_sets: [{name: main, rules: [{name: large, when: amount > 20000, outcome: review, reason: LARGE}]}]
reasons:
- {code: LARGE, en: a large transfer, zh: 大额转账, consumer_en: we call you back, consumer_zh: 我们将回电}
"""
TOWN = "10.0.0.1"


def transfers() -> Opened:
    return open_policy(load_texts({"policy.yaml": POLICY.encode()}))


class Payments(Bank):
    """The lender's server, and its payment system that sends transfers with a key."""

    def __init__(self, folder: Path) -> None:
        header, _ = with_key(folder / "keys.json")
        super().__init__(folder, opened=transfers(), gate=Gate(folder / "keys.json"), wall=lambda: START + 200 * HOUR)
        self.sends = self.anybody(authorization=header.decode())

    def pay(self, hour: float, customer: str, payee: str, device: str, amount: int = 9000) -> dict[str, Any]:
        moment = int(START + hour * HOUR)
        record = {
            "type": "transfer",
            "id": f"{customer}-{payee}-{hour}",
            "time": moment,
            "customer": customer,
            "payee": payee,
        }
        answer = self.sends.post(
            "/v1/decisions", content=json.dumps(record | {"device": device, "ip": TOWN, "amount": amount})
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def a_week(lender: Payments) -> None:
    """The town, three victims of one account, what became of the money, and two victims nobody had heard of."""
    for number in range(30):  # the town goes about its business
        lender.pay(number / 10, f"town{number}", f"shop{number % 7}-{number}", f"own{number}", 300)
    lender.pay(5, "victim1", "mule", "phone1")
    lender.pay(20, "victim2", "mule", "phone2")
    lender.pay(30, "mule-holder", "second", "burner", 17_000)  # the account's holder passes it on
    lender.pay(31, "mule-holder", "mule", "burner", 1)
    for number in (1, 2):
        lender.pay(40 + number, f"runner{number}", "second", "burner", 5_000)
        lender.pay(50 + number, f"unheard{number}", "second", f"far{number}")
    assert lender.pay(60, "victim3", "mule", "phone3", 25_000)["outcome"] == "review"


def test_an_investigator_follows_a_mule_to_the_nest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    with Payments(tmp_path) as lender:
        a_week(lender)
        investigator = lender.signed_in("investigator")
        [case] = until(lambda: told(investigator.get("/v1/cases"))["cases"])
        assert case["shown"] == "customer victim3"
        number = case["number"]
        told(investigator.post(f"/v1/cases/{number}:claim"))

        behind = told(
            investigator.post("/v1/questions", json={"way": "behind", "case": number, "name": "who is behind it"})
        )["answer"]
        things = [(each["entity"], each["shown"], each["people"]) for each in behind["things"]]
        assert things[0] == ("payee", "mule", 4), "the account is what is rare"
        assert ("ip", TOWN) in [each[:2] for each in things[1:]], "the town's address is not"
        assert {"victim1", "victim2", "mule-holder"} == {
            each["shown"] for each in behind["people"] if not each["in_case"]
        }

        ask = {"way": "person", "entity": "customer:mule-holder", "name": "the holder"}
        holder = told(investigator.post("/v1/questions", json=ask))["answer"]
        assert {(each["entity"], each["shown"]) for each in holder["touched"]} >= {
            ("device", "burner"),
            ("payee", "second"),
        }

        asked = told(
            investigator.post(
                "/v1/questions", json={"way": "nest", "case": number, "hops": 4, "name": "the whole nest"}
            )
        )
        nest = asked["answer"]
        people = {each["shown"]: each["hop"] for each in nest["people"] if each["events"]}
        assert set(people) == {
            "victim1",
            "victim2",
            "victim3",
            "mule-holder",
            "runner1",
            "runner2",
            "unheard1",
            "unheard2",
        }
        assert people["victim3"] == 0
        assert people["mule-holder"] < people["runner1"]
        assert nest["money"] == 100 * (9_000 * 4 + 17_000 + 1 + 5_000 * 2 + 25_000)

        lender.pay(70, "unheard3", "second", "far3")
        again = told(investigator.get(f"/v1/questions/{asked['number']}"))["answer"]
        assert again["people"] == nest["people"], "as of its moment it tells the same"
        fresh = told(
            investigator.post("/v1/questions", json={"way": "nest", "case": number, "hops": 4, "name": "now"})
        )["answer"]
        assert "unheard3" in {each["shown"] for each in fresh["people"]}

        made = lender.signed_in("supervisor").post(f"/v1/cases/{number}:report", json={"purpose": "police, file 17"})
        assert made.status_code == 200, made.text
        pack, forged = tmp_path / "pack.zip", tmp_path / "forged.zip"
        pack.write_bytes(made.content)
    whole = CliRunner().invoke(main, ["cases", "verify", str(pack), "--lang", "en"])
    assert whole.exit_code == 0, whole.output
    with zipfile.ZipFile(pack) as source, zipfile.ZipFile(forged, "w") as out:
        for name in source.namelist():
            out.writestr(name, source.read(name).replace(b"victim3", b"victim4"))
    assert CliRunner().invoke(main, ["cases", "verify", str(forged), "--lang", "en"]).exit_code != 0
