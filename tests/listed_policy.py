"""A small policy folder with lists, and a vocabulary of the same, for tests of journals and commands."""

from __future__ import annotations

from pathlib import Path

from zhiyu.base.hashing import Codes
from zhiyu.engine.opened import tenant_key
from zhiyu.events.list_values import Vocabulary
from zhiyu.policy.load import load_policy
from zhiyu.policy.vocabulary import vocabulary

POLICY = """
name: payments
events:
  - name: payment
    money: amount
    fields:
      card: {type: card, required: true, entity: card}
      payee: {type: card, entity: card}
      device: {type: string, entity: device, normalise: [trim, lower]}
      shop: {type: int, entity: merchant}
      amount: {type: money}
lists:
  - {name: stolen_cards, of: card}
  - {name: devices, of: device, kind: allow}
  - {name: shops, of: shop, kind: watch}
reasons:
  - {code: stolen, en: the card is reported stolen, zh: 卡片已挂失}
rule_sets:
  - name: main
    rules:
      - {name: stolen, when: card in stolen_cards or payee in stolen_cards, outcome: decline, reason: stolen}
      - {name: odd_shop, when: shop in shops and device not in devices, outcome: review, reason: stolen}
"""
CARDS = ("6011111111111117", "4111111111111111", "5500005555555559")
"""Three numbers whose check digit is right."""


def write_policy(folder: Path) -> Path:
    """The folder, with the policy in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return folder


def known_to(folder: Path) -> Vocabulary:
    """What a journal of this policy may name."""
    return vocabulary(load_policy(folder).policy, Codes(tenant_key("default")))
