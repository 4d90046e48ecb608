"""What a proposal may cost: limits on the whole policy with the change, not on the change alone.

In: limits as given, the figures of a part. Out: which limits are broken and by how much, for "nothing satisfies them; nearest was …".
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.errors import InputError
from zhiyu.evaluation.tuning.measure import Figures


@dataclass(frozen=True, slots=True)
class Limits:
    """`review_load`: reviews a day at most; `good_hurt`: share of good decisions stopped at most; `approval_rate`: share of decisions that
    go through at once (pass, notify) at least. None: no limit."""

    review_load: float | None = None
    good_hurt: float | None = None
    approval_rate: float | None = None

    def __post_init__(self) -> None:
        for name, value, most in (
            ("--review-load", self.review_load, float("inf")),
            ("--good-hurt", self.good_hurt, 1.0),
            ("--approval-rate", self.approval_rate, 1.0),
        ):
            if value is not None and not 0 <= value <= most:
                raise InputError(
                    f"{name} is {value}; it lies between 0 and {most:g}", f"{name} 为 {value}，应在 0 到 {most:g} 之间"
                )

    def broken(self, f: Figures) -> list[tuple[str, float, float]]:
        """(name, value, limit) of every limit the figures break."""
        checks = (
            ("review_load", f.reviews_per_day, self.review_load, 1),
            ("good_hurt", f.good_hurt_share, self.good_hurt, 1),
            ("approval_rate", f.approval_rate, self.approval_rate, -1),
        )
        return [
            (name, value, limit)
            for name, value, limit, sign in checks
            if limit is not None and sign * value > sign * limit
        ]

    def excess(self, f: Figures) -> float:
        """0 when all hold, else the sum of how far each is broken, relative to its limit."""
        return sum(abs(value - limit) / max(limit, 1e-9) for _, value, limit in self.broken(f))

    def to_dict(self) -> dict[str, float | None]:
        """By name."""
        return {
            "review_load": self.review_load,
            "good_hurt": self.good_hurt,
            "approval_rate": self.approval_rate,
        }
