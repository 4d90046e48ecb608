"""Questions to the cube: measures, by dimensions and time, of a period, beside an earlier one.

In: a `Question`. Out: one JSON object: lines with their keys and measures, most decisions first (by time: in order), the rest of what `top`
left out in a line of its own, and the total. Whole numbers all the way; shares and means are made in one last division.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.base.spreadsheets import harmless
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.evaluation.cube.facts import FIELDS, HOUR_MINUTES, MILLIONTHS, MINUTE_MS
from zhiyu.evaluation.cube.rollups import MINUTES_KEPT, THIRD_MINUTES, Grain
from zhiyu.log.list_journal import said_time
from zhiyu.policy.declare import OUTCOMES

Table = Literal["decisions", "rules", "models"]
STOPPED = frozenset(OUTCOMES[OUTCOMES.index("challenge") :])
"""Outcomes that let nothing happen for now."""
DIMENSIONS = ("stage", *FIELDS, "policy", "outcome", "rule", "model")
MAX_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Measure:
    """`table`: where it is summed up; `of`: its sums, `make` makes them one figure (money in minor units)."""

    en: str
    zh: str
    table: Table
    of: tuple[str, ...]
    make: Callable[..., int | float | None]
    money: bool = False


def _one(value: int) -> int:
    return value


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(total: int, count: int) -> float | None:
    return total / count if count else None


def _probability(total: int, count: int) -> float | None:
    return total / MILLIONTHS / count if count else None


MEASURES: dict[str, Measure] = {
    "decisions": Measure("decisions", "决策数", "decisions", ("decisions",), _one),
    "money": Measure("money at stake", "涉及金额", "decisions", ("money",), _one, True),
    "stopped": Measure("stopped or held", "拦截或暂缓", "decisions", ("stopped",), _one),
    "stopped_share": Measure("share stopped or held", "拦截率", "decisions", ("stopped", "decisions"), _share),
    "stopped_money": Measure("money stopped or held", "拦截金额", "decisions", ("stopped_money",), _one, True),
    "stopped_money_share": Measure("share of money stopped", "金额拦截率", "decisions", ("stopped_money", "money"), _share),
    "score": Measure("mean score", "平均分", "decisions", ("score", "decisions"), _mean),
    "went_on": Measure("went on after a wait", "等待后继续", "decisions", ("went_on",), _one),
    "hits": Measure("hits of rules", "规则命中", "rules", ("hits",), _one),
    "hit_money": Measure("money of hits", "命中金额", "rules", ("money",), _one, True),
    "quiet": Measure("hits in shadow", "影子命中", "rules", ("quiet",), _one),
    "errors": Measure("errors of rules", "规则出错", "rules", ("errors",), _one),
    "scored": Measure("scored by models", "模型评分数", "models", ("scored",), _one),
    "model_score": Measure("mean score of models", "模型平均分", "models", ("score", "scored"), _probability),
}  # fmt: skip
MAX_CELLS = 4_000_000
_HALF = (1 << 32) - 1
_COUNTED_FROM = {"stopped": "decisions", "stopped_money": "money"}
"""What is counted of rows whose outcome is one of STOPPED."""
_OWN: dict[str, Table] = {"rule": "rules", "model": "models"}
"""Dimensions that one table alone knows."""


@dataclass(frozen=True)
class Question:
    """`by`: dimensions, "time" among them in steps of `step_ms`; `where`: dimension → texts it may have; the period [from_ms, until_ms);
    `top`: so many lines of each step. `against_ms`: the same so long before, beside it; `offset_ms`: of the zone in which a step of a day
    begins at midnight."""

    measures: tuple[str, ...]
    from_ms: int
    until_ms: int
    by: tuple[str, ...] = ()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    step_ms: int = 60 * MINUTE_MS
    top: int = 20
    against_ms: int = 0
    offset_ms: int = 0

    def __post_init__(self) -> None:
        for name in self.measures:
            if name not in MEASURES:
                raise _unknown("measure", "度量", name, MEASURES)
        for name in (*(each for each in self.by if each != "time"), *self.where):
            if name not in DIMENSIONS:
                raise _unknown("dimension", "维度", name, (*DIMENSIONS, "time"))
        if not self.measures:
            raise InputError("ask for at least one measure", "请至少选择一个度量")
        if len(self.tables) > 1:
            told = " and ".join(sorted(self.tables))
            raise InputError(
                f"these are counted apart ({told}): ask for them one by one", f"这些按不同表统计（{told}），请分开查询"
            )
        if self.until_ms <= self.from_ms:
            raise InputError("the period ends before it begins", "时间段的结束早于开始")
        if self.step_ms < MINUTE_MS or self.step_ms % MINUTE_MS:
            raise InputError("a step is a whole number of minutes", "步长须为整分钟")
        if "time" in self.by and (self.until_ms - self.from_ms) // self.step_ms > MAX_LINES:
            raise InputError(
                f"more than {MAX_LINES:,} steps; take a longer step or a shorter period",
                f"超过 {MAX_LINES:,} 个时间点；请加大步长或缩短时间段",
            )

    @property
    def tables(self) -> set[Table]:
        """The tables that it needs."""
        named: set[Table] = {_OWN[name] for name in (*self.by, *self.where) if name in _OWN}
        return named | {MEASURES[name].table for name in self.measures}

    @property
    def grain(self) -> Grain:
        """Hours, where nothing is asked for within one."""
        hour = HOUR_MINUTES * MINUTE_MS
        ends = (
            self.from_ms,
            self.until_ms,
            self.against_ms,
            *((self.step_ms, self.offset_ms) if "time" in self.by else ()),
        )
        return "minutes" if any(each % hour for each in ends) else "hours"

    def spans(self) -> list[tuple[Grain, int, int]]:
        """Which grain is asked for which minutes (first, last): thirds of days for the whole ones in the middle of hours."""
        first, last = -(-self.from_ms // MINUTE_MS), -(-self.until_ms // MINUTE_MS) - 1
        third_ms, steps = THIRD_MINUTES * MINUTE_MS, (self.step_ms, self.offset_ms) if "time" in self.by else ()
        begin, end = -(-first // THIRD_MINUTES) * THIRD_MINUTES, (last + 1) // THIRD_MINUTES * THIRD_MINUTES - 1
        if self.grain == "minutes" or any(each % third_ms for each in steps) or begin > end:
            return [(self.grain, first, last)]
        found: list[tuple[Grain, int, int]] = [
            ("hours", first, begin - 1),
            ("thirds", begin, end),
            ("hours", end + 1, last),
        ]
        return [each for each in found if each[1] <= each[2]]


def ask(cube: Cube, question: Question, currency: str = "", digits: int = 2) -> dict[str, Any]:
    """The answer, as one JSON object; money in units of `currency`, which has so many digits."""
    _require_kept(cube, question)
    lines, total, position = _lines(cube, question)
    before, total_before = dict[tuple[Any, ...], dict[str, int]](), dict[str, int]()
    if question.against_ms:
        moved = replace(
            question, from_ms=question.from_ms - question.against_ms, until_ms=question.until_ms - question.against_ms, against_ms=0
        )  # fmt: skip
        earlier, total_before, _ = _lines(cube, moved)
        shift = question.against_ms if "time" in question.by else 0
        before = {_moved(key, question.by, shift): sums for key, sums in earlier.items()}

    def told(sums: Mapping[str, int]) -> dict[str, Any]:
        return {name: _figure(MEASURES[name], sums, digits) for name in question.measures}

    found = []
    for key, sums in _ordered(lines, question):
        line = {name: _said(name, value) for name, value in zip(question.by, key)} | told(sums)
        found.append(line | ({"before": told(before.get(key, {}))} if question.against_ms else {}))
    return {
        "measures": list(question.measures), "by": list(question.by), "lines": found[:MAX_LINES], "more": max(len(found) - MAX_LINES, 0),
        "total": told(total) | ({"before": told(total_before)} if question.against_ms else {}), "currency": currency,
        "from": said_time(question.from_ms), "until": said_time(question.until_ms), "grain": question.grain, "position": position,
    }  # fmt: skip


def _require_kept(cube: Cube, question: Question) -> None:
    """Minutes are kept for some days only."""
    if question.grain == "minutes":
        kept_ms = cube.last_ms() - MINUTES_KEPT * MINUTE_MS
        if question.from_ms - question.against_ms < kept_ms:
            days = MINUTES_KEPT // (24 * HOUR_MINUTES)
            raise InputError(
                f"minutes are kept for {days} days (from {said_time(kept_ms)}); ask from and until whole hours, in steps of hours",
                f"分钟级数据保留 {days} 天（自 {said_time(kept_ms)} 起）；请使用整点的起止时间和以小时为单位的步长",
            )


def as_csv(answer: Mapping[str, Any]) -> str:
    """The lines of an answer as CSV, what was before in columns of its own."""
    names = [*answer["by"], *answer["measures"]]
    has_before = any("before" in line for line in answer["lines"])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, *(f"before_{name}" for name in answer["measures"] if has_before)])
    for line in answer["lines"]:
        before = line.get("before", {})
        writer.writerow(
            [*(harmless(line[name]) for name in names), *(before[name] for name in answer["measures"] if has_before)]
        )
    return out.getvalue()


def _lines(cube: Cube, question: Question) -> tuple[dict[tuple[Any, ...], dict[str, int]], dict[str, int], int]:
    """Sums by key, those of everything, and up to which position of the log."""
    [table] = question.tables
    wanted = sorted({name for each in question.measures for name in MEASURES[each].of})
    stored = sorted({_COUNTED_FROM.get(name, name) for name in wanted})
    texts = dict.fromkeys(name for name in (*question.by, *question.where) if name != "time")
    held = ["outcome"] if not _COUNTED_FROM.keys().isdisjoint(wanted) else []
    columns = list(dict.fromkeys([*(["minute"] if "time" in question.by else []), *texts, *held, *stored]))
    rows, position = cube.rows(table, question.spans(), columns)
    keys = {name: _Key.of_texts(rows[name]) for name in (*texts, *held)}
    chosen = np.ones(rows.num_rows, np.bool_)
    for name, may in question.where.items():
        chosen &= keys[name].among(may)
    if "time" in question.by:
        keys["time"] = _steps(rows["minute"].to_numpy(), question)
    stopped = keys["outcome"].among(STOPPED) if held else chosen
    figures = {}
    for name in wanted:
        values = rows[_COUNTED_FROM.get(name, name)].to_numpy()
        figures[name] = np.where(chosen & stopped if name in _COUNTED_FROM else chosen, values, 0)
    total = {name: int(values.sum()) for name, values in figures.items()}
    if not question.by:
        return {}, total, position
    return _grouped([keys[name] for name in question.by], chosen, figures), total, position


@dataclass(frozen=True)
class _Key:
    """One key of every row: `codes` int64[rows], numbers of `values`."""

    codes: Array
    values: list[Any]

    @classmethod
    def of_texts(cls, column: pa.ChunkedArray) -> _Key:
        whole = column.combine_chunks()
        found = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
        return cls(found.indices.to_numpy(zero_copy_only=False).astype(np.int64), found.dictionary.to_pylist())

    def among(self, texts: frozenset[str]) -> Array:
        """bool[rows]: whether it is one of these."""
        return np.array([value in texts for value in self.values], np.bool_)[self.codes]


def _steps(minutes: Array, question: Question) -> _Key:
    """The begin of each row's step, ms since 1970."""
    step, offset = question.step_ms // MINUTE_MS, question.offset_ms // MINUTE_MS
    codes = (minutes + offset) // step
    low = int(codes.min()) if len(codes) else 0
    high = int(codes.max()) if len(codes) else 0
    return _Key(codes - low, [(number * step - offset) * MINUTE_MS for number in range(low, high + 1)])


