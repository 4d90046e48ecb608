"""The hourly report of what a server keeps, made in a process of its own: `python -m zhiyu.evaluation.hourly.made DATA TENANT OUT HOURS`.

In: a data folder that a server may be writing to. Out: in OUT `features.html`, `anomalies.ndjson` and, last, `features.json`, each put in
place whole. A server starts it every hour (`server/hourly.py`) at the lowest priority, so that deciding does not wait for it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.kept import Kept
from zhiyu.evaluation.hourly.page import page
from zhiyu.evaluation.hourly.run import FeatureReport, over_log

REPORT, PAGE, ANOMALIES = "features.json", "features.html", "anomalies.ndjson"
NICE = 15


def write_report(report: FeatureReport, out: Path) -> None:
    """The three files; who sees the report finds the others beside it."""
    out.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in report.anomalies)
    whole = json.dumps(report.to_dict(), ensure_ascii=False) + "\n"
    for name, text in ((PAGE, page(report)), (ANOMALIES, lines), (REPORT, whole)):
        part = out / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(out / name)


def main(arguments: list[str]) -> int:
    """Make it; what went wrong stands on standard error, in one line."""
    data, tenant, out, hours = arguments
    os.nice(NICE)
    try:
        report = FeatureReport(int(hours))
        over_log(Kept(Path(data), tenant), report)
        write_report(report, Path(out))
    except ZhiyuError as wrong:
        sys.stderr.write(f"{wrong.en}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
