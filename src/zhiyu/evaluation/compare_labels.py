"""How much of the truth is in: labels arrived, on their way, missing; and where missing labels make the comparison blind.

In: `Compared`. Out: counts by day, and `Blind` outcomes: those of the live policy whose labels are missing much more often than those of
passes. What was declined leaves no trace of what it would have been; whether stopping less of it gains or loses cannot be read off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared
from zhiyu.policy.outcomes import OUTCOMES

PASS, CHALLENGE = OUTCOMES.index("pass"), OUTCOMES.index("challenge")
MUCH_MORE, AT_LEAST = 2.0, 0.1
"""Missing much more often: at least twice as often as for passes, and by at least ten points."""


@dataclass(frozen=True, slots=True)
class Maturity:
    """Events: all; label arrived; label known to the file but on its way; too young to expect one; old enough and without."""

    decisions: int
    arrived: int
    pending: int
    young: int
    missing: int

    @property
    def share(self) -> float:
        """Share of decisions whose label has arrived."""
        return self.arrived / self.decisions if self.decisions else 0.0

    def to_dict(self) -> dict[str, float]:
        """Counts by name, and the share."""
        return {
            "decisions": self.decisions, "arrived": self.arrived, "pending": self.pending, "young": self.young,
            "missing": self.missing, "share_arrived": round(self.share, 10),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blind:
    """An outcome under the live policy that has too few labels. `milder`: how many of its unlabelled events the candidate would not stop;
    `let_through`: labelled ones that a lottery let through, and which stand for the rest by their weight."""

    outcome: str
    due: int
    missing: int
    passes_due: int
    passes_missing: int
    milder: int
    let_through: int

    def to_dict(self) -> dict[str, int | str]:
        """Counts by name."""
        return {
            "outcome": self.outcome, "due": self.due, "missing": self.missing, "passes_due": self.passes_due,
            "passes_missing": self.passes_missing, "unlabelled_not_stopped_by_candidate": self.milder,
            "let_through_with_label": self.let_through,
        }  # fmt: skip


def maturity(c: Compared) -> Maturity:
    """Counts over all events."""
    return _maturity(c, slice(None))


def maturity_by_day(c: Compared) -> list[Maturity]:
    """The same for each day of `c.day`."""
    number, days = c.day
    count = len(days)
    known = c.label >= 0

    def by(mask: Array) -> list[int]:
        return np.bincount(number[mask], minlength=count).tolist()

    parts = (by(np.ones(c.n, bool)), by(c.arrived), by(known & ~c.due), by(~known & ~c.due), by(~known & c.due))
    return [Maturity(*each) for each in zip(*parts)]


def _maturity(c: Compared, rows: slice) -> Maturity:
    known, due = c.label[rows] >= 0, c.due[rows]
    return Maturity(
        len(known),
        int((known & due).sum()),
        int((known & ~due).sum()),
        int((~known & ~due).sum()),
        int((~known & due).sum()),
    )


def blind_outcomes(c: Compared) -> list[Blind]:
    """Stopping outcomes of the live policy where labels are missing much more often than for passes, mildest first."""
    missing = c.due & (c.label < 0)
    if not c.arrived.any():
        return []
    passes = c.outcome[0] == PASS
    base_due, base_missing = int((passes & c.due).sum()), int((passes & missing).sum())
    base = base_missing / base_due if base_due else 0.0
    found = []
    for code in range(CHALLENGE, len(OUTCOMES)):
        own = c.outcome[0] == code
        due, gone = int((own & c.due).sum()), int((own & missing).sum())
        if due and gone / due >= MUCH_MORE * base and gone / due >= base + AT_LEAST:
            milder = int((own & missing & (c.outcome[1] < CHALLENGE)).sum())
            drawn = int((own & c.arrived & (c.weight > 1)).sum())
            found.append(Blind(OUTCOMES[code], due, gone, base_due, base_missing, milder, drawn))
    return found
