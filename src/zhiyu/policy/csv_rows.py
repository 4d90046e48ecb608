"""Rows of a decision table that stand in a CSV file beside the policy.

In: the bytes of the file, the names of the inputs. Out: plain rows as YAML would give them, with a mark for every cell, so that findings
point at `limits.csv:17:3`. Own reader instead of the csv module: that one forgets in which column a cell began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zhiyu.base.errors import DeclarationError, Hint, Place, Problem, did_you_mean
from zhiyu.base.limits import MAX_TABLE_FILE_BYTES, MAX_TABLE_ROWS
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Mark, Path, Places

SAYS = ("outcome", "score", "reason")
"""Columns that say what a row does; all others are inputs."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text without quotes and outer space, as typed, and where it begins."""

    text: str
    raw: str
    place: Place


def cells_of(content: bytes, file: str) -> Iterator[list[Cell]]:
    """Lines of cells, empty lines left out; raises `DeclarationError` for what is not CSV in UTF-8.

    >>> [[cell.text for cell in line] for line in cells_of(b'a,"b, c"\\n\\n1,2\\n', "t.csv")]
    [['a', 'b, c'], ['1', '2']]
    """
    if len(content) > MAX_TABLE_FILE_BYTES:
        en, zh = f"more than {MAX_TABLE_FILE_BYTES} bytes", f"超过 {MAX_TABLE_FILE_BYTES} 字节"
        raise _refused(Place(file), "limit.file", en, zh, Hint("split the table", "拆分决策表"))
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise _refused(
            Place(file, line, 1),
            "csv.encoding",
            "not UTF-8 text",
            "不是 UTF-8 文本",
            Hint("save it as UTF-8", "请另存为 UTF-8"),
        ) from None
    at, line, begin = 0, 1, 0
    cells: list[Cell] = []
    while at < len(text) or cells:
        start, place = at, Place(file, line, at - begin + 1)
        value, at = _cell(text, at, place)
        line += text.count("\n", start, at)
        begin = text.rfind("\n", start, at) + 1 or begin
        raw = text[start:at]
        cells.append(Cell(value, raw.strip(), place.shifted(len(raw) - len(raw.lstrip()))))
        if text[at : at + 1] == ",":
            at += 1
            continue
        if any(cell.raw for cell in cells):
            yield cells
        cells = []
        at, line = at + 1, line + 1
        begin = at


def _cell(text: str, at: int, place: Place) -> tuple[str, int]:
    """The text of the cell at `at`, and where the comma or line break after it stands."""
    start = at
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    if text[at : at + 1] != '"':
        ends = [end for end in (text.find(",", at), text.find("\n", at)) if end >= 0]
        end = min(ends, default=len(text))
        return text[at:end].strip(), end
    value, at = "", at + 1
    while True:
        end = text.find('"', at)
        if end < 0:
            raise _refused(
                place,
                "csv.quote",
                "the quote is never closed",
                "引号没有结束",
                Hint('write " twice inside quotes', '引号内的 " 要写两次'),
            )
        value += text[at:end]
        at = end + 1
        if text[at : at + 1] != '"':
            break
        value, at = value + '"', at + 1
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    if text[at : at + 1] not in ("", ",", "\n"):
        here = place.shifted(at - start)
        raise _refused(
            here,
            "csv.quote",
            "text after the closing quote",
            "右引号之后还有文字",
            Hint("quote the whole cell", "给整个单元格加引号"),
        )
    return value, at


