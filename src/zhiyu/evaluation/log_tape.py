"""What a server decided becomes a feature tape: whatever works over past events works over a log.

In: what a data folder keeps, the policy in force, an empty folder. Out: a tape of every event that is kept, with the features as the policy
counts them, and each label with the time at which it was known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.engine.engine import Outcome
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.log_run import KnownLabels, LogRun, follow
from zhiyu.evaluation.tape import TapeWriter
from zhiyu.events.batch import EventBatch


def record_log(kept: Kept, opened: Opened, folder: Path, say: Callable[[float], None] = lambda done: None) -> Path:
    """Write the tape; InputError when nothing was decided yet."""
    known = KnownLabels(kept)
    facts = {"input": str(kept.folder), "input_bytes": 0, "source": None, "label_delay_ms": 0, "labels": None}
    writer = TapeWriter(folder, opened, facts)

    def seen(outcome: Outcome, batch: EventBatch) -> None:
        batch.labels, batch.known_ms = known.of(batch)  # now, not before: the engine has counted them when they came
        writer.write(outcome, batch)

    try:
        for done in follow(kept, [LogRun(kept, opened, seen)]):
            say(done)
        if not writer.written:
            raise InputError(f"nothing was decided yet in {kept.folder}", f"{kept.folder} 中尚无决策")
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    return folder
