"""Numbers that a source writes in another unit than the field has: fen for yuan, wan for yuan, minutes for seconds, percent for a share.

In: a declared number field and the source's unit. Out: a reader whose result is the field's own scaled integer, exact: a power of ten moves
the decimal point before the text becomes an integer, any other factor multiplies the integer.
"""

from __future__ import annotations

from zhiyu.events.declare import Field
from zhiyu.events.kinds.number import Number, digits_of
from zhiyu.events.kinds.reader import Notes, Numbers

MONEY = {"fen": -2, "cent": -2, "jiao": -1, "yuan": 0, "hundred": 2, "thousand": 3, "wan": 4, "million": 6, "yi": 8}
"""Units of money as powers of ten of the major unit."""
POWERS: dict[str, dict[str, int]] = {
    "": {"percent": -2, "permille": -3, "basis_points": -4, "thousand": 3, "wan": 4},
    "s": {"s": 0, "ms": -3, "us": -6},
    "km": {"km": 0, "m": -3},
}
TIMES: dict[str, dict[str, int]] = {
    "s": {"min": 60, "h": 3_600, "d": 86_400},
    "months": {"months": 1, "quarters": 3, "years": 12},
    "days": {"days": 1, "weeks": 7},
}


def units_of(declared: Field) -> tuple[str, ...]:
    """Every unit a source may write this field in.

    >>> units_of(Field(type="int", unit="months"))
    ('months', 'quarters', 'years')
    """
    if declared.type == "money":
        return tuple(MONEY)
    if declared.type not in ("int", "number"):
        return ()
    return (*POWERS.get(declared.unit, ()), *TIMES.get(declared.unit, ()))


class InUnit(Number):
    """Reader of a number written in `unit`. ValueError when the field keeps too few digits for it."""

    def __init__(self, declared: Field, unit: str) -> None:
        super().__init__(declared)
        power = MONEY[unit] if declared.type == "money" else POWERS.get(declared.unit, {}).get(unit, 0)
        self.times = 1 if declared.type == "money" else TIMES.get(declared.unit, {}).get(unit, 1)
        self.digits = digits_of(declared) + power
        if self.digits < 0:
            raise ValueError(f"keeps {digits_of(declared)} decimal digits, too few for a value in {unit}")
        self.factor = 10**self.digits
        self.low, self.high = -(-self.low // self.times), self.high // self.times

    def one(self, value: object, notes: Notes) -> int | None:
        """The field's scaled integer of one raw value."""
        found = super().one(value, notes)
        return None if found is None else found * self.times

    def many(self, column: object) -> Numbers | None:
        """The same over a column."""
        found = super().many(column)
        if found is not None and self.times > 1:
            found.values = found.values * self.times
        return found
