"""One study, from what is asked to its result: `python -m zhiyu.evaluation.studies.run FOLDER`.

In: a folder with `ask.json`. Out: files in it. It reads the log beside the server that writes it, and lets everybody else go first.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.kept import Kept
from zhiyu.evaluation.drift.judge import Limits
from zhiyu.evaluation.drift.page import page as drift_page
from zhiyu.evaluation.drift.watch import Watch, model_of, watch_log
from zhiyu.evaluation.recorded_scores import recorded_scores
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.studies.backtest import backtest_study
from zhiyu.evaluation.studies.compare_page import compare_page
from zhiyu.evaluation.studies.study import FAILED, PAGE, PROGRESS, RESULT, Asked, read_asked, write
from zhiyu.evaluation.training.matched import compared_scores

NICE = 10
EVERY_S = 0.2
"""Between two words about how far it is."""
Say = Callable[[float], None]


def study(asked: Asked, say: Say) -> tuple[dict[str, Any], str]:
    """(facts, page)."""
    kept, span = Kept(Path(asked.data), asked.tenant), Span.read(asked.begins, asked.ends)
    if asked.kind == "drift":
        watch = Watch(model_of(kept, asked.models[0]), span, Limits(asked.stability, asked.missing, asked.calibration))
        watch_log(kept, watch, say)
        facts = watch.facts()
        return facts, drift_page(facts)
    if asked.kind == "backtest":
        return backtest_study(kept, (asked.versions[0], asked.versions[1]), span, say)
    found = recorded_scores(kept, asked.models, span, say)
    facts = compared_scores(found.scores, found.label, found.weight, found.time_ms)
    facts |= {"unlabelled": found.unlabelled, "models": list(asked.models)}
    return facts, compare_page(facts)


def run(folder: Path) -> None:
    """Study, and write down what came of it."""
    told = 0.0

    def say(done: float) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            write(folder / PROGRESS, f"{min(max(done, 0.0), 1.0):.4f}")

    try:
        facts, page = study(read_asked(folder), say)
    except ZhiyuError as wrong:
        write(folder / FAILED, json.dumps({"en": wrong.en, "zh": wrong.zh}, ensure_ascii=False))
        return
    write(folder / PAGE, page)
    write(folder / RESULT, json.dumps(facts, ensure_ascii=False))


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # a system that does not let us be polite
        os.nice(NICE)
    run(Path(sys.argv[1]))
