"""From words to a question: what people write on the command line or in an address.

In: texts. Out: a `Question`. What is not said is chosen: the last day up to now, a step that gives a screen its hundred points or so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.evaluation.cube.ask import DIMENSIONS, Question
from zhiyu.evaluation.cube.facts import MINUTE_MS
from zhiyu.evaluation.span import read_time

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
STEPS_MS = tuple(minutes * MINUTE_MS for minutes in (1, 5, 15, 60, 480, 1_440))
MOST_POINTS = 200
DEFAULT_TOP = 20
MAX_OFFSET_MINUTES = 14 * 60
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})|Z")


def question_of(
    measures: Sequence[str], by: Sequence[str], where: Sequence[str], *, from_: str = "", until: str = "", step: str = "",
    against: str = "", offset: str = "", top: int = DEFAULT_TOP, now_ms: int,
) -> Question:  # fmt: skip
    """`where`: "dimension:text", several texts of one dimension are alternatives; `offset`: "+08:00". InputError says what is wrong."""
    until_ms = read_time(until, "until")
    if until_ms is None:
        until_ms = now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS
    from_ms = read_time(from_, "from")
    if from_ms is None:
        from_ms = until_ms - DAY_MS
    if not until and until_ms - from_ms > 2 * DAY_MS:  # long ago only hours are known
        until_ms = -(-until_ms // HOUR_MS) * HOUR_MS
    chosen: dict[str, set[str]] = {}
    for each in where:
        name, colon, text = each.partition(":")
        if not colon:
            raise InputError(
                f"where: '{each}' is no dimension:text; write for example channel:app, with one of {', '.join(DIMENSIONS)}",
                f"where：“{each}”应写作 维度:取值，例如 channel:app；维度有 {', '.join(DIMENSIONS)}",
            )
        chosen.setdefault(name, set()).add(text)
    return Question(
        tuple(dict.fromkeys(measures or ("decisions",))), from_ms, until_ms, tuple(dict.fromkeys(by)),
        {name: frozenset(texts) for name, texts in chosen.items()}, duration_of(step, "step") or _step(until_ms - from_ms), top,
        duration_of(against, "against"), offset_of(offset),
    )  # fmt: skip


def _step(period_ms: int) -> int:
    return next((each for each in STEPS_MS if period_ms <= each * MOST_POINTS), STEPS_MS[-1])


def duration_of(text: str, name: str) -> int:
    """Milliseconds of a duration; 0 for none. InputError."""
    if not text:
        return 0
    try:
        return parse_duration_ms(text)
    except ValueError as wrong:
        raise InputError(f"{name}: {wrong}", f"{name}：“{text}”不是时长；请写整数加单位，例如 24h、7d") from None


def offset_of(text: str) -> int:
    """Milliseconds of an offset of a zone; 0 for none. InputError."""
    if not text:
        return 0
    found = _OFFSET.fullmatch(text.strip().replace(" ", "+"))  # a plus in an address is a space
    minutes = int(found[2] or 0) * 60 + int(found[3] or 0) if found else MAX_OFFSET_MINUTES + 1
    if not found or minutes > MAX_OFFSET_MINUTES:
        raise InputError(
            f"offset: '{text}' is no offset; write for example +08:00", f"offset：“{text}”不是时区偏移；例如 +08:00"
        )
    return (-minutes if found[1] == "-" else minutes) * MINUTE_MS
