"""What became of a batch, and a batch decided in several steps as one.

In: filled by the engine. Out: `Outcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import Judged
from zhiyu.events.batch import EventBatch
from zhiyu.events.refusals import Refusal


@dataclass(slots=True)
class Outcome:
    """What became of a batch: decisions, refusals, repeats as (position, position of the first), positions of noise, number of facts; what
    the door said of every row.

    Where decisions wait: `held`: positions of those that began to; `resumed`: what went on, in order; `answered`: per answer
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
    return Outcome(
        joined_decisions([part.decisions for part in parts]), noise=[p for part in parts for p in part.noise],
        facts=sum(p.facts for p in parts), late=sum(p.late for p in parts), held=[p for part in parts for p in part.held],
        resumed=joined_resumed([r for part in parts for r in part.resumed]),
        answered=[a for part in parts for a in part.answered], turned_away=[p for part in parts for p in part.turned_away],
    )  # fmt: skip


def joined_decisions(batches: Sequence[DecisionBatch]) -> DecisionBatch:
    """Several batches as one; `rows` stay what they are."""
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
    return DecisionBatch(tenant=first.tenant, ids=ids, hit_words=first.hit_words, path_words=first.path_words, **arrays)


def joined_resumed(parts: list[Resumed]) -> list[Resumed]:
    """Everything that went on in a batch as one part: what is done with it is done once, not step by step."""
    if len(parts) < 2:
        return parts
    events = joined_events([part.events for part in parts])
    decisions = joined_decisions([part.decisions for part in parts])
    starts = np.repeat(np.cumsum([0] + [part.events.n for part in parts[:-1]]), [part.n for part in parts])
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("revision", "cause", "answer", "waits", "stays")
    }
    changes = [each for part in parts for each in part.changes]
    return [Resumed(replace(decisions, rows=decisions.rows + starts), events, changes=changes, **arrays)]


def joined_events(batches: Sequence[EventBatch]) -> EventBatch:
    """Several batches of events that went on as one; texts are lists."""
    names = dict.fromkeys(name for b in batches for name in b.shown)
    arrays = {
        name: np.concatenate([getattr(b, name) for b in batches])
        for name in ("positions", "id_code", "body_code", "type_index", "time_ms", "labels", "money")
    }
    return EventBatch(
        tenant=batches[0].tenant, ids=[each for b in batches for each in b.ids], label_delay_ms=batches[0].label_delay_ms,
        values=np.concatenate([b.values for b in batches], axis=1), nulls=np.concatenate([b.nulls for b in batches], axis=1),
        shown={name: [each for b in batches for each in b.shown.get(name, [None] * b.n)] for name in names}, **arrays,
    )  # fmt: skip
