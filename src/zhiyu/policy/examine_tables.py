"""Decision tables and scorecards typed: every input an expression, every condition and bin what it takes of it.

In: `Checked` with its features. Out: `Checked.tables` and `Checked.scorecards`. What does not type is reported and left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhiyu.base.errors import Hint
from zhiyu.expressions import Expression
from zhiyu.expressions.report import Report, described
from zhiyu.expressions.types import Type
from zhiyu.policy.axis import Axis, Taken
from zhiyu.policy.checked import Checked, CheckedColumn, CheckedScorecard, CheckedTable
from zhiyu.policy.conditions import SORTED, taken_by_bin, taken_by_condition
from zhiyu.policy.declare_scorecards import Characteristic
from zhiyu.policy.declare_tables import DecisionTable, Input
from zhiyu.policy.examine import known_on, relocated, typed_expression
from zhiyu.policy.places import Path


def type_tables(checked: Checked) -> None:
    """Type every decision table."""
    for number, table in enumerate(checked.policy.tables):
        path: Path = ("tables", number)
        on = known_on(checked, table.on, (*path, "on")) or checked.known.deciding
        names = checked.typed_on(on)
        columns = [_input(checked, table, each, (*path, "inputs", i), names) for i, each in enumerate(table.inputs)]
        checked.tables.append(CheckedTable(table, path, on, tuple(c for c in columns if c is not None)))


def type_scorecards(checked: Checked) -> None:
    """Type every scorecard."""
    for number, card in enumerate(checked.policy.scorecards):
        path: Path = ("scorecards", number)
        on = known_on(checked, card.on, (*path, "on")) or checked.known.deciding
        names = checked.typed_on(on)
        columns = [
            _characteristic(checked, each, (*path, "characteristics", i), names)
            for i, each in enumerate(card.characteristics)
        ]
        checked.scorecards.append(CheckedScorecard(card, path, on, tuple(c for c in columns if c is not None)))


def _looked_at(checked: Checked, name: str, of: str, path: Path, names: dict[str, Type]) -> Expression | None:
    """The typed expression of a column; `of` stands for the name when it is left out."""
    place = (*path, "of") if of else (*path, "name")
    expression = typed_expression(checked, of or name, place, names, None)
    if expression is None or expression.type.kind in SORTED:
        return expression
    en, zh = described(expression.type)
    en, zh = f"'{name}' looks at {en}, which has neither order nor list of values", f"“{name}”是{zh}，无法分段或列值"
    checked.error(
        "column.type",
        place,
        en,
        zh,
        Hint("look at a number, a text, a time or a yes/no value of it", "请改看其中的数值、文本、时间或是否值"),
    )
    return None


def _input(
    checked: Checked, table: DecisionTable, column: Input, path: Path, names: dict[str, Type]
) -> CheckedColumn | None:
    expression = _looked_at(checked, column.name, column.of, path, names)
    if expression is None:
        return None
    taken: list[Taken | None] = []
    for number, row in enumerate(table.rows):
        if column.name not in row.when:
            taken.append(Taken(any=True))
            continue
        condition = row.when[column.name]
        where: Path = (*path[:2], "rows", number, "when", column.name)
        report = Report(checked.places.at(where))
        found = taken_by_condition(report, condition, expression.root)
        _tell(checked, report, where, condition if isinstance(condition, str) else "")
        taken.append(found)
    return _column(column.name, path, expression, taken)


def _characteristic(checked: Checked, one: Characteristic, path: Path, names: dict[str, Type]) -> CheckedColumn | None:
    expression = _looked_at(checked, one.name, one.of, path, names)
    if expression is None:
        return None
    taken: list[Taken | None] = []
    for number, bin_ in enumerate(one.bins):
        where: Path = (*path, "bins", number)
        report = Report(checked.places.at(where))
        found = taken_by_bin(report, bin_, expression.root)
        _tell(checked, report, where, "")
        taken.append(found)
    return _column(one.name, path, expression, taken)


def _column(name: str, path: Path, expression: Expression, taken: Sequence[Taken | None]) -> CheckedColumn | None:
    """The column, or None when one of its conditions was reported: what rows leave open cannot be told then."""
    sound = tuple(each for each in taken if each is not None)
    return (
        CheckedColumn(name, path, expression, Axis.of(expression.type, sound), sound)
        if len(sound) == len(taken)
        else None
    )


def _tell(checked: Checked, report: Report, path: Path, text: str) -> None:
    base = checked.places.at(path)
    checked.problems += [relocated(checked, problem, base, path, text) for problem in report.problems]
