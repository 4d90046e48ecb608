"""What became of a batch, and a batch decided in several steps as one.

In: filled by the engine. Out: `Outcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import Judged
from zhiyu.events.refusals import Refusal


@dataclass(slots=True)
class Outcome:
    """What became of a batch: decisions, refusals, repeats as (position, position of the first), positions of noise, number of facts; what
    the door said of every row.

    Where decisions wait: `held`: positions of those that began to; `resumed`: what went on, part by part, in order; `answered`: per answer
    (its position, what became of it as in `holds`, position of the event it is about or -1); `turned_away`: positions of those that would
    wait, had there been room.
    """

    decisions: DecisionBatch
    refusals: list[Refusal] = field(default_factory=list)
    repeats: list[tuple[int, int]] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    facts: int = 0
    late: int = 0
    judged: Judged | None = None
    held: list[int] = field(default_factory=list)
    resumed: list[Resumed] = field(default_factory=list)
    answered: list[tuple[int, int, int]] = field(default_factory=list)
    turned_away: list[int] = field(default_factory=list)


def joined(parts: Sequence[Outcome]) -> Outcome:
    """Several outcomes of one batch as one."""
    if len(parts) == 1:
        return parts[0]
    batches = [part.decisions for part in parts]
    starts = np.cumsum([0] + [b.n for b in batches])
    arrays = {
        name: np.concatenate([getattr(b, name) for b in batches])
        for name in (
            "positions", "id_code", "type_index", "time_ms", "received_ms", "late", "labels", "money", "rows", "kept_values", "kept_nulls",
        )
    }  # fmt: skip
    arrays["block"] = np.concatenate([b.block for b in batches], axis=1)
    arrays["kept"] = np.concatenate([b.kept + start for b, start in zip(batches, starts)])
    ids = [each for b in batches for each in (b.ids.to_pylist() if hasattr(b.ids, "to_pylist") else b.ids)]
    first = batches[0]
    decisions = DecisionBatch(
        tenant=first.tenant, ids=ids, hit_words=first.hit_words, path_words=first.path_words, **arrays
    )
    return Outcome(
        decisions, noise=[p for part in parts for p in part.noise], facts=sum(p.facts for p in parts), late=sum(p.late for p in parts),
        held=[p for part in parts for p in part.held], resumed=[r for part in parts for r in part.resumed],
        answered=[a for part in parts for a in part.answered], turned_away=[p for part in parts for p in part.turned_away],
    )  # fmt: skip
