"""Adversaries with levers of their own: one who coaches victims, one who turns credit into cash, one whom services see through.

A lender stops a draw-down while the screen is shared: the caller guides by telephone. He stops sums to payees never paid before: the victim
pays a little first. A ring's telephone gives it away: customers pay with their own; its account does: fees are collected in cash. A stolen
identity is stopped by what the bank says of the card: one with a good record is bought.
"""

from __future__ import annotations

from zhiyu.engine.opened import open_policy
from zhiyu.policy.load import load_texts
from zhiyu.simulation.attack import Attack, Found
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.script import knobs_of
from zhiyu.simulation.attack.stage import Stage

MONEY = """
name: toy
events:
  - name: draw_down
    money: amount
    fields: {customer: {type: string, required: true}, amount: {type: money, required: true}, device: {type: string},
             remote_control: {type: bool}, on_call: {type: bool}}
  - name: payment
    money: amount
    fields: {customer: {type: string, required: true}, amount: {type: money, required: true}, device: {type: string},
             merchant: {type: string}}
  - name: transfer
    money: amount
    fields: {customer: {type: string, required: true}, amount: {type: money, required: true}, payee: {type: string}}
features:
  - {name: to_payee_30d, aggregate: count, by: [customer, payee], over: 30d, on: [transfer], current: exclude}
  - {name: device_customers, aggregate: distinct, of: customer, by: device, over: 30d, on: [payment]}
  - {name: payee_customers, aggregate: distinct, of: customer, by: payee, over: 30d, on: [transfer]}
rule_sets:
  - name: drawing
    on: [draw_down]
    rules: [{name: screen, when: remote_control == true, outcome: decline}]
  - name: sending
    on: [transfer]
    rules:
      - {name: stranger, when: to_payee_30d == 0 and amount >= 1000, outcome: delay}
      - {name: collector, when: payee_customers >= 3 and amount > 100 and amount < 1000, outcome: decline}
  - name: paying
    on: [payment]
    rules: [{name: ring_phone, when: device_customers >= 3, outcome: decline}]
"""
ASKS = """
name: asks
events:
  - name: application
    money: amount
    fields: {customer: {type: string, required: true}, amount: {type: money, required: true}, card: {type: card}}
services:
  - name: bank
    price: "0.30"
    request: {body: {card: card}}
    answer: {card_is_holders: {at: match, type: bool, required: true}}
rule_sets:
  - name: told
    on: [application]
    rules: [{name: other_card, when: card_is_holders == false, outcome: decline}]
flows:
  - name: applying
    on: [application]
    nodes:
      - {name: ask, call: bank, next: judge, failed: judge}
      - {name: judge, rule_set: told, next: end}
      - {name: end, severest: true}
"""


def _found(text: str, *kinds: str) -> dict[str, Found]:
    stage = Stage(open_policy(load_texts({"toy.yaml": text.encode()}), all_features=True), 7)
    try:
        adversary = Attack(stage, tries=1_500)
        return {kind: adversary.search(kind) for kind in kinds}
    finally:
        stage.close()


def test_coached_victims_and_cash_out_rings_walk_around_by_their_own_means() -> None:
    found = _found(MONEY, "scam_victim", "cash_out")
    scam, ring = found["scam_victim"], found["cash_out"]
    assert {"coach", "payee"} <= set(scam.knobs)
    assert not {"device", "place", "hands"} & set(scam.knobs)
    assert scam.naive is not None
    assert ("draw_down", "screen") in scam.naive.stops
    assert scam.best is not None
    words = w.said(scam.best.way)
    assert words["coach"] == "on the phone"
    assert words["payee"] == "paid before"
    assert {"hands", "fee"} <= set(ring.knobs)
    assert ring.best is not None
    words = w.said(ring.best.way)
    assert words["hands"] == "the customer's own phone"
    assert words["fee"] == "in cash"
    assert w.said(ring.best.way, chinese=True)["手续费"] == "现金"


def test_who_is_asked_about_buys_an_identity_that_answers_well() -> None:
    """The call ends within the same look: what the adversary meets is the final decision, not the wait for it."""
    found = _found(ASKS, "batch")["batch"]
    assert found.naive is not None
    assert set(found.naive.stops) == {("application", "other_card")}
    assert found.best is not None
    assert w.said(found.best.way)["identity"] == "good record"
    assert found.proven
    assert found.best.successes == found.best.victims


def test_a_lever_that_nothing_sees_is_left_alone() -> None:
    stage = Stage(open_policy(load_texts({"toy.yaml": ASKS.encode()}), all_features=True), 7)
    assert "face" not in knobs_of(stage, "batch")
    stage.close()
