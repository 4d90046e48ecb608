"""Two policies over the recent past: what the other one would have caught, whom it would have hurt, how much work it makes.

In: what each says of every event (`Seen`). Out: plain facts: figures with 95 % intervals of the difference, moved outcomes, rules that
hit otherwise, and how much of the truth is in. Figures are those of a backtest (`compare_figures`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared, Hits
from zhiyu.evaluation.compare_changes import matrix
from zhiyu.evaluation.compare_figures import FIGURES
from zhiyu.evaluation.compare_intervals import clusters_of, estimates
from zhiyu.evaluation.compare_labels import maturity
from zhiyu.evaluation.recent.decide import Seen
from zhiyu.evaluation.recent.record import Recorded
from zhiyu.log.list_journal import said_time
from zhiyu.policy.outcomes import OUTCOMES

MAX_RULES_TOLD = 50
"""Rules that hit otherwise and are told one by one, those that differ most first."""
_SEED = 0
_NO_ROWS = np.zeros(0, np.int64)


def compared(live: Seen, draft: Seen, recorded: Recorded) -> Compared:
    """Both side by side; positions are the same where event types are."""
    if not np.array_equal(live.position, draft.position):
        raise AssertionError("two policies over one tape decided different events")
    return Compared(
        live.position, live.time_ms, np.stack([live.outcome, draft.outcome]), np.stack([live.score, draft.score]), live.label, live.money,
        live.weight, np.zeros((0, live.n), np.int32), (live.hits, draft.hits), [], recorded.until_ms, 0,
    )  # fmt: skip


def told(live: Seen, draft: Seen, recorded: Recorded, currency: str) -> dict[str, Any]:
    """As JSON. Money in minor units of `currency`."""
    c = compared(live, draft, recorded)
    found = estimates(c, clusters_of(c), _SEED)[0] if c.n else {}
    counts, money = matrix(c)
    moved = [
        {"live": OUTCOMES[i], "draft": OUTCOMES[j], "decisions": int(counts[i, j]), "money": int(money[i, j])}
        for i, j in np.argwhere(counts).tolist() if i != j
    ]  # fmt: skip
    return {
        "from": said_time(recorded.since_ms), "until": said_time(recorded.until_ms), "position": recorded.position, "decisions": c.n,
        "currency": currency, "labels": maturity(c).to_dict() if c.n else None,
        "figures": [
            {"name": each.name, "kind": each.kind, "better": each.better, "en": each.en, "zh": each.zh, **found[each.name].to_dict()}
            for each in FIGURES if each.name in found
        ],
        "moved": sorted(moved, key=lambda each: -int(each["decisions"])), "rules": rules_told(live, draft),
    }  # fmt: skip


def rules_told(live: Seen, draft: Seen) -> list[dict[str, Any]]:
    """Rules of either policy whose hits differ: how many events each hits, and what is known of those the draft hits."""
    ours, theirs = _by_rule(live), _by_rule(draft)
    names = [*draft.rules, *(name for name in live.rules if name not in set(draft.rules))]
    found: list[tuple[int, dict[str, Any]]] = []
    for name in names:
        one, two = ours.get(name, _NO_ROWS), theirs.get(name, _NO_ROWS)
        if np.array_equal(one, two) and (name in live.rules) == (name in draft.rules):
            continue
        label = draft.label[two]
        line = {
            "rule": name, "live": len(one) if name in live.rules else None, "draft": len(two) if name in draft.rules else None,
            "frauds": int((label == 1).sum()), "goods": int((label == 0).sum()), "unknown": int((label < 0).sum()),
            "money": int(draft.money[two].sum()),
        }  # fmt: skip
        found.append((abs(len(two) - len(one)), line))
    return [line for _, line in sorted(found, key=lambda each: -each[0])[:MAX_RULES_TOLD]]


def _by_rule(seen: Seen) -> dict[str, Array]:
    """Rule → the rows that it hits, ascending; only rules that hit."""
    hits: Hits = seen.hits
    order = np.argsort(hits.rule, kind="stable")
    numbers, starts = np.unique(hits.rule[order], return_index=True)
    rows = np.split(hits.row[order], starts[1:])
    return {seen.rules[number]: each for number, each in zip(numbers.tolist(), rows)}
