"""A small policy whose flow splits: 40 % of the cards under a strict limit, 10 % under a loose one, the rest as before; and its payments.

The points of a decision say which arm it took (1 strict, 2 loose, 3 the rest), so that tests need not trust its path. Payments of more than
500 are fraud; those without a card take no arm.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

KEY = b"0123456789abcdef"
START_MS = 1_800_000_000_000
POLICY = """
name: experiments
events:
- name: payment
  money: amount
  fields:
    card: {type: string, entity: card}
    amount: {type: money, currency: CNY, required: true}
  derive: {shelf: 'lower(card)'}
rule_sets:
- {name: strict, rules: [{name: over_200, when: amount > 200, outcome: review}, {name: strict_arm, when: amount >= 0, score: 1}]}
- {name: loose, rules: [{name: over_900, when: amount > 900, outcome: decline}, {name: loose_arm, when: amount >= 0, score: 2}]}
- {name: usual, rules: [{name: over_600, when: amount > 600, outcome: decline}, {name: usual_arm, when: amount >= 0, score: 3}]}
flows:
- name: payments
  en: payments
  zh: 支付流程
  on: [payment]
  nodes:
  - {name: inside, flow: limits, next: done}
  - {name: done, severest: true}
- name: limits
  en: limits
  zh: 限额流程
  nodes:
  - name: limit_test
    en: how strict a limit
    zh: 限额松紧
    experiment: [{name: strict, percent: 40, to: strict}, {name: loose, percent: "10.0", to: loose}]
    by: card
    salt: autumn
    next: usual
  - {name: strict, rule_set: strict, next: end}
  - {name: loose, rule_set: loose, next: end}
  - {name: usual, rule_set: usual, next: end}
  - {name: end, severest: true}
"""


def split_opened(old: str = "", new: str = "") -> Opened:
    """The policy, with a piece of its text replaced."""
    assert old in POLICY
    return open_policy(load_texts({"policy.yaml": POLICY.replace(old, new, 1).encode()}).policy, key=KEY)


def payments(seed: int, count: int, cards: int = 300, first: int = 0) -> list[bytes]:
    """Some cards pay much more often than others; one payment in fifty has no card."""
    rng = random.Random(seed)
    made = []
    for number in range(first, first + count):
        when = datetime.fromtimestamp((START_MS + number * 20_000) / 1000, UTC).isoformat()
        content: dict[str, object] = {
            "type": "payment",
            "id": f"x{number}",
            "time": when,
            "amount": rng.randrange(1_000),
        }
        if rng.random() >= 0.02:
            content["card"] = f"C{int(cards * rng.random() ** 2)}"
        made.append(json.dumps(content).encode())
    return made
