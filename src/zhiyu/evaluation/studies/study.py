"""What a study is asked, and what its folder holds.

In: a folder. Out: what stands in it. The folder is the only thing that a server and the process of a study share: `ask.json` goes in;
`progress` moves; `result.json` with `report.html`, or `failed.json`, comes out, each whole or not at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

ASK, PROGRESS, RESULT, PAGE, FAILED = "ask.json", "progress", "result.json", "report.html", "failed.json"
SCHEDULE = "schedule"
"""Who asks where nobody did."""
Kind = Literal["compare", "drift", "backtest"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`models`: one for `drift`, two for `compare`, by the names the policy gives them. `versions`: of a backtest, the hashes of the one
    that is held against and of the one that is tried. `begins`, `ends`: times, "" for open ends. `stability`, `missing`, `calibration`:
    from when on drift is an alert. `begun_ms`: when it was asked."""

    kind: Kind
    models: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    data: str
    tenant: str
    by: str
    begins: str = ""
    ends: str = ""
    stability: float = 0.25
    missing: float = 0.05
    calibration: float = 1.5
    begun_ms: int = 0


@dataclass(frozen=True)
class Failed:
    """Why there is no result, in both languages."""

    en: str
    zh: str


def write(path: Path, text: str) -> None:
    """The whole file, or none of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def read_asked(folder: Path) -> Asked:
    """What was asked."""
    return msgspec.json.decode((folder / ASK).read_bytes(), type=Asked)


def progress_of(folder: Path) -> float:
    """How much is done, 0 to 1."""
    try:
        return float((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0


def failed_of(folder: Path) -> Failed | None:
    """Why it failed; None when it did not."""
    path = folder / FAILED
    return Failed(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def result_of(folder: Path) -> dict[str, Any] | None:
    """The result; None when there is none yet."""
    path = folder / RESULT
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found
