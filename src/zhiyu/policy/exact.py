"""Numbers that are declared as text to keep their digits, read once more.

In: a bound, share or percent as declared. Out: its `Decimal`, or None after reporting what is not a number.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from zhiyu.base.errors import Hint
from zhiyu.policy.checked import Checked
from zhiyu.policy.places import Path


def exact(checked: Checked, value: str | int | float, path: Path) -> Decimal | None:
    """The number at `path`; declarations made in Python may hold any text."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if number.is_finite():
        return number
    en, zh = f"'{value}' is not a number", f"“{value}”不是数字"
    checked.error("declare.type", path, en, zh, Hint("write it like -5 or 1000.00", "例如 -5 或 1000.00"))
    return None
