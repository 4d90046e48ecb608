"""A declared report of one period: every figure asked of the cube, nothing about single people.

In: a cube, a template, a period. Out: one JSON object with everything in it; the same as CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from zhiyu.base.spreadsheets import harmless
from zhiyu.evaluation.cube.ask import MEASURES, ask
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.evaluation.cube.declared import Template, said_where
from zhiyu.log.list_journal import said_time


def report_of(cube: Cube, template: Template, period: tuple[int, int], currency: str, digits: int) -> dict[str, Any]:
    """All lines and tables of the period [from, until) in ms, as of where the cube has counted to."""
    lines = []
    for line in template.lines:
        measure = MEASURES[line.measure]
        answer = ask(cube, template.question(line, *period), currency, digits)
        lines.append(
            {
                "code": line.code, "en": line.en or _named(measure.en, line.where), "zh": line.zh or _named(measure.zh, line.where),
                "measure": line.measure, "value": answer["total"][line.measure], "money": measure.money,
            }
        )  # fmt: skip
    tables = []
    for sheet in template.tables:
        names = [MEASURES[name] for name in sheet.measures]
        en, zh = ", ".join(each.en for each in names), "、".join(each.zh for each in names)
        answer = ask(cube, template.question(sheet, *period), currency, digits)
        tables.append({"en": sheet.en or _named(en, sheet.where), "zh": sheet.zh or _named(zh, sheet.where)} | answer)
    return {
        "name": template.name, "id": f"{template.name}-{template.label(period[0])}", "en": template.en or template.name,
        "zh": template.zh or template.name, "every": template.every, "from": said_time(period[0]), "until": said_time(period[1]),
        "offset": template.offset, "currency": currency, "lines": lines, "tables": tables, "position": cube.position,
    }  # fmt: skip


def _named(measure: str, where: Mapping[str, str | tuple[str, ...]]) -> str:
    said = said_where(where)
    return f"{measure} ({said})" if said else measure


def report_csv(report: Mapping[str, Any]) -> str:
    """The lines (code, what, value), then each table under its name; a spreadsheet reads them one below the other."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["report", "from", "until", "currency"])
    writer.writerow([harmless(report[name]) for name in ("id", "from", "until", "currency")])
    if report["lines"]:
        writer.writerow([])
        writer.writerow(["code", "en", "zh", "value"])
        for line in report["lines"]:
            writer.writerow([harmless(line[name]) for name in ("code", "en", "zh")] + [line["value"]])
    for table in report["tables"]:
        before = any("before" in line for line in [*table["lines"], table["total"]])
        heads = [*table["by"], *table["measures"], *(f"before_{name}" for name in table["measures"] if before)]
        writer.writerow([])
        writer.writerow([harmless(table["en"]), harmless(table["zh"])])
        writer.writerow(heads)
        for line in [*table["lines"], *([] if table["by"] else [table["total"]])]:
            earlier = line.get("before", {})
            writer.writerow(
                [*(harmless(line[name]) for name in (*table["by"], *table["measures"])),
                 *(earlier.get(name) for name in table["measures"] if before)]
            )  # fmt: skip
    return out.getvalue()