def _grouped(
    keys: list[_Key], chosen: Array, figures: Mapping[str, Array]
) -> dict[tuple[Any, ...], dict[str, int]]:  # fmt: skip
    """Sums by key, of the chosen rows. Whole numbers: each half of a sum is below 2**53, so that adding floats is exact."""
    code, size = np.zeros(len(chosen), np.int64), 1
    for key in keys:
        code = code * len(key.values) + key.codes
        size *= max(len(key.values), 1)
    if size > MAX_CELLS:
        present, code = np.unique(code, return_inverse=True)
        size = len(present)
    else:
        present = np.arange(size)
    there = np.flatnonzero(np.bincount(code, chosen, size))
    sums = {name: _sums(code, values, size)[there].tolist() for name, values in figures.items()}
    lines, cells = [], present[there]
    for key in reversed(keys):
        lines.append([key.values[at] for at in (cells % len(key.values)).tolist()])
        cells = cells // len(key.values)
    names = list(figures)
    return {tuple(line): dict(zip(names, told)) for line, told in zip(zip(*reversed(lines)), zip(*sums.values()))}


def _sums(code: Array, values: Array, size: int) -> Array:
    """int64[size]: exact also where sums pass 2**53, for the halves of the values are added apart."""
    low, high = values & _HALF, values >> 32
    found = np.bincount(code, low, size).astype(np.int64)
    return found + (np.bincount(code, high, size).astype(np.int64) << 32) if high.any() else found


