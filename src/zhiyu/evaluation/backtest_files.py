"""The files of a backtest: `report.html`, `report.json`, `changes.parquet` in one folder.

In: `Backtested`, a folder. Out: the files, and the JSON object with their places. Same input and seed give the same bytes: how long it took
is only in the object that is returned.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zhiyu.evaluation.backtest_page import page
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_changes import write_changes

PAGE, FACTS, CHANGES = "report.html", "report.json", "changes.parquet"


def write_backtest(found: Backtested, folder: Path, language: str) -> dict[str, Any]:
    """Write all files; returns the JSON object. `language` is the one the page opens in."""
    folder.mkdir(parents=True, exist_ok=True)
    write_changes(folder / CHANGES, found.compared, found.live.rules, found.candidate.rules)
    (folder / PAGE).write_text(page(found, language), encoding="utf-8")
    facts = found.to_dict()
    lasting = {name: value for name, value in facts.items() if name != "seconds"}
    (folder / FACTS).write_text(json.dumps(lasting, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts | {"files": {"page": str(folder / PAGE), "changes": str(folder / CHANGES)}}
