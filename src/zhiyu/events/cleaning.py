"""What cleaning changed, dropped or refused, and why: counts per field and action, for accepted events, and per
refusal code.

In: counts while decoding. Out: `CleaningReport`, mergeable over batches. Actions: `trimmed`, `normalised`,
`control_removed`, `rounded`, `check_failed`, `unknown_label`, `ignored` (a key of a record that no declaration names).
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_IGNORED_NAMES = 100


@dataclass(slots=True)
class CleaningReport:
    """Counts of one batch, or of many after `merge`.

    >>> report = CleaningReport(rows=2, accepted=1)
    >>> report.note("email", "trimmed"); report.merge(CleaningReport(rows=1, accepted=1)); report.rows
    3
    """

    rows: int = 0
    accepted: int = 0
    actions: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, name: str, action: str, count: int = 1) -> None:
        """Count `action` on field `name`. Names of ignored keys are bounded, the rest goes under "…"."""
        if not count:
            return
        key = (name, action)
        if action == "ignored" and key not in self.actions and len(self.actions) >= MAX_IGNORED_NAMES:
            key = ("…", action)
        self.actions[key] = self.actions.get(key, 0) + count

    def refuse(self, name: str, code: str) -> None:
        """Count one refused event, by the field at fault and why."""
        self.refused[(name, code)] = self.refused.get((name, code), 0) + 1

    def merge(self, other: CleaningReport) -> None:
        """Add the counts of another batch to this one."""
        self.rows += other.rows
        self.accepted += other.accepted
        for (name, action), count in other.actions.items():
            self.note(name, action, count)
        for key, count in other.refused.items():
            self.refused[key] = self.refused.get(key, 0) + count

    def rows_of(self, what: str = "actions") -> list[tuple[str, str, int]]:
        """(field, action or code, count), most frequent first, for a table; `what` is "actions" or "refused"."""
        counts = self.actions if what == "actions" else self.refused
        return sorted(((name, action, n) for (name, action), n in counts.items()), key=lambda row: (-row[2], row[:2]))
