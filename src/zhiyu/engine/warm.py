"""Compiles every kernel once, so that no user waits in the middle of something.

In: nothing. Out: kernels compiled and cached on disk; seconds it took. A cold start takes two processes: one compiles what reads events
and runs rules, the other what counts features; then the kernel that joins them is linked from both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from zhiyu.decisions.kernel import decide_batch
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.events.wire import decode_wire
from zhiyu.expressions import run_program
from zhiyu.features.declare import Feature
from zhiyu.features.look import looked
from zhiyu.features.state import FeatureState
from zhiyu.network.declare import Link, Network
from zhiyu.policy.declare import Policy, Rule, RuleSet

_RECORD = {
    "id": "1", "time": "2026-01-01T00:00:00Z", "who": "a", "amount": "1.00", "email": "a@example.com", "phone": "13800138000", "count": 1,
    "ip": "192.0.2.1", "at": [1.0, 2.0],
}  # fmt: skip


def _tiny() -> Policy:
    fields = {
        "who": Field(type="string", required=True), "amount": Field(type="money"), "email": Field(type="email"), "count": Field(type="int"),
        "phone": Field(type="phone"), "ip": Field(type="ip"), "at": Field(type="geo"),
    }  # fmt: skip
    feature = Feature(name="spent", aggregate="sum", of="amount", by="who", over="1h")
    rule = Rule(name="much", when="spent > 5 and hour(time) < 6 and network_density < 1.0", outcome="review")
    return Policy(
        name="warm", events=(EventType(name="e", fields=fields),), features=(feature,),
        network=Network(person="who", links=(Link(field="phone"),)), rule_sets=(RuleSet(name="s", rules=(rule,)),)
    )  # fmt: skip


def is_warm() -> bool:
    """True when the big kernel is compiled in this process or cached on disk by an earlier one."""
    if decide_batch.signatures:  # type: ignore[attr-defined]
        return True
    folder = Path(decide_batch.stats.cache_path)  # type: ignore[attr-defined]
    return any(folder.glob("kernel.decide_batch-*.nbi"))


def compile_kernels() -> float:
    """Run one event through everything; seconds it took."""
    started = time.perf_counter()
    other = (
        None if is_warm() else subprocess.Popen([sys.executable, "-m", "zhiyu.engine.warm"], stdin=subprocess.DEVNULL)
    )
    opened = open_policy(_tiny())
    _count_features(opened)
    if other is not None:
        other.wait()
    _read_events(opened)
    engine = Engine(opened.compiled, opened.codes)
    engine.process(decode_one(opened.compiled.schema, None, _RECORD, opened.codes, "warm").batch, keep_all=True)
    return time.perf_counter() - started


def _count_features(opened: Opened) -> None:
    state = FeatureState(opened.compiled.plan, 1 << 24)
    values = np.zeros((opened.compiled.n_registers, 1), np.int64)
    state.bind(values, np.ones(values.shape, np.uint8))
    state.feed(np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1, np.uint8), 1)
    looked(state, opened.compiled.schema.index["who"], 0, 0, opened.compiled.n_registers)


def _read_events(opened: Opened) -> None:
    compiled = opened.compiled
    values = np.zeros((compiled.n_registers, 1), np.int64)
    run_program(compiled.before.code, compiled.before.sets, values, np.ones(values.shape, np.uint8), 1)
    decode(compiled.schema, None, RawBatch(records=[_RECORD]), opened.codes, "warm")
    decode_wire(compiled.schema, [b'{"type":"e","id":"1","time":0,"who":"a"}'], [0], opened.codes, "warm")


if __name__ == "__main__":
    _read_events(open_policy(_tiny()))
