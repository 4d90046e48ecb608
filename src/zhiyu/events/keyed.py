"""What a plan needs from a tenant's key, worked out once per plan and key: codes of names, keys of ids.

In: a plan's names and `Codes`. Out: `Keyed`. The 128-bit id of an event is the hash of its id under a key made for
its type, so that equal ids of two types never meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zhiyu.base.hashing import Codes
from zhiyu.events.plan import Plan
from zhiyu.events.schema import EventSchema


@dataclass(frozen=True, slots=True)
class Keyed:
    """`salts` uint64[k] of the body columns, `type_codes` int64[types], `ids` one `Codes` per type; `id_words`
    uint64[types, 2]: their keys."""

    salts: npt.NDArray[np.uint64]
    type_codes: npt.NDArray[np.int64]
    ids: tuple[Codes, ...]
    id_words: npt.NDArray[np.uint64]


def keyed(schema: EventSchema, plan: Plan, codes: Codes) -> Keyed:
    """The keyed part of a plan, kept on the schema."""
    key = ("keyed", plan.name, codes.key)
    found: Keyed | None = schema.kept.get(key)
    if found is None:
        ids = tuple(codes.derived(f"id {event.name}") for event in schema.types)
        found = schema.kept[key] = Keyed(
            np.array([codes.one(f"body {name}") for name in plan.salt_names], np.int64).view(np.uint64),
            np.array([codes.one(event.name) for event in schema.types], np.int64),
            ids,
            np.array([each.words for each in ids], np.uint64).reshape(-1, 2),
        )
    return found
