"""Times in a column of texts or numbers: which formats they are written in.

In: values in the order of the file. Out: formats that read them, in the order to be tried, or None; the times themselves. The product's own
reader is asked, so what is found here is what will be read. Where day and month could be either way round, the order of the file decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from zhiyu.events.kinds.time_format import ISO, compile_format

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y",
         "%b %d, %Y", "%b %d %Y", "%d-%b-%y", "%Y年%m月%d日", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y")  # fmt: skip
_HOURS = (
    "",
    " %H:%M:%S",
    " %H:%M",
    " %H:%M:%S.%f",
    " %I:%M:%S %p",
    " %I:%M %p",
    "T%H:%M:%S",
    ", %H:%M",
    " %H:%M:%S %z",
    " %H:%M:%S UTC",
)
_MONTHS = ("%b-%Y", "%b %Y", "%b-%y", "%Y-%m", "%Y/%m", "%Y年%m月", "%m/%Y")
_ODD = ("%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日 %H时%M分", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M", "%d%b%Y:%H:%M:%S")
PACKED = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d")
FORMATS = {
    text: compile_format(text) for text in (ISO, *(day + hour for day in _DAYS for hour in _HOURS), *_ODD, *_MONTHS)
}
PACKED_FORMATS = {text: compile_format(text) for text in PACKED}
ENOUGH = 0.98
TRIED = 400
FEW = 25
MONTH_FIRST = 0.05
"""How much better ordered a file must be with the month first, to be read so where the day could be first as well."""


def formats_of(texts: Sequence[str]) -> tuple[str, ...] | None:
    """Formats of texts in the order of the file, () for ISO-8601 alone; None when they are no times.

    >>> formats_of(["2024-05-01", "2024-05-02T08:00:00Z"]), formats_of(["1/5/2024 8:00", "13/5/2024 9:30"]), formats_of(["abc"])
    ((), ('%d/%m/%Y %H:%M',), None)
    """
    tried = list(dict.fromkeys(text.strip() for text in texts))
    if not tried:
        return None
    tried = tried[:: max(1, len(tried) // TRIED)][:TRIED]
    packed = all(text.isdigit() for text in tried)
    likely = {
        name: known
        for name, known in (PACKED_FORMATS if packed else FORMATS).items()
        if any(known.read(text) for text in tried[:FEW])
    }
    read = {name: frozenset(text for text in tried if known.read(text)) for name, known in likely.items()}
    chosen: list[str] = []
    left = set(tried)
    while left:
        best = max(
            read,
            key=lambda name: (len(left & read[name]), -_disorder(name, texts) - MONTH_FIRST * name.startswith("%m")),
            default="",
        )
        if not best or not left & read[best]:
            break
        chosen.append(best)
        left -= read[best]
    if len(left) > len(tried) * (1 - ENOUGH) or (packed and not _plausible(tried)):
        return None
    return (
        ()
        if chosen == [ISO]
        else tuple(each for each in chosen if each != ISO)
        if ISO not in chosen
        else _with_iso(chosen)
    )


def _with_iso(chosen: list[str]) -> tuple[str, ...]:
    """ISO-8601 has no name as a format: its two common spellings stand for it."""
    return (*(each for each in chosen if each != ISO), "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


def _plausible(texts: Sequence[str]) -> bool:
    return all(len(text) in (8, 12, 14) and "1900" <= text[:4] <= "2100" for text in texts)


def moments_of(texts: Sequence[str | None], formats: Sequence[str]) -> list[int | None]:
    """Milliseconds since 1970 of texts in these formats, taken as UTC where they name no offset; None for what none of them reads."""
    known = [compile_format(text) for text in (formats or (ISO,))]
    moment: dict[str, int | None] = {}
    for text in {text for text in texts if text is not None}:
        found = next((read for each in known if (read := each.read(text.strip())) is not None), None)
        moment[text] = found[0] - (found[1] or 0) if found is not None else None
    return [None if text is None else moment[text] for text in texts]


def in_order(texts: Sequence[str], formats: Sequence[str]) -> bool:
    """Whether texts in these formats never go back in time."""
    return all(a <= b for a, b in pairwise([moment for moment in moments_of(texts, formats) if moment is not None]))


def _disorder(name: str, texts: Sequence[str]) -> float:
    """Share of neighbours in the file that would go back in time."""
    known = {**FORMATS, **PACKED_FORMATS}[name]
    times = [found[0] for found in map(known.read, texts[:2000]) if found]
    return sum(b < a for a, b in pairwise(times)) / max(len(times), 1)
