"""The declaration of two versions that decide side by side.

In: nothing. Out: `Versions`. Nobody writes it: `two_versions` makes it when a release takes over a share first.
"""

from __future__ import annotations

from zhiyu.events.declare import Declaration

NEXT = "__next"
"""What the parts of the next version are called behind their names, where the live one has others of the same name."""
SPLIT_NODE = "live_or_next"
"""The first node of every flow of such a policy."""
ARM = "next"


class Versions(Declaration, frozen=True):
    """Hashes of both: for `percent` (0..100, up to four decimals) of the values of the field `by` the `next` version decides, for all
    others, and where the field is null, the `live` one. The same value always gets the same version."""

    live: str
    next: str
    percent: str | int | float
    by: str
