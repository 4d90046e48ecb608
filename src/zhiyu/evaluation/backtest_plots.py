"""Plots of a backtest as inline SVG: lines over days, nothing fetched, no script.

In: dates and one or two series. Out: an `<svg>` element. Days without arrived labels are shaded and carry no line where labels matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 12, 26
STEPS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a CSS class ("live", "candidate", "share") and a value per day."""

    name: str
    values: Sequence[float]


def plot(
    dates: Sequence[str], series: Sequence[Series], shown: Sequence[bool], say: Callable[[float], str], top: float = 0.0
) -> str:  # fmt: skip
    """`shown`: days that carry a line; the others are shaded. `say` writes a value on the axis; `top` is its end, 0 to fit the values."""
    top = top or nice_top(max((v for s in series for v, ok in zip(s.values, shown) if ok), default=0.0))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="plot" role="img">',
        _shade(shown),
        _grid(top, say),
        _dates(dates),
    ]
    for each in series:
        parts += [_line(each, shown, top)]
    return "".join([*parts, "</svg>"])


def nice_top(value: float) -> float:
    """The end of an axis of four whole steps, each 1, 2 or 5 times a power of ten: the least that holds `value`, at least 4."""
    step = max(value / STEPS, 1.0)
    power = 10.0 ** floor(log10(step))
    return next(STEPS * part * power for part in (1, 2, 5, 10) if part * power >= step * (1 - 1e-12))


def _x(day: float, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (day + 0.5) / max(count, 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _line(series: Series, shown: Sequence[bool], top: float) -> str:
    count = len(series.values)
    points = [
        (f"{_x(day, count):.1f}", f"{_y(v, top):.1f}", ok) for day, (v, ok) in enumerate(zip(series.values, shown))
    ]
    path, pen = [], False
    for x, y, ok in points:
        if ok:
            path.append(f"{'L' if pen else 'M'}{x} {y}")
        pen = ok
    kept = [(x, y) for x, y, ok in points if ok]
    if len(kept) == 1:
        return f'<circle class="{series.name}" cx="{kept[0][0]}" cy="{kept[0][1]}" r="3"/>'
    return f'<path class="{series.name}" d="{"".join(path)}"/>' if path else ""


def _shade(shown: Sequence[bool]) -> str:
    count, out, day = len(shown), [], 0
    while day < count:
        end = day
        while end < count and not shown[end]:
            end += 1
        if end > day:
            left, right = _x(day - 0.5, count), _x(end - 0.5, count)
            height = HEIGHT - TOP - BOTTOM
            out.append(f'<rect class="shade" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{height}"/>')
        day = end + 1
    return "".join(out)


def _grid(top: float, say: Callable[[float], str]) -> str:
    out = []
    for step in range(STEPS + 1):
        value = top * step / STEPS
        y = _y(value, top)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(say(value))}</text>')
    return "".join(out)


def _dates(dates: Sequence[str]) -> str:
    count = len(dates)
    step = max(ceil(count / 6), 1)
    years = len({date[:4] for date in dates}) > 1
    return "".join(
        f'<text x="{_x(day, count):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(dates[day] if years else dates[day][5:])}</text>'
        for day in range(0, count, step)
    )
