"""Decision tables as a whole: rows never reached, rows that overlap, values no row takes.

In: the typed tables. Out: problems at the row, or at the table, with value combinations in the words of the table itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.limits import MAX_TABLE_INPUTS, MAX_TABLE_ROWS
from zhiyu.policy.cells import Strip
from zhiyu.policy.checked import Checked, CheckedTable
from zhiyu.policy.csv_rows import SAYS
from zhiyu.policy.places import Path
from zhiyu.policy.rows import Box, Rows, Work

MAX_GAPS = 3
MAX_TOLD = 10
"""Rows of one table that are named for one kind of finding; the rest is counted."""


def tables(checked: Checked) -> None:
    """Check every decision table."""
    for table in checked.tables:
        if _shape(checked, table) and len(table.columns) == len(table.table.inputs):
            _rows(checked, table)


def _shape(checked: Checked, table: CheckedTable) -> bool:
    """Names of columns and sizes; False when the rows cannot be looked at."""
    name, path, before = table.table.name, table.path, len(checked.problems)
    if table.table.file:
        en, zh = (
            f"rows of '{name}' stand in '{table.table.file}', which only a policy folder can read",
            f"“{name}”的行在“{table.table.file}”中，只有策略目录才能读取",
        )
        checked.error(
            "table.file",
            (*path, "file"),
            en,
            zh,
            Hint("load the folder, or give the rows here", "从目录加载，或在此写出各行"),
        )
    if not table.table.inputs:
        checked.error(
            "table.inputs",
            path,
            f"table '{name}' has no inputs",
            f"决策表“{name}”没有输入",
            Hint("name what it looks at", "写明要看的值"),
        )
    for what, what_zh, count, limit in (
        ("inputs", "输入", len(table.table.inputs), MAX_TABLE_INPUTS), ("rows", "行", len(table.table.rows), MAX_TABLE_ROWS),
    ):  # fmt: skip
        if count > limit:
            en, zh = (
                f"table '{name}' has {count} {what}; at most {limit}",
                f"决策表“{name}”有 {count} 个{what_zh}，上限 {limit}",
            )
            checked.error(f"limit.table_{what}", path, en, zh, Hint("split the table", "拆分决策表"))
    _columns(checked, table)
    if len(checked.problems) > before:
        return False
    if not table.table.rows:
        checked.warn(
            "table.empty",
            path,
            f"table '{name}' has no rows",
            f"决策表“{name}”没有行",
            Hint("add rows, or remove it", "增加行，或删除它"),
        )
    return bool(table.table.rows)


def _columns(checked: Checked, table: CheckedTable) -> None:
    known: set[str] = set()
    for number, column in enumerate(table.table.inputs):
        place: Path = (*table.path, "inputs", number, "name")
        if column.name in known or column.name in SAYS or not column.name.strip():
            en, zh = (
                f"'{column.name}' cannot be a column here: it is empty, taken, or what a row says",
                f"“{column.name}”不能作列名：为空、重复，或为行的输出",
            )
            checked.error(
                "column.name",
                place,
                en,
                zh,
                Hint("give it another name, and what it looks at as `of`", "换一个名称，并用 `of` 写明所看的值"),
            )
        known.add(column.name)
    for number, row in enumerate(table.table.rows):
        for name in row.when:
            if name not in known:
                hint = did_you_mean(name, known) or Hint(
                    f"inputs: {', '.join(sorted(known))}", f"已有输入：{'、'.join(sorted(known))}"
                )
                where = (*table.path, "rows", number, "when", name)
                en, zh = (
                    f"table '{table.table.name}' has no input '{name}'",
                    f"决策表“{table.table.name}”没有输入“{name}”",
                )
                checked.error("column.unknown", where, en, zh, hint, key=True)


def _rows(checked: Checked, table: CheckedTable) -> None:
    strips = [Strip.of(column) for column in table.columns]
    rows = Rows.of(strips, len(table.table.rows))
    _empty(checked, table, rows)
    _silent(checked, table)
    cut = _overlaps(checked, table, rows) if table.table.hit == "unique" else _unreached(checked, table, rows)
    cut |= _gaps(checked, table, rows)
    work = Work()
    for k, strip in enumerate(strips):
        if strip.null:
            _null_gap(checked, table, rows, k, work)
    if cut or work.cut:
        name = table.table.name
        en = f"table '{name}' is large: not all combinations were looked at, so rows or gaps may be missing here"
        zh = f"决策表“{name}”较大：未能检查全部组合，可能有未报告的行或空缺"
        checked.warn(
            "table.not_all",
            table.path,
            en,
            zh,
            Hint("split the table, or use fewer different bounds", "拆分决策表，或减少不同的界限"),
        )


def _empty(checked: Checked, table: CheckedTable, rows: Rows) -> None:
    found = list(rows.empty())
    for row, column in found[:MAX_TOLD]:
        name = table.columns[column].name
        en, zh = (
            f"row {row + 1} never fits: '{name}' has no value like that",
            f"第 {row + 1} 行永不匹配：“{name}”没有这样的取值",
        )
        checked.warn(
            "row.never",
            (*table.path, "rows", row, "when", name),
            en,
            zh,
            Hint("correct it, or remove the row", "更正它，或删除该行"),
        )
    _more(checked, table, "row.never", len(found) - MAX_TOLD)


def _silent(checked: Checked, table: CheckedTable) -> None:
    rows = table.table.rows
    mute = [i for i, row in enumerate(rows) if row.outcome is None and not row.score and not row.reason]
    if len(mute) == len(rows):
        name = table.table.name
        en, zh = (
            f"no row of table '{name}' gives an outcome, a score or a reason",
            f"决策表“{name}”的所有行都没有结果、分数或原因",
        )
        checked.warn(
            "table.no_effect",
            table.path,
            en,
            zh,
            Hint("give rows an `outcome` or a `score`", "为各行写上 `outcome` 或 `score`"),
        )
    bare = [i for i, row in enumerate(rows) if not row.reason and (row.score > 0 or row.outcome not in (None, "pass"))]
    if bare:
        en = f"{_rows_en(bare)} of table '{table.table.name}' without a reason: the decision could not be explained to anyone"
        zh = f"决策表“{table.table.name}”第 {_numbers(bare, '、')} 行没有原因代码，决策无法向人解释"
        checked.warn(
            "reason.none",
            (*table.path, "rows", bare[0]),
            en,
            zh,
            Hint("add `reason:` with a code from `reasons:`", "加上 `reason:`，取 `reasons:` 中的代码"),
        )


def _rows_en(rows: list[int]) -> str:
    return f"row{'s' if len(rows) > 1 else ''} {_numbers(rows, ', ')}"


def _numbers(rows: list[int], joiner: str) -> str:
    shown = joiner.join(str(row + 1) for row in rows[:MAX_TOLD])
    return shown + (f"{joiner}…" if len(rows) > MAX_TOLD else "")


def _unreached(checked: Checked, table: CheckedTable, rows: Rows) -> bool:
    work = Work()
    found = list(rows.unreached(work))
    for row in found[:MAX_TOLD]:
        en, zh = (
            f"row {row + 1} is never reached: rows above it take all its values",
            f"第 {row + 1} 行永远轮不到：前面的行已覆盖它的全部取值",
        )
        checked.warn(
            "row.shadowed", (*table.path, "rows", row), en, zh, Hint("move it up, or remove it", "上移该行，或删除它")
        )
    _more(checked, table, "row.shadowed", len(found) - MAX_TOLD)
    return work.cut


def _more(checked: Checked, table: CheckedTable, code: str, count: int) -> None:
    if count > 0:
        en, zh = (
            f"{count} more rows of table '{table.table.name}' are like that",
            f"决策表“{table.table.name}”另有 {count} 行同样如此",
        )
        checked.warn(code, table.path, en, zh)


def _overlaps(checked: Checked, table: CheckedTable, rows: Rows) -> bool:
    work = Work()
    found = list(rows.overlaps(work))
    for first, row, box in found[:MAX_TOLD]:
        shown = say_box(rows.strips, box)
        en = (
            f"rows {first + 1} and {row + 1} both fit {shown}, and `hit: unique` allows one"
            if shown
            else f"rows {first + 1} and {row + 1} both fit everything"
        )
        zh = (
            f"第 {first + 1} 行与第 {row + 1} 行都匹配 {shown}，而 `hit: unique` 只允许一行"
            if shown
            else f"第 {first + 1} 行与第 {row + 1} 行都匹配一切"
        )
        checked.error(
            "row.overlap",
            (*table.path, "rows", row),
            en,
            zh,
            Hint("narrow one of them, or write `hit: first`", "缩小其中一行的范围，或写 `hit: first`"),
        )
    if len(found) > MAX_TOLD:
        count = len(found) - MAX_TOLD
        en, zh = (
            f"{count} more rows of table '{table.table.name}' overlap",
            f"决策表“{table.table.name}”另有 {count} 行重叠",
        )
        checked.error("row.overlap", table.path, en, zh)
    return work.cut


def _gaps(checked: Checked, table: CheckedTable, rows: Rows) -> bool:
    work = Work()
    boxes = rows.gaps([strip.present for strip in rows.strips], MAX_GAPS, work)
    if boxes:
        shown = "; ".join(f"({say_box(rows.strips, box)})" for box in boxes)
        en, zh = (
            f"table '{table.table.name}': no row takes e.g. {shown}",
            f"决策表“{table.table.name}”：没有行匹配，例如 {shown}",
        )
        checked.warn(
            "table.gap",
            table.path,
            en,
            zh,
            Hint(
                "add a last row with `-` everywhere if nothing should be left open",
                "若不应留空，可在最后加一行，各列写 `-`",
            ),
        )
    return work.cut


def _null_gap(checked: Checked, table: CheckedTable, rows: Rows, column: int, work: Work) -> None:
    allowed = [strip.null if k == column else strip.all for k, strip in enumerate(rows.strips)]
    boxes = rows.gaps(allowed, 1, work)
    if boxes:
        name = rows.strips[column].name
        rest = say_box([s for s in rows.strips if s.name != name], [m for k, m in enumerate(boxes[0]) if k != column])
        en = f"table '{table.table.name}': no row fits when '{name}' is missing" + (
            f", e.g. with ({rest})" if rest else ""
        )
        zh = f"决策表“{table.table.name}”：“{name}”缺失时没有行匹配" + (f"，例如 ({rest})" if rest else "")
        checked.warn(
            "table.null_gap", table.path, en, zh, Hint(f"add a row with `{name}: null`", f"增加一行 `{name}: null`")
        )


def say_box(strips: Sequence[Strip], box: Box | Sequence[int]) -> str:
    """A value combination in the words of the table; columns that may be anything are left out."""
    parts = [
        f"{s.name}: {s.say(mask)}" for s, mask in zip(strips, box) if mask & s.present != s.present or mask == s.null
    ]
    return "; ".join(parts) if len(parts) > 1 else "".join(parts)
