"""What verifying found: a verdict per receipt, and what was seen of the log on the way.

In: nothing; these are the facts and their words. Out: JSON, sentences in English and Chinese, an exit code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["holds", "differs", "altered", "damaged", "unknown", "gone"]
"""It comes out bit for bit; it comes out otherwise; receipt or answer were changed; what is kept was changed; nothing was decided there;
it is kept no more, or cannot be decided again any more."""
STATUS_ZH = {
    "holds": "成立", "differs": "不成立", "altered": "回执或应答被改动", "damaged": "留存数据被改动", "unknown": "查无此决策",
    "gone": "已超出留存",
}  # fmt: skip
STATUS_EN = {
    "holds": "holds", "differs": "does not hold", "altered": "receipt or answer was altered", "damaged": "what is kept was changed",
    "unknown": "no such decision", "gone": "cannot be decided again any more",
}  # fmt: skip
HOLDS, FAILS, GONE = 0, 3, 4
"""Exit codes: all hold; one does not; none fails, but one cannot be decided again any more."""
MAX_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise."""

    what: str
    noted: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.what}: {self.noted} → {self.found}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """About one decision. `en`, `zh`: why; `snapshot`, `events`: from where it was decided again (-1: the begin of the log), and over how
    many events."""

    receipt: str
    status: Status
    en: str
    zh: str
    position: int = -1
    event_id: str = ""
    outcome: str = ""
    policy: str = ""
    snapshot: int | None = None
    events: int = 0
    differences: tuple[Difference, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "receipt": self.receipt, "status": self.status, "en": self.en, "zh": self.zh, "position": self.position, "id": self.event_id,
            "outcome": self.outcome, "policy": self.policy, "snapshot": self.snapshot, "events": self.events,
            "differences": [{"what": d.what, "noted": d.noted, "found": d.found} for d in self.differences],
        }  # fmt: skip

    def text(self, language: str) -> str:
        """One line: the status, what was decided, why."""
        zh = language == "zh"
        about = f"{self.event_id} = {self.outcome} " if self.outcome else ""
        where = f"@{self.position}" if self.position >= 0 else self.receipt[:60]
        return f"{(STATUS_ZH if zh else STATUS_EN)[self.status]}: {about}{where}{'：' if zh else ': '}{self.zh if zh else self.en}"


@dataclass(slots=True)
class Findings:
    """Of one tenant. `counts` of decisions by status; `first`, `position`, `chain`: what is kept of the log; `checked_from`, `frames`: the
    part whose chain was checked; `damage`: where it breaks, "" when it does not; `promise`: for how long records and deciding again are
    promised; `notes`: snapshots that could not be used."""

    tenant: str
    first: int
    position: int
    chain: str
    verdicts: list[Verdict] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    checked_from: int = 0
    frames: int = 0
    damage: str = ""
    damage_zh: str = ""
    notes: list[str] = field(default_factory=list)
    promise: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """HOLDS, FAILS or GONE."""
        if self.damage or any(self.counts[status] for status in ("differs", "altered", "damaged", "unknown")):
            return FAILS
        return GONE if self.counts["gone"] else HOLDS

    def add(self, verdict: Verdict) -> None:
        """One verdict more."""
        self.verdicts.append(verdict)
        self.counts[verdict.status] += 1

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "tenant": self.tenant, "promise": self.promise, "holds": self.exit_code == HOLDS, "counts": dict(self.counts),
            "log": {
                "first": self.first, "position": self.position, "chain": self.chain, "checked_from": self.checked_from,
                "frames": self.frames, "intact": not self.damage, "damage": self.damage or None, "damage_zh": self.damage_zh or None,
            },
            "verdicts": [verdict.to_dict() for verdict in self.verdicts], "notes": self.notes, "seconds": round(self.seconds, 3),
        }  # fmt: skip