def _ordered(
    lines: dict[tuple[Any, ...], dict[str, int]], question: Question
) -> list[tuple[tuple[Any, ...], dict[str, int]]]:
    """Lines by time, then the largest first; what is left out by `top` is one line of its own with the key None."""
    place = question.by.index("time") if "time" in question.by else -1
    others = [at for at in range(len(question.by)) if at != place]
    if not lines:
        return []
    first = MEASURES[question.measures[0]].of[0]
    sizes: dict[tuple[Any, ...], int] = {}
    for key, sums in lines.items():
        name = tuple(key[at] for at in others)
        sizes[name] = sizes.get(name, 0) + sums[first]
    ranked = {name: rank for rank, (name, _) in enumerate(sorted(sizes.items(), key=lambda each: (-each[1], each[0])))}
    rest: dict[tuple[Any, ...], dict[str, int]] = {}
    kept = []
    for key, sums in lines.items():
        rank = ranked[tuple(key[at] for at in others)]
        if rank < question.top or not others:
            kept.append(((key[place] if place >= 0 else 0, rank), key, sums))
            continue
        other = tuple(value if at == place else None for at, value in enumerate(key))
        into = rest.setdefault(other, dict.fromkeys(sums, 0))
        for measure, value in sums.items():
            into[measure] += value
    kept += [((key[place] if place >= 0 else 0, len(ranked)), key, sums) for key, sums in rest.items()]
    return [(key, sums) for _, key, sums in sorted(kept, key=lambda each: each[0])]


def _figure(measure: Measure, sums: Mapping[str, int], digits: int) -> int | float | None:
    made = measure.make(*(sums.get(name, 0) for name in measure.of))
    return made / 10**digits if measure.money and made is not None else made


def _said(name: str, value: Any) -> Any:
    return said_time(value) if name == "time" else value


def _moved(key: tuple[Any, ...], by: Sequence[str], shift: int) -> tuple[Any, ...]:
    return tuple(value + shift if name == "time" else value for name, value in zip(by, key))


def _unknown(en: str, zh: str, name: str, known: Any) -> InputError:
    hint: Hint = did_you_mean(name, known)
    there = ", ".join(known)
    return InputError(
        f"there is no {en} '{name}'; {hint.en or 'there are ' + there}",
        f"没有{zh}“{name}”；{hint.zh or '可用：' + there}",
    )
