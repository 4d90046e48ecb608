"""Outcomes, mildest first.

In: nothing. Out: the type and the tuple; the position of an outcome is its severity.
"""

from typing import Literal

Outcome = Literal["pass", "notify", "challenge", "delay", "review", "decline"]
OUTCOMES: tuple[str, ...] = Outcome.__args__  # type: ignore[attr-defined]
"""Mildest first; the position is the severity."""
