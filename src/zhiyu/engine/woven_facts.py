"""Facts that come back, woven between the events in the order in which they take effect.

In: events of a step, facts that are due with the place each stands before. Out: one sequence; labels that these events bring.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Several

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.facts import Facts, interleaved, rewritten
from zhiyu.engine.sequence import FACT_ROW, NO_ASKS, Sequence, in_one
from zhiyu.events.batch import EventBatch
from zhiyu.policy.builtin import LABEL_KIND


def with_facts(
    events: Sequence,
    groups: list[tuple[Facts, Array]],
    types: Several[tuple[int, int, bool]],
    columns: Mapping[str, int],
) -> Sequence:
    """Facts in `groups` with the event each stands before. `types`: for each group the number and the code of its event type, and whether
    its facts happened when they were due, rather than at the event that they stand before."""
    n, nows = len(events.times), events.nows
    which, index = interleaved(n, groups)
    starts = np.cumsum([0, n] + [len(facts) for facts, _ in groups])
    place, parts = starts[which + 1] + index, [events]
    for (kind, code, own_time), (facts, before) in zip(types, groups):
        at = nows[before] if len(before) else np.zeros(0, np.int64)
        due = facts.due if own_time else at
        content = {columns["event_type"]: code, columns["time"]: due, columns["received_at"]: at, columns["late"]: 0}
        values, nulls = rewritten(facts.values, facts.nulls, content)
        k = len(facts)
        parts.append(
            Sequence(
                values, nulls, due, at, np.full(k, kind, np.int16), NO_ASKS, np.zeros((k, 2), np.uint64), np.zeros(k, np.int64),
                np.full(k, FACT_ROW), np.zeros(k, np.int64),
            )
        )  # fmt: skip
    return in_one(parts).of(place)


def fresh_labels(
    batch: EventBatch, rows: Array, events: Sequence, columns: Mapping[str, int], derived: DerivedLabels
) -> tuple[Facts, Array]:
    """Labels of these events, those that came with them and those that are derived from them; and after which event each stands."""
    labelled = np.flatnonzero(batch.labels[rows] >= 0)
    content: dict[int, Array | int] = {columns["fraud"]: batch.labels[rows][labelled].astype(np.int64)}
    own = rewritten(events.values[:, labelled], events.nulls[:, labelled], content)
    facts = Facts(*own, batch.time_ms[rows][labelled] + batch.label_delay_ms)
    if not derived:
        return facts, labelled
    said = derived.said(events.kinds, events.values, events.nulls)
    content = {columns["fraud"]: said.fraud, columns[LABEL_KIND]: said.kind}
    values, nulls = rewritten(events.values[:, said.at], events.nulls[:, said.at], content)
    return facts.joined(Facts(values, nulls, events.times[said.at])), np.concatenate([labelled, said.at])
