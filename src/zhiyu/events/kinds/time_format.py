"""Time formats: a strptime-like text compiled once into a regular expression (one value) and a small program (a
column).

In: `%Y-%m-%d %H:%M:%S` and the like, or ISO-8601 (the default). Out: a wall-clock time in ms and, where the text says
it, the UTC offset in ms. Directives: %Y (4 digits) %y (2 digits, 69–99 are 19xx) %m %d %H %M %S %I (1–2 digits) %f
(1–9 digits, cut to ms) %z (Z, +08, +0800, +08:00) %p (AM/PM) %b %B (English month names) %%. Any other character
stands for itself. Digits are taken greedily. Without a day it is the first of the month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

ISO = "iso"
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MONTH_NAMES = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTHS = {name[:cut]: i + 1 for i, name in enumerate(_MONTH_NAMES) for cut in (3, len(name))}
_PATTERNS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2}+)",
    "d": r"(?P<d>\d{1,2}+)",
    "H": r"(?P<H>\d{1,2}+)",
    "I": r"(?P<I>\d{1,2}+)",
    "M": r"(?P<M>\d{1,2}+)",
    "S": r"(?P<S>\d{1,2}+)",
    "f": r"(?P<f>\d{1,9}+)",
    "z": r"(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?+)",
    "p": r"(?P<p>[AaPp][Mm])",
    "b": r"(?P<b>[A-Za-z]{3,9}+)",
}
_ISO = re.compile(
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[Tt ](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
OPS = {"Y": 2, "m": 3, "d": 4, "H": 5, "M": 6, "S": 7, "f": 8, "z": 9, "y": 10}
LITERAL, ISO_OP, END = 1, 20, 0


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """One compiled format. `program`: (op, argument) pairs for the column kernel, empty when it has directives only
    `read` knows.
    """

    text: str
    pattern: re.Pattern[str]
    program: tuple[tuple[int, int], ...]

    def read(self, text: str) -> tuple[int, int | None] | None:
        """(wall-clock ms, offset ms or None), or None when the text is not of this format."""
        found = self.pattern.fullmatch(text)
        return _moment(found.groupdict()) if found else None


def compile_format(text: str) -> TimeFormat:
    """Compile one format ("iso" is the default format). ValueError with the directives that exist, when one does
    not.
    """
    if text == ISO:
        return TimeFormat(text, _ISO, ((ISO_OP, 0), (END, 0)))
    pattern, sure = "", True
    program: list[tuple[int, int]] = []
    seen: set[str] = set()
    at = 0
    while at < len(text):
        char, at = text[at], at + 1
        if char != "%":
            pattern += re.escape(char)
            program.extend((LITERAL, byte) for byte in char.encode())
            continue
        name, at = text[at : at + 1], at + 1
        name = "b" if name == "B" else name
        if name == "%":
            pattern += "%"
            program.append((LITERAL, 37))
            continue
        if name not in _PATTERNS or name in seen:
            known = " ".join(f"%{d}" for d in [*_PATTERNS, "B", "%"])
            raise ValueError(f"'%{name}' in '{text}' is {'repeated' if name in seen else 'unknown'}; known: {known}")
        seen.add(name)
        pattern += _PATTERNS[name]
        sure = sure and name in OPS
        program.append((OPS.get(name, END), 0))
    if not ({"Y", "y"} & seen and {"m", "b"} & seen):
        raise ValueError(f"'{text}' must name a year (%Y) and a month (%m), and a day (%d) where there is one")
    return TimeFormat(text, re.compile(pattern, re.ASCII), (*program, (END, 0)) if sure and "d" in seen else ())


def _moment(part: dict[str, str | None]) -> tuple[int, int | None] | None:
    try:
        day = date(_year(part), _month(part), int(part.get("d") or 1)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    hour, minute, second = _hour(part), int(part.get("M") or 0), int(part.get("S") or 0)
    if hour is None or hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int(((part.get("f") or "0") + "00")[:3])
    wall = ((day * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
    zone = part.get("z")
    if not zone:
        return wall, None
    offset = _offset(zone)
    return None if offset is None else (wall, offset)


def _year(part: dict[str, str | None]) -> int:
    short = part.get("y")
    if short is None:
        return int(part.get("Y") or 0)
    return int(short) + (1900 if int(short) >= 69 else 2000)


def _month(part: dict[str, str | None]) -> int:
    name = part.get("b")
    return int(part.get("m") or 0) if name is None else _MONTHS.get(name.lower(), 0)


def _hour(part: dict[str, str | None]) -> int | None:
    twelve, half = part.get("I"), (part.get("p") or "").lower()
    if twelve is None:
        return int(part.get("H") or 0)
    hour = int(twelve)
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + 12 if half == "pm" else (hour % 12 if half == "am" else hour)


def _offset(zone: str) -> int | None:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        return None
    ms = (hours * 60 + minutes) * 60_000
    return -ms if zone[0] == "-" else ms
