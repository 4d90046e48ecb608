"""A device lands on a list while three pay-outs wait.

Three customers draw down at night, two of them from one phone; each time the money waits for a call-back. Then the phone is found in the
hands of a gang and is put on the list of stolen devices. The two pay-outs from it are refused at once, without anybody asking for
them; the third waits on, is answered and paid. A call that is answered afterwards for one of the two does not bring it back.
Where the policy says nothing about changes it is the same, and nothing becomes milder: a customer taken off a list goes on waiting.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import open_policy
from zhiyu.log.list_file import Row
from zhiyu.policy.load import load_texts

POLICY = """
name: night
events:
- name: drawdown
  fields:
    customer: {type: string, required: true, entity: customer}
    device: {type: string, required: true, entity: device}
    payee: {type: string, required: true, entity: payee}
- name: call_result
  decide: false
  fields: {about: {type: string, required: true}}
lists: [{name: stolen, of: device}, {name: known_payees, of: payee}, {name: odd_devices, of: device}]
features: [{name: payee_frauds, aggregate: count, by: payee, over: 7d, where: fraud, on: [label]}]
reasons:
- {code: STOLEN, en: the device was reported stolen, zh: 设备已报失}
- {code: VICTIMS, en: other victims paid the same payee, zh: 其他受害人向同一收款人付款}
rule_sets:
- name: known_bad
  mode: first_hit
  rules:
  - {name: stolen_device, when: device in stolen, outcome: decline, reason: STOLEN}
  - {name: victims, when: payee_frauds > 0, outcome: decline, reason: VICTIMS}
  - {name: odd, when: not (payee in known_payees) or device in odd_devices, outcome: challenge}
flows:
- name: drawdown_flow
  on: [drawdown]
  nodes:
  - {name: known_bad, rule_set: known_bad, then: {decline: stop, challenge: call_back}, next: pay}
  - {name: call_back, wait: challenge, within: 30m, answers: {call_result: about}, CHANGED next: pay, expired: stop}
  - {name: stop, outcome: decline}
  - {name: pay, outcome: pass}
"""
START = 1_772_496_000_000
MINUTE = 60_000


class Night:
    """The lender's server that night."""

    def __init__(self, folder: Path, changed: str) -> None:
        text = POLICY.replace("CHANGED", changed)
        self.opened = open_policy(load_texts({"policy.yaml": text.encode()}).policy, key=b"0123456789abcdef")
        self.folder, self.now = folder, START
        self.live = self.open()

    def open(self) -> Live:
        return Live(self.folder, self.opened, now=lambda: self.now)

    def send(self, kind: str, name: str, **fields: str) -> dict[str, Any]:
        self.now += MINUTE
        (answer,) = self.live.take([json.dumps({"type": kind, "id": name, "time": self.now} | fields).encode()])
        told: dict[str, Any] = json.loads(answer.body)
        return told

    def state(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.live.decision(name) or b"")
        return told

    def list(self, name: str, value: str, off: bool = False) -> None:
        self.now += MINUTE
        lists = self.live.list_changes()
        at = self.live.moment()
        if off:
            self.live.change_lists(lists.removals(name, [value], at)[0])
        else:
            self.live.change_lists(lists.bring(name, [Row(1, value, None, None)], at).changes)


@pytest.mark.parametrize("changed", ["", "changed: {lists: known_bad, labels: known_bad},"])
def test_two_of_three_are_refused(tmp_path: Path, changed: str) -> None:
    night = Night(tmp_path / "default", changed)
    for name, device in (("d1", "phone_1"), ("d2", "phone_1"), ("d3", "phone_2")):
        assert (
            night.send("drawdown", name, customer=f"c_{name}", device=device, payee="p1")["waiting"]["node"]
            == "call_back"
        )
    deadline = night.state("d3")["waiting"]["until"]
    night.list("stolen", "phone_1")
    for name in ("d1", "d2"):
        final = night.state(name)["final"]
        assert (final["outcome"], final["cause"], final["at"]) == ("decline", "changed", "2026-03-03T00:04:00.000Z")
    assert night.state("d3")["waiting"]["until"] == deadline
    assert night.send("call_result", "r1", about="d1")["answer"] == "ended"
    night.live.close()
    night.live = night.open()  # and nothing of it is forgotten over night
    assert night.state("d1")["final"]["outcome"] == "decline"
    assert night.send("call_result", "r3", about="d3")["answer"] == "taken"
    assert night.state("d3")["final"]["outcome"] == "pass"
    night.live.close()


def test_another_victim_reports_the_payee(tmp_path: Path) -> None:
    night = Night(tmp_path / "default", "")
    night.list("known_payees", "p2")
    assert night.send("drawdown", "d0", customer="c0", device="phone_0", payee="p2")["outcome"] == "pass"
    night.list("odd_devices", "phone_1")
    assert night.send("drawdown", "d1", customer="c1", device="phone_1", payee="p2")["waiting"]["node"] == "call_back"
    night.live.label([Label(fraud=False, event="d0", id="looked at")])
    assert "waiting" in night.state("d1")
    night.live.label([Label(fraud=True, event="d0", id="reported")])
    assert night.state("d1")["final"] == {
        "outcome": "decline", "enforced": "decline", "at": "2026-03-03T00:04:00.000Z", "cause": "changed",
    }  # fmt: skip
    night.live.close()


def test_nothing_becomes_milder_by_itself(tmp_path: Path) -> None:
    default, named = Night(tmp_path / "default", ""), Night(tmp_path / "named", "changed: {lists: known_bad},")
    for night in (default, named):
        night.list("known_payees", "p1")
        night.list("odd_devices", "phone_1")
        assert night.send("drawdown", "d1", customer="c1", device="phone_1", payee="p1")["outcome"] == "challenge"
        night.list("odd_devices", "phone_1", off=True)
    assert default.state("d1")["waiting"]["node"] == "call_back"
    assert default.live.engine.facts()["waits_stayed"] == 1
    assert named.state("d1")["final"]["outcome"] == "pass"
    for night in (default, named):
        night.live.close()
