"""What the operator declares about metrics: reports (a regulator's form is one of them) and alert rules.

In: a YAML file. Out: `Declared`, its templates and rules. A template has *lines* (one figure each, with the code of the form) and *tables*
(measures by dimensions). What cannot be asked of the metrics is told with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.base.settings_file import place_in, read_settings
from zhiyu.evaluation.cube.alert_rules import AlertRule
from zhiyu.evaluation.cube.alerts import checks_of
from zhiyu.evaluation.cube.ask import Question
from zhiyu.evaluation.cube.asked import DAY_MS, HOUR_MS, duration_of, offset_of

Every = Literal["hour", "day", "week", "month"]
MAX_REPORTS, MAX_PARTS = 100, 200
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure: `measure` of the rows `where` says. `code`: how the form calls it."""

    measure: str
    code: str = ""
    en: str = ""
    zh: str = ""
    where: dict[str, str | tuple[str, ...]] = {}


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table: `measures` by dimensions. `step`: of `by: [time]`; `against`: the same so long before, beside it; `top`: lines at most."""

    measures: tuple[str, ...]
    by: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""
    where: dict[str, str | tuple[str, ...]] = {}
    step: str = ""
    against: str = ""
    top: int = 20


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`every`: the period that a report is about, made when it has ended; `offset`: of the zone in which days, weeks and months begin;
    `kept`: so many of them are kept."""

    name: str
    every: Every
    en: str = ""
    zh: str = ""
    offset: str = ""
    lines: tuple[Line, ...] = ()
    tables: tuple[Sheet, ...] = ()
    kept: int = 400

    @property
    def zone(self) -> timezone:
        """The zone of its days."""
        return timezone(timedelta(milliseconds=offset_of(self.offset)))

    def ended(self, now_ms: int) -> tuple[int, int]:
        """[from, until) in ms of the last period that ended by `now_ms`."""
        begun = self._begin(datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self.zone))
        return _ms(self._begin(begun - timedelta(microseconds=1))), _ms(begun)

    def _begin(self, moment: datetime) -> datetime:
        """When the period began in which this moment lies."""
        if self.every == "hour":
            return moment.replace(minute=0, second=0, microsecond=0)
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.every == "day":
            return day
        return day - timedelta(days=day.weekday()) if self.every == "week" else day.replace(day=1)

    def label(self, from_ms: int) -> str:
        """The period in letters that sort by time: 2026-03-01T09, 2026-03-01, 2026-W09, 2026-03."""
        begun = datetime.fromtimestamp(from_ms / 1000, UTC).astimezone(self.zone)
        if self.every == "week":
            year, week, _ = begun.isocalendar()
            return f"{year}-W{week:02}"
        return begun.strftime({"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}[self.every])

    def question(self, part: Line | Sheet, from_ms: int, until_ms: int) -> Question:
        """What a part asks of a period. InputError."""
        where = {name: _texts(texts) for name, texts in part.where.items()}
        if isinstance(part, Line):
            return Question((part.measure,), from_ms, until_ms, (), where)
        step = duration_of(part.step, "step") or (DAY_MS if self.every in ("week", "month") else HOUR_MS)
        return Question(
            part.measures, from_ms, until_ms, part.by, where, step, part.top, duration_of(part.against, "against"), offset_of(self.offset)
        )  # fmt: skip


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All templates and alert rules of a file."""

    reports: tuple[Template, ...] = ()
    alerts: tuple[AlertRule, ...] = ()

    def template(self, name: str) -> Template | None:
        """The template of this name."""
        return next((each for each in self.reports if each.name == name), None)


def read_declared(path: Path) -> Declared:
    """What the file declares. InputError that names report and part, and says what was wrong and where."""
    found = read_settings(path, Declared)
    names, rules = [each.name for each in found.reports], [each.name for each in found.alerts]
    if not (names or rules) or max(len(names), len(rules)) > MAX_REPORTS:
        raise InputError(
            f"{path}: declare 1 to {MAX_REPORTS} reports or alerts", f"{path}：请声明 1 至 {MAX_REPORTS} 份报告或告警"
        )
    for at, template in enumerate(found.reports):
        here = _Here(path, ("reports", at), f"report '{template.name}'", f"报告“{template.name}”")
        _check_name(template.name, names, here)
        if not 1 <= template.kept <= 10_000:
            here.refuse("kept: 1 to 10,000", "kept：1 至 10,000", "kept")
        if not 1 <= len(template.lines) + len(template.tables) <= MAX_PARTS:
            here.refuse(f"has 1 to {MAX_PARTS} lines and tables", f"应有 1 至 {MAX_PARTS} 个 lines 与 tables")
        _check_parts(template, here)
    for at, rule in enumerate(found.alerts):
        _check_name(rule.name, rules, _Here(path, ("alerts", at), f"alert '{rule.name}'", f"告警“{rule.name}”"))
    checks_of(found.alerts, lambda at, field, column: place_in(path, ("alerts", at, field), column))
    return found


class _Here(NamedTuple):
    """What is being checked: the way to it in the file, and how people call it."""

    path: Path
    way: tuple[str | int, ...]
    en: str
    zh: str

    def refuse(self, en: str, zh: str, *keys: str | int) -> NoReturn:
        """InputError, at what `keys` lead to from here."""
        place = place_in(self.path, (*self.way, *keys))
        raise InputError(f"{place}: {self.en}: {en}", f"{place}：{self.zh}：{zh}")


def _check_name(name: str, names: list[str], here: _Here) -> None:
    if not _NAME.fullmatch(name):
        here.refuse(
            "a name has small letters, digits, - and _, 40 at most", "名称应为至多 40 个小写字母、数字、- 或 _", "name"
        )
    if names.count(name) > 1:
        here.refuse("is declared twice", "重复声明", "name")


def _check_parts(template: Template, here: _Here) -> None:
    """Ask every part of some period: what is wrong with it is wrong with every one."""
    try:
        offset_of(template.offset)
    except InputError as wrong:
        here.refuse(wrong.en, wrong.zh, "offset")
    codes = [line.code for line in template.lines if line.code]
    for at, line in enumerate(template.lines):
        if line.code and codes.count(line.code) > 1:
            here.refuse(f"code '{line.code}' stands twice", f"代码“{line.code}”重复", "lines", at, "code")
    sections: dict[str, tuple[Line | Sheet, ...]] = {"lines": template.lines, "tables": template.tables}
    for word, parts in sections.items():
        for number, part in enumerate(parts, 1):
            try:
                template.question(part, *template.ended(40 * DAY_MS))
                if isinstance(part, Sheet) and not 1 <= part.top <= 1_000:
                    raise InputError("top: 1 to 1,000", "top：1 至 1,000")
            except InputError as wrong:
                here.refuse(f"{word} {number}: {wrong.en}", f"{word} 第 {number} 项：{wrong.zh}", word, number - 1)


def _texts(texts: str | Iterable[str]) -> frozenset[str]:
    return frozenset([texts] if isinstance(texts, str) else texts)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def said_where(where: Mapping[str, str | tuple[str, ...]]) -> str:
    """A filter in a few words, for people who read the report."""
    return ", ".join(f"{name} = {' | '.join(sorted(_texts(texts)))}" for name, texts in where.items())
