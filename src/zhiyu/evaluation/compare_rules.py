"""Rules that hit more or less often under the candidate, and how often each was right.

In: `Compared` and the names of both policies' rules. Out: `Mover` lines, those that moved most first. Hits count each event once; precision
is over arrived labels, with weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhiyu.evaluation.compare import Compared, Hits


@dataclass(frozen=True, slots=True)
class Record:
    """What one rule did under one policy: hits, those with an arrived label, and the share of frauds among these (None without)."""

    hits: int
    labelled: int
    precision: float | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A rule under both policies; None where a policy has no rule of that name."""

    rule: str
    live: Record | None
    candidate: Record | None

    @property
    def difference(self) -> int:
        """Hits of the candidate minus hits of live."""
        return (self.candidate.hits if self.candidate else 0) - (self.live.hits if self.live else 0)

    def to_dict(self) -> dict[str, object]:
        """Both records side by side."""
        out: dict[str, object] = {"rule": self.rule, "difference": self.difference}
        for name, record in (("live", self.live), ("candidate", self.candidate)):
            out[name] = record and {
                "hits": record.hits, "labelled": record.labelled,
                "precision": None if record.precision is None else round(record.precision, 10),
            }  # fmt: skip
        return out


def movers(c: Compared, live_rules: Sequence[str], candidate_rules: Sequence[str]) -> list[Mover]:
    """All rules of both policies, the greatest change of hits first, then by name."""
    live, candidate = _records(c, c.hits[0], live_rules), _records(c, c.hits[1], candidate_rules)
    names = dict.fromkeys([*live_rules, *candidate_rules])
    found = [Mover(name, live.get(name), candidate.get(name)) for name in names]
    return sorted(found, key=lambda each: (-abs(each.difference), each.rule))


def _records(c: Compared, hits: Hits, names: Sequence[str]) -> dict[str, Record]:
    count = len(names)
    known = c.arrived[hits.row]
    row, rule = hits.row[known], hits.rule[known]
    weight = c.weight[row]
    whole = np.bincount(rule, weight, count)
    fraud = np.bincount(rule, weight * (c.label[row] == 1), count)
    total, labelled = np.bincount(hits.rule, minlength=count), np.bincount(rule, minlength=count)
    return {
        name: Record(int(total[i]), int(labelled[i]), float(fraud[i] / whole[i]) if whole[i] else None)
        for i, name in enumerate(names)
    }