def rows_of(
    content: bytes, file: str, inputs: Sequence[str], places: Places, path: Path, first: int, problems: list[Problem]
) -> list[dict[str, Any]]:
    """Plain rows of a table at `path`, numbered from `first` on; findings go into `problems`."""
    try:
        lines = list(cells_of(content, file))
    except DeclarationError as error:
        problems += error.problems
        return []
    if not lines:
        problems.append(
            Problem(
                "csv.empty",
                "the file has no header line",
                "文件没有表头",
                Place(file),
                "error",
                *Hint("name the columns in the first line", "在第一行写列名"),
            )
        )
        return []
    header, *body = lines
    names = [cell.text for cell in header]
    if not _sound_header(header, inputs, problems):
        return []
    if first + len(body) > MAX_TABLE_ROWS:
        en, zh = (
            f"{first + len(body)} rows; a table has at most {MAX_TABLE_ROWS}",
            f"共 {first + len(body)} 行，上限 {MAX_TABLE_ROWS}",
        )
        problems.append(
            Problem("limit.table_rows", en, zh, Place(file), "error", *Hint("split the table", "拆分决策表"))
        )
        return []
    rows = []
    for number, line in enumerate(body, first):
        if len(line) != len(names):
            en, zh = f"{len(line)} cells, and the header has {len(names)}", f"此行 {len(line)} 格，表头 {len(names)} 格"
            problems.append(
                Problem(
                    "csv.cells",
                    en,
                    zh,
                    line[0].place,
                    "error",
                    *Hint("quote a cell that has a comma in it", "含逗号的单元格请加引号"),
                )
            )
            continue
        rows.append(_row(dict(zip(names, line)), inputs, places, (*path, "rows", number), problems))
    return rows


def _sound_header(header: list[Cell], inputs: Sequence[str], problems: list[Problem]) -> bool:
    known, seen = [*inputs, *SAYS], set[str]()
    before = len(problems)
    for cell in header:
        if cell.text not in known:
            hint = did_you_mean(cell.text, known) or Hint(
                f"columns: {', '.join(known)}", f"可用的列：{'、'.join(known)}"
            )
            en, zh = f"the table has no input '{cell.text}'", f"决策表没有“{cell.text}”这一输入"
            problems.append(Problem("csv.column", en, zh, cell.place, "error", *hint))
        elif cell.text in seen:
            en, zh = f"column '{cell.text}' stands twice", f"列“{cell.text}”出现两次"
            problems.append(
                Problem("csv.column", en, zh, cell.place, "error", *Hint("keep one of them", "保留其中一个"))
            )
        seen.add(cell.text)
    for name in inputs:
        if name not in seen:
            en, zh = f"the column of input '{name}' is missing", f"缺少输入“{name}”的列"
            problems.append(
                Problem(
                    "csv.column",
                    en,
                    zh,
                    header[0].place,
                    "error",
                    *Hint("add it; an empty cell takes any value", "请补上；空单元格表示任意值"),
                )
            )
    return len(problems) == before


def _row(
    cells: dict[str, Cell], inputs: Sequence[str], places: Places, path: Path, problems: list[Problem]
) -> dict[str, Any]:
    places.marks[path] = Mark(next(iter(cells.values())).place)
    row: dict[str, Any] = {"when": {}}
    for name, cell in cells.items():
        place = (*path, "when", name) if name in inputs else (*path, name)
        places.marks[place] = Mark(cell.place, cell.raw)
        if name in inputs:
            row["when"][name] = cell.text
        elif cell.text:
            row[name] = _said(name, cell, problems)
    return row


def _said(name: str, cell: Cell, problems: list[Problem]) -> Any:
    if name == "outcome" and cell.text not in OUTCOMES:
        hint = did_you_mean(cell.text, OUTCOMES) or Hint(
            f"one of: {', '.join(OUTCOMES)}", f"可选：{'、'.join(OUTCOMES)}"
        )
        en, zh = f"'{cell.text}' is not an outcome", f"“{cell.text}”不是处置结果"
        problems.append(Problem("declare.choice", en, zh, cell.place, "error", *hint))
        return None
    if name != "score":
        return cell.text
    try:
        if len(cell.text) < 19:
            return int(cell.text)
    except ValueError:
        pass
    en, zh = f"'{cell.text}' is not a whole number", f"“{cell.text}”不是整数"
    problems.append(Problem("declare.type", en, zh, cell.place, "error", *Hint("write e.g. 20 or -5", "例如 20 或 -5")))
    return 0


def _refused(place: Place, code: str, en: str, zh: str, hint: Hint) -> DeclarationError:
    return DeclarationError([Problem(code, en, zh, place, "error", *hint)])
