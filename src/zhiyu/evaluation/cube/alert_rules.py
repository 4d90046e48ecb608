"""Alert rules over metrics, in the expression language: a spike, a silence, a shift against last week, slow answers, work that waits.

In: a rule of the operator's file. Out: whether it holds of a moment, per value of its dimension, with the figures it saw. `when` reads
measures of one table over the last `over` minutes, `before_MEASURE` for the same so long `against` ago, and figures of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from zhiyu.base.errors import InputError, Place
from zhiyu.evaluation.cube.ask import MEASURES, Question, ask
from zhiyu.evaluation.cube.asked import duration_of
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.evaluation.cube.facts import MINUTE_MS
from zhiyu.evaluation.cube.rollups import MINUTES_KEPT
from zhiyu.expressions import (
    Expression,
    Program,
    Scope,
    check,
    compile_program,
    load_constants,
    parse,
    run_program,
    say_with_values,
)
from zhiyu.expressions.types import FLOAT, INT, Kind, Type

BEFORE = "before_"
WHEN = Place("when", 1, 1)
SERVER: dict[str, tuple[Type, str, str]] = {
    "answer_p99_ms": (FLOAT, "99th percentile of answers, ms", "应答 99 分位耗时（毫秒）"),
    "cases_open": (INT, "open cases", "未结案件数"),
    "cases_overdue": (INT, "open cases past their deadline", "逾期未结案件数"),
    "case_wait_hours": (
        FLOAT,
        "hours for which the oldest case waits that nobody works on",
        "无人处理的最早案件已等待（小时）",
    ),
}
"""Figures of the server at the moment; those of cases only where people sign in, else null."""
LONGEST_MS = (MINUTES_KEPT - 120) * MINUTE_MS
"""How far back a rule may look: two hours are left for what is caught up after a stop."""
TOP = 500
"""Values of a dimension that are looked at, those with most decisions first."""


class AlertRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`over`: the time it looks at, up to the minute that has ended; `by`: a dimension, an alert for each of its values; `against`: how
    long ago `before_…` lies. `looks`: minutes in a row in which `when` must hold before it is raised, and must not before it ends."""

    name: str
    when: str
    over: str = "15m"
    by: str = ""
    where: dict[str, str | tuple[str, ...]] = {}
    against: str = "7d"
    looks: int = 1
    severity: Literal["warning", "critical"] = "warning"
    en: str = ""
    zh: str = ""


@dataclass(frozen=True)
class Seen:
    """What a rule saw of one value of its dimension ("" without one)."""

    of: str
    holds: bool
    figures: dict[str, float | int | None]


