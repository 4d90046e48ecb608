"""Declarations of lists: who is denied, allowed or watched.

In: nothing. Out: `EntityList`. Entries are not part of a policy: they come as list changes, each at its place in the log.
"""

from __future__ import annotations

from typing import Literal

from zhiyu.events.declare import Declaration


class EntityList(Declaration, frozen=True):
    """A list of values of one entity: rules ask `card in stolen_cards`. `of` names an entity (`entity:` of fields) or one field."""

    name: str
    of: str
    kind: Literal["deny", "allow", "watch"] = "deny"
    en: str = ""
    zh: str = ""
