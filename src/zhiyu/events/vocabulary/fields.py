"""Every field of the vocabulary by name.

In: the terms of the topics. Out: `FIELDS`, name → `Term`, in the order of the pages; `TOPICS` with their names for people.
"""

from __future__ import annotations

from zhiyu.events.vocabulary.device_fields import DEVICES
from zhiyu.events.vocabulary.money_fields import MONEY
from zhiyu.events.vocabulary.people_fields import PEOPLE
from zhiyu.events.vocabulary.service_fields import SERVICE
from zhiyu.events.vocabulary.terms import Term

TOPICS: tuple[tuple[str, str, tuple[Term, ...]], ...] = (
    ("People", "人", PEOPLE),
    ("Devices, places and proofs", "设备、位置与核身", DEVICES),
    ("Money", "资金", MONEY),
    ("Service, labels and lists", "服务、标签与名单", SERVICE),
)
"""(English, Chinese, terms)."""

FIELDS: dict[str, Term] = {each.name: each for _, _, terms in TOPICS for each in terms}
"""Name → term."""
