"""Recorded streams decide bit-identically: the digest and every explanation are as they were, or the change is declared here.

A change of meaning changes these files on purpose: run with ZHIYU_WRITE_GOLDEN=1, read the difference, and say why in the changelog.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import zhiyu
from tests.streams import busy_policy, random_records
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay

HERE = Path(__file__).parent
STARTER = Path(zhiyu.__file__).parent / "policy" / "starter"


def as_recorded(name: str, found: Any) -> None:
    """Compare with the recorded file, or write it when asked to."""
    file = HERE / name
    if os.environ.get("ZHIYU_WRITE_GOLDEN") == "1":
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(file.read_text(encoding="utf-8"))


def test_starter_policy_explains_as_recorded() -> None:
    app = zhiyu.App(STARTER)
    told = []
    for line in (STARTER / "events.ndjson").read_text(encoding="utf-8").splitlines():
        decision = app.decide(json.loads(line))
        if decision is not None:
            why = app.explain(decision.event_id)
            told.append(
                {"en": why.sentence("en"), "zh": why.sentence("zh"), "seen": {k: str(v) for k, v in why.seen.items()}}
            )
    as_recorded("starter.json", {"policy": app.policy_hash, "decisions": told})


def test_busy_stream_decides_as_recorded(tmp_path: Path) -> None:
    records = random_records(random.Random(2026), 2_000)
    file = tmp_path / "busy.ndjson"
    file.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    report = Replay(open_policy(busy_policy()), file, batch=300).run().to_dict()
    names = (
        "events",
        "decided",
        "facts",
        "refused",
        "repeats",
        "noise",
        "late",
        "digest",
        "policy_hash",
        "outcomes",
        "rule_hits",
        "metrics",
    )
    as_recorded("busy.json", {name: report[name] for name in names})