class AlertCheck:
    """A rule, ready to look. InputError says what is wrong with it; DeclarationError, at which character of `when`."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.over_ms, self.against_ms = duration_of(rule.over, "over"), duration_of(rule.against, "against")
        if self.over_ms < MINUTE_MS or self.over_ms % MINUTE_MS or self.against_ms % MINUTE_MS:
            raise InputError(
                "over and against are whole minutes, over at least one", "over 与 against 须为整分钟，over 至少 1 分钟"
            )
        if not 1 <= rule.looks <= 1_000:
            raise InputError("looks: 1 to 1,000", "looks：1 至 1,000")
        names = {name: _type(name) for name in MEASURES} | {f"{BEFORE}{name}": _type(name) for name in MEASURES}
        scope = Scope(names | {name: told[0] for name, told in SERVER.items()})
        self._when = check(parse(rule.when, WHEN), scope, rule.when, WHEN, Kind.BOOL)
        self._names = sorted(self._when.names)
        self._program = _program(self._when, self._names)
        self.measures = tuple(dict.fromkeys(each.removeprefix(BEFORE) for each in self._names if each not in SERVER))
        self._compares = any(each.startswith(BEFORE) for each in self._names)
        if self.over_ms + (self.against_ms if self._compares else 0) > LONGEST_MS:
            raise InputError(
                "over, and against where before_… is read, reach back 7 days and 22 hours at most: minutes are kept for 8 days",
                "over（读取 before_… 时加上 against）合计至多 7 天 22 小时：分钟级数据保留 8 天",
            )
        if self._compares and not self.against_ms:
            raise InputError("before_… needs `against`", "before_… 需要 against")
        if rule.by == "time" or (rule.by and not self.measures):
            raise InputError(
                "by: a dimension, beside measures of decisions, rules or models", "by：须为维度，并与指标一同使用"
            )
        if self.measures:
            self.question(MINUTE_MS * (1 + self.over_ms // MINUTE_MS))

    def question(self, until_ms: int) -> Question:
        """What it asks of the cube. InputError."""
        where = {
            name: frozenset([texts] if isinstance(texts, str) else texts) for name, texts in self.rule.where.items()
        }
        by = (self.rule.by,) if self.rule.by else ()
        return Question(self.measures, until_ms - self.over_ms, until_ms, by, where, top=TOP)

    def look(self, cube: Cube, until_ms: int, server: Mapping[str, float | int | None], digits: int = 2) -> list[Seen]:
        """What it sees of the time that ends then (a whole minute), value by value."""
        now = self._figures(cube, until_ms, digits)
        before = self._figures(cube, until_ms - self.against_ms, digits) if self._compares else {}
        found = []
        for of in dict.fromkeys([*now, *before]) if self.measures else [""]:
            figures: dict[str, float | int | None] = {}
            for name in self._names:
                if name in SERVER:
                    figures[name] = server.get(name)
                elif name.startswith(BEFORE):
                    figures[name] = before.get(of, {}).get(
                        name.removeprefix(BEFORE), _nothing(name.removeprefix(BEFORE))
                    )
                else:
                    figures[name] = now.get(of, {}).get(name, _nothing(name))
            found.append(Seen(of, self._holds(figures), figures))
        return found

    def said(self, seen: Seen, language: str) -> str:
        """What was seen, in a sentence."""
        told = {name: _register(value, _type(name)) for name, value in seen.figures.items()}
        labels = {f"{BEFORE}{name}": (f"{each.en} before", f"此前{each.zh}") for name, each in MEASURES.items()}
        labels |= {name: (each.en, each.zh) for name, each in MEASURES.items()} | {
            name: told_[1:] for name, told_ in SERVER.items()
        }
        return say_with_values(self._when, language, labels, told)

    def _figures(self, cube: Cube, until_ms: int, digits: int) -> dict[str, dict[str, float | int | None]]:
        if not self.measures:
            return {}
        answer = ask(cube, self.question(until_ms), digits=digits)
        if not self.rule.by:
            return {"": answer["total"]}
        return {line[self.rule.by]: line for line in answer["lines"] if line[self.rule.by] is not None}

    def _holds(self, figures: Mapping[str, float | int | None]) -> bool:
        """By the machine that decides: null is not true."""
        program = self._program
        values, nulls = (
            np.zeros((max(program.n_registers, 1), 1), np.int64),
            np.zeros((max(program.n_registers, 1), 1), np.uint8),
        )
        load_constants(program, values, nulls)
        for number, name in enumerate(self._names):
            found = _register(figures[name], _type(name))
            values[number, 0], nulls[number, 0] = 0 if found is None else _bits(found, _type(name)), found is None
        run_program(program.code, program.sets, values, nulls, 1)
        result = int(program.outputs[0])
        return bool(nulls[result, 0] == 0 and values[result, 0] != 0)


def _program(when: Expression, names: list[str]) -> Program:
    def no_texts(text: str) -> int:
        raise InputError("when: compares figures, no texts", "when：只能比较数值，不能比较文本")

    return compile_program([when], {name: number for number, name in enumerate(names)}, len(names), no_texts)


def _type(name: str) -> Type:
    """Counts are whole numbers, everything else a float in major units."""
    if name in SERVER:
        return SERVER[name][0]
    measure = MEASURES[name.removeprefix(BEFORE)]
    return INT if len(measure.of) == 1 and not measure.money else FLOAT


def _nothing(name: str) -> int | float | None:
    """A sum of nothing is 0; a share or mean of nothing is not known."""
    measure = MEASURES[name]
    return (0.0 if measure.money else 0) if len(measure.of) == 1 else None


def _register(value: float | int | None, type_: Type) -> float | int | None:
    return value if value is None or type_ is INT else float(value)


def _bits(value: float | int, type_: Type) -> int:
    return int(value) if type_ is INT else int(np.float64(value).view(np.int64))
