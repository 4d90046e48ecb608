"""What a value can be. Every value is 64 bits and a null mark in the register file; the type says how to read the bits.

`scale`: a FIXED value is an integer of 10**-scale units. `unit`: currency or other unit; two different units never mix.
`choices`: the known values of an enum. `minimum`/`maximum`: the declared range, in the scaled integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The bit pattern: BOOL 0/1; INT, FIXED, TIME (ms since 1970 UTC), DURATION (ms) int64; FLOAT the bits of a float64;
    STRING a 64-bit code of the text; GEO two int32 micro-degrees, latitude in the high half."""

    BOOL = "bool"
    INT = "int"
    FIXED = "fixed"
    FLOAT = "float"
    TIME = "time"
    DURATION = "duration"
    STRING = "string"
    GEO = "geo"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind with its scale, unit and what is known about the values. `personal` strings may not be compared with literals."""

    kind: Kind
    scale: int = 0
    unit: str = ""
    choices: tuple[str, ...] = ()
    nullable: bool = True
    minimum: int | None = None
    maximum: int | None = None
    personal: bool = False
    is_list: bool = False

    @property
    def numeric(self) -> bool:
        """INT, FIXED or FLOAT."""
        return self.kind in (Kind.INT, Kind.FIXED, Kind.FLOAT)

    def __str__(self) -> str:
        unit = f"[{self.unit}]" if self.unit else ""
        return f"{self.kind.value}{unit}"


BOOL = Type(Kind.BOOL)
INT = Type(Kind.INT)
FLOAT = Type(Kind.FLOAT)
TIME = Type(Kind.TIME)
DURATION = Type(Kind.DURATION)
STRING = Type(Kind.STRING)
GEO = Type(Kind.GEO)
