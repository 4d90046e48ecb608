"""The values of a pass, computed again: the input of its run is replayed up to it, under the run's own policy.

In: a run folder whose input file is still there. Out: the explanation with values. InputError when the input is gone or decides otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.decisions.explain import Explanation
from zhiyu.engine.engine import Outcome
from zhiyu.engine.run_reader import RunReader
from zhiyu.engine.what_if import WhatIf
from zhiyu.evaluation.replay import Replay
from zhiyu.events.batch import EventBatch


def rederived(reader: RunReader, event_id: str, what_if: bool = False) -> Explanation:
    """Replay until the decision comes by, keeping its values. `what_if`: also search what would have changed it."""
    line = reader.find(event_id)
    source = Path(reader.facts["input"])
    if not source.is_file():
        raise InputError(f"the input {source} of this run is gone", f"本次运行的输入 {source} 已不存在")
    found: list[Explanation] = []

    def look(outcome: Outcome, batch: EventBatch) -> None:
        d = outcome.decisions
        for at in (d.positions[d.kept] == line["position"]).nonzero()[0]:
            why = reader.opened.explain_kept(d, batch, int(at))
            found.append(replace(why, counterfactual=WhatIf(reader.opened).find(d, batch, int(at))) if what_if else why)

    run = Replay(
        reader.opened, source, source=reader.facts["source"], tenant=reader.facts["tenant"], batch=reader.facts["batch"], keep_all=True,
        on_batch=look,
    )  # fmt: skip
    for _ in run.steps():
        if found:
            break
    if not found or found[0].event_id != event_id or found[0].outcome != line["outcome"]:
        raise InputError(
            f"{source} no longer gives this decision; it has changed since the run",
            f"{source} 已变化，无法得到同一决策",
        )
    return found[0]
