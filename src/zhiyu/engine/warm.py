"""Compiles every kernel once, so that no user waits in the middle of something.

In: nothing. Out: kernels compiled and cached on disk; seconds it took.
"""

from __future__ import annotations

import time

from zhiyu.base.hashing import Codes
from zhiyu.decisions.kernel import decide_batch
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.features.declare import Feature
from zhiyu.policy.declare import Policy, Rule, RuleSet

_RECORD = {
    "id": "1", "time": "2026-01-01T00:00:00Z", "who": "a", "amount": "1.00", "email": "a@example.com", "count": 1, "at": [1.0, 2.0],
}  # fmt: skip


def _tiny() -> Policy:
    fields = {
        "who": Field(type="string", required=True), "amount": Field(type="money"), "email": Field(type="email"), "count": Field(type="int"),
        "at": Field(type="geo"),
    }  # fmt: skip
    feature = Feature(name="spent", aggregate="sum", of="amount", by="who", over="1h")
    rule = Rule(name="much", when="spent > 5 and hour(time) < 6", outcome="review")
    return Policy(
        name="warm", events=(EventType(name="e", fields=fields),), features=(feature,), rule_sets=(RuleSet(name="s", rules=(rule,)),)
    )  # fmt: skip


def is_warm() -> bool:
    """True when the big kernel is compiled in this process or cached on disk by an earlier one."""
    if decide_batch.signatures:  # type: ignore[attr-defined]
        return True
    folder = decide_batch.stats.cache_path  # type: ignore[attr-defined]
    from pathlib import Path

    return any(Path(folder).glob("kernel.decide_batch-*.nbi"))


def compile_kernels() -> float:
    """Run one event through everything; seconds it took."""
    started = time.perf_counter()
    opened = open_policy(_tiny())
    engine = Engine(opened.compiled, opened.codes)
    schema, codes = opened.compiled.schema, Codes(b"0" * 16)
    engine.process(decode_one(schema, None, _RECORD, codes, "warm").batch, keep_all=True)
    engine.process(decode(schema, None, RawBatch(records=[_RECORD | {"id": "2"}]), codes, "warm").batch)
    return time.perf_counter() - started
