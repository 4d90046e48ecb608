"""The cells of a table's columns that can really occur, and what rows take of them, as bit masks.

In: a typed column. Out: `Strip`: its possible cells renumbered 0, 1, … (null last when the value can be missing), per row a mask of them,
and cells in words of the table. A cell is possible when the type has a value in it: whole numbers leave nothing between 4 and 5, a
declared range nothing outside it, an enum nothing but its choices.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from zhiyu.base.windows import say_duration
from zhiyu.expressions.canonical import number_text
from zhiyu.expressions.nodes import Call
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.axis import Axis, Taken, Value
from zhiyu.policy.checked import CheckedColumn
from zhiyu.policy.condition_text import ANY, NULL, word_text
from zhiyu.policy.possible import declared

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN_TEXTS = 5


@dataclass(frozen=True)
class Strip:
    """One column by its possible cells. `cells`: their numbers on the axis; `present`: mask of all but null; `null`: mask of null or 0;
    `masks`: per row (or bin) the possible cells it takes."""

    name: str
    axis: Axis
    cells: tuple[int, ...]
    present: int
    null: int
    masks: tuple[int, ...]

    @property
    def all(self) -> int:
        """Mask of every possible cell."""
        return self.present | self.null

    @staticmethod
    def of(column: CheckedColumn) -> Strip:
        """The strip of a column."""
        type_ = column.expression.type
        axis = Axis(_ranged(column), column.axis.points)
        present = [cell for cell in range(axis.null) if possible(axis, cell)]
        masks = _masks(axis, column.taken, present, type_.nullable)
        cells = (*present, axis.null) if type_.nullable else tuple(present)
        return Strip(column.name, axis, cells, (1 << len(present)) - 1, int(type_.nullable) << len(present), masks)

    def say(self, mask: int) -> str:
        """Cells as one condition of the table: `[0..100)`, `CN, US`, `not(CN)`, `-`."""
        if mask == self.all or (mask == self.present and not self.null):
            return ANY
        texts = [] if not mask & self.present else self._present(mask & self.present)
        return ", ".join([*texts, *([NULL] if mask & self.null else [])])

    def _present(self, mask: int) -> list[str]:
        axis = self.axis
        if mask == self.present:
            return ["not(null)"]
        if axis.type.kind is Kind.STRING:
            return self._texts(mask)
        return [_say_run(axis, self.cells[first], self.cells[last]) for first, last in runs(mask)]

    def _texts(self, mask: int) -> list[str]:
        axis, other = self.axis, len(self.axis.points)
        cells = [self.cells[i] for i in bits(mask)]
        named = [str(axis.points[cell]) for cell in cells if cell != other]
        if other in cells:
            rest = [choice for choice in axis.type.choices if choice not in axis.points]
            if not rest:
                left = [str(point) for point in axis.points if str(point) not in named]
                return [f"not({', '.join(map(word_text, _few(left)))})"] if left else [ANY]
            named += rest
        return [word_text(each) for each in _few(named)]


def _ranged(column: CheckedColumn) -> Type:
    """The type with the range of the function it comes from: an hour is 0 to 23."""
    type_ = column.axis.type
    if not isinstance(column.expression.node, Call) or not type_.numeric or type_.scale:
        return type_
    known = declared(column.expression.node, {})
    low = None if known.low is None else int(known.low)
    return replace(type_, minimum=low, maximum=None if known.high is None else int(known.high))


def possible(axis: Axis, cell: int) -> bool:
    """Whether a present value of the type can lie in this cell."""
    type_, points = axis.type, axis.points
    if type_.kind is Kind.STRING:
        return cell < len(points) or not type_.choices or set(type_.choices) - set(points) != set()
    if type_.kind is Kind.BOOL:
        return not points or cell % 2 == 1 or _free_boolean(points, cell)
    low, high = _ends(axis, cell)
    if cell % 2:
        return (type_.minimum is None or high >= type_.minimum) and (type_.maximum is None or low <= type_.maximum)
    if type_.kind is Kind.FLOAT:
        return _dense(type_, low, high)
    first = max(low + 1, type_.minimum if type_.minimum is not None else -_FAR)
    last = min(high - 1, type_.maximum if type_.maximum is not None else _FAR)
    return first <= last


_FAR = 1 << 70


def _dense(type_: Type, low: float, high: float) -> bool:
    """An open interval of decimal numbers; its bounds are points or infinity."""
    return (type_.minimum is None or high > type_.minimum) and (type_.maximum is None or low < type_.maximum)


def _ends(axis: Axis, cell: int) -> tuple[int, int]:
    """Bounds of a cell: both the point itself, or the points around an open cell, far away where there is none."""
    points, at = axis.points, cell // 2
    if cell % 2:
        return points[at], points[at]  # type: ignore[return-value]
    low = points[at - 1] if at else -_FAR
    return low, points[at] if at < len(points) else _FAR  # type: ignore[return-value]


def _free_boolean(points: tuple[Value, ...], cell: int) -> bool:
    """Cells beside one lone point hold the other truth value."""
    return (points == (0,) and cell == 2) or (points == (1,) and cell == 0)


def _masks(axis: Axis, taken: Sequence[Taken], present: Sequence[int], nullable: bool) -> tuple[int, ...]:
    """Per condition the mask of the possible cells it takes; equal conditions are looked at once."""
    whole, null = (1 << len(present)) - 1, int(nullable) << len(present)
    at = {cell: number for number, cell in enumerate(present)}
    plain = {each: _plain_mask(axis, each, present, at) for each in set(taken)}
    named = 0
    for each, mask in plain.items():
        named |= 0 if each.rest or each.any else mask
    known = {}
    for each, mask in plain.items():
        if each.any:
            known[each] = whole | null
            continue
        mask |= whole & ~named if each.rest else 0
        known[each] = (whole & ~mask if each.negated else mask) | (null if each.null else 0)
    return tuple(known[each] for each in taken)


def _plain_mask(axis: Axis, taken: Taken, present: Sequence[int], at: dict[int, int]) -> int:
    """Intervals and values alone."""
    mask = 0
    for interval in taken.intervals:
        first, past = axis.inside(interval)
        low, high = bisect_left(present, first), bisect_left(present, past)
        mask |= (1 << high) - (1 << low) if high > low else 0
    for value in taken.values:
        number = at.get(axis.cell(value))
        mask |= 0 if number is None else 1 << number
    return mask


def bits(mask: int) -> list[int]:
    """Numbers of the bits that are set, ascending.

    >>> bits(0b1101)
    [0, 2, 3]
    """
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def runs(mask: int) -> list[tuple[int, int]]:
    """Unbroken runs of set bits as (first, last).

    >>> runs(0b11011)
    [(0, 1), (3, 4)]
    """
    found = []
    at = 0
    while mask:
        skipped = (mask & -mask).bit_length() - 1
        mask >>= skipped
        length = (~mask & (mask + 1)).bit_length() - 1
        found.append((at + skipped, at + skipped + length - 1))
        mask >>= length
        at += skipped + length
    return found


def _say_run(axis: Axis, first: int, last: int) -> str:
    if axis.type.kind is Kind.BOOL:
        return _say_boolean(axis, first, last)
    low, low_in = _lower(axis, first)
    high, high_in = _upper(axis, last)
    if low is None and high is None:
        return ANY
    if low is None:
        return f"{'<=' if high_in else '<'} {say_point(high, axis.type)}"
    if high is None:
        return f"{'>=' if low_in else '>'} {say_point(low, axis.type)}"
    if low == high:
        return say_point(low, axis.type)
    opened, closed = "[" if low_in else "(", "]" if high_in else ")"
    return f"{opened}{say_point(low, axis.type)}..{say_point(high, axis.type)}{closed}"


def _lower(axis: Axis, cell: int) -> tuple[Value | None, bool]:
    if cell % 2:
        return axis.points[cell // 2], True
    minimum = axis.type.minimum
    if cell == 0:
        return minimum, True
    below = axis.points[cell // 2 - 1]
    return (minimum, True) if minimum is not None and minimum > below else (below, False)  # type: ignore[operator]


def _upper(axis: Axis, cell: int) -> tuple[Value | None, bool]:
    if cell % 2:
        return axis.points[cell // 2], True
    maximum = axis.type.maximum
    if cell // 2 == len(axis.points):
        return maximum, True
    above = axis.points[cell // 2]
    return (maximum, True) if maximum is not None and maximum < above else (above, False)  # type: ignore[operator]


def _say_boolean(axis: Axis, first: int, last: int) -> str:
    truths = {
        axis.points[c // 2] if c % 2 else int(axis.points == (0,)) for c in range(first, last + 1) if possible(axis, c)
    }
    return ", ".join("true" if truth else "false" for truth in sorted(truths, key=str))


def say_point(value: Value | None, type_: Type) -> str:
    """A point as people write it in a cell.

    >>> say_point(10050, Type(Kind.FIXED, 2)), say_point(7_200_000, Type(Kind.DURATION))
    ('100.5', '2h')
    """
    match value:
        case None:
            return ""
        case str():
            return word_text(value)
        case float():
            return number_text(Decimal(repr(value)))
    if type_.kind is Kind.DURATION:
        return f"-{say_duration(-value)}" if value < 0 else say_duration(value)
    if type_.kind is Kind.TIME:
        return _instant(value)
    return number_text(Decimal(value).scaleb(-type_.scale))


def _instant(milliseconds: int) -> str:
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds}ms"
    return when.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds").replace("+00:00", "Z")


def _few(texts: list[str]) -> list[str]:
    return [*texts[:SHOWN_TEXTS], "…"] if len(texts) > SHOWN_TEXTS else texts
