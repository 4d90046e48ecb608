"""Any policy and events file with a time: learn from the earlier part, judge on the last quarter, labels as late as they really come.

In: a policy folder, its events file, a kind of model. Out: one JSON line: figures on the later part, beside them those of the same kind
of model that may read the fields of the event and nothing that was counted. Nothing here knows a data set.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.training.candidates import KINDS
from zhiyu.evaluation.training.gather import Gathering
from zhiyu.evaluation.training.train import Recipe, Training

FIGURES = ("rows", "frauds", "auc", "average_precision", "ks")


def judged_later(opened: Opened, events: Path, kind: str, counted: bool) -> dict[str, Any]:
    """Figures of the test; `counted`: with everything that was counted over other events."""
    fields = {column.name for column in opened.compiled.schema.columns}
    whole = Gathering(opened, events)
    names = () if counted else tuple(each.name for each in whole.inputs if each.name in fields)
    gathering = whole if counted else Gathering(opened, events, names=names)
    for _ in gathering.steps():
        pass
    training = Training(gathering.finish(), Recipe(name="later", kind=kind, calibration="none"), "", gathering.on)
    for _ in training.steps():
        pass
    assert training.package is not None
    found = training.package.metrics["test"]
    return {"inputs": len(training.package.inputs), "fitted": training.package.trained.data["fitted"]} | {
        key: found[key] for key in FIGURES
    }


def main() -> None:
    """One JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--kind", default="best", choices=KINDS)
    given = parser.parse_args()
    began, opened = time.perf_counter(), open_policy(given.policy, all_features=True)
    found = {"policy": given.policy.name, "kind": given.kind}
    both = {
        name: judged_later(opened, given.events, given.kind, name == "counted") for name in ("counted", "fields_only")
    }
    print(json.dumps(found | both | {"seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
